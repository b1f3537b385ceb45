"""Model checking within the larger bounds, which take up to half a minute each; pinned like the small ones."""

from __future__ import annotations

import pytest

from lab.explore.bounds import LARGE, Bound
from tests.model.test_bounds import Pinned, check

PINNED = {
    "a lost store, and both owners configure again": Pinned(28390, 0),
    "a lost store, a payload of the initiator's": Pinned(33321, 6740),
    "a lost store, a payload of the acceptor's": Pinned(36574, 7750),
    "a lost store, a command of the initiator's": Pinned(271517, 0),
    "a backup put back, a payload of the initiator's": Pinned(36312, 7345),
    "a backup put back, a payload of the acceptor's": Pinned(40865, 8711),
    "two commands of the initiator's, payloads, giving up": Pinned(89322, 18048),
    "two commands of the acceptor's, payloads, giving up": Pinned(107469, 17884),
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("bound", LARGE, ids=lambda bound: bound.name)
def test_every_order_of_events_in_a_larger_bound(bound: Bound) -> None:
    check(bound, PINNED[bound.name])
