"""The actions on routes; one that leads through an interface keeps that interface from being deleted."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any, Final

from console.web.cloud.actions.listing import Narrowing, by_token, listed, shown
from console.web.cloud.answers import Body
from console.web.cloud.cloud import Call
from console.web.cloud.errors import ErrorKind
from console.web.cloud.parameters import Parameters, destination
from console.web.cloud.records import RouteEntry, Router
from console.web.cloud.routers import now_text
from console.web.cloud.tables import SETTLED

NEXT_HOPS: Final = frozenset(
    (
        *("Instance", "HaVip", "RouterInterface", "NetworkInterface", "VpnGateway", "IPv6Gateway", "NatGateway"),
        *("Attachment", "VpcPeer", "Ipv4Gateway", "GatewayEndpoint", "Ecr", "GatewayLoadBalancerEndpoint"),
        "RouteTargetGroup",
    )
)
ROUTES_PER_TABLE: Final = 200
ENTRIES_LIMIT: Final = 100
RESERVED_RANGE: Final = IPv4Network("100.64.0.0/10")
"""What the cloud's own services are reached by."""


async def create_route_entry(call: Call) -> Body:
    """Answer `CreateRouteEntry`: through an interface only while that is at rest."""
    given = call.parameters
    router = _router(call, given.need("RouteTableId"))
    target = _destination(given)
    entry, kind, hop = call.new_id("rte"), given.text("NextHopType") or "Instance", given.need("NextHopId")
    if router.status == "terminated":
        raise ErrorKind.BORDER_STATUS.error()
    entries = [one for one in _entries(call, router) if one.id != entry]
    if target in {router.cidr, *(one.destination for one in entries)}:
        raise (ErrorKind.BORDER_ROUTE_EXISTS if router.is_vbr else ErrorKind.ROUTE_EXISTS).error()
    if len(entries) >= ROUTES_PER_TABLE:
        raise ErrorKind.TOO_MANY_ROUTES.error()
    await _check_next_hop(call, router, kind, hop)
    route = RouteEntry(
        id=entry,
        account=call.account,
        region=router.region,
        name=given.free_name("RouteEntryName", ErrorKind.BAD_ROUTE_NAME),
        description=given.description(1),
        created=now_text(),
        table=router.table,
        destination=target,
        next_hop_type=kind,
        next_hop=hop,
    )
    call.proceed()
    call.cloud.store.put(route)
    return {"RouteEntryId": route.id}


def _destination(given: Parameters) -> str:
    """Read a route's destination, as it is kept. Raises ApiError."""
    read = destination(given.need("DestinationCidrBlock"), ErrorKind.BAD_DESTINATION.error())
    if isinstance(read, IPv4Network) and read.subnet_of(RESERVED_RANGE):
        raise ErrorKind.RESERVED_DESTINATION.error()
    return str(read)


async def _check_next_hop(call: Call, router: Router, kind: str, hop: str) -> None:
    """Check that routes of this router may lead there: a VBR's only through its own interfaces. Raises ApiError."""
    if kind not in NEXT_HOPS or (router.is_vbr and kind != "RouterInterface"):
        raise ErrorKind.BAD_NEXT_HOP_TYPE.error()
    if kind == "VpcPeer" and await call.cloud.peerings.find(call.account, hop) is None:
        raise ErrorKind.NO_PEERING_AS_HOP.error()
    if kind != "RouterInterface":
        return
    end = await call.cloud.interfaces.settled(call.account, call.region, hop)
    if end is None or end.record.router != router.id:
        raise ErrorKind.NO_NEXT_HOP.error()
    if end.status == "Idle" and end.record.opposite_type == "VBR":
        raise ErrorKind.IDLE_TO_BORDER.error()
    if end.status not in SETTLED:
        raise ErrorKind.ROUTE_IN_TRANSITION.error()


