"""Tests of what Terraform's legacy resources call on their way: regions, who calls, tables, and changes of routers."""

from __future__ import annotations

from typing import Any

import pytest

from console.web.cloud.records import Router
from tests.unit.cloud_server import (
    ABROAD,
    ALICE,
    BOB,
    KEYS,
    REGION,
    Answered,
    Api,
    common,
    rpc_signed,
)

VPC, ECS, STS, BSS = "2016-04-28", "2014-05-26", "2015-04-01", "2017-12-14"


async def called(api: Api, version: str, action: str, account: str = ALICE, **parameters: str) -> dict[str, Any]:
    """Call another product's action, which names no region. Raises Answered."""
    key, secret = KEYS[account]
    asked = {**parameters, **common(key, action), "Version": version}
    response = await api.http.post("/", data=rpc_signed("POST", asked, secret))
    if response.status_code != 200:
        raise Answered(response)
    body: dict[str, Any] = response.json()
    return body


@pytest.mark.parametrize("version", [ECS, VPC])
async def test_the_regions_are_those_that_a_call_may_name(api: Api, version: str) -> None:
    listed = await called(api, version, "DescribeRegions")
    assert {REGION, ABROAD} <= {one["RegionId"] for one in listed["Regions"]["Region"]}


async def test_who_calls_is_the_account_that_signed(api: Api) -> None:
    for account in (ALICE, BOB):
        assert (await called(api, STS, "GetCallerIdentity", account))["AccountId"] == account


async def test_an_action_is_found_in_its_own_product_alone(api: Api) -> None:
    for version, action in ((VPC, "GetCallerIdentity"), (ECS, "DescribeVpcs"), ("2000-01-01", "DescribeRegions")):
        with pytest.raises(Answered, match=r"InvalidAction\.NotFound"):
            await called(api, version, action, RegionId=REGION)


async def test_a_table_of_the_older_form_holds_its_routes(api: Api) -> None:
    one, _ = await api.pair()
    hop = {"NextHopType": "RouterInterface", "NextHopId": one}
    await api.call("CreateRouteEntry", RouteTableId="vtb-a", DestinationCidrBlock="10.9.0.0/16", **hop)
    tables = (await api.call("DescribeRouteTables", RouteTableId="vtb-a", RouterType="VRouter"))["RouteTables"][
        "RouteTable"
    ]
    assert [(table["RouteTableId"], table["VRouterId"]) for table in tables] == [("vtb-a", "vrt-a")]
    entries = [
        (e["DestinationCidrBlock"], e["NextHopType"], e["InstanceId"]) for e in tables[0]["RouteEntrys"]["RouteEntry"]
    ]
    assert entries == [("172.16.0.0/12", "local", ""), ("10.9.0.0/16", "RouterInterface", one)]
    found = (await api.call("DescribeRouteTables", RouteTableId="vtb-a", RouterType="VRouter", Type="Custom"))[
        "RouteTables"
    ]
    assert [e["NextHopType"] for e in found["RouteTable"][0]["RouteEntrys"]["RouteEntry"]] == ["RouterInterface"]


async def test_a_route_is_renamed_and_led_elsewhere(api: Api) -> None:
    route = {"RouteTableId": "vtb-a", "DestinationCidrBlock": "10.9.0.0/16"}
    made = (await api.call("CreateRouteEntry", **route, NextHopId="i-1"))["RouteEntryId"]
    await api.call("ModifyRouteEntry", **route, RouteEntryName="to office 1", Description="x")
    await api.call("ModifyRouteEntry", RouteEntryId=made, NewNextHopType="NatGateway", NewNextHopId="ngw-1")
    listed = await api.call("DescribeRouteEntryList", RouteTableId="vtb-a", RouteEntryId=made)
    (shown,) = listed["RouteEntrys"]["RouteEntry"]
    assert (shown["RouteEntryName"], shown["Description"]) == ("to office 1", "x")
    assert (shown["NextHops"]["NextHop"][0]["NextHopType"], shown["NextHops"]["NextHop"][0]["NextHopId"]) == (
        "NatGateway",
        "ngw-1",
    )
    hop = {"NewNextHopType": "RouterInterface", "NewNextHopId": "ri-nobody"}
    assert await api.refused("ModifyRouteEntry", RouteEntryId=made, **hop) == (400, "InvalidNextHop.NotFound")
    assert (await api.refused("ModifyRouteEntry", RouteEntryId="rte-none"))[1] == "InvalidRouteEntry.NotFound"


