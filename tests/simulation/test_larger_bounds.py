"""The bounds that take a minute are bounds all the same: complete, and pinned like the small ones."""

from __future__ import annotations

import pytest

from console.explore.world import Budget
from tests.model.test_bounds import Bound, check

LARGER_BOUNDS = (
    Bound("a lost store, a payload each way", Budget(payloads=(1, 1), losses=1), 21277, 8786),
    Bound("a backup put back, a payload each way", Budget(payloads=(1, 1), restores=1), 25047, 10473),
    Bound("a lost store, a command of the acceptor's", Budget((0, 1), losses=1), 20935),
    Bound("a lost store while the initiator gives up", Budget(give_ups=1, losses=1), 31642),
    Bound(
        "a lost store while the acceptor's owner is late",
        Budget(give_ups=1, configures=(0, 1), losses=1),
        112622,
        configured=(True, False),
    ),
    Bound("two lost stores", Budget(losses=2), 137623),
    Bound("a backup put back, a command of the initiator's", Budget((1, 0), restores=1), 26549),
    Bound("a backup put back, a command of the acceptor's", Budget((0, 1), restores=1), 27622),
    Bound("two commands of the initiator's, payloads, giving up", Budget((2, 0), (1, 1), give_ups=1), 88414, 19568),
    Bound("two commands of the acceptor's, payloads, giving up", Budget((0, 2), (1, 1), give_ups=1), 110741, 17296),
)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("bound", LARGER_BOUNDS, ids=lambda bound: bound.name)
def test_every_order_of_events_in_a_larger_bound(bound: Bound) -> None:
    check(bound)
