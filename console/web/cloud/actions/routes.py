"""The actions on routes; one that leads through an interface keeps that interface from being deleted."""

from __future__ import annotations

from typing import Any, Final

from console.web.cloud.actions.listing import Narrowing, by_token, listed
from console.web.cloud.answers import Body
from console.web.cloud.cloud import Call
from console.web.cloud.errors import ErrorKind, malformed
from console.web.cloud.parameters import network
from console.web.cloud.records import RouteEntry, Router
from console.web.cloud.routers import now_text
from console.web.cloud.tables import SETTLED

NEXT_HOPS: Final = frozenset(
    {"RouterInterface", "Instance", "HaVip", "VpnGateway", "NatGateway", "NetworkInterface", "IPv6Gateway"}
)
ENTRIES_LIMIT: Final = 500


async def create_route_entry(call: Call) -> Body:
    """Answer `CreateRouteEntry`: through an interface only while that is at rest."""
    given = call.parameters
    router = _router(call, given.need("RouteTableId"))
    destination = str(network(given.need("DestinationCidrBlock"), ErrorKind.BAD_RANGE.error()))
    kind, hop = given.text("NextHopType") or "Instance", given.need("NextHopId")
    if kind not in NEXT_HOPS:
        raise malformed("NextHopType")
    entry = call.new_id("rte")
    if any(one.destination == destination and one.id != entry for one in _entries(call, router)):
        raise ErrorKind.ROUTE_EXISTS.error()
    if kind == "RouterInterface":
        end = await call.cloud.interfaces.settled(call.account, call.region, hop)
        if end is None or end.record.router != router.id:
            raise ErrorKind.NO_NEXT_HOP.error()
        if end.status not in SETTLED:
            raise ErrorKind.ROUTE_IN_TRANSITION.error()
    route = RouteEntry(
        id=entry,
        account=call.account,
        region=router.region,
        name=given.name("RouteEntryName"),
        description=given.description(),
        created=now_text(),
        table=router.table,
        destination=destination,
        next_hop_type=kind,
        next_hop=hop,
    )
    call.proceed()
    call.cloud.store.put(route)
    return {"RouteEntryId": route.id}


async def delete_route_entry(call: Call) -> Body:
    """Answer `DeleteRouteEntry`: by its id, or by table, destination and next hop."""
    given = call.parameters
    entry, hop = given.text("RouteEntryId"), given.text("NextHopId")
    if entry:
        found = [one for one in call.cloud.store.every(RouteEntry, call.account, call.region) if one.id == entry]
    else:
        router = _router(call, given.need("RouteTableId"))
        destination = str(network(given.need("DestinationCidrBlock"), ErrorKind.BAD_RANGE.error()))
        found = [one for one in _entries(call, router) if one.destination == destination and hop in {"", one.next_hop}]
    if not found:
        raise ErrorKind.NO_ROUTE.error()
    call.proceed()
    for route in found:
        call.cloud.store.remove(route)
    return {}


async def describe_route_table_list(call: Call) -> Body:
    """Answer `DescribeRouteTableList`: every router has one table, the system's."""
    head, tables = listed(call, [_table(one) for one in call.cloud.store.every(Router, call.account, call.region)])
    return {"Code": "200", "Success": True, **head, "RouterTableList": {"RouterTableListType": tables}}


async def describe_route_entry_list(call: Call) -> Body:
    """Answer `DescribeRouteEntryList`: the system's own route and the custom ones, in pages by token."""
    router, narrowing = _router(call, call.parameters.need("RouteTableId")), Narrowing(call)
    entries = [*_system(router), *(_described(one) for one in _entries(call, router))]
    chosen = [one for one in entries if narrowing.lets_through(one)]
    following, some = by_token(call, chosen, "MaxResult", ENTRIES_LIMIT)
    return {"TotalCount": len(chosen), "NextToken": following, "RouteEntrys": {"RouteEntry": some}}


def _router(call: Call, table: str) -> Router:
    rest = table.removeprefix("vtb-")
    for name in (f"vrt-{rest}", f"vbr-{rest}"):
        found = call.cloud.routers.find(name, call.account, call.region)
        if found is not None and found.table == table:
            return found
    raise ErrorKind.NO_TABLE.error()


def _entries(call: Call, router: Router) -> list[RouteEntry]:
    return [one for one in call.cloud.store.every(RouteEntry, call.account) if one.table == router.table]


def _table(router: Router) -> dict[str, Any]:
    return {
        "RouteTableId": router.table,
        "RouteTableType": "System",
        "RouterId": router.id,
        "RouterType": router.type,
        "VpcId": router.vpc,
        "RouteTableName": "",
        "Status": "Available",
        "OwnerId": router.owner_id,
        "CreationTime": router.created,
        "ResourceGroupId": router.group,
        "VSwitchIds": {"VSwitchId": []},
    }


def _system(router: Router) -> list[dict[str, Any]]:
    """The system's routes of a VPC's table: the one to its own address range."""
    if router.is_vbr:
        return []
    return [{"RouteEntryId": "", "Type": "System", **_way(router.table, router.cidr, "local", "")}]


def _described(route: RouteEntry) -> dict[str, Any]:
    return {
        "RouteEntryId": route.id,
        "RouteEntryName": route.name,
        "Description": route.description,
        "Type": "Custom",
        **_way(route.table, route.destination, route.next_hop_type, route.next_hop),
    }


def _way(table: str, destination: str, hop_type: str, hop: str) -> dict[str, Any]:
    next_hop = {"NextHopType": hop_type, "NextHopId": hop, "Enabled": 1, "Weight": 0}
    return {
        "RouteTableId": table,
        "DestinationCidrBlock": destination,
        "Status": "Available",
        "IpVersion": "ipv4",
        "NextHops": {"NextHop": [next_hop]},
        "_NextHopId": hop,
        "_NextHopType": hop_type,
    }