async def modify_route_entry(call: Call) -> Body:
    """Answer `ModifyRouteEntry`: its name, its description, where it leads through."""
    given = call.parameters
    (route, *_) = _named(call)
    changes: dict[str, object] = {}
    if given.has("RouteEntryName"):
        changes["name"] = given.free_name("RouteEntryName", ErrorKind.BAD_ROUTE_NAME)
    if given.has("Description"):
        changes["description"] = given.description(1)
    if given.text("NewNextHopId"):
        kind = given.text("NewNextHopType") or route.next_hop_type
        await _check_next_hop(call, _router(call, route.table), kind, given.text("NewNextHopId"))
        changes |= {"next_hop": given.text("NewNextHopId"), "next_hop_type": kind}
    call.proceed()
    call.cloud.store.put(route.model_copy(update=changes))
    return {}


async def delete_route_entry(call: Call) -> Body:
    """Answer `DeleteRouteEntry`: by its id, or by table, destination and next hop."""
    found = _named(call)
    call.proceed()
    for route in found:
        call.cloud.store.remove(route)
    return {}


def _named(call: Call) -> list[RouteEntry]:
    """Find the routes that a call names. Raises ApiError if there are none."""
    given = call.parameters
    entry = given.text("RouteEntryId")
    hop = given.text("NextHopId") if given.takes.may_read("NextHopId") else ""
    if entry:
        found = [one for one in call.cloud.store.every(RouteEntry, call.account, call.region) if one.id == entry]
    else:
        router = _router(call, given.need("RouteTableId"))
        target = str(destination(given.need("DestinationCidrBlock"), ErrorKind.BAD_DESTINATION.error()))
        found = [one for one in _entries(call, router) if one.destination == target and hop in {"", one.next_hop}]
    if not found:
        raise ErrorKind.NO_ROUTE.error()
    return found


async def describe_route_table_list(call: Call) -> Body:
    """Answer `DescribeRouteTableList`: every router has one table, the system's."""
    head, tables = listed(call, [_table(one) for one in call.cloud.store.every(Router, call.account, call.region)])
    return {**head, "RouterTableList": {"RouterTableListType": tables}}


async def describe_route_tables(call: Call) -> Body:
    """Answer `DescribeRouteTables`, the older form: each table with its routes in it, or with those of one type."""
    kind = call.parameters.text("Type")
    routers = call.cloud.store.every(Router, call.account, call.region)
    items = [
        {**_table(one), "VRouterId": one.id, "RouteEntrys": {"RouteEntry": _all_entries(call, one, kind)}}
        for one in routers
    ]
    head, tables = listed(call, items)
    return {**head, "RouteTables": {"RouteTable": tables}}


def _all_entries(call: Call, router: Router, kind: str) -> list[dict[str, Any]]:
    entries = [*_system(router), *(_described(one) for one in _entries(call, router))]
    return [
        shown({**one, "InstanceId": one["_NextHopId"], "NextHopType": one["_NextHopType"]})
        for one in entries
        if kind in {"", one["Type"]}
    ]


async def describe_route_entry_list(call: Call) -> Body:
    """Answer `DescribeRouteEntryList`: the system's own route and the custom ones, in pages by token."""
    router, narrowing = _router(call, call.parameters.need("RouteTableId")), Narrowing(call)
    entries = [*_system(router), *(_described(one) for one in _entries(call, router))]
    chosen = [one for one in entries if narrowing.lets_through(one)]
    following, some = by_token(call, chosen, "MaxResult", usual=10, limit=ENTRIES_LIMIT)
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


def _way(table: str, target: str, hop_type: str, hop: str) -> dict[str, Any]:
    next_hop = {"NextHopType": hop_type, "NextHopId": hop, "Enabled": 1, "Weight": 0}
    return {
        "RouteTableId": table,
        "DestinationCidrBlock": target,
        "Status": "Available",
        "IpVersion": "ipv6" if ":" in target else "ipv4",
        "NextHops": {"NextHop": [next_hop]},
        "_NextHopId": hop,
        "_NextHopType": hop_type,
    }
