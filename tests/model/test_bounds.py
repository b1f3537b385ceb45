"""The number of worlds is pinned, because a model that lost some of them would still find nothing wrong.

Every order of events within each bound. The network keeps all that was ever said, so loss, duplication,
reordering and delay are in every one of them; whoever changes a rule looks at what the new numbers are.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import pytest

from console.explore.properties import ARTICLE
from console.explore.search import Findings, explore
from console.explore.world import Budget, beginning
from shared.protocol.words import Status


class Bound(NamedTuple):
    """How much may happen, and how many worlds that makes."""

    name: str
    budget: Budget
    worlds: int
    deliveries: int = 0
    configured: tuple[bool, bool] = (True, True)


BOUNDS = (
    Bound("nothing but the network", Budget(), 6),
    Bound("the initiator gives up once", Budget(give_ups=1), 125),
    Bound("the initiator gives up twice", Budget(give_ups=2), 1014),
    Bound("the acceptor's owner is late", Budget(give_ups=1, configures=(0, 1)), 400, configured=(True, False)),
    Bound("both owners are late", Budget(give_ups=1, configures=(1, 1)), 402, configured=(False, False)),
    Bound("a payload each way", Budget(payloads=(1, 1)), 37, 17),
    Bound("two payloads each way", Budget(payloads=(2, 2)), 518, 450),
    Bound("a command of the initiator's", Budget((1, 0), (1, 0)), 107, 9),
    Bound("a command of the acceptor's", Budget((0, 1), (1, 0)), 127, 3),
    Bound("a command of each, a payload each way", Budget((1, 1), (1, 1)), 6296, 51),
    Bound("a command of each, and a stranger", Budget((1, 1), (1, 0), stranger=True), 2266, 9),
    Bound("two commands of the initiator's", Budget((2, 0), (1, 0)), 823, 75),
    Bound("two commands of the acceptor's", Budget((0, 2), (1, 0)), 827, 47),
    Bound("a lost store, and both owners configure again", Budget(configures=(1, 1), losses=1), 1408),
    Bound("a lost store", Budget(losses=1), 446),
    Bound("a lost store, a payload of the initiator's", Budget(payloads=(1, 0), losses=1), 2528, 501),
    Bound("a lost store, a payload of the acceptor's", Budget(payloads=(0, 1), losses=1), 2963, 749),
    Bound("a lost store, a command of the initiator's", Budget((1, 0), losses=1), 14562),
    Bound("a backup put back", Budget(restores=1), 539),
    Bound("a backup put back, a payload of the initiator's", Budget(payloads=(1, 0), restores=1), 2941, 592),
    Bound("a backup put back, a payload of the acceptor's", Budget(payloads=(0, 1), restores=1), 3504, 873),
)


@cache
def explored(bound: Bound) -> Findings:
    """Go through the bound once for all tests of this file."""
    return explore(beginning(bound.budget, configured=bound.configured))


def check(bound: Bound) -> None:
    """Nothing is wrong anywhere, and it was looked at everything."""
    findings = explored(bound)
    assert findings.violation is None, "\n".join([f"{findings.broken}: {findings.violation}", *findings.story])
    assert findings.complete
    assert (findings.worlds, findings.deliveries) == (bound.worlds, bound.deliveries)
    assert findings.worst_rounds <= 3


def statuses(bounds: Sequence[Bound]) -> tuple[set[Status], set[Status]]:
    """What either end showed in any of these."""
    first: set[Status] = set()
    second: set[Status] = set()
    for bound in bounds:
        one, other = explored(bound).statuses
        first, second = first | one, second | other
    return first, second


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound.name)
def test_every_order_of_events(bound: Bound) -> None:
    check(bound)


def test_sometimes_each_end_shows_every_status_but_the_others_opening() -> None:
    commanded = [bound for bound in BOUNDS if bound.budget.commands != (0, 0) and not bound.budget.losses]
    first, second = statuses(commanded)
    assert first == set(Status) - {Status.ACCEPTING}
    assert second == set(Status) - {Status.CONNECTING}


@pytest.mark.parametrize("name", ["two commands of the initiator's", "two commands of the acceptor's"])
def test_sometimes_both_columns_of_the_articles_table_are_seen(name: str) -> None:
    findings = explored(next(bound for bound in BOUNDS if bound.name == name))
    assert len(ARTICLE) == 6
    assert findings.rows_unseen == []
