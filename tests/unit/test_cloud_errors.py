"""Automation branches on codes, so every documented one is provoked here, by the call that documents it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.unit.cloud_desk import BOB, Answered, Town, cloud_world, town_in
from tests.unit.cloud_rows import ACTIVATE, CONNECT, DEACTIVATE, DELETE, DELETE_BOTH, MODIFY, RESIZE, ROWS, Row
from tests.unit.console_world import World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    yield from cloud_world(tmp_path, monkeypatch)


@pytest.fixture
async def town(world: World, tmp_path: Path) -> AsyncIterator[Town]:
    async with town_in(world, tmp_path) as made:
        yield made


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.before.__name__}-{row.action}-{row.answer.code}")
async def test_a_documented_error(town: Town, row: Row) -> None:
    one, two = await row.before(town)
    parameters = {
        name: value.format(i=one, a=two) if isinstance(value, str) else value for name, value in row.parameters.items()
    }
    statuses = [await town.status(interface) for interface in (one, two) if interface]
    with pytest.raises(Answered) as caught:
        await town.call(row.action, **parameters)
    assert (caught.value.status, caught.value.code, caught.value.message.partition(" No worker")[0]) == row.answer
    assert [await town.status(interface) for interface in (one, two) if interface] == statuses


async def test_an_interface_of_another_account_or_region_is_not_there(town: Town) -> None:
    one, _ = await town.pair()
    for action in (MODIFY, CONNECT, DEACTIVATE, ACTIVATE, RESIZE):
        answer = await town.refused(action, BOB, RouterInterfaceId=one, Spec="Large.1")
        assert answer == (404, "InvalidRouterInterfaceId.NotFound"), action
    for action in (DELETE, DELETE_BOTH):
        assert await town.refused(action, BOB, RouterInterfaceId=one) == (404, "InvalidInstanceId.NotFound")
    assert await town.refused(DEACTIVATE, RegionId="cn-beijing", RouterInterfaceId=one) == (
        404,
        "InvalidRouterInterfaceId.NotFound",
    )
    assert (await town.shown(one, BOB))["RouterInterfaceId"] == ""
    assert await town.status(one) == "Active"


async def test_a_worker_that_is_away_is_service_unavailable(town: Town) -> None:
    one, _ = await town.pair()
    town.world.absent.add("vpc-a")
    assert await town.refused(DEACTIVATE, RouterInterfaceId=one) == (503, "ServiceUnavailable")
