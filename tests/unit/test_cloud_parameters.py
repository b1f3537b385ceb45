"""Tests of what each action does with its parameters: dry runs, filters, and what is refused rather than left alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from console.web.cloud.catalogue import ACTIONS
from console.web.cloud.description import TOKEN, Kind
from console.web.cloud.records import RouteEntry, Router, RouterInterface
from tests.unit.cloud_server import ALICE, BOB, Api

CODE = Path(__file__).parents[2] / "console" / "web" / "cloud"


ROUTE = {"RouteTableId": "vtb-a", "DestinationCidrBlock": "10.9.0.0/16"}
GROWING = {"CreateVpc"}
"""Needs a program that can start workers: the end-to-end tests look at it as well."""

DRY: dict[str, dict[str, str]] = {
    "CreateVpc": {"CidrBlock": "10.0.0.0/16"},
    "DeleteVpc": {"VpcId": "vpc-empty"},
    "DescribeVpcs": {},
    "DescribeVpcAttribute": {"VpcId": "vpc-a"},
    "CreateRouteEntry": {"RouteTableId": "vtb-a", "DestinationCidrBlock": "10.8.0.0/16", "NextHopId": "i-1"},
    "DeleteRouteEntry": ROUTE,
    "ModifyRouteEntry": {**ROUTE, "Description": "changed"},
}
WRONG: dict[str, tuple[dict[str, str], str]] = {
    "CreateVpc": ({"CidrBlock": "10.0.0.0/40"}, "InvalidCidrBlock.Malformed"),
    "DeleteVpc": ({"VpcId": "vpc-a"}, "DependencyViolation.RouterInterface"),
    "DescribeVpcs": ({"PageNumber": "0"}, "InvalidRegionId.NotFound"),
    "DescribeVpcAttribute": ({"VpcId": "vpc-none"}, "InvalidVpcId.NotFound"),
    "CreateRouteEntry": ({"RouteTableId": "vtb-none"}, "InvalidRouteTableId.NotFound"),
    "ModifyRouteEntry": ({**ROUTE, "NewNextHopId": "i-2", "NewNextHopType": "Rocket"}, "InvalidNextHopType"),
    "DeleteRouteEntry": ({"RouteEntryId": "rte-none"}, "InvalidRouteEntry.NotFound"),
}


def kept(api: Api) -> list[object]:
    """All that the API has recorded."""
    store = api.cloud.store
    return [record.model_dump() for form in (Router, RouterInterface, RouteEntry) for record in store.every(form)]


def dry_actions() -> list[str]:
    """Those of VpcPeer, which have a connection to be about, are in `test_cloud_peerings`."""
    described = {name: action.description for name, action in ACTIONS.items()}
    return sorted(name for name, one in described.items() if one.may_run_dry and "2016-04-28" in one.versions.split())


@pytest.mark.parametrize("action", dry_actions())
async def test_a_dry_run_changes_nothing_and_says_what_the_call_would(api: Api, action: str) -> None:
    api.cloud.store.put(Router(id="vrt-empty", account=ALICE, region="cn-hangzhou", cidr="10.0.0.0/16"))
    await api.pair(connected=False)
    await api.call("CreateRouteEntry", **ROUTE, NextHopId="i-1")
    before = kept(api)
    assert await api.refused(action, **DRY[action], DryRun="true") == (400, "DryRunOperation")
    parameters, code = WRONG[action]
    assert (await api.refused(action, **parameters, DryRun="True"))[1] == code
    assert kept(api) == before
    if action not in GROWING:
        await api.call(action, **DRY[action], DryRun="false")


async def test_a_dry_run_that_is_not_documented_is_refused_and_changes_nothing(api: Api) -> None:
    one, _ = await api.pair(connected=False)
    refused = await api.refused("DeleteRouterInterface", RouterInterfaceId=one, DryRun="true")
    assert refused == (400, "InvalidParameter.NotSupported")
    assert await api.status(one) == "Idle"


class Narrowed(NamedTuple):
    """A list, where its items are, what says which one an item is, a filter, and which pass."""

    action: str
    path: tuple[str, str]
    name: str
    filters: dict[str, str]
    wanted: set[str]


VPCS, TABLES = ("Vpcs", "Vpc"), ("RouterTableList", "RouterTableListType")
BORDERS, ENTRIES = ("VirtualBorderRouterSet", "VirtualBorderRouterType"), ("RouteEntrys", "RouteEntry")
ALL_VPCS = {"vpc-a", "vpc-c", "vpc-d"}


def vpcs(wanted: set[str], **filters: str) -> Narrowed:
    return Narrowed("DescribeVpcs", VPCS, "VpcId", filters, wanted)


def tables(wanted: set[str], **filters: str) -> Narrowed:
    return Narrowed("DescribeRouteTableList", TABLES, "RouterId", filters, wanted)


def borders(wanted: set[str], **filters: str) -> Narrowed:
    return Narrowed("DescribeVirtualBorderRouters", BORDERS, "VbrId", filters, wanted)


def entries(wanted: set[str], **filters: str) -> Narrowed:
    listed = {"RouteTableId": "vtb-a", **filters}
    return Narrowed("DescribeRouteEntryList", ENTRIES, "DestinationCidrBlock", listed, wanted)


TAG, NO_TAG = {"Tag.1.Key": "Env", "Tag.1.Value": "prod"}, {"Tag.1.Key": "Nope"}
SYSTEM, CUSTOM = "172.16.0.0/12", "10.9.0.0/16"
NARROWED = (
    vpcs(ALL_VPCS),
    vpcs({"vpc-c"}, **TAG),
    vpcs(set(), **{"Tag.1.Key": "Env", "Tag.1.Value": "dev"}),
    vpcs(set(), **NO_TAG),
    vpcs({"vpc-c"}, ResourceGroupId="rg-prod"),
    vpcs(set(), IsDefault="true"),
    vpcs(ALL_VPCS, IsDefault="False"),
    vpcs(set(), VpcOwnerId=BOB),
    vpcs(ALL_VPCS, VpcOwnerId=ALICE),
    vpcs(set(), DhcpOptionsSetId="dopt-x"),
    vpcs(set(), EnableIpv6="true"),
    vpcs({"vpc-a", "vpc-d"}, VpcId="vpc-a,vpc-d"),
    vpcs({"vpc-c"}, VpcName="prod-net"),
    tables({"vbr-a"}, RouterType="VBR"),
    tables(set(), RouteTableType="Custom"),
    tables(set(), RouteTableName="x"),
    tables({"vrt-c"}, ResourceGroupId="rg-prod"),
    tables(set(), **NO_TAG),
    tables({"vrt-d"}, VpcId="vpc-d"),
    borders({"vbr-a"}, **{"Filter.1.Key": "Status", "Filter.1.Value.1": "active"}),
    borders(set(), **{"Filter.1.Key": "PhysicalConnectionId", "Filter.1.Value.1": "pc-x"}),
    borders(set(), ResourceGroupId="rg-x"),
    borders(set(), **{"Tags.1.Key": "Nope"}),
    entries({SYSTEM, CUSTOM}),
    entries(set(), NextHopType="NatGateway"),
    entries({CUSTOM}, NextHopType="Instance"),
    entries({CUSTOM}, RouteEntryName="named-one"),
    entries(set(), RouteEntryName="zzz"),
    entries({SYSTEM}, RouteEntryType="System"),
    entries({CUSTOM}, **{"DestCidrBlockList.1": CUSTOM, "DestCidrBlockList.2": "10.1.0.0/16"}),
    entries({CUSTOM}, DestinationCidrBlock="10.9.7.7/16"),
    entries(set(), DestinationCidrBlock="10.9"),
    entries(set(), IpVersion="ipv6"),
    entries(set(), ServiceType="TR"),
)


@pytest.mark.parametrize("case", NARROWED, ids=lambda case: f"{case.action}-{'-'.join(case.filters) or 'all'}")
async def test_a_documented_filter_narrows(api: Api, case: Narrowed) -> None:
    router = api.cloud.routers.find("vrt-c")
    assert router is not None
    labels = {"name": "prod-net", "group": "rg-prod", "tags": {"Env": "prod"}}
    api.cloud.store.put(router.model_copy(update=labels))
    await api.call("CreateRouteEntry", **ROUTE, NextHopId="i-1", RouteEntryName="named-one")
    outer, inner = case.path
    found: list[dict[str, Any]] = (await api.call(case.action, **case.filters))[outer][inner]
    assert {str(one[case.name]) for one in found} == case.wanted


@pytest.mark.parametrize("action", sorted(name for name, one in ACTIONS.items() if one.description.kind is Kind.LISTS))
async def test_a_filter_that_is_not_known_is_refused(api: Api, action: str) -> None:
    asked = {"RouteTableId": "vtb-a", "ResourceType": "VPC"}
    given = {name: value for name, value in asked.items() if ACTIONS[action].description.may_read(name)}
    assert await api.refused(action, **given, Colour="red") == (400, "InvalidParameter.NotSupported")
    if ACTIONS[action].description.keys:
        refused = await api.refused(action, **given, **{"Filter.1.Key": "Colour", "Filter.1.Value.1": "red"})
        assert refused == (404, "InvalidFilterKey.ValueNotSupported")


@pytest.mark.parametrize(
    ("action", "parameters", "code"),
    [
        ("DescribeVpcs", {"Tag.1.Value": "prod"}, "InvalidTagKey.Malformed"),
        ("DescribeVpcs", {"Tag.1.Key": "", "Tag.1.Value": "prod"}, "InvalidTagKey.Malformed"),
        ("DescribeVpcs", {"Tag.1.Key": "a", "Tag.2.Key": "a"}, "Duplicate.TagKey"),
        *(
            ("DescribeVpcs", {name: "prod"}, "InvalidParameter.NotSupported")
            for name in ("Tag", "Tag.Key", "Tag.1", "Tag.1.key", "Tag.Env", "Tag.1000.Key", "VpcId.one", "VpcName.Like")
        ),
        ("DescribeRouterInterfaces", {"Filter.1.Value.1": "Idle"}, "InvalidFilterKey.ValueNotSupported"),
        *(
            ("DescribeRouterInterfaces", {name: "Idle"}, "InvalidParameter.NotSupported")
            for name in ("Filter", "Filter.Status", "Filter.1.Values.1", "Filter.1.Name", "Filter.Key.1")
        ),
        (
            "TagResources",
            {"ResourceType": "VPC", "ResourceId.1": "vpc-a", "Tag.Env": "x"},
            "InvalidParameter.NotSupported",
        ),
    ],
)
async def test_a_filter_that_is_written_so_that_nobody_reads_it_is_refused(
    api: Api, action: str, parameters: dict[str, str], code: str
) -> None:
    assert (await api.refused(action, **parameters))[1] == code


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("DeleteVpc", {"VpcId": "vpc-a", "ForceDelete": "true"}),
        ("CreateVpc", {"CidrBlock": "10.0.0.0/16", "EnableIpv6": "true"}),
        ("CreateRouteEntry", {**ROUTE, "NextHopList.1.NextHopId": "ri-1", "NextHopList.2.NextHopId": "ri-2"}),
        ("DeleteRouteEntry", {**ROUTE, "NextHopList.1.NextHopId": "ri-1"}),
        ("CreateVirtualBorderRouter", {"PhysicalConnectionId": "pc-1", "VlanId": "1", "VbrOwnerId": BOB}),
    ],
)
async def test_what_would_change_the_call_and_is_not_supported_is_refused(
    api: Api, action: str, parameters: dict[str, str]
) -> None:
    before = kept(api)
    assert await api.refused(action, **parameters) == (400, "InvalidParameter.NotSupported")
    assert kept(api) == before


async def test_what_asks_for_nothing_is_let_through(api: Api) -> None:
    await api.call("CreateRouteEntry", **ROUTE, NextHopId="i-1", OwnerId="", DryRun="False")
    assert (await api.refused("DeleteVpc", VpcId="vpc-a", ForceDelete="false"))[
        1
    ] == "DependencyViolation.RouterInterface"


def test_everything_that_is_said_to_be_honoured_is_read_by_some_code() -> None:
    code = "".join(
        file.read_text() for file in CODE.rglob("*.py") if file.name not in {"catalogue.py", "description.py"}
    )
    for name, action in ACTIONS.items():
        said = action.description.honoured - set(action.description.filters) - {TOKEN, "DryRun"}
        unread = {one for one in said if not re.search(rf'"{one}"', code)} - {
            "Filter",
            "Tag",
            "Tags",
            "Description",
            "Name",
        }
        assert not unread, f"{name} honours {unread}, says its description, and nothing reads it"
