"""Which call documents which error, and the state of two ends in which it does.

Source of each row: the reference on the router-interface API, section 2.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from console.web.cloud import errors as faults
from console.web.cloud.errors import Kind
from tests.unit.cloud_desk import ABROAD, REGION, Town
from tests.unit.cloud_states import (
    a_second_pair,
    a_second_pair_at_once,
    active,
    busy,
    connecting,
    fast_link,
    five,
    idle,
    idle_and_owing,
    inactive,
    nothing,
    owing,
    prepaid,
    routed,
    to_its_own_router,
    widowed,
)


class Row(NamedTuple):
    """A state to begin with, a call, and what it has to be answered; {i} and {a} are the two ends' ids."""

    before: Callable[[Town], Awaitable[tuple[str, str]]]
    action: str
    parameters: dict[str, Any]
    answer: Kind


CREATE: Final = {
    "Role": "InitiatingSide",
    "Spec": "Large.2",
    "RouterType": "VRouter",
    "RouterId": "vrt-a",
    "OppositeRegionId": REGION,
}
NEW, MODIFY = "CreateRouterInterface", "ModifyRouterInterfaceAttribute"
CONNECT, ACTIVATE = "ConnectRouterInterface", "ActivateRouterInterface"
DEACTIVATE, DELETE = "DeactivateRouterInterface", "DeleteRouterInterface"
DELETE_BOTH, RESIZE = "DeleteExpressConnect", "ModifyRouterInterfaceSpec"
LIST, SHOW = "DescribeRouterInterfaces", "DescribeRouterInterfaceAttribute"
FIRST, SECOND = {"RouterInterfaceId": "{i}"}, {"RouterInterfaceId": "{a}"}
FACING_VBR = {**SECOND, "OppositeRouterType": "VBR"}
NOBODY: Final = {"RouterInterfaceId": "ri-nobody"}


def lacks(name: str) -> Kind:
    fault = faults.missing(name)
    return Kind(fault.status, fault.code, fault.message)


