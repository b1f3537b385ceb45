"""An answer is late only if it is later than the other answers, so what is late depends on the load and not on us.

How long answers take is measured as TCP does (RFC 6298), for each peer's worker: smoothed, with its variation, never
from what was said twice. And while a peer works off what was said to it, what was said later than anything it has
answered so far is not lost but waits its turn (RFC 8985 calls lost only what was overtaken). Of what may just be
waiting only a few words are said again (RFC 8985 calls them probes), and the rest when the peer has answered nothing
for long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SMOOTHING: Final = 1 / 8
VARIATION_SMOOTHING: Final = 1 / 4
VARIATIONS: Final = 4
"""RFC 6298 section 2: alpha, beta, and how many variations above the average an answer may still come."""


PROBES_LIMIT: Final = 16
"""How much is said again to a peer at once that may just not have come to it yet."""


@dataclass(slots=True)
class _RoundTrips:
    """How long one peer takes to answer; all in monotonic seconds."""

    smoothed: float
    variation: float
    newest_said: float
    answered: float


@dataclass(slots=True)
class _Probes:
    """When the next few words may be said again to a peer, the pause until then, and how many are left before."""

    again: float
    pause: float
    left: int


class RetransmissionTimeouts:
    """How long to wait for each peer before something is said to it again."""

    def __init__(self, least_seconds: float, limit_seconds: float) -> None:
        """Never wait less than the one or, without a sign of progress, more than the other."""
        self._least, self._limit = least_seconds, limit_seconds
        self._peers: dict[str, _RoundTrips] = {}
        self._probes: dict[str, _Probes] = {}

    def answered(self, peer: str, first_said: float, last_said: float, now: float) -> None:
        """Several things that were said once, between these two moments, have been answered together."""
        took, found = now - first_said, self._peers.get(peer)
        if found is None:
            self._peers[peer] = _RoundTrips(took, took / 2, last_said, now)
            return
        found.variation += VARIATION_SMOOTHING * (abs(found.smoothed - took) - found.variation)
        found.smoothed += SMOOTHING * (took - found.smoothed)
        found.newest_said, found.answered = max(found.newest_said, last_said), now

    def first_pause(self, peer: str) -> float:
        """Seconds within which this peer may be expected to answer."""
        found = self._peers.get(peer)
        if found is None:
            return self._least
        return min(max(found.smoothed + VARIATIONS * found.variation, self._least), self._limit)

    def until(self, peer: str, said: float, now: float) -> float:
        """The moment before which it is too early to say again what was said then; now, if it may be said."""
        found, pause = self._peers.get(peer), self.first_pause(peer)
        if found is not None and said <= found.newest_said:
            return max(now, said + pause)
        since = said if found is None else max(said, found.answered)
        if since + self._limit <= now:
            return now
        if since + pause > now:
            return since + pause
        return min(self._turn(peer, pause, now), since + self._limit)

    def _turn(self, peer: str, pause: float, now: float) -> float:
        """The moment from which a word may be a probe; now, if this is one of the few. Pauses grow in silence."""
        probes = self._probes.get(peer)
        if probes is None:
            probes = self._probes[peer] = _Probes(now + pause, pause, PROBES_LIMIT)
        elif probes.again <= now:
            found = self._peers.get(peer)
            answered = found is not None and found.answered > probes.again - probes.pause
            longer = pause if answered else min(2 * probes.pause, self._limit)
            probes = self._probes[peer] = _Probes(now + longer, longer, PROBES_LIMIT)
        if not probes.left:
            return probes.again
        probes.left -= 1
        return now
