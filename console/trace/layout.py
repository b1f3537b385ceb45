"""The layout of a drawing: height follows the order of events, and time only loosely.

Milliseconds and minutes have to fit into one picture. Every moment of either end has a height of its own; a longer
pause is a larger gap, but by its logarithm, so that the three steps of a handshake can be read beside a minute of
waiting.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from console.trace.model import Moment, Trace

NARROW_PIXELS: Final = 700
"""Below this width there is no column for times, and words beside an end stand below each other."""
TERSE_PIXELS: Final = 480
"""Below this width there are fewer words on an arrow."""

STEP: Final = 20.0
TALLEST_GAP: Final = 64.0
BREAK_SECONDS: Final = 2.0
"""A pause from which on the time axis is shown as broken."""


@dataclass(frozen=True, slots=True)
class Break:
    """A long pause, and where it is."""

    y: float
    seconds: float


@dataclass(slots=True)
class Plan:
    """The place of everything in a drawing, in pixels."""

    width: float
    narrow: bool
    terse: bool
    lanes: tuple[float, float]
    top: float
    start: float
    bottom: float = 0.0
    rows: dict[tuple[int, int], float] = field(default_factory=dict)
    times: dict[float, float] = field(default_factory=dict)
    breaks: list[Break] = field(default_factory=list)

    def row(self, end: int, row: int | None) -> float | None:
        """Return the height of a moment; None if it is not drawn."""
        return None if row is None else self.rows.get((end, row))

    def time(self, at: float | None) -> float:
        """Return the height of a time at which something happened; the bottom if it has not ended."""
        if at is None:
            return self.bottom
        return self.times.get(at, self.top if at < self.start else self.bottom)


def plan(trace: Trace, width: float, top: float) -> Plan:
    """Give every moment its height, from `top` on."""
    narrow = width < NARROW_PIXELS
    lanes = (92.0, width - 92.0) if narrow else (216.0, width - 160.0)
    happened = _in_order(trace)
    made = Plan(width, narrow, width < TERSE_PIXELS, lanes, top, happened[0][1].at if happened else 0.0)
    sayings = _sayings(trace)
    y, before = top, made.start
    for end, moment in happened:
        gap = moment.at - before
        if made.rows:
            y += max(STEP, gap_height(gap))
        if gap >= BREAK_SECONDS:
            made.breaks.append(Break(y - STEP, gap))
        made.rows[end, moment.row] = y
        made.times.setdefault(moment.at, y)
        y += STEP * max(0, sayings.get((end, moment.row), 0) - 1)
        before = moment.at
    made.bottom = y + 2 * STEP
    return made


def gap_height(seconds: float) -> float:
    """Return how high a pause is drawn: 10 ms a little, a second more, an hour hardly more than that."""
    return min(TALLEST_GAP, 10 + 13 * math.log10(1 + 1000 * max(0.0, seconds)))


def _in_order(trace: Trace) -> list[tuple[int, Moment]]:
    """Return all moments in order of time; what is heard at the moment in which it is said comes after it."""
    moments = [(place, one) for place, end in enumerate(trace.ends) for one in end.moments]
    return sorted(moments, key=lambda pair: (pair[1].at, pair[1].cause.startswith("heard "), pair[0], pair[1].row))


def _sayings(trace: Trace) -> dict[tuple[int, int], int]:
    """Count the messages that were said at each moment."""
    found: dict[tuple[int, int], int] = {}
    for message in trace.told:
        if message.said_row is not None:
            found[message.by, message.said_row] = found.get((message.by, message.said_row), 0) + 1
    return found
