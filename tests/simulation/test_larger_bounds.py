"""Model checking within the larger bounds, which take up to half a minute each; pinned like the small ones."""

from __future__ import annotations

import pytest

from lab.explore.bounds import LARGE, Bound
from tests.model.test_bounds import Pinned, check

PINNED = {
    "a lost store, and both owners configure again": Pinned(15124, 0),
    "a lost store, and owners configure again, one of them wrong": Pinned(42886, 0),
    "a lost store, and the acceptor's owner rejects": Pinned(18225, 0),
    "a lost store, a payload of the initiator's": Pinned(18410, 4013),
    "a lost store, a payload of the acceptor's": Pinned(19590, 3529),
    "a lost store, a command of the initiator's": Pinned(225980, 0),
    "a backup put back, a payload of the initiator's": Pinned(21704, 4721),
    "a backup put back, a payload of the acceptor's": Pinned(24316, 4469),
    "two commands of the initiator's, payloads, giving up": Pinned(60627, 10766),
    "two commands of the acceptor's, payloads, giving up": Pinned(69536, 12222),
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("bound", LARGE, ids=lambda bound: bound.name)
def test_every_order_of_events_in_a_larger_bound(bound: Bound) -> None:
    check(bound, PINNED[bound.name])
