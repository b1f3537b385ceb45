"""Tests of worlds where none can be: without a stack, and beyond the limit."""

from pathlib import Path

import pytest

from console.client import Refused
from console.stack.worlds import topology_of
from console.topology import Topology
from console.web.app import make_app
from console.web.peering import world_keeping
from console.web.peering.world_keeping import World, Worlds
from peering_handshake.starting import topology
from tests.unit.web_program import site_in


async def test_only_a_supervisor_of_workers_makes_worlds(tmp_path: Path) -> None:
    async with site_in(tmp_path) as site:
        assert site.stack is None
        with pytest.raises(Refused, match="NoWorlds"):
            await Worlds(site.stack, make_app).make(["alice"], 900)


async def test_there_are_no_more_worlds_than_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world_keeping, "MOST_WORLDS", 0)
    worlds = Worlds(object(), make_app)  # type: ignore[arg-type] # it is not asked
    with pytest.raises(Refused, match="TooManyWorlds"):
        await worlds.make(["alice"], 900)


def test_a_world_has_the_endpoints_that_a_started_simulator_has() -> None:
    assert topology_of(["alice", "bob"]) == Topology.model_validate(topology(["alice", "bob"]))


def test_a_world_that_is_being_asked_is_not_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(world_keeping, "monotonic", lambda: now)
    world = World("one", "token", None, None, 10.0, heard=now)  # type: ignore[arg-type] # neither is asked
    now += 4
    assert world.left_seconds() == 6
    with world.answering():
        now += 100
        assert world.left_seconds() == 10
    assert world.left_seconds() == 10
    now += 11
    assert world.left_seconds() < 0
