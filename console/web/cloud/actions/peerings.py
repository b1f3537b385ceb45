"""The actions on VPC peering connections (VpcPeer 2022-01-01), on the same two workers as router interfaces.

Each changes nothing but the caller's own end. So deleting is seen by the other account as well (Deleting, then not
there), while its own end lies Deleted in its worker until it calls DeleteVpcPeerConnection too; and whoever deletes an
end that was rejected, or rejects, does not end the other owner's view of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from console.client import Refused
from console.web.cloud.actions.creating import make
from console.web.cloud.actions.listing import Narrowing, by_token, shown
from console.web.cloud.answers import Body
from console.web.cloud.cloud import Call
from console.web.cloud.errors import ApiError, ErrorKind, malformed
from console.web.cloud.interfaces import Place
from console.web.cloud.parameters import Parameters
from console.web.cloud.peerings import Peering
from console.web.cloud.records import ACCEPTING, INITIATING, RouteEntry, Router, RouterInterface, end_id
from console.web.cloud.routers import now_text, router_id
from console.web.cloud.tables import NEGATIVE
from shared.wire import commands
from shared.wire.request import CommandForm, PeerForm

PAGE_USUAL: Final = 20
PAGE_LIMIT: Final = 100
BANDWIDTH_MBITS: Final = 1024
LINK_TYPES: Final = frozenset({"Platinum", "Gold", "Silver"})
_OVER: Final = frozenset({"Rejected", "Expired", "Deleting"})


async def create_vpc_peer_connection(call: Call) -> Body:
    """Answer `CreateVpcPeerConnection`: an end that asks; of one account the end that answers as well."""
    given, cloud, region = call.parameters, call.cloud, call.region
    other_region = cloud.check_region(given.need("AcceptingRegionId"))
    uid = given.text("AcceptingAliUid").removeprefix("0") or call.account
    own = cloud.routers.find(_router_of(given.need("VpcId")), call.account, region)
    other = cloud.routers.find(_router_of(given.need("AcceptingVpcId")), uid, other_region)
    for router, kind, name in (
        (own, ErrorKind.VPC_STATUS, "VpcId"),
        (other, ErrorKind.ACCEPTING_VPC_STATUS, "AcceptingVpcId"),
    ):
        if router is None or router.is_vbr:
            raise kind.error(kind.message.format(given.text(name)[:64]))
    if own is None or other is None or own.id == other.id:
        raise ErrorKind.ACCEPTING_VPC_STATUS.error(ErrorKind.ACCEPTING_VPC_STATUS.message.format("VpcId"))
    name = call.new_id("pcc")
    details = _line(given, between_regions=region != other_region)
    labels = {"name": given.name(), "description": given.description(), **_grouped(given)}
    await _check_the_only_one(call, own, other, name)
    call.proceed()
    asks = _end(name, INITIATING, own, other, **labels, details=details, fast_link=True)
    answers = _end(name, ACCEPTING, other, own, **labels)
    if uid == call.account:
        await make(call, answers, asks)
    else:
        await cloud.routers.worker(other, ACCEPTING)
        await make(call, asks)
    return {"InstanceId": name}


async def accept_vpc_peer_connection(call: Call) -> Body:
    """Answer `AcceptVpcPeerConnection`: the accepter's end is created, with the end that asks as its peer."""
    return await _answer(call, commands.configure)


async def reject_vpc_peer_connection(call: Call) -> Body:
    """Answer `RejectVpcPeerConnection`: the accepter's end is created, and rejects the end that asks."""
    return await _answer(call, commands.reject)


async def modify_vpc_peer_connection(call: Call) -> Body:
    """Answer `ModifyVpcPeerConnection`: names are each owner's, bandwidth and link type the connection's."""
    given, cloud, one = call.parameters, call.cloud, await _needed(call)
    own, asks = cloud.peerings.own_record(one), cloud.peerings.record(one, INITIATING)
    if own is None or asks is None or one.status not in {"Activated", "Accepting"}:
        raise _wrong_status(one)
    line = _line(given, between_regions=one.requester.region != one.accepter.region)
    changes: dict[str, object] = {"details": own.details | {"Modified": now_text()}}
    if given.has("Name"):
        changes["name"] = given.name()
    if given.has("Description"):
        changes["description"] = given.description(1)
    call.proceed()
    cloud.store.put(own.model_copy(update=changes))
    asks = cloud.store.get(RouterInterface, asks.id) or asks
    cloud.store.put(asks.model_copy(update={"details": asks.details | line}))
    return {}


