"""The documented errors of the cloud's API: for each a state of two ends, a call, and the answer.

Source of each row: the error codes in the public reference of the VPC API (2016-04-28), action by action.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from console.web.cloud.errors import ApiError, ErrorKind, missing
from tests.unit.cloud_server import ABROAD, REGION, Api
from tests.unit.cloud_states import (
    a_second_pair,
    a_second_pair_at_once,
    active,
    busy,
    connecting,
    connecting_still,
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

    before: Callable[[Api], Awaitable[tuple[str, str]]]
    action: str
    parameters: dict[str, Any]
    answer: ErrorKind | ApiError


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


ROWS: Final = (
    Row(nothing, NEW, {**CREATE, "RegionId": "mars-1"}, ErrorKind.NO_REGION),
    Row(nothing, NEW, {**CREATE, "OppositeRegionId": "mars-1"}, ErrorKind.NO_REGION),
    *(Row(nothing, NEW, {**CREATE, name: None}, missing(name)) for name in CREATE),
    Row(nothing, NEW, {**CREATE, "Role": "Both"}, ErrorKind.BAD_ROLE),
    Row(
        nothing, NEW, {**CREATE, "RouterType": "VBR", "RouterId": "vbr-a", "Role": "AcceptingSide"}, ErrorKind.BAD_ROLE
    ),
    Row(nothing, NEW, {**CREATE, "Spec": "Huge.9"}, ErrorKind.BAD_SPEC),
    Row(nothing, NEW, {**CREATE, "Spec": "Negative"}, ErrorKind.BAD_SPEC),
    Row(nothing, NEW, {**CREATE, "Role": "AcceptingSide"}, ErrorKind.BAD_SPEC),
    Row(nothing, NEW, {**CREATE, "RouterType": "VBR", "RouterId": "vbr-a"}, missing("AccessPointId")),
    Row(nothing, NEW, {**CREATE, "OppositeRouterType": "VBR"}, ErrorKind.BAD_OPPOSITE_TYPE),
    Row(nothing, NEW, {**CREATE, "RouterId": "vrt-b"}, ErrorKind.NO_ROUTER),
    Row(nothing, NEW, {**CREATE, "RouterId": "vrt-nowhere"}, ErrorKind.NO_ROUTER),
    Row(nothing, NEW, {**CREATE, "Name": "1"}, ErrorKind.BAD_NAME),
    Row(nothing, NEW, {**CREATE, "Description": "http://here"}, ErrorKind.BAD_DESCRIPTION),
    Row(nothing, NEW, {**CREATE, "OppositeInterfaceOwnerId": "NOBODY!"}, ErrorKind.BAD_ACCOUNT),
    Row(nothing, NEW, {**CREATE, "InstanceChargeType": "PrePaid", "Period": 1}, ErrorKind.NO_PRICE),
    Row(
        nothing,
        NEW,
        {**CREATE, "OppositeRegionId": ABROAD, "InstanceChargeType": "PrePaid", "Period": 10},
        ErrorKind.NO_PRICE,
    ),
    Row(nothing, NEW, {**CREATE, "HealthCheckSourceIp": "10.0.0.1"}, ErrorKind.BAD_PROBE),
    Row(nothing, NEW, {**CREATE, "FastLinkMode": "true"}, ErrorKind.BAD_ROLE),
    Row(nothing, NEW, {**CREATE, "RouterId": "vrt-c"}, ErrorKind.BAD_ROLE),
    Row(five, NEW, CREATE, ErrorKind.FIVE_ALREADY),
    Row(owing, NEW, CREATE, ErrorKind.BILLS),
    Row(nothing, NEW, {**CREATE, **{f"Tags.{n}.Key": f"k{n}" for n in range(1, 22)}}, ErrorKind.TOO_MANY_TAGS),
    # ----
    Row(nothing, MODIFY, {}, missing("RouterInterfaceId")),
    Row(nothing, MODIFY, NOBODY, ErrorKind.NO_INTERFACE_TO_MODIFY),
    Row(idle, MODIFY, {**FIRST, "Name": "x"}, ErrorKind.BAD_NAME),
    Row(idle, MODIFY, {**FIRST, "Description": "https://x"}, ErrorKind.BAD_DESCRIPTION),
    Row(idle, MODIFY, {**FIRST, "OppositeRouterType": "Bridge"}, ErrorKind.BAD_OPPOSITE_TYPE),
    Row(idle, MODIFY, {**FIRST, "OppositeRouterType": "VBR"}, ErrorKind.BAD_LINK_ROLE),
    Row(idle, MODIFY, {**SECOND, "OppositeRouterType": "VBR", "OppositeRouterId": "vrt-a"}, ErrorKind.BAD_MODIFY),
    Row(idle, MODIFY, {**FIRST, "OppositeInterfaceId": "vpc-c"}, ErrorKind.BAD_MODIFY),
    Row(connecting, MODIFY, {**FIRST, "Name": "other"}, ErrorKind.STATUS_TO_MODIFY),
    Row(active, MODIFY, {**FIRST, "OppositeInterfaceId": "ri-other"}, ErrorKind.STATUS_TO_MODIFY),
    Row(owing, MODIFY, {**FIRST, "Name": "other"}, ErrorKind.LOCKED),
    Row(idle, MODIFY, {**FIRST, "HcThreshold": "99"}, ErrorKind.BAD_THRESHOLD),
    Row(idle, MODIFY, {**FIRST, "HcRate": "1"}, ErrorKind.BAD_RATE),
    Row(idle, MODIFY, {**FIRST, "HealthCheckSourceIp": "10.0.0.1"}, ErrorKind.BAD_PROBE),
    Row(idle, MODIFY, {**FACING_VBR, "HealthCheckSourceIp": "1", "HealthCheckTargetIp": "2"}, ErrorKind.BAD_PROBE),
    Row(
        idle,
        MODIFY,
        {**FACING_VBR, "HealthCheckSourceIp": "10.0.0.1", "HealthCheckTargetIp": "192.168.0.1"},
        ErrorKind.BAD_PROBE_SOURCE,
    ),
    Row(busy, MODIFY, {**FIRST, "Name": "other"}, ErrorKind.IN_PROCESS),
    Row(fast_link, MODIFY, {**SECOND, "OppositeInterfaceId": "ri-other"}, ErrorKind.OPPOSITE_IS_VBR),
    Row(
        idle,
        MODIFY,
        {**FIRST, "HealthCheckSourceIp": "10.0.0.1", "DeleteHealthCheckIp": "true"},
        ErrorKind.PROBE_CONFLICT,
    ),
    # ----
    Row(nothing, CONNECT, NOBODY, ErrorKind.NO_INTERFACE),
    Row(idle, CONNECT, SECOND, ErrorKind.NOT_INITIATING),
    Row(idle, CONNECT, FIRST, ErrorKind.OPPOSITE_NOT_SET),
    Row(connecting, CONNECT, FIRST, ErrorKind.STATUS_TO_CONNECT),
    Row(active, CONNECT, FIRST, ErrorKind.STATUS_TO_CONNECT),
    Row(inactive, CONNECT, FIRST, ErrorKind.STATUS_TO_CONNECT),
    Row(to_its_own_router, CONNECT, FIRST, ErrorKind.SAME_ROUTER),
    Row(a_second_pair, CONNECT, FIRST, ErrorKind.CONNECTED_ALREADY),
    Row(a_second_pair_at_once, CONNECT, FIRST, ErrorKind.CONNECTING_ALREADY),
    Row(idle_and_owing, CONNECT, FIRST, ErrorKind.BILLS),
    # ----
    Row(nothing, DEACTIVATE, NOBODY, ErrorKind.NO_INTERFACE),
    Row(idle, DEACTIVATE, FIRST, ErrorKind.STATUS_TO_DEACTIVATE),
    Row(connecting, DEACTIVATE, FIRST, ErrorKind.STATUS_TO_DEACTIVATE),
    Row(inactive, DEACTIVATE, FIRST, ErrorKind.STATUS_TO_DEACTIVATE),
    Row(widowed, DEACTIVATE, SECOND, ErrorKind.STATUS_TO_DEACTIVATE),
    Row(owing, DEACTIVATE, FIRST, ErrorKind.LOCKED),
    Row(nothing, DEACTIVATE, {**NOBODY, "RegionId": "mars-1"}, ErrorKind.NO_REGION),
    # ----
    Row(nothing, ACTIVATE, NOBODY, ErrorKind.NO_INTERFACE),
    Row(idle, ACTIVATE, FIRST, ErrorKind.STATUS_TO_ACTIVATE),
    Row(active, ACTIVATE, FIRST, ErrorKind.STATUS_TO_ACTIVATE),
    Row(widowed, ACTIVATE, SECOND, ErrorKind.OPPOSITE_DELETED),
    Row(owing, ACTIVATE, FIRST, ErrorKind.LOCKED),
    # ----
    Row(nothing, DELETE, NOBODY, ErrorKind.NO_INTERFACE_TO_DELETE),
    Row(active, DELETE, FIRST, ErrorKind.STATUS_TO_DELETE),
    Row(connecting_still, DELETE, FIRST, ErrorKind.STATUS_TO_DELETE),
    Row(routed, DELETE, FIRST, ErrorKind.HAS_ROUTES),
    Row(prepaid, DELETE, FIRST, ErrorKind.PREPAID),
    Row(connecting_still, DELETE_BOTH, FIRST, ErrorKind.STATUS_TO_DELETE_BOTH),
    Row(routed, DELETE_BOTH, SECOND, ErrorKind.HAS_ROUTES),
    Row(prepaid, DELETE_BOTH, FIRST, ErrorKind.PREPAID),
    # ----
    Row(nothing, RESIZE, {**NOBODY, "Spec": "Large.1"}, ErrorKind.NO_INTERFACE),
    Row(idle, RESIZE, FIRST, missing("Spec")),
    Row(idle, RESIZE, {**FIRST, "Spec": "Huge.9"}, ErrorKind.BAD_SPEC),
    Row(idle, RESIZE, {**SECOND, "Spec": "Large.1"}, ErrorKind.BAD_SPEC),
    Row(connecting, RESIZE, {**FIRST, "Spec": "Large.1"}, ErrorKind.STATUS_TO_RESIZE),
    Row(owing, RESIZE, {**FIRST, "Spec": "Large.1"}, ErrorKind.LOCKED),
    Row(widowed, RESIZE, {**SECOND, "Spec": "Negative"}, ErrorKind.NO_OPPOSITE),
    # ----
    Row(nothing, SHOW, {}, ErrorKind.NO_PARAMETER),
    Row(nothing, LIST, {"RegionId": None}, missing("RegionId")),
    Row(nothing, LIST, {"RegionId": "mars-1"}, ErrorKind.NO_REGION),
    Row(nothing, LIST, {"PageNumber": "0"}, ErrorKind.BAD_PAGE),
    Row(nothing, LIST, {"PageSize": "51"}, ErrorKind.BAD_PAGE),
    Row(
        nothing,
        LIST,
        {"Filter.1.Key": "Colour", "Filter.1.Value.1": "red"},
        ApiError(404, "InvalidFilterKey.ValueNotSupported", "Specified filter key is not supported: Filter.1.key"),
    ),
    # ----
    Row(nothing, "DeleteVpc", {"VpcId": "vpc-b"}, ErrorKind.NO_VPC),
    Row(idle, "DeleteVpc", {"VpcId": "vpc-a"}, ErrorKind.VPC_IN_USE),
    Row(nothing, "CreateVpc", {"CidrBlock": "10.0.0.1/8"}, ErrorKind.BAD_RANGE),
    Row(nothing, "CreateVpc", {"CidrBlock": "10.0.0.0/8"}, ErrorKind.NO_MORE_ROUTERS),
    Row(nothing, "DeleteVirtualBorderRouter", {"VbrId": "vbr-none"}, ErrorKind.NO_VBR),
    Row(nothing, "CreateRouteEntry", {"RouteTableId": "vtb-none"}, ErrorKind.NO_TABLE),
    Row(
        connecting,
        "CreateRouteEntry",
        {
            "RouteTableId": "vtb-a",
            "DestinationCidrBlock": "10.0.0.0/8",
            "NextHopType": "RouterInterface",
            "NextHopId": "{i}",
        },
        ErrorKind.ROUTE_IN_TRANSITION,
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
        ErrorKind.ROUTE_EXISTS,
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
        ErrorKind.NO_NEXT_HOP,
    ),
    Row(nothing, "DeleteRouteEntry", {"RouteEntryId": "rte-none"}, ErrorKind.NO_ROUTE),
    Row(
        nothing,
        "TagResources",
        {"ResourceType": "SHIP", "ResourceId.1": "x", "Tag.1.Key": "k"},
        ErrorKind.BAD_RESOURCE_TYPE,
    ),
    Row(
        nothing,
        "TagResources",
        {"ResourceType": "ROUTERINTERFACE", "ResourceId.1": "ri-x", "Tag.1.Key": "k"},
        ErrorKind.NO_RESOURCE,
    ),
    Row(nothing, "LaunchRocket", {}, ErrorKind.NO_SUCH_ACTION),
)
