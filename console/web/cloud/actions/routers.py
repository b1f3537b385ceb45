"""The actions on VPCs and VBRs: create, delete, describe.

What SDK models name and nothing here has is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any, Final

from console.web.cloud.actions.listing import listed, shown
from console.web.cloud.answers import Body
from console.web.cloud.cloud import Call
from console.web.cloud.errors import ErrorKind
from console.web.cloud.parameters import Parameters, network
from console.web.cloud.records import RouteEntry, Router
from console.web.cloud.routers import now_text

RANGES: Final = range(8, 29)
USUAL_RANGE: Final = "172.16.0.0/12"
RESERVED_RANGES: Final = tuple(map(IPv4Network, ("100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4")))
BORDER_FIELDS: Final[Mapping[str, type[int | str | bool]]] = {
    "VlanId": int,
    "CircuitCode": str,
    "Bandwidth": int,
    "LocalGatewayIp": str,
    "PeerGatewayIp": str,
    "PeeringSubnetMask": str,
    "EnableIpv6": bool,
    "LocalIpv6GatewayIp": str,
    "PeerIpv6GatewayIp": str,
    "PeeringIpv6SubnetMask": str,
}
"""What a VBR is given and nothing follows from: kept, and shown in the form that the cloud's models have."""

CHANGED_FIELDS: Final[Mapping[str, type[int | str | bool]]] = {
    **BORDER_FIELDS,
    "DetectMultiplier": int,
    "MinRxInterval": int,
    "MinTxInterval": int,
    "Mtu": int,
    "SitelinkEnable": bool,
}
"""The same, with what can be given only to one that is there."""


async def create_vpc(call: Call) -> Body:
    """Answer `CreateVpc`: a VPC; its workers start when an interface first needs them."""
    given = call.parameters
    router = _new(call, "vrt", given.free_name("VpcName", ErrorKind.BAD_NAME), given.description(1))
    router.cidr = str(_vpc_range(given))
    router.details = {"UserCidr": given.text("UserCidr")}
    call.proceed()
    call.cloud.routers.create(router)
    return {
        "VpcId": router.vpc,
        "VRouterId": router.id,
        "RouteTableId": router.table,
        "ResourceGroupId": router.group,
    }


async def modify_vpc_attribute(call: Call) -> Body:
    """Answer `ModifyVpcAttribute`: its name, its description, its range."""
    router, given = _vpc(call, call.parameters.need("VpcId")), call.parameters
    changes: dict[str, object] = {}
    if given.has("VpcName"):
        changes["name"] = given.free_name("VpcName", ErrorKind.BAD_NAME)
    if given.has("Description"):
        changes["description"] = given.description(1)
    if given.text("CidrBlock"):
        changes["cidr"] = str(_vpc_range(given))
    call.cloud.store.put(router.model_copy(update=changes))
    return {}


async def delete_vpc(call: Call) -> Body:
    """Answer `DeleteVpc`: only an empty one."""
    router = _vpc(call, call.parameters.need("VpcId"))
    await _remove(call, router)
    return {}


async def describe_vpcs(call: Call) -> Body:
    """Answer `DescribeVpcs`: a page of this account's VPCs in this region."""
    routers = call.cloud.store.every(Router, call.account, call.region)
    items = [
        {**_described(one), "RouterTableIds": {"RouterTableIds": [one.table]}} for one in routers if not one.is_vbr
    ]
    head, vpcs = listed(call, items)
    return {**head, "Vpcs": {"Vpc": vpcs}}


async def describe_vpc_attribute(call: Call) -> Body:
    """Answer `DescribeVpcAttribute`: one VPC."""
    return shown(_described(_vpc(call, call.parameters.need("VpcId"))))


async def create_virtual_border_router(call: Call) -> Body:
    """Answer `CreateVirtualBorderRouter`: a VBR; its worker starts when an interface first needs it."""
    given = call.parameters
    connection = given.need("PhysicalConnectionId")
    router = _new(call, "vbr", given.name(), given.description())
    router.details = {"PhysicalConnectionId": connection, **_border_details(given)}
    router.details["AccessPointId"] = f"ap-{call.region}-1"
    call.proceed()
    call.cloud.routers.create(router)
    return {"VbrId": router.id}


async def modify_virtual_border_router_attribute(call: Call) -> Body:
    """Answer `ModifyVirtualBorderRouterAttribute`: what is given is kept and shown."""
    router, given = _border_router(call), call.parameters
    changes: dict[str, object] = {"details": {**router.details, **_border_details(given)}}
    if given.has("Name"):
        changes["name"] = given.name()
    if given.has("Description"):
        changes["description"] = given.description()
    call.cloud.store.put(router.model_copy(update=changes))
    return {}


async def terminate_virtual_border_router(call: Call) -> Body:
    """Answer `TerminateVirtualBorderRouter`: no new interface or route on it; those that are there stay."""
    return _set_status(call, "active", "terminated")


