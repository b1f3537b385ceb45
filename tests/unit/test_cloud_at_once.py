"""Tests of the API with many callers at once: no change is lost, no limit passed, nothing told to strangers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.unit.cloud_server import ABROAD, ALICE, BOB, REGION, Api, api_in, cloud_world
from tests.unit.console_world import World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    yield from cloud_world(tmp_path, monkeypatch)


@pytest.fixture
async def api(world: World, tmp_path: Path) -> AsyncIterator[Api]:
    async with api_in(world, tmp_path) as made:
        yield made


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