ROWS: Final = (
    Row(nothing, NEW, {**CREATE, "RegionId": "mars-1"}, faults.NO_REGION),
    Row(nothing, NEW, {**CREATE, "OppositeRegionId": "mars-1"}, faults.NO_REGION),
    *(Row(nothing, NEW, {**CREATE, name: None}, lacks(name)) for name in CREATE),
    Row(nothing, NEW, {**CREATE, "Role": "Both"}, faults.BAD_ROLE),
    Row(nothing, NEW, {**CREATE, "RouterType": "VBR", "RouterId": "vbr-a", "Role": "AcceptingSide"}, faults.BAD_ROLE),
    Row(nothing, NEW, {**CREATE, "Spec": "Huge.9"}, faults.BAD_SPEC),
    Row(nothing, NEW, {**CREATE, "Spec": "Negative"}, faults.BAD_SPEC),
    Row(nothing, NEW, {**CREATE, "Role": "AcceptingSide"}, faults.BAD_SPEC),
    Row(nothing, NEW, {**CREATE, "RouterType": "VBR", "RouterId": "vbr-a"}, lacks("AccessPointId")),
    Row(nothing, NEW, {**CREATE, "OppositeRouterType": "VBR"}, faults.BAD_OPPOSITE_TYPE),
    Row(nothing, NEW, {**CREATE, "RouterId": "vrt-b"}, faults.NO_ROUTER),
    Row(nothing, NEW, {**CREATE, "RouterId": "vrt-nowhere"}, faults.NO_ROUTER),
    Row(nothing, NEW, {**CREATE, "Name": "1"}, faults.BAD_NAME),
    Row(nothing, NEW, {**CREATE, "Description": "http://here"}, faults.BAD_DESCRIPTION),
    Row(nothing, NEW, {**CREATE, "OppositeInterfaceOwnerId": "NOBODY!"}, faults.BAD_ACCOUNT),
    Row(nothing, NEW, {**CREATE, "InstanceChargeType": "PrePaid", "Period": 1}, faults.NO_PRICE),
    Row(
        nothing,
        NEW,
        {**CREATE, "OppositeRegionId": ABROAD, "InstanceChargeType": "PrePaid", "Period": 10},
        faults.NO_PRICE,
    ),
    Row(nothing, NEW, {**CREATE, "HealthCheckSourceIp": "10.0.0.1"}, faults.BAD_PROBE),
    Row(nothing, NEW, {**CREATE, "FastLinkMode": "true"}, faults.BAD_ROLE),
    Row(nothing, NEW, {**CREATE, "RouterId": "vrt-c"}, faults.BAD_ROLE),
    Row(five, NEW, CREATE, faults.FIVE_ALREADY),
    Row(owing, NEW, CREATE, faults.BILLS),
    Row(nothing, NEW, {**CREATE, **{f"Tags.{n}.Key": f"k{n}" for n in range(1, 22)}}, faults.TOO_MANY_TAGS),
    # ----
    Row(nothing, MODIFY, {}, lacks("RouterInterfaceId")),
    Row(nothing, MODIFY, NOBODY, faults.NO_INTERFACE_TO_MODIFY),
    Row(idle, MODIFY, {**FIRST, "Name": "x"}, faults.BAD_NAME),
    Row(idle, MODIFY, {**FIRST, "Description": "https://x"}, faults.BAD_DESCRIPTION),
    Row(idle, MODIFY, {**FIRST, "OppositeRouterType": "Bridge"}, faults.BAD_OPPOSITE_TYPE),
    Row(idle, MODIFY, {**FIRST, "OppositeRouterType": "VBR"}, faults.BAD_LINK_ROLE),
    Row(idle, MODIFY, {**SECOND, "OppositeRouterType": "VBR", "OppositeRouterId": "vrt-a"}, faults.BAD_MODIFY),
    Row(idle, MODIFY, {**FIRST, "OppositeInterfaceId": "vpc-c"}, faults.BAD_MODIFY),
    Row(connecting, MODIFY, {**FIRST, "Name": "other"}, faults.STATUS_TO_MODIFY),
    Row(active, MODIFY, {**FIRST, "OppositeInterfaceId": "ri-other"}, faults.STATUS_TO_MODIFY),
    Row(owing, MODIFY, {**FIRST, "Name": "other"}, faults.LOCKED),
    Row(idle, MODIFY, {**FIRST, "HcThreshold": "99"}, faults.BAD_THRESHOLD),
    Row(idle, MODIFY, {**FIRST, "HcRate": "1"}, faults.BAD_RATE),
    Row(idle, MODIFY, {**FIRST, "HealthCheckSourceIp": "10.0.0.1"}, faults.BAD_PROBE),
    Row(idle, MODIFY, {**FACING_VBR, "HealthCheckSourceIp": "1", "HealthCheckTargetIp": "2"}, faults.BAD_PROBE),
    Row(
        idle,
        MODIFY,
        {**FACING_VBR, "HealthCheckSourceIp": "10.0.0.1", "HealthCheckTargetIp": "192.168.0.1"},
        faults.BAD_PROBE_SOURCE,
    ),
    Row(busy, MODIFY, {**FIRST, "Name": "other"}, faults.IN_PROCESS),
    Row(fast_link, MODIFY, {**SECOND, "OppositeInterfaceId": "ri-other"}, faults.OPPOSITE_IS_VBR),
    Row(
        idle,
        MODIFY,
        {**FIRST, "HealthCheckSourceIp": "10.0.0.1", "DeleteHealthCheckIp": "true"},
        faults.PROBE_CONFLICT,
    ),
    # ----
    Row(nothing, CONNECT, NOBODY, faults.NO_INTERFACE),
    Row(idle, CONNECT, SECOND, faults.NOT_INITIATING),
    Row(idle, CONNECT, FIRST, faults.OPPOSITE_NOT_SET),
    Row(connecting, CONNECT, FIRST, faults.STATUS_TO_CONNECT),
    Row(active, CONNECT, FIRST, faults.STATUS_TO_CONNECT),
    Row(inactive, CONNECT, FIRST, faults.STATUS_TO_CONNECT),
    Row(to_its_own_router, CONNECT, FIRST, faults.SAME_ROUTER),
    Row(a_second_pair, CONNECT, FIRST, faults.CONNECTED_ALREADY),
    Row(a_second_pair_at_once, CONNECT, FIRST, faults.CONNECTING_ALREADY),
    Row(idle_and_owing, CONNECT, FIRST, faults.BILLS),
    # ----
    Row(nothing, DEACTIVATE, NOBODY, faults.NO_INTERFACE),
    Row(idle, DEACTIVATE, FIRST, faults.STATUS_TO_DEACTIVATE),
    Row(connecting, DEACTIVATE, FIRST, faults.STATUS_TO_DEACTIVATE),
    Row(inactive, DEACTIVATE, FIRST, faults.STATUS_TO_DEACTIVATE),
    Row(widowed, DEACTIVATE, SECOND, faults.STATUS_TO_DEACTIVATE),
    Row(owing, DEACTIVATE, FIRST, faults.LOCKED),
    Row(nothing, DEACTIVATE, {**NOBODY, "RegionId": "mars-1"}, faults.NO_REGION),
    # ----
    Row(nothing, ACTIVATE, NOBODY, faults.NO_INTERFACE),
    Row(idle, ACTIVATE, FIRST, faults.STATUS_TO_ACTIVATE),
    Row(active, ACTIVATE, FIRST, faults.STATUS_TO_ACTIVATE),
    Row(widowed, ACTIVATE, SECOND, faults.OPPOSITE_DELETED),
    Row(owing, ACTIVATE, FIRST, faults.LOCKED),
    # ----
    Row(nothing, DELETE, NOBODY, faults.NO_INTERFACE_TO_DELETE),
    Row(active, DELETE, FIRST, faults.STATUS_TO_DELETE),
    Row(connecting, DELETE, FIRST, faults.STATUS_TO_DELETE),
    Row(routed, DELETE, FIRST, faults.HAS_ROUTES),
    Row(prepaid, DELETE, FIRST, faults.PREPAID),
    Row(connecting, DELETE_BOTH, FIRST, faults.STATUS_TO_DELETE_BOTH),
    Row(routed, DELETE_BOTH, SECOND, faults.HAS_ROUTES),
    Row(prepaid, DELETE_BOTH, FIRST, faults.PREPAID),
    # ----
    Row(nothing, RESIZE, {**NOBODY, "Spec": "Large.1"}, faults.NO_INTERFACE),
    Row(idle, RESIZE, FIRST, lacks("Spec")),
    Row(idle, RESIZE, {**FIRST, "Spec": "Huge.9"}, faults.BAD_SPEC),
    Row(idle, RESIZE, {**SECOND, "Spec": "Large.1"}, faults.BAD_SPEC),
    Row(connecting, RESIZE, {**FIRST, "Spec": "Large.1"}, faults.STATUS_TO_RESIZE),
    Row(owing, RESIZE, {**FIRST, "Spec": "Large.1"}, faults.LOCKED),
    Row(widowed, RESIZE, {**SECOND, "Spec": "Negative"}, faults.NO_OPPOSITE),
    # ----
    Row(nothing, SHOW, {}, faults.NO_PARAMETER),
    Row(nothing, LIST, {"RegionId": None}, lacks("RegionId")),
    Row(nothing, LIST, {"RegionId": "mars-1"}, faults.NO_REGION),
    Row(nothing, LIST, {"PageNumber": "0"}, faults.BAD_PAGE),
    Row(nothing, LIST, {"PageSize": "51"}, faults.BAD_PAGE),
    Row(
        nothing,
        LIST,
        {"Filter.1.Key": "Colour", "Filter.1.Value.1": "red"},
        Kind(404, "InvalidFilterKey.ValueNotSupported", "Specified filter key is not supported: Filter.1.key"),
    ),
    # ----
    Row(nothing, "DeleteVpc", {"VpcId": "vpc-b"}, faults.NO_VPC),
    Row(idle, "DeleteVpc", {"VpcId": "vpc-a"}, faults.VPC_IN_USE),
    Row(nothing, "CreateVpc", {"CidrBlock": "10.0.0.1/8"}, faults.BAD_RANGE),
    Row(nothing, "CreateVpc", {"CidrBlock": "10.0.0.0/8"}, faults.NO_MORE_ROUTERS),
    Row(nothing, "DeleteVirtualBorderRouter", {"VbrId": "vbr-none"}, faults.NO_VBR),
    Row(nothing, "CreateRouteEntry", {"RouteTableId": "vtb-none"}, faults.NO_TABLE),
    Row(
        connecting,
        "CreateRouteEntry",
        {
            "RouteTableId": "vtb-a",
            "DestinationCidrBlock": "10.0.0.0/8",
            "NextHopType": "RouterInterface",
            "NextHopId": "{i}",
        },
        faults.ROUTE_IN_TRANSITION,
    ),
    Row(
        routed,
        "CreateRouteEntry",
        {
            "RouteTableId": "vtb-a",
            "DestinationCidrBlock": "10.1.0.0/16",
            "NextHopType": "RouterInterface",
            "NextHopId": "{i}",
        },
        faults.ROUTE_EXISTS,
    ),
    Row(
        nothing,
        "CreateRouteEntry",
        {
            "RouteTableId": "vtb-a",
            "DestinationCidrBlock": "10.0.0.0/8",
            "NextHopType": "RouterInterface",
            "NextHopId": "ri-x",
        },
        faults.NO_NEXT_HOP,
    ),
    Row(nothing, "DeleteRouteEntry", {"RouteEntryId": "rte-none"}, faults.NO_ROUTE),
    Row(
        nothing,
        "TagResources",
        {"ResourceType": "SHIP", "ResourceId.1": "x", "Tag.1.Key": "k"},
        faults.BAD_RESOURCE_TYPE,
    ),
    Row(
        nothing,
        "TagResources",
        {"ResourceType": "ROUTERINTERFACE", "ResourceId.1": "ri-x", "Tag.1.Key": "k"},
        faults.NO_RESOURCE,
    ),
    Row(nothing, "LaunchRocket", {}, faults.NO_SUCH_ACTION),
)
