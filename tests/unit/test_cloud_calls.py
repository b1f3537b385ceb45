"""Tests of the API's calls: what two workers say, under the names and in the forms that the cloud has for it."""

from __future__ import annotations

import asyncio
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from console.web.cloud.answers import written
from tests.unit.cloud_server import ABROAD, ALICE, BOB, KEYS, REGION, Api, common, rpc_signed


async def listed(api: Api, account: str = ALICE, **parameters: object) -> list[dict[str, Any]]:
    body = await api.call("DescribeRouterInterfaces", account, **parameters)
    found: list[dict[str, Any]] = body["RouterInterfaceSet"]["RouterInterfaceType"]
    return found


async def test_a_description_has_the_fields_of_a_real_answer_before_and_after_connecting(api: Api) -> None:
    """The fields and values of the output that the cloud's own tutorial shows."""
    one, two = await api.pair(connected=False)
    shown = {end["RouterInterfaceId"]: end for end in await listed(api)}
    first, second = shown[one], shown[two]
    assert (
        first
        | {
            "BusinessStatus": "Normal",
            "Role": "InitiatingSide",
            "OppositeRouterId": "vrt-c",
            "Spec": "Large.2",
            "Status": "Idle",
            "EndTime": "2999-09-08T16:00:00Z",
            "OppositeInterfaceSpec": "Negative",
            "RouterType": "VRouter",
            "OppositeBandwidth": 0,
            "OppositeVpcInstanceId": "vpc-c",
            "HasReservationData": "false",  # the output says false; the models that clients are made from say a text
            "OppositeInterfaceBusinessStatus": "Normal",
            "OppositeRouterType": "VRouter",
            "OppositeRegionId": REGION,
            "VpcInstanceId": "vpc-a",
            "RouterId": "vrt-a",
            "CrossBorder": False,
            "OppositeInterfaceOwnerId": "",
            "Bandwidth": 2048,
            "OppositeInterfaceId": two,
            "ChargeType": "AfterPay",
        }
        == first
    )
    assert second | {"Spec": "Negative", "Bandwidth": 0, "OppositeRouterId": "vrt-a", "Status": "Idle"} == second
    assert {"OppositeInterfaceSpec", "OppositeBandwidth"} & set(second) == set()
    assert "OppositeInterfaceStatus" not in first
    assert "ConnectedTime" not in first
    await api.call("ConnectRouterInterface", RouterInterfaceId=one)
    after = await api.shown(one)
    assert (after["Status"], after["OppositeInterfaceStatus"]) == ("Active", "Active")
    assert after["ConnectedTime"] >= after["CreationTime"]
    assert (after["Code"], after["Success"], after["HealthCheckStatus"]) == ("200", True, "NoHealthCheckConfig")


async def test_the_joint_status_shows_at_both_ends_and_each_owner_has_a_hold(api: Api) -> None:
    one, two = await api.pair()
    await api.call("DeactivateRouterInterface", RouterInterfaceId=one)
    assert [await api.status(end) for end in (one, two)] == ["Inactive", "Inactive"]
    await api.call("ActivateRouterInterface", RouterInterfaceId=two)
    assert [await api.status(end) for end in (one, two)] == ["Inactive", "Inactive"], "the first end still holds"
    await api.call("DeactivateRouterInterface", RouterInterfaceId=two)
    await api.call("ActivateRouterInterface", RouterInterfaceId=one)
    assert await api.status(one) == "Inactive", "now it is the second end that holds"
    await api.call("ActivateRouterInterface", RouterInterfaceId=two)
    assert [await api.status(end) for end in (one, two)] == ["Active", "Active"]


async def test_a_deleted_end_leaves_the_other_inactive_with_nobody_opposite(api: Api) -> None:
    one, two = await api.pair()
    await api.call("DeactivateRouterInterface", RouterInterfaceId=two)
    await api.call("DeleteRouterInterface", RouterInterfaceId=one)
    assert (await api.shown(one))["RouterInterfaceId"] == ""
    shown = await api.shown(two)
    assert (shown["Status"], shown["OppositeInterfaceStatus"]) == ("Inactive", "Deleted")
    assert [end["RouterInterfaceId"] for end in await listed(api)] == [two]
    await api.call("DeleteRouterInterface", RouterInterfaceId=two)
    assert await listed(api) == []


