"""Tests of the small bounds: no property broken, and the number of states pinned.

Every order of events within each bound. The network keeps all that was ever said, so loss, duplication,
reordering and delay are in every one of them; whoever changes a rule looks at what the new numbers are.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import pytest

from console.statuses import PROCESS
from lab.explore.bounds import SMALL, Bound
from lab.explore.search import Findings, explore
from lab.explore.state import beginning
from shared.protocol.words import Status


class Pinned(NamedTuple):
    """How many states a bound makes, and how many deliveries of a payload there are in all of them."""

    states: int
    deliveries: int = 0


PINNED = {
    "nothing but the network": Pinned(6),
    "the initiator gives up once": Pinned(72),
    "the initiator gives up twice": Pinned(1246),
    "the acceptor's owner is late": Pinned(318),
    "both owners are late": Pinned(320),
    "the initiator's owner is wrong at first": Pinned(400),
    "the acceptor's owner is wrong at first": Pinned(1892),
    "both owners are wrong at first": Pinned(12158),
    "an owner is wrong, a command of each": Pinned(3628),
    "the acceptor's owner rejects": Pinned(47),
    "the acceptor's owner rejects and configures": Pinned(1624),
    "the acceptor's owner rejects, a command of the initiator's": Pinned(1215),
    "a payload each way": Pinned(37, 17),
    "two payloads each way": Pinned(518, 450),
    "a command of the initiator's": Pinned(107, 9),
    "a command of the acceptor's": Pinned(167, 3),
    "a command of each, a payload each way": Pinned(6812, 51),
    "a command of each, and a stranger who repeats": Pinned(2782, 9),
    "a command, and a stranger who says anything": Pinned(42),
    "giving up, and a stranger who says anything": Pinned(72),
    "a peer who lies once": Pinned(6051, 14),
    "a peer who lies once, and a late owner": Pinned(17886, 66),
    "a peer who lies once, and a wrong owner": Pinned(32868, 66),
    "a peer who lies once, and a payload": Pinned(22703, 5280),
    "two commands of the initiator's": Pinned(823, 75),
    "two commands of the acceptor's": Pinned(867, 47),
    "a lost store": Pinned(3465),
    "a backup put back": Pinned(4049),
}


@cache
def explored(bound: Bound) -> Findings:
    """Go through the bound once for all tests of this file."""
    return explore(beginning(bound.budget, configured=bound.configured))


def check(bound: Bound, pinned: Pinned) -> None:
    """Nothing is wrong anywhere, and it was looked at everything."""
    findings = explored(bound)
    assert findings.violation is None, "\n".join([f"{findings.broken}: {findings.violation}", *findings.trace])
    assert findings.complete
    assert (findings.states, findings.deliveries) == pinned
    assert findings.worst_rounds <= 3


def statuses(bounds: Sequence[Bound]) -> tuple[set[Status], set[Status]]:
    """What either end showed in any of these."""
    first: set[Status] = set()
    second: set[Status] = set()
    for bound in bounds:
        one, other = explored(bound).statuses
        first, second = first | one, second | other
    return first, second


@pytest.mark.parametrize("bound", SMALL, ids=lambda bound: bound.name)
def test_every_order_of_events(bound: Bound) -> None:
    check(bound, PINNED[bound.name])


def test_sometimes_each_end_shows_every_status_but_the_others_opening() -> None:
    commanded = [bound for bound in SMALL if bound.budget.commands != (0, 0) and not bound.budget.losses]
    first, second = statuses(commanded)
    assert first == set(Status) - {Status.ACCEPTING}
    assert second == set(Status) - {Status.CONNECTING}


@pytest.mark.parametrize("name", ["two commands of the initiator's", "two commands of the acceptor's"])
def test_sometimes_both_columns_of_the_articles_table_are_seen(name: str) -> None:
    findings = explored(next(bound for bound in SMALL if bound.name == name))
    assert len(PROCESS) == 6
    assert findings.rows_unseen == []
