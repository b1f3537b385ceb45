"""The turns of changing calls: which routers a call is about, so that each router is changed by one call at a time.

Every changing action takes its turn here, before its code runs; none has to think of it. A VPC peering connection that
is there already is its own turn, whichever of its two owners calls. A router that is not there, or
is another account's, is nothing to wait for, but for the opposite one of a call that depends on both.
"""

from __future__ import annotations

from console.web.cloud.cloud import Call
from console.web.cloud.records import RouteEntry, Router, RouterInterface

_INTERFACES = ("RouterInterfaceId", "ResourceId", "InstanceId")


async def routers_of(call: Call) -> set[str]:
    """Name the routers that a changing call is about. Raises ApiError if a worker has to be asked and is silent."""
    given, cloud, described = call.parameters, call.cloud, call.description
    named = {name for name in ("RouterId", "VpcId", "VbrId", "RouteTableId", "ResourceId") if described.may_read(name)}
    texts = [text for name in named for text in given.listed(name)]
    rests = {text.partition("-")[2] for text in texts}
    routes = [given.text("RouteEntryId")] if described.may_read("RouteEntryId") else []
    found = [cloud.store.get(RouteEntry, one) for one in routes]
    rests |= {one.table.partition("-")[2] for one in found if one is not None}
    own = {f"{kind}-{rest}" for kind in ("vrt", "vbr") for rest in rests}
    opposite = (
        {given.text("OppositeRouterId")} if described.both_ends and described.may_read("OppositeRouterId") else set()
    )
    if described.may_read("AcceptingVpcId"):
        opposite.add(f"vrt-{given.text('AcceptingVpcId').partition('-')[2]}")
    for text in [text for name in _INTERFACES if described.may_read(name) for text in given.listed(name)]:
        end = cloud.store.get(RouterInterface, text)
        if (end is None or described.both_ends) and given.has("RegionId"):
            shown = await cloud.interfaces.find(call.account, call.region, text) if text.startswith("ri-") else None
            opposite |= {shown.opposite_router} if shown is not None and described.both_ends else set()
            end = None if shown is None else shown.record
        if end is not None and end.account == call.account:
            own.add(end.router)
    known = {name for name in own if cloud.routers.find(name, call.account) is not None}
    connections = {text for name in _INTERFACES if described.may_read(name) for text in given.listed(name)}
    known |= {text for text in connections if text.startswith("pcc-")}
    return known | {name for name in opposite if cloud.store.get(Router, name) is not None}