async def recover_virtual_border_router(call: Call) -> Body:
    """Answer `RecoverVirtualBorderRouter`."""
    return _set_status(call, "terminated", "active")


def _set_status(call: Call, before: str, after: str) -> Body:
    router = _border_router(call)
    if router.status not in ({before, after} if call.resumed else {before}):
        raise ErrorKind.BORDER_TERMINATED.error()
    call.cloud.store.put(router.model_copy(update={"details": {**router.details, "Status": after}}))
    return {}


async def delete_virtual_border_router(call: Call) -> Body:
    """Answer `DeleteVirtualBorderRouter`: only an empty one."""
    await _remove(call, _border_router(call))
    return {}


async def describe_virtual_border_routers(call: Call) -> Body:
    """Answer `DescribeVirtualBorderRouters`: a page of this account's VBRs in this region."""
    routers = call.cloud.store.every(Router, call.account, call.region)
    head, borders = listed(call, [_border(one) for one in routers if one.is_vbr])
    return {**head, "VirtualBorderRouterSet": {"VirtualBorderRouterType": borders}}


def _border_details(given: Parameters) -> dict[str, str]:
    """Read what a VBR is given, as texts. Raises ApiError."""
    details = {}
    for name, form in CHANGED_FIELDS.items():
        if not given.takes.may_read(name):
            continue
        value = given.number(name) if form is int else given.flag(name) if form is bool else given.text(name)
        if given.has(name) and value is not None:
            details[name] = str(value)
    return details


def _vpc_range(given: Parameters) -> IPv4Network:
    """Read the range of a VPC's addresses: of a usual size, and not one of those with a meaning. Raises ApiError."""
    cidr = network(given.text("CidrBlock") or USUAL_RANGE, ErrorKind.BAD_RANGE.error())
    if cidr.prefixlen not in RANGES or any(cidr.subnet_of(one) for one in RESERVED_RANGES):
        raise ErrorKind.BAD_RANGE.error()
    return cidr


def _new(call: Call, kind: str, name: str, description: str) -> Router:
    given = call.parameters
    return Router(
        id=call.new_id(kind),
        account=call.account,
        region=call.region,
        name=name,
        description=description,
        created=now_text(),
        group=given.text("ResourceGroupId") or "rg-default",
        tags=given.new_tags(),
    )


def _vpc(call: Call, name: str) -> Router:
    router = call.cloud.routers.find(f"vrt-{name.removeprefix('vpc-')}", call.account, call.region)
    if router is None or router.vpc != name:
        raise ErrorKind.NO_VPC.error()
    return router


def _border_router(call: Call) -> Router:
    router = call.cloud.routers.find(call.parameters.need("VbrId"), call.account, call.region)
    if router is None or not router.is_vbr:
        raise ErrorKind.NO_VBR.error()
    return router


async def _remove(call: Call, router: Router) -> None:
    declared = set(router.workers.values()) - set(router.started)
    ends = await call.cloud.interfaces.on(router)
    if declared or any(not (end.record.connection and end.peer_deleted) for end in ends):
        raise ErrorKind.VPC_IN_USE.error()
    call.proceed()
    for route in call.cloud.store.every(RouteEntry, call.account):
        if route.table == router.table:
            call.cloud.store.remove(route)
    await call.cloud.routers.remove(router)


def _labels(router: Router) -> dict[str, Any]:
    return {
        "Description": router.description,
        "CreationTime": router.created,
        "ResourceGroupId": router.group,
        "_Tags": router.tags,
    }


def _described(router: Router) -> dict[str, Any]:
    return {
        "VpcId": router.vpc,
        "VpcName": router.name,
        "VRouterId": router.id,
        "CidrBlock": router.cidr,
        "Status": "Available",
        "RegionId": router.region,
        "OwnerId": router.owner_id,
        "IsDefault": False,
        "EnabledIpv6": False,
        "DhcpOptionsSetId": "",
        "VSwitchIds": {"VSwitchId": []},
        "UserCidrs": {"UserCidr": [one for one in router.details.get("UserCidr", "").split(",") if one]},
        "SecondaryCidrBlocks": {"SecondaryCidrBlock": []},
        "Tags": {"Tag": router.tag_list},
        **_labels(router),
    }


def _border(router: Router) -> dict[str, Any]:
    return {
        "VbrId": router.id,
        "Name": router.name,
        "Status": router.status,
        "RouteTableId": router.table,
        "VlanInterfaceId": f"ri-{router.rest}",
        "PhysicalConnectionStatus": "Enabled",
        "PhysicalConnectionBusinessStatus": "Normal",
        "AccessPointId": f"ap-{router.region}-1",
        "Tags": {"Tags": router.tag_list},
        **{name: _typed(name, value) for name, value in router.details.items()},
        **_labels(router),
    }


def _typed(name: str, text: str) -> int | str | bool:
    """A detail in the form that the cloud's models have."""
    form = CHANGED_FIELDS.get(name, str)
    return int(text) if form is int and text.isdecimal() else text == "True" if form is bool else text