async def delete_vpc_peer_connection(call: Call) -> Body:
    """Answer `DeleteVpcPeerConnection`: the caller's own end, or both if both are; with Force its routes."""
    cloud, one = call.cloud, await call.cloud.peerings.find(call.account, call.parameters.need("InstanceId"))
    if one is None or (one.own is None and not one.is_there):
        raise ErrorKind.NO_PEERING.error()
    ends = [end for end in (one.answers, one.asks) if end is not None and end.account == call.account]
    left = [end for end in ends if end.reason_code != "Deleted"]
    if ends and not left:
        raise ErrorKind.NO_PEERING.error()
    if not left:
        raise _wrong_status(one)
    routes = [route for route in cloud.store.every(RouteEntry, call.account) if route.next_hop == one.id]
    if routes and not call.parameters.flag("Force"):
        raise ErrorKind.PEERING_HAS_ROUTES.error()
    call.proceed()
    for route in routes:
        cloud.store.remove(route)
    for end in left:
        try:
            await cloud.interfaces.command(end.endpoint, commands.change("delete", end.interface))
        except Refused as refused:  # it is being deleted already
            raise _wrong_status(one) from refused
    return {}


async def get_vpc_peer_connection_attribute(call: Call) -> Body:
    """Answer `GetVpcPeerConnectionAttribute`."""
    return shown(_fields(call, await _needed(call)))


async def list_vpc_peer_connections(call: Call) -> Body:
    """Answer `ListVpcPeerConnections`: those with an end in the region, or all if none is named; in pages by token."""
    given, narrowing = call.parameters, Narrowing(call)
    region = call.region if given.text("RegionId") else ""
    found = [
        _fields(call, one)
        for one in await call.cloud.peerings.every(call.account)
        if region in {"", one.requester.region, one.accepter.region}
    ]
    items = [item for item in found if narrowing.lets_through(item)]
    following, some = by_token(call, items, "MaxResults", usual=PAGE_USUAL, limit=PAGE_LIMIT)
    head = {"MaxResults": given.number("MaxResults") or PAGE_USUAL, "TotalCount": len(items)}
    return {"NextToken": following, **head, "VpcPeerConnects": some}


async def _needed(call: Call) -> Peering:
    """Find the connection that the call is about. Raises ApiError."""
    found = await call.cloud.peerings.find(call.account, call.parameters.need("InstanceId"))
    if found is None or not found.is_there:
        raise ErrorKind.NO_PEERING.error()
    return found


def _wrong_status(one: Peering) -> ApiError:
    return ErrorKind.PEERING_STATUS.error(ErrorKind.PEERING_STATUS.message.format(one.id))


async def _answer(call: Call, verdict: Callable[[str, PeerForm], CommandForm]) -> Body:
    """Create the caller's end, Idle, and say there what is thought of the end that asks. Raises ApiError."""
    given, cloud, one = call.parameters, call.cloud, await _needed(call)
    if one.accepter.account != call.account:
        raise ErrorKind.NO_PEERING.error()
    if one.status != "Accepting":
        raise _wrong_status(one)
    own = cloud.routers.find(router_id(one.accepter.endpoint), call.account, one.accepter.region)
    if own is None:
        raise _wrong_status(one)
    asked, grouped = cloud.peerings.record(one, INITIATING), _grouped(given) if given.takes.may_read("Tag") else {}
    call.proceed()
    record = _end(one.id, ACCEPTING, own, one.requester, **grouped)
    record.name, record.description = ("", "") if asked is None else (asked.name, asked.description)
    peer, record.opposite_interface = record.opposite_interface, ""  # until it is told, it waits for nobody
    await make(call, record)
    cloud.store.put(record.model_copy(update={"opposite_interface": peer}))
    try:
        await cloud.interfaces.command(record.endpoint, verdict(record.id, commands.peer(peer, *one.requester)))
    except Refused as refused:
        raise _wrong_status(one) from refused
    return {}


