"""Tests of the planted bugs: each is caught, by the property that it breaks."""

from __future__ import annotations

import pytest

from initiator import handshake
from lab.explore.bugs import BUGS
from lab.explore.bugs.planting import Bug, Edit, NotThere, planted
from lab.explore.eventually import agreement
from lab.explore.properties import IN_EVERY_STATE, ON_EVERY_TRANSITION, WITH_BYZANTINE_PEER
from lab.explore.run import find_bug
from lab.explore.search import explore
from lab.explore.state import Budget, beginning


def _limit(bug: Bug) -> int:
    return bug.limit_states


@pytest.mark.parametrize("number", range(len(BUGS)), ids=lambda number: BUGS[number].name)
def test_a_planted_bug_is_caught_by_name(number: int) -> None:
    outcome = find_bug(number)
    assert outcome.broken == BUGS[number].breaks, f"{outcome.violation} after {outcome.states} states"


def test_every_property_catches_a_bug() -> None:
    properties = {holds.__name__ for holds in (*IN_EVERY_STATE, *ON_EVERY_TRANSITION, *WITH_BYZANTINE_PEER, agreement)}
    assert {bug.breaks for bug in BUGS} == properties | {"sometimes"}


@pytest.mark.parametrize(
    ("bound", "limit"),
    sorted({(bug.budget, bug.configured): bug.limit_states for bug in sorted(BUGS, key=_limit)}.items()),
    ids=str,
)
def test_the_same_bound_without_a_bug_shows_nothing(bound: tuple[Budget, tuple[bool, bool]], limit: int) -> None:
    budget, configured = bound
    findings = explore(beginning(budget, configured=configured), limit_states=limit)
    assert findings.violation is None, (findings.violation, findings.trace)


def test_a_bug_is_gone_when_its_block_is_left() -> None:
    before = handshake.step
    for bug in BUGS:
        with planted(bug):
            pass
    assert handshake.step is before
    assert find_bug(0).broken is not None
    assert explore(beginning(BUGS[0].budget)).broken is None


def test_a_bug_whose_text_is_not_there_any_more_is_an_error() -> None:
    lost = Bug("lost", (Edit(handshake, "_initiate", {"no such text": ""}),), Budget(), "agreement")
    with pytest.raises(NotThere, match="_initiate has not exactly one"), planted(lost):
        pass


def test_the_story_of_a_bug_is_told_from_the_beginning() -> None:
    outcome = find_bug(next(n for n, bug in enumerate(BUGS) if bug.name.startswith("a two-way handshake")))
    assert outcome.scenario is not None
    assert list(outcome.scenario.trace) == [
        "ri-a (Idle -> Connecting) Initiate()",
        "ri-b (Idle -> Activated) hears Initiate 1.1 up Connecting ack -.0 got 0",
    ]
