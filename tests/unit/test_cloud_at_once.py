"""Many call at once, and not all are friends: no change is lost, no limit passed, nothing told to strangers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.unit.cloud_desk import ABROAD, ALICE, BOB, REGION, Town, cloud_world, town_in
from tests.unit.console_world import World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    yield from cloud_world(tmp_path, monkeypatch)


@pytest.fixture
async def town(world: World, tmp_path: Path) -> AsyncIterator[Town]:
    async with town_in(world, tmp_path) as made:
        yield made


async def test_an_end_that_names_a_strangers_is_told_nothing_of_it(town: Town) -> None:
    one = await town.create("vrt-a", "InitiatingSide", Spec="Xlarge.1", OppositeRegionId=ABROAD)
    two = await town.create("vrt-b", "AcceptingSide", BOB, OppositeRegionId=REGION)
    await town.http.put(f"/_peering/interfaces/{one}/business-status", json={"business_status": "SecurityLocked"})
    await town.point(two, one, "vrt-a", BOB, OppositeInterfaceOwnerId=ALICE)
    shown = await town.shown(two, BOB)
    assert shown["OppositeInterfaceBusinessStatus"] == "Normal"
    await town.point(one, two, "vrt-b", OppositeInterfaceOwnerId=BOB)
    assert (await town.shown(two, BOB))["OppositeInterfaceBusinessStatus"] == "SecurityLocked"


async def test_two_changes_at_once_are_both_kept_and_the_worker_knows_the_last(town: Town) -> None:
    one, _ = await town.create("vrt-a", "InitiatingSide"), await town.create("vrt-c", "AcceptingSide")
    about = {"RouterInterfaceId": one}
    peers = [f"ri-other{number}" for number in range(8)]
    await asyncio.gather(
        town.call("ModifyRouterInterfaceAttribute", **about, Name="renamed"),
        town.call("ModifyRouterInterfaceAttribute", **about, Description="described"),
        *(town.point(one, peer, "vrt-c") for peer in peers),
        town.call("TagResources", ResourceType="ROUTERINTERFACE", **{"ResourceId.1": one, "Tag.1.Key": "k"}),
    )
    shown = await town.shown(one)
    assert (shown["Name"], shown["Description"]) == ("renamed", "described")
    assert shown["Tags"] == {"Tags": [{"Key": "k", "Value": ""}]}
    told = await town.cloud.ends.command("vpc-a", {"kind": "show", "interface": one})
    assert told["peer"]["interface"] == shown["OppositeInterfaceId"]


async def test_only_one_of_many_who_create_at_once_is_the_fifth(town: Town) -> None:
    calls = (town.create("vrt-d", "AcceptingSide") for _ in range(12))
    made = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(isinstance(one, str) for one in made) == 5
    assert (await town.call("DescribeRouterInterfaces"))["TotalCount"] == 5
