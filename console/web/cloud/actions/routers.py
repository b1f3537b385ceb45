"""The actions on VPCs and VBRs: create, delete, describe.

What SDK models name and nothing here has is left out.
"""

from __future__ import annotations

from typing import Any, Final

from console.web.cloud.actions.describing import paged
from console.web.cloud.answers import Body
from console.web.cloud.cloud import Call
from console.web.cloud.errors import ErrorKind
from console.web.cloud.parameters import network
from console.web.cloud.records import RouteEntry, Router
from console.web.cloud.routers import new_id, now_text

RANGES: Final = range(8, 29)
USUAL_RANGE: Final = "172.16.0.0/12"
_VBR_FIELDS: Final = (
    "PhysicalConnectionId",
    "VlanId",
    "CircuitCode",
    "LocalGatewayIp",
    "PeerGatewayIp",
    "PeeringSubnetMask",
)


async def create_vpc(call: Call) -> Body:
    """Answer `CreateVpc`: a VPC; its workers start when an interface first needs them."""
    given = call.parameters
    cidr = network(given.text("CidrBlock") or USUAL_RANGE, ErrorKind.BAD_RANGE.error())
    if cidr.prefixlen not in RANGES:
        raise ErrorKind.BAD_RANGE.error()
    router = _new(call, "vrt", given.name("VpcName"))
    router.cidr = str(cidr)
    call.cloud.routers.create(router)
    return {
        "VpcId": router.vpc,
        "VRouterId": router.id,
        "RouteTableId": router.table,
        "ResourceGroupId": router.group,
    }


async def delete_vpc(call: Call) -> Body:
    """Answer `DeleteVpc`: only an empty one."""
    router = _vpc(call, call.parameters.need("VpcId"))
    await _remove(call, router)
    return {}


async def describe_vpcs(call: Call) -> Body:
    """Answer `DescribeVpcs`: a page of this account's VPCs in this region."""
    given = call.parameters
    wanted = {one for part in given.listed("VpcId") for one in part.split(",")}
    name = given.text("VpcName")
    found = [
        router
        for router in call.cloud.store.every(Router, call.account, call.region)
        if not router.is_vbr and (not wanted or router.vpc in wanted) and name in {"", router.name}
    ]
    head, shown = paged(given, found)
    vpcs = [{**_described(one), "RouterTableIds": {"RouterTableIds": [one.table]}} for one in shown]
    return {**head, "Vpcs": {"Vpc": vpcs}}


async def describe_vpc_attribute(call: Call) -> Body:
    """Answer `DescribeVpcAttribute`: one VPC."""
    return _described(_vpc(call, call.parameters.need("VpcId")))


async def create_virtual_border_router(call: Call) -> Body:
    """Answer `CreateVirtualBorderRouter`: a VBR; its worker starts when an interface first needs it."""
    given = call.parameters
    given.need("PhysicalConnectionId")
    router = _new(call, "vbr", given.name())
    router.details = {name: given.text(name) for name in _VBR_FIELDS if given.text(name)}
    router.details["AccessPointId"] = f"ap-{call.region}-1"
    call.cloud.routers.create(router)
    return {"VbrId": router.id}


async def delete_virtual_border_router(call: Call) -> Body:
    """Answer `DeleteVirtualBorderRouter`: only an empty one."""
    router = call.cloud.routers.find(call.parameters.need("VbrId"), call.account, call.region)
    if router is None or not router.is_vbr:
        raise ErrorKind.NO_VBR.error()
    await _remove(call, router)
    return {}


async def describe_virtual_border_routers(call: Call) -> Body:
    """Answer `DescribeVirtualBorderRouters`: a page of this account's VBRs in this region."""
    given = call.parameters
    shown = [_border(one) for one in call.cloud.store.every(Router, call.account, call.region) if one.is_vbr]
    for key, values in given.filters():
        shown = [one for one in shown if str(one.get(key, "")) in values]
    head, page = paged(given, shown)
    return {**head, "VirtualBorderRouterSet": {"VirtualBorderRouterType": page}}


def _new(call: Call, kind: str, name: str) -> Router:
    given = call.parameters
    return Router(
        id=new_id(kind),
        account=call.account,
        region=call.region,
        name=name,
        description=given.description(),
        created=now_text(),
        group=given.text("ResourceGroupId") or "rg-default",
        tags=given.tags(),
    )


def _vpc(call: Call, name: str) -> Router:
    router = call.cloud.routers.find(f"vrt-{name.removeprefix('vpc-')}", call.account, call.region)
    if router is None or router.vpc != name:
        raise ErrorKind.NO_VPC.error()
    return router


async def _remove(call: Call, router: Router) -> None:
    async with call.cloud.lock(router.id):
        declared = set(router.workers.values()) - set(router.started)
        if declared or await call.cloud.interfaces.on(router):
            raise ErrorKind.VPC_IN_USE.error()
        for route in call.cloud.store.every(RouteEntry, call.account):
            if route.table == router.table:
                call.cloud.store.remove(route)
        await call.cloud.routers.remove(router)


def _labels(router: Router) -> dict[str, Any]:
    return {
        "Description": router.description,
        "CreationTime": router.created,
        "ResourceGroupId": router.group,
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
        "VSwitchIds": {"VSwitchId": []},
        "UserCidrs": {"UserCidr": []},
        "SecondaryCidrBlocks": {"SecondaryCidrBlock": []},
        "Tags": {"Tag": router.tag_list},
        **_labels(router),
    }


def _border(router: Router) -> dict[str, Any]:
    return {
        "VbrId": router.id,
        "Name": router.name,
        "Status": "active",
        "RouteTableId": router.table,
        "VlanInterfaceId": f"ri-{router.rest}",
        "PhysicalConnectionStatus": "Enabled",
        "PhysicalConnectionBusinessStatus": "Normal",
        "AccessPointId": f"ap-{router.region}-1",
        "Tags": {"Tags": router.tag_list},
        **router.details,
        **_labels(router),
    }