def _end(connection: str, role: str, own: Router, other: Router | Place, **more: Any) -> RouterInterface:  # noqa: ANN401 - fields
    """The record of a connection's end."""
    return RouterInterface(
        id=end_id(connection, role),
        account=own.account,
        region=own.region,
        created=now_text(),
        router=own.id,
        role=role,
        endpoint="",
        spec=NEGATIVE,
        opposite_region=other.region,
        opposite_interface=end_id(connection, ACCEPTING if role == INITIATING else INITIATING),
        opposite_router=other.id if isinstance(other, Router) else router_id(other.endpoint),
        opposite_type="VRouter",
        opposite_owner=other.account,
        **more,
    )


def _router_of(vpc: str) -> str:
    return f"vrt-{vpc.removeprefix('vpc-')}"


def _grouped(given: Parameters) -> dict[str, Any]:
    return {"group": given.text("ResourceGroupId") or "rg-default", "tags": given.new_tags()}


def _line(given: Parameters, *, between_regions: bool) -> dict[str, str]:
    """Read bandwidth and link type, which only a connection between regions has. Raises ApiError."""
    bandwidth, link = given.number("Bandwidth"), given.text("LinkType")
    if bandwidth is not None and (bandwidth < 1 or not between_regions):
        raise malformed("Bandwidth")
    if link and (link not in LINK_TYPES or not between_regions):
        raise malformed("LinkType")
    told = {"Bandwidth": "" if bandwidth is None else str(bandwidth), "LinkType": link}
    return {name: value for name, value in told.items() if value}


async def _check_the_only_one(call: Call, own: Router, other: Router, name: str) -> None:
    """Check that the two VPCs have no other connection that is there or may yet be. Raises ApiError."""
    for one in await call.cloud.peerings.every(call.account):
        both = {router_id(one.requester.endpoint), router_id(one.accepter.endpoint)}
        if both == {own.id, other.id} and one.id != name and one.status not in _OVER:
            raise ErrorKind.PEERING_EXISTS.error()


def _fields(call: Call, one: Peering) -> dict[str, Any]:
    """What the API shows of a connection, to this account."""
    peerings = call.cloud.peerings
    asks, own = peerings.record(one, INITIATING), peerings.own_record(one)
    said, line = own or asks, {} if asks is None else asks.details
    crosses = one.requester.region != one.accepter.region
    vpcs = [_vpc(call, end) for end in (one.requester, one.accepter)]
    labels = {} if said is None else {"Name": said.name, "Description": said.description, "GmtCreate": said.created}
    tags = {} if own is None else own.tags
    return {
        "InstanceId": one.id,
        **labels,
        "GmtModified": None if said is None else said.details.get("Modified", said.created),
        "OwnerId": _number(one.requester.account),
        "AcceptingOwnerUid": _number(one.accepter.account),
        "RegionId": one.requester.region,
        "AcceptingRegionId": one.accepter.region,
        "Bandwidth": int(line.get("Bandwidth", BANDWIDTH_MBITS)) if crosses else -1,
        "LinkType": line.get("LinkType", "Gold") if crosses else None,
        "Status": one.status,
        "BizStatus": "Normal",
        "ResourceGroupId": "rg-default" if own is None else own.group,
        "Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())],
        "Vpc": vpcs[0],
        "AcceptingVpc": vpcs[1],
        "_Vpcs": tuple(vpc["VpcId"] for vpc in vpcs),
        "_Tags": tags,
    }


def _vpc(call: Call, end: Place) -> dict[str, Any]:
    router = call.cloud.routers.find(router_id(end.endpoint))
    cidrs = [] if router is None or not router.cidr else [router.cidr]
    return {"VpcId": f"vpc-{router_id(end.endpoint).partition('-')[2]}", "Ipv4Cidrs": cidrs, "Ipv6Cidrs": []}


def _number(uid: str) -> int | str:
    """An account as clients read it: a number."""
    return int(uid) if uid.isdecimal() else uid
