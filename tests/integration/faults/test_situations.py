"""Tests of the situations: reached, held and healed several times in a row, on a real broker."""

from __future__ import annotations

import os

import pytest

from console.faults.situation import OwnFaults, Reaching, situation, situations
from tests.integration.faults.town import Town

TIMES = int(os.environ.get("PEERING_TEST_SITUATIONS", "3"))
"""How often in a row."""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [one.name for one in situations()])
async def test_a_situation_is_reached_every_time(town: Town, name: str) -> None:
    async with town.faults() as faults:
        for _ in range(TIMES):
            places = town.start.endpoint, town.far.endpoint
            reaching = Reaching.between(faults._clients, OwnFaults(faults), situation(name), *places)
            await reaching.reach()
            await reaching.hold(0.3)
            await reaching.heal()
            await faults.clear()
            assert not faults.tapped
    assert await town.taps() == []