async def test_an_end_that_is_deleted_while_the_other_worker_is_away_is_deleting(api: Api) -> None:
    one, two = await api.pair()
    await api.call("DeactivateRouterInterface", RouterInterfaceId=one)
    api.world.silent.add("vpc-c")
    await api.call("DeleteRouterInterface", RouterInterfaceId=one)
    assert await api.status(one) == "Deleting"
    api.world.silent.clear()
    api.world.tick()
    shown = await api.shown(two)
    assert (shown["Status"], shown["OppositeInterfaceStatus"]) == ("Inactive", "Deleted")


async def test_filters_are_alternatives_within_and_conditions_between(api: Api) -> None:
    one, two = await api.pair()
    three = await api.create("vrt-a", "InitiatingSide", Name="third-one", **{"Tags.1.Key": "k", "Tags.1.Value": "v"})

    async def ids(**parameters: str) -> set[str]:
        return {str(end["RouterInterfaceId"]) for end in await listed(api, ALICE, **parameters)}

    def by(key: str, *values: str, number: int = 1) -> dict[str, str]:
        valued = {f"Filter.{number}.Value.{place}": value for place, value in enumerate(values, 1)}
        return {f"Filter.{number}.Key": key, **valued}

    assert await ids() == {one, two, three}
    assert await ids(**by("RouterInterfaceId", one, "ri-nobody")) == {one}
    assert await ids(**by("Status", "Active", "Inactive")) == {one, two}
    assert await ids(**by("RouterId", "vrt-a")) == {one, three}
    assert await ids(**by("RouterId", "vrt-a"), **by("Status", "Idle", number=2)) == {three}
    assert await ids(**by("OppositeInterfaceId", one)) == {two}
    assert await ids(**by("RouterInterfaceOwnerId", ALICE)) == {one, two, three}
    assert await ids(**by("Name", "third-one")) == {three}
    assert await ids(**{"Tags.1.Key": "k"}) == {three}
    assert await ids(RegionId="cn-beijing") == set()
    assert await listed(api, BOB) == []


async def test_pages_hold_what_is_asked_for_and_the_count_is_of_all(api: Api) -> None:
    made = [await api.create(router, "AcceptingSide") for router in ("vrt-c", "vrt-d") for _ in range(5)]
    seen = []
    for page in (1, 2, 3, 4):
        body = await api.call("DescribeRouterInterfaces", PageNumber=page, PageSize=4)
        assert (body["TotalCount"], body["PageNumber"], body["PageSize"]) == (10, page, 4)
        seen += [end["RouterInterfaceId"] for end in body["RouterInterfaceSet"]["RouterInterfaceType"]]
    assert sorted(seen) == sorted(made)


async def test_a_client_token_makes_the_second_time_harmless(api: Api) -> None:
    wanted = {"Role": "AcceptingSide", "Spec": "Negative", "RouterType": "VRouter", "OppositeRegionId": REGION}
    ask = {**wanted, "RouterId": "vrt-c", "ClientToken": "once"}
    both = await asyncio.gather(*(api.call("CreateRouterInterface", **ask) for _ in range(2)))
    assert both[0]["RouterInterfaceId"] == both[1]["RouterInterfaceId"]
    assert len(await listed(api)) == 1
    assert await api.refused("CreateRouterInterface", **{**ask, "RouterId": "vrt-d"}) == (
        400,
        "IdempotentParameterMismatch",
    )


async def test_fast_link_makes_both_ends_and_one_call_deletes_them(api: Api) -> None:
    more = {
        "FastLinkMode": "true",
        "OppositeRouterType": "VRouter",
        "OppositeRouterId": "vrt-c",
        "OppositeInterfaceOwnerId": ALICE,
    }
    one = await api.create("vbr-a", "InitiatingSide", Spec="Mini.2", **more)
    shown = await api.shown(one)
    assert (shown["Status"], shown["FastLinkMode"], shown["RouterType"]) == ("Active", "true", "VBR")
    two = str(shown["OppositeInterfaceId"])
    assert (await api.shown(two))["OppositeRouterType"] == "VBR"
    assert await api.refused("DeleteRouterInterface", RouterInterfaceId=one) == (400, "IncorrectStatus")
    await api.call("DeleteExpressConnect", RouterInterfaceId=one, Force="true")
    assert await listed(api) == []


async def test_fast_link_speaks_for_nobody_else(api: Api) -> None:
    more = {
        "FastLinkMode": "true",
        "OppositeRegionId": ABROAD,
        "OppositeRouterType": "VRouter",
        "OppositeRouterId": "vrt-b",
        "OppositeInterfaceOwnerId": BOB,
    }
    with pytest.raises(Exception, match="Forbbiden"):
        await api.create("vbr-a", "InitiatingSide", **more)
    assert await listed(api, BOB) == []


