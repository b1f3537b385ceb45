"""Histograms: what a worker measures of itself, such as how long its connections took to open."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from shared.protocol.words import Status

if TYPE_CHECKING:
    from shared.runtime.batch import Transition


class Histogram:
    """Measured values, counted by the bounds between which they lie; a bound belongs to what is below it."""

    def __init__(self, bounds: Sequence[float]) -> None:
        """Empty; `bounds` grow, and beyond the last there is one more place."""
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


class OpeningTimes:
    """How long interfaces took from the opening status of their role to Activated, in seconds."""

    def __init__(self, opening: Status, histogram: Histogram) -> None:
        """Measure from this status on; one that was in it when the worker started is not measured."""
        self._opening, self._histogram = opening, histogram
        self._since: dict[str, float] = {}

    def note(self, transitions: Iterable[Transition], now: float) -> None:
        """Note what a durable batch changed."""
        for one in transitions:
            if one.status is self._opening:
                self._since[one.interface] = now
            elif (since := self._since.pop(one.interface, None)) is not None and one.status is Status.ACTIVATED:
                self._histogram.observe(now - since)