async def test_a_vpc_is_renamed(api: Api) -> None:
    await api.call("ModifyVpcAttribute", VpcId="vpc-a", VpcName="my net", Description="d", CidrBlock="10.0.0.0/16")
    shown = await api.call("DescribeVpcAttribute", VpcId="vpc-a")
    assert (shown["VpcName"], shown["Description"], shown["CidrBlock"]) == ("my net", "d", "10.0.0.0/16")
    assert (await api.refused("ModifyVpcAttribute", VpcId="vpc-b", VpcName="x"))[1] == "InvalidVpcId.NotFound"
    assert (await api.refused("ModifyVpcAttribute", VpcId="vpc-a", VpcName="http://x"))[1] == "InvalidName.Malformed"


async def test_a_vbr_is_changed_terminated_and_recovered(api: Api) -> None:
    named = {"Filter.1.Key": "VbrId", "Filter.1.Value.1": "vbr-a"}

    async def border() -> dict[str, Any]:
        listed = await api.call("DescribeVirtualBorderRouters", **named)
        (found,) = listed["VirtualBorderRouterSet"]["VirtualBorderRouterType"]
        return dict(found)

    changes: dict[str, Any] = {"VlanId": 9, "Name": "a-border", "Mtu": 8500, "SitelinkEnable": True}
    await api.call("ModifyVirtualBorderRouterAttribute", VbrId="vbr-a", **changes)
    assert changes.items() <= (await border()).items()
    assert (await api.refused("RecoverVirtualBorderRouter", VbrId="vbr-a"))[1].startswith("IncorrectStatus")
    await api.call("TerminateVirtualBorderRouter", VbrId="vbr-a")
    assert (await border())["Status"] == "terminated"
    assert (await api.refused("TerminateVirtualBorderRouter", VbrId="vbr-a"))[1].startswith("IncorrectStatus")
    with pytest.raises(Answered, match="IncorrectStatus"):
        await api.create("vbr-a", "InitiatingSide")
    await api.call("RecoverVirtualBorderRouter", VbrId="vbr-a")
    assert (await border())["Status"] == "active"
    await api.create("vbr-a", "InitiatingSide")


async def test_a_subscription_ends_with_a_refund(api: Api) -> None:
    bought: dict[str, Any] = {"InstanceChargeType": "PrePaid", "Period": 1, "OppositeRegionId": ABROAD}
    one, free = await api.create("vbr-a", "InitiatingSide", **bought), await api.create("vbr-a", "InitiatingSide")
    assert (await api.refused("DeleteRouterInterface", RouterInterfaceId=one))[0] == 500
    asked = {"InstanceId": one, "ProductCode": "ri", "ImmediatelyRelease": "1", "ClientToken": "refund-1"}
    with pytest.raises(Answered, match="ResourceNotExists"):
        await called(api, BSS, "RefundInstance", BOB, **asked)
    with pytest.raises(Answered, match="ResourceNotExists"):
        await called(api, BSS, "RefundInstance", **{**asked, "InstanceId": free, "ClientToken": "refund-2"})
    for _ in range(2):
        assert (await called(api, BSS, "RefundInstance", **asked))["Success"] is True
    assert (await api.shown(one))["RouterInterfaceId"] == ""
    assert await api.status(free) == "Idle"


async def test_a_table_of_a_vbr_is_found_by_its_type(api: Api) -> None:
    api.cloud.store.put(Router(id="vbr-x", account=ALICE, region=REGION))
    tables = (await api.call("DescribeRouteTables", RouteTableId="vtb-x"))["RouteTables"]["RouteTable"]
    assert [(table["VRouterId"], table["RouteEntrys"]["RouteEntry"]) for table in tables] == [("vbr-x", [])]
