"""Whoever finds nothing in the shipped functions must find something in spoilt ones: that proves the search."""

from __future__ import annotations

import pytest

from console.explore.eventually import agreement
from console.explore.properties import IN_EVERY_WORLD, ON_EVERY_MOVE
from console.explore.search import explore
from console.explore.world import beginning
from tests.model.bugs import BUGS
from tests.model.planting import Bug, plant

FEWER_WORLDS = 3_000
"""No planted bug needs more worlds than this to be found."""


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_caught_by_name(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = plant(monkeypatch, bug)
    findings = explore(beginning(bug.budget, configured=bug.configured), steps=steps, limit_worlds=FEWER_WORLDS)
    broken = findings.broken or ("sometimes" if findings.rows_unseen else None)
    assert broken == bug.breaks, f"{findings.violation} after {findings.worlds} worlds"


def test_every_property_catches_a_bug() -> None:
    properties = {holds.__name__ for holds in (*IN_EVERY_WORLD, *ON_EVERY_MOVE, agreement)} | {"sometimes"}
    assert {bug.breaks for bug in BUGS} == properties


def test_the_same_bound_without_a_bug_shows_nothing() -> None:
    for budget, configured in {(bug.budget, bug.configured) for bug in BUGS}:
        findings = explore(beginning(budget, configured=configured), limit_worlds=FEWER_WORLDS)
        assert findings.violation is None, (budget, findings.violation, findings.story)


def test_the_story_of_a_bug_is_told_from_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    bug = next(bug for bug in BUGS if bug.name.startswith("a two-way handshake"))
    findings = explore(beginning(bug.budget), steps=plant(monkeypatch, bug))
    assert findings.story == [
        "ri-a (Idle -> Connecting) Initiate()",
        "ri-b (Idle -> Activated) hears Initiate 1.1 up Connecting ack -.0 got 0",
    ]
