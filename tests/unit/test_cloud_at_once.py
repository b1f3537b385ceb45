"""Tests of the API with many callers at once: no change is lost, no limit passed, nothing told to strangers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import pytest

from tests.unit.cloud_server import ABROAD, ALICE, BOB, REGION, Answered, Api
from tests.waiting import wait_for


async def test_an_end_that_names_a_strangers_is_told_nothing_of_it(api: Api) -> None:
    one = await api.create("vrt-a", "InitiatingSide", Spec="Xlarge.1", OppositeRegionId=ABROAD)
    two = await api.create("vrt-b", "AcceptingSide", BOB, OppositeRegionId=REGION)
    await api.own.put(f"/_peering/interfaces/{one}/business-status", json={"business_status": "SecurityLocked"})
    await api.point(two, one, "vrt-a", BOB, OppositeInterfaceOwnerId=ALICE)
    shown = await api.shown(two, BOB)
    assert shown["OppositeInterfaceBusinessStatus"] == "Normal"
    await api.point(one, two, "vrt-b", OppositeInterfaceOwnerId=BOB)
    assert (await api.shown(two, BOB))["OppositeInterfaceBusinessStatus"] == "SecurityLocked"


async def test_two_changes_at_once_are_both_kept_and_the_worker_knows_the_last(api: Api) -> None:
    one, _ = await api.create("vrt-a", "InitiatingSide"), await api.create("vrt-c", "AcceptingSide")
    about = {"RouterInterfaceId": one}
    peers = [f"ri-other{number}" for number in range(8)]
    await asyncio.gather(
        api.call("ModifyRouterInterfaceAttribute", **about, Name="renamed"),
        api.call("ModifyRouterInterfaceAttribute", **about, Description="described"),
        *(api.point(one, peer, "vrt-c") for peer in peers),
        api.call("TagResources", ResourceType="ROUTERINTERFACE", **{"ResourceId.1": one, "Tag.1.Key": "k"}),
    )
    shown = await api.shown(one)
    assert (shown["Name"], shown["Description"]) == ("renamed", "described")
    assert shown["Tags"] == {"Tags": [{"Key": "k", "Value": ""}]}
    told = await api.cloud.interfaces.command("vpc-a", {"kind": "show", "interface": one})
    assert told["peer"]["interface"] == shown["OppositeInterfaceId"]


async def test_only_one_of_many_who_create_at_once_is_the_fifth(api: Api) -> None:
    calls = (api.create("vrt-d", "AcceptingSide") for _ in range(12))
    made = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(one, str) for one in made) == 5
    assert (await api.call("DescribeRouterInterfaces"))["TotalCount"] == 5


async def codes(*calls: Awaitable[object]) -> list[str]:
    """Call all at once: the codes that came, `OK` of what was done."""
    answers = await asyncio.gather(*calls, return_exceptions=True)
    return sorted(one.code if isinstance(one, Answered) else "OK" for one in answers)


async def test_one_of_many_routes_to_the_same_destination_is_made(api: Api) -> None:
    one, two = await api.create("vrt-a", "InitiatingSide"), await api.create("vrt-a", "InitiatingSide")
    route = {"RouteTableId": "vtb-a", "DestinationCidrBlock": "10.9.0.0/16", "NextHopType": "RouterInterface"}
    came = await codes(*(api.call("CreateRouteEntry", **route, NextHopId=hop) for hop in (one, two, one, two)))
    assert came.count("OK") == 1
    assert (await api.call("DescribeRouteEntryList", RouteTableId="vtb-a", RouteEntryType="Custom"))["TotalCount"] == 1


async def test_no_route_leads_through_an_interface_that_is_deleted_at_once(api: Api) -> None:
    for number in range(6):
        one = await api.create("vrt-a", "InitiatingSide")
        route = {
            "RouteTableId": "vtb-a",
            "DestinationCidrBlock": f"10.{number}.0.0/16",
            "NextHopType": "RouterInterface",
        }
        calls = [
            api.call("DeleteRouterInterface", RouterInterfaceId=one),
            api.call("CreateRouteEntry", **route, NextHopId=one),
        ]
        await codes(*(calls if number % 2 else reversed(calls)))
        listed = await api.call("DescribeRouteEntryList", RouteTableId="vtb-a", NextHopId=one)
        assert bool(await api.status(one)) is bool(listed["TotalCount"]), "a route leads through nothing"
        if listed["TotalCount"]:
            await api.call("DeleteRouteEntry", RouteTableId="vtb-a", DestinationCidrBlock=route["DestinationCidrBlock"])
            await api.call("DeleteRouterInterface", RouterInterfaceId=one)


async def test_a_vpc_that_is_deleted_while_an_interface_is_created_is_one_or_the_other(api: Api) -> None:
    declared = api.cloud.routers.find("vrt-c")
    assert declared is not None
    wanted = {"RouterType": "VRouter", "RouterId": "vrt-c", "Role": "AcceptingSide", "Spec": "Negative"}
    for turn in range(4):
        api.cloud.store.put(declared.model_copy(update={"started": ["vpc-c"]}))  # as if it had been made by CreateVpc
        calls = [
            api.call("CreateRouterInterface", **wanted, OppositeRegionId=REGION),
            api.call("DeleteVpc", VpcId="vpc-c"),
        ]
        came = await codes(*(calls if turn % 2 else reversed(calls)))
        there = api.cloud.routers.find("vrt-c") is not None
        assert came == (["DependencyViolation.RouterInterface", "OK"] if there else ["InvalidRouterId.NotFound", "OK"])
        listed = await api.call("DescribeRouterInterfaces")
        for one in listed["RouterInterfaceSet"]["RouterInterfaceType"]:
            await api.call("DeleteRouterInterface", RouterInterfaceId=one["RouterInterfaceId"])


async def test_tags_that_come_and_go_at_once_are_all_kept(api: Api) -> None:
    one = await api.create("vrt-a", "InitiatingSide", **{f"Tag.{n}.Key": f"k{n}" for n in range(1, 5)})
    for kind, name in (("ROUTERINTERFACE", one), ("VPC", "vpc-a")):
        about = {"ResourceType": kind, "ResourceId.1": name}
        await api.call("TagResources", **about, **{f"Tag.{n}.Key": f"k{n}" for n in range(1, 5)})
        await asyncio.gather(
            *(api.call("UnTagResources", **about, **{"TagKey.1": f"k{n}"}) for n in (1, 2)),
            *(api.call("TagResources", **about, **{"Tag.1.Key": f"n{n}"}) for n in range(4)),
        )
        tags = (await api.call("ListTagResources", **about))["TagResources"]["TagResource"]
        assert {tag["TagKey"] for tag in tags} == {"k3", "k4", "n0", "n1", "n2", "n3"}


async def test_two_pairs_of_the_same_routers_that_connect_at_once_are_one(api: Api) -> None:
    pairs = [await api.pair(connected=False) for _ in range(2)]
    came = await codes(*(api.call("ConnectRouterInterface", RouterInterfaceId=one) for one, _ in pairs))
    assert came == ["Forbidden.OnlyOneConnection", "OK"]


FAST = {
    "FastLinkMode": "true",
    "OppositeRouterType": "VRouter",
    "OppositeRouterId": "vrt-c",
    "OppositeInterfaceOwnerId": ALICE,
}


async def test_two_fast_links_between_the_same_routers_are_one(api: Api) -> None:
    came = await codes(*(api.create("vbr-a", "InitiatingSide", **FAST) for _ in range(2)))
    assert came == ["Forbidden.OnlyOneConnection", "OK"]
    assert (await api.call("DescribeRouterInterfaces"))["TotalCount"] == 2


@pytest.mark.parametrize(("full", "role"), [("vbr-a", "InitiatingSide"), ("vrt-c", "AcceptingSide")])
async def test_a_fast_link_that_is_refused_leaves_nothing_behind(api: Api, full: str, role: str) -> None:
    for _ in range(5):
        await api.create(full, role)
    assert await codes(api.create("vbr-a", "InitiatingSide", **FAST)) == ["QuotaExceeded.RouterInterface"]
    assert (await api.call("DescribeRouterInterfaces"))["TotalCount"] == 5


CONNECT, MODIFY = "ConnectRouterInterface", "ModifyRouterInterfaceAttribute"
TO_BOB, TO_ALICE = {"OppositeInterfaceOwnerId": BOB}, {"OppositeInterfaceOwnerId": ALICE}


async def opposite_pairs(api: Api) -> tuple[str, str, str, str]:
    """Two connections of the same two routers, one begun by each: initiating ends point already."""
    one = await api.create("vrt-a", "InitiatingSide", OppositeRegionId=ABROAD)
    two = await api.create("vrt-b", "AcceptingSide", BOB, OppositeRegionId=REGION)
    three = await api.create("vrt-b", "InitiatingSide", BOB, OppositeRegionId=REGION)
    four = await api.create("vrt-a", "AcceptingSide", OppositeRegionId=ABROAD)
    await api.point(one, two, "vrt-b", **TO_BOB)
    await api.point(three, four, "vrt-a", BOB, **TO_ALICE)
    return one, two, three, four


async def test_a_connection_that_is_half_open_is_the_only_one_in_both_directions(api: Api) -> None:
    one, two, three, four = await opposite_pairs(api)
    await api.call(CONNECT, RouterInterfaceId=one)
    await api.point(four, three, "vrt-b", **TO_BOB)
    assert await api.refused(CONNECT, BOB, RouterInterfaceId=three) == (400, "Forbidden.OnlyOneConnection")
    await api.point(two, one, "vrt-a", BOB, **TO_ALICE)

    async def connected() -> bool:
        api.world.tick()
        return await api.status(one) == "Active"

    await wait_for(connected, 10)
    assert [await api.status(three, BOB), await api.status(four)] == ["Idle", "Idle"]


async def both_set(api: Api) -> tuple[str, str]:
    one, two, three, four = await opposite_pairs(api)
    await api.point(two, one, "vrt-a", BOB, **TO_ALICE)
    await api.point(four, three, "vrt-b", **TO_BOB)
    return one, three


async def test_two_connections_in_opposite_directions_that_begin_at_once_are_one(api: Api) -> None:
    one, three = await both_set(api)
    came = await codes(api.call(CONNECT, RouterInterfaceId=one), api.call(CONNECT, BOB, RouterInterfaceId=three))
    assert came == ["Forbidden.OnlyOneConnection", "OK"]


async def test_an_opposite_router_that_is_changed_meanwhile_has_its_turn_as_well(api: Api) -> None:
    """Connect learns of its opposite router before it has its turn; by then it may be another."""
    one, three = await both_set(api)
    await api.call(MODIFY, RouterInterfaceId=one, OppositeRouterId="vrt-x")
    await api.call(MODIFY, BOB, RouterInterfaceId=three, OppositeRouterId="vrt-y")
    came = await codes(
        api.call(MODIFY, RouterInterfaceId=one, OppositeRouterId="vrt-b"),
        api.call(MODIFY, BOB, RouterInterfaceId=three, OppositeRouterId="vrt-a"),
        api.call(CONNECT, RouterInterfaceId=one),
        api.call(CONNECT, BOB, RouterInterfaceId=three),
    )
    assert came == ["Forbidden.OnlyOneConnection", "OK", "OK", "OK"]


async def test_a_router_that_may_have_begun_a_connection_is_asked_before_another_begins(api: Api) -> None:
    one, _, three, four = await opposite_pairs(api)
    await api.call(CONNECT, RouterInterfaceId=one)
    await api.point(four, three, "vrt-b", **TO_BOB)
    api.world.absent.add("vpc-a")
    assert (await api.refused(CONNECT, BOB, RouterInterfaceId=three))[0] == 503
    api.world.absent.clear()
    await api.call("DeleteRouterInterface", RouterInterfaceId=one)
    assert await api.status(one) == ""
    api.world.absent.add("vpc-a")
    await api.call(CONNECT, BOB, RouterInterfaceId=three)
