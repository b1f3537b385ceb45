"""Retransmission: how long to wait for a peer's answer before something is said again.

How long answers take is measured as TCP does (RFC 6298), for each peer's worker: smoothed, with its variation, never
from what was said twice. A pause that ran out in vain is doubled for what is said next, until something that was said
once is answered: a peer slower than its pause would never be measured else. While a peer works off what was said to it,
what was said later than anything it has answered so far is not lost but waits its turn (RFC 8985 calls lost only what
was overtaken). Of what may just be waiting only a few messages are said again (RFC 8985 calls them probes), and the
rest when the peer has answered nothing for long.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

SMOOTHING: Final = 1 / 8
VARIATION_SMOOTHING: Final = 1 / 4
VARIATIONS: Final = 4
"""RFC 6298 section 2: alpha, beta, and how many variations above the average an answer may still come."""

PROBES_LIMIT: Final = 16
"""How much is said again to a peer at once that may just not have come to it yet."""

LARGEST_EXPONENT: Final = 16
"""Attempts beyond this let no pause grow any more."""


@dataclass(frozen=True, slots=True)
class RetransmissionPolicy:
    """How long an interface waits before it says something again, and before it gives up; all in seconds."""

    resend_first_seconds: float = 0.5
    resend_growth: float = 2.0
    resend_limit_seconds: float = 8.0
    connect_timeout_seconds: float = 120.0
    jitter: float = 0.25

    def pause(self, first_seconds: float, attempt: int, chance: Random) -> float:
        """The pause before this attempt (0 is the first), spread so that a crowd does not move in step."""
        grown = first_seconds * self.resend_growth ** min(attempt, LARGEST_EXPONENT) if attempt else first_seconds
        spread = 1 + self.jitter * (2 * chance.random() - 1)
        return min(grown, self.resend_limit_seconds) * spread


@dataclass(slots=True)
class _RoundTrips:
    """How long one peer takes to answer; all in monotonic seconds."""

    smoothed: float
    variation: float
    newest_sent_at: float
    answered_at: float


@dataclass(slots=True)
class _Probes:
    """When the next few probes may be sent to a peer, the pause until then, and how many are left before.

    They are in vain until something that was said once is answered.
    """

    again_at: float
    pause: float
    left: int
    in_vain: bool = True


class RetransmissionTimeouts:
    """How long to wait for each peer before something is said to it again."""

    def __init__(self, least_seconds: float, limit_seconds: float) -> None:
        """Never wait less than the one or, without a sign of progress, more than the other."""
        self._least, self._limit = least_seconds, limit_seconds
        self._peers: dict[str, _RoundTrips] = {}
        self._probes: dict[str, _Probes] = {}

    def measure(self, peer: str, first_sent_at: float, last_sent_at: float, now: float) -> None:
        """Note that messages that were sent once, between these two moments, have been answered together."""
        if (probes := self._probes.get(peer)) is not None:
            probes.in_vain = False
        took, found = now - first_sent_at, self._peers.get(peer)
        if found is None:
            self._peers[peer] = _RoundTrips(took, took / 2, last_sent_at, now)
            return
        found.variation += VARIATION_SMOOTHING * (abs(found.smoothed - took) - found.variation)
        found.smoothed += SMOOTHING * (took - found.smoothed)
        found.newest_sent_at, found.answered_at = max(found.newest_sent_at, last_sent_at), now

    def timeout(self, peer: str) -> float:
        """Seconds within which this peer may be expected to answer."""
        found = self._peers.get(peer)
        if found is None:
            return self._least
        return min(max(found.smoothed + VARIATIONS * found.variation, self._least), self._limit)

    def first_pause(self, peer: str) -> float:
        """Seconds to wait for an answer to what is said for the first time: longer, if that was in vain lately."""
        probes, timeout = self._probes.get(peer), self.timeout(peer)
        return max(timeout, min(2 * probes.pause, self._limit)) if probes is not None and probes.in_vain else timeout

    def not_before(self, peer: str, sent_at: float, now: float) -> float:
        """The moment before which it is too early to repeat what was sent then; now, if it may be repeated."""
        found, timeout = self._peers.get(peer), self.timeout(peer)
        if found is not None and sent_at <= found.newest_sent_at:
            return max(now, sent_at + timeout)
        since = sent_at if found is None else max(sent_at, found.answered_at)
        if since + self._limit <= now:
            return now
        if since + timeout > now:
            return since + timeout
        return min(self._next_probe(peer, timeout, now), since + self._limit)

    def _next_probe(self, peer: str, timeout: float, now: float) -> float:
        """The moment from which a message may be a probe; now, if this is one of the few. Pauses grow in silence."""
        probes, pause = self._probes.get(peer), timeout
        if probes is None or probes.again_at <= now:
            found = self._peers.get(peer)
            if probes is not None and (found is None or found.answered_at <= probes.again_at - probes.pause):
                pause = min(2 * probes.pause, self._limit)
            probes = self._probes[peer] = _Probes(now + pause, pause, PROBES_LIMIT)
        if not probes.left:
            return probes.again_at
        probes.left -= 1
        return now