async def test_an_interface_that_another_console_made_is_shown_as_well(api: Api) -> None:
    await api.cloud.interfaces.command(
        "vpc-c", {"kind": "create", "interface": "ri-typed", "name": "typed", "peer": None, "initiate": False}
    )
    assert (await api.shown("ri-typed"))["Role"] == "AcceptingSide"
    assert [end["Name"] for end in await listed(api)] == ["typed"]
    await api.call("DeleteRouterInterface", RouterInterfaceId="ri-typed")
    assert (await api.shown("ri-typed"))["RouterInterfaceId"] == ""


async def test_specs_probes_groups_and_tags_are_kept(api: Api) -> None:
    one, _ = await api.pair()
    assert (await api.call("ModifyRouterInterfaceSpec", RouterInterfaceId=one, Spec="Large.1"))["Spec"] == "Large.1"
    await api.call("ModifyRouterInterfaceAttribute", RouterInterfaceId=one, Name="renamed", HcRate=3000, HcThreshold=8)
    about = {"ResourceType": "ROUTERINTERFACE"}
    await api.call("TagResources", **about, **{"ResourceId.1": one, "Tag.1.Key": "k", "Tag.1.Value": "v"})
    await api.call("ChangeResourceGroup", **about, ResourceId=one, NewResourceGroupId="rg-other")
    shown = await api.shown(one)
    wanted = {"Spec": "Large.1", "Name": "renamed", "HcRate": 3000, "HcThreshold": 8, "ResourceGroupId": "rg-other"}
    assert shown | wanted == shown
    assert shown["Tags"] == {"Tags": [{"Key": "k", "Value": "v"}]}
    tags = await api.call("ListTagResources", **about, **{"ResourceId.1": one})
    assert [one["TagKey"] for one in tags["TagResources"]["TagResource"]] == ["k"]
    await api.call("UnTagResources", **about, **{"ResourceId.1": one, "TagKey.1": "k"})
    assert (await api.shown(one))["Tags"] == {"Tags": []}
    assert await api.status(one) == "Active"


async def test_routes_are_listed_with_their_tables(api: Api) -> None:
    one, _ = await api.pair()
    tables = (await api.call("DescribeRouteTableList", VpcId="vpc-a"))["RouterTableList"]["RouterTableListType"]
    assert [(table["RouteTableId"], table["RouterId"]) for table in tables] == [("vtb-a", "vrt-a")]
    hop = {"NextHopType": "RouterInterface", "NextHopId": one}
    made = await api.call("CreateRouteEntry", RouteTableId="vtb-a", DestinationCidrBlock="10.0.0.0/8", **hop)
    entries = (await api.call("DescribeRouteEntryList", RouteTableId="vtb-a"))["RouteEntrys"]["RouteEntry"]
    assert [entry["Type"] for entry in entries] == ["System", "Custom"]
    assert entries[1]["NextHops"]["NextHop"][0]["NextHopId"] == one
    await api.call("DeleteRouteEntry", RouteEntryId=made["RouteEntryId"])
    body = await api.call("DescribeRouteEntryList", RouteTableId="vtb-a", RouteEntryType="Custom")
    assert body["TotalCount"] == 0


async def test_who_asks_for_xml_gets_xml(api: Api) -> None:
    key, secret = KEYS[ALICE]
    asked = {**common(key, "DescribeVpcs"), "RegionId": REGION, "Format": "XML"}
    response = await api.http.get("/", params=rpc_signed("GET", asked, secret))
    root = ET.fromstring(response.text)  # noqa: S314 - our own answer
    assert response.headers["content-type"] == "text/xml;charset=utf-8"
    assert (root.tag, len(root.findall("./Vpcs/Vpc"))) == ("DescribeVpcsResponse", 3)
    refused = await api.http.get("/", params={**asked, "AccessKeyId": "NOBODY", "Signature": "x"})
    assert ET.fromstring(refused.text).findtext("Code") == "InvalidAccessKeyId.NotFound"  # noqa: S314 - ours as well


def test_xml_and_json_hold_the_same() -> None:
    body = {"A": {"B": [{"C": 1}, {"C": 2}]}, "D": True}
    text, _ = written(body, "Root", xml=True)
    root = ET.fromstring(text)  # noqa: S314 - our own answer
    assert [one.findtext("C") for one in root.findall("./A/B")] == ["1", "2"]
    assert root.findtext("D") == "true"
