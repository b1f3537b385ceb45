"""Tests of kills: at each kill point of one whole connection, one after another."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.simulate.plan import Plan
from lab.simulate.simulation import Findings, scratch_folder
from tests.simulation.scripted import CALM, Scripted

BLOCKS = 12
"""The places are tried in this many tests, so that they share the machine's cores."""

KINDS_OF_PLACES = {
    "before the transaction",
    "loading a record",
    "saving a record",
    "keeping a payload",
    "delivering a payload",
    "remembering a reply",
    "before the commit",
    "written, not committed",
    "in the middle of the commit",
    "after the commit",
    "before the acknowledgement",
    "after the acknowledgement",
    "after a message was published",
}


def places(folder: Path, which: int) -> int:
    simulation = Scripted(folder)
    assert simulation.run().broken is None
    return simulation.nodes[which].disk.kill_points.passed


def killed_at(folder: Path, which: int, place: int) -> Findings:
    simulation = Scripted(folder)
    simulation.nodes[which].disk.kill_points.arm(place)
    return simulation.run()


@pytest.mark.parametrize("which", [0, 1], ids=["the initiator", "the acceptor"])
@pytest.mark.parametrize("block", range(BLOCKS))
def test_a_worker_killed_at_any_place_of_the_whole_story(which: int, block: int) -> None:
    with scratch_folder() as folder:
        for place in range(1 + block, places(folder, which) + 1, BLOCKS):
            findings = killed_at(folder, which, place)
            assert findings.broken is None, f"killed at place {place}: {findings.broken}"


@pytest.mark.parametrize("which", [0, 1], ids=["the initiator", "the acceptor"])
def test_every_kind_of_place_is_among_them(which: int) -> None:
    seen: set[str] = set()
    with scratch_folder() as folder:
        for place in range(1, places(folder, which) + 1):
            findings = killed_at(folder, which, place)
            seen |= {name.removeprefix("killed ") for name in findings.figures if name.startswith("killed ")}
            if seen >= KINDS_OF_PLACES:
                return
    assert seen >= KINDS_OF_PLACES


@pytest.mark.parametrize("gap", [1, 2, 7, 23])
def test_both_workers_killed_at_the_same_moment_of_the_story(gap: int) -> None:
    with scratch_folder() as folder:
        for place in range(gap, places(folder, 0), 17):
            simulation = Scripted(folder)
            simulation.nodes[0].disk.kill_points.arm(place)
            simulation.nodes[1].disk.kill_points.arm(place + gap)
            assert simulation.run().broken is None, f"killed at places {place} and {place + gap}"


def test_the_story_itself_is_whole() -> None:
    with scratch_folder() as folder:
        findings = Scripted(folder, plan=Plan(**CALM._asdict()), verbose=True).run()
    assert findings.broken is None
    assert not findings.faults
    assert findings.figures["accepted payloads"] == findings.figures["delivered payloads"] == 16
    lines = "\n".join(findings.lines)
    for status in ("Connecting", "Accepting", "Activated", "Suspending", "Suspended", "Activating"):
        assert lines.count(f"-> {status}") >= (1 if status in {"Connecting", "Accepting"} else 4), status
