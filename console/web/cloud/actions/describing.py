"""The actions that describe interfaces: each end as its worker says now, the other end only as Opposite….

What is absent in the cloud's real answers is absent here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from console.web.cloud.actions.listing import Narrowing, page, shown
from console.web.cloud.answers import Body
from console.web.cloud.cloud import Call
from console.web.cloud.errors import ErrorKind
from console.web.cloud.interfaces import Interface
from console.web.cloud.records import INITIATING, RouterInterface
from console.web.cloud.routers import router_id
from console.web.cloud.tables import NEGATIVE, SHOWN, SPECS, crosses_border
from shared.protocol.words import Status
from shared.wire.views import InterfaceView


async def describe_router_interfaces(call: Call) -> Body:
    """Answer `DescribeRouterInterfaces`: a page of this account's interfaces in this region."""
    cloud, region, narrowing = call.cloud, call.region, Narrowing(call)
    ids = narrowing.values_of("RouterInterfaceId")
    if ids is None:
        found: Sequence[Interface | None] = await cloud.interfaces.every(call.account, region)
    else:
        found = [await cloud.interfaces.find(call.account, region, one) for one in dict.fromkeys(ids)]
    ends = [end for end in found if end is not None and end.shown is not None]
    head, some = page(call, [end for end in ends if narrowing.lets_through(_fields(call, end, None))])
    peers = await cloud.interfaces.peers(some)
    listed = [shown(_fields(call, end, peers.get(end.record.id))) for end in some]
    if call.parameters.flag("IncludeReservationData"):
        listed = [{**one, **_RESERVATION} for one in listed]
    return {**head, "RouterInterfaceSet": {"RouterInterfaceType": listed}}


async def describe_router_interface_attribute(call: Call) -> Body:
    """Answer `DescribeRouterInterfaceAttribute`: one interface; an unknown one is answered with an empty id."""
    name = call.parameters.text("InstanceId")
    if not name:
        raise ErrorKind.NO_PARAMETER.error()
    end = await call.cloud.interfaces.find(call.account, call.region, name)
    said = {"Code": "200", "Message": "successful", "Success": True}
    if end is None or end.shown is None:
        return {"RouterInterfaceId": "", "Status": "", **said}
    peers = await call.cloud.interfaces.peers([end])
    described = shown({**_fields(call, end, peers.get(name)), "Ipv6Status": None})  # which only the list has
    probed = "NoHealthCheckConfig" if not end.record.probe_source else "Normal"
    fast = str(end.record.fast_link).lower()
    return {
        **described,
        "FastLinkMode": fast,
        "GmtModified": end.record.created,
        "HealthCheckStatus": probed,
        **said,
    }


_RESERVATION: Final = {
    "ReservationActiveTime": "",
    "ReservationBandwidth": "",
    "ReservationInternetChargeType": "",
    "ReservationOrderType": "",
}


def _fields(call: Call, end: Interface, peer: InterfaceView | None) -> dict[str, Any]:
    record = end.record
    opposite = _named_back(record, call.cloud.store.get(RouterInterface, record.opposite_interface))
    return {
        "RouterInterfaceId": record.id,
        "Name": record.name or None,
        "Description": record.description or None,
        "Role": record.role,
        "Status": end.shown,
        "BusinessStatus": record.business,
        "Spec": record.spec,
        "Bandwidth": SPECS.get(record.spec, 0),
        "ChargeType": "Prepaid" if record.charge == "PrePaid" else "AfterPay",
        "CreationTime": record.created,
        "ConnectedTime": record.connected or None,
        "EndTime": record.ends,
        "RouterId": record.router,
        "RouterType": "VBR" if record.router.startswith("vbr-") else "VRouter",
        "VpcInstanceId": _vpc(record.router),
        "AccessPointId": record.access_point or None,
        "CrossBorder": crosses_border(record.region, record.opposite_region),
        "FastLinkMode": record.fast_link,
        "HasReservationData": "false",
        "HealthCheckSourceIp": record.probe_source or None,
        "HealthCheckTargetIp": record.probe_target or None,
        "HcRate": record.probe_rate_milliseconds,
        "HcThreshold": record.probe_threshold,
        "Ipv6Status": "off",
        "ResourceGroupId": record.group,
        "Tags": {"Tags": record.tag_list},
        "_Owner": record.account,
        "_Tags": record.tags,
        **_opposite(end, peer, opposite),
    }


def _named_back(record: RouterInterface, opposite: RouterInterface | None) -> RouterInterface | None:
    """The other end's record, if it is the same account's or its owner named this one; else nobody is told of it."""
    if opposite is None or record.account == opposite.account or opposite.opposite_interface == record.id:
        return opposite
    return None


def _opposite(end: Interface, peer: InterfaceView | None, opposite: RouterInterface | None) -> dict[str, Any]:
    """The Opposite… fields: the other end as the owner named it, and what it shows once it was called."""
    record, told = end.record, end.view.peer
    router = record.opposite_router or ("" if told is None else router_id(told.endpoint))
    owner = record.opposite_owner
    if told is not None and not owner and told.account != record.account:
        owner = told.account
    fields: dict[str, Any] = {
        "OppositeRegionId": record.opposite_region,
        "OppositeRouterId": router,
        "OppositeRouterType": record.opposite_type or ("VBR" if router.startswith("vbr-") else "VRouter"),
        "OppositeInterfaceId": record.opposite_interface or ("" if told is None else told.interface),
        "OppositeInterfaceOwnerId": owner,
        "OppositeVpcInstanceId": _vpc(router),
        "OppositeAccessPointId": record.opposite_access_point or None,
        "OppositeInterfaceStatus": _opposite_status(end, peer),
        "OppositeInterfaceBusinessStatus": "Normal" if opposite is None else opposite.business,
    }
    if record.role == INITIATING:
        spec = NEGATIVE if opposite is None else opposite.spec
        fields |= {"OppositeInterfaceSpec": spec, "OppositeBandwidth": SPECS.get(spec, 0)}
    return fields


def _opposite_status(end: Interface, peer: InterfaceView | None) -> str | None:
    """The other end's status: as its own worker says if it names this end back, else as this end's heard it last."""
    if end.view.status == Status.IDLE or end.view.peer is None:
        return None
    if end.peer_deleted:
        return "Deleted"
    if peer is not None:
        return SHOWN[peer.status]
    return None if end.view.peer.status is None else SHOWN[end.view.peer.status]


def _vpc(router: str) -> str | None:
    return f"vpc-{router.removeprefix('vrt-')}" if router.startswith("vrt-") else None
