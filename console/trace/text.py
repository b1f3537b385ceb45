"""The text drawing of a trace, for a terminal: both ends as columns, and what they say to each other between them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from console.client.plain import plain
from console.trace.matching import when
from console.trace.model import Fate, Message, Trace
from console.trace.wording import cause, duration, short

_SIDE: Final = 25
_WIRE: Final = 45
_TIME: Final = 9
_LOST_AT: Final = 0.85
"""How far along the wire what was lost is drawn."""


class _Line(NamedTuple):
    """A line of the drawing, and where it belongs: by time, and what happens before what is said."""

    at: float
    order: int
    text: str


def text(trace: Trace) -> str:
    """Draw a trace as plain text, 104 characters wide."""
    lines = sorted([*_moments(trace), *_messages(trace), *_disagreements(trace)], key=lambda line: line[:2])
    start = lines[0].at if lines else 0.0
    heads = [f"{plain(end.interface)} · {plain(end.endpoint)}" for end in trace.ends]
    drawn = [f"{'seconds':>{_TIME - 2}}  {heads[0]:<{_SIDE + _WIRE}}{heads[1]}"]
    shown = ""
    for line in lines:
        time = f"{line.at - start:{_TIME - 2}.3f}  "
        drawn.append((time if time != shown else " " * _TIME) + line.text)
        shown = time
    return "\n".join(one.rstrip() for one in [*drawn, plain(trace.sentence)]) + "\n"


def _moments(trace: Trace) -> Iterator[_Line]:
    for place, end in enumerate(trace.ends):
        for one in end.moments:
            words = ": ".join(filter(None, [cause(one), one.status if one.was != one.status else ""]))
            if words:
                yield _Line(one.at, 1, " " * (place * (_SIDE + _WIRE)) + words)


def _messages(trace: Trace) -> Iterator[_Line]:
    for message in trace.told:
        yield _Line(when(message), 2, " " * _SIDE + _arrow(message))


def _arrow(message: Message) -> str:
    arrived = message.fate in {Fate.ARRIVED, Fate.UNNOTED}
    length = _WIRE - 3 if arrived else int((_WIRE - 3) * _LOST_AT)
    said = f" {short(message.label)}{', again' if message.repeated else ''} "
    head = {Fate.LOST: "✗", Fate.HELD: "┃", Fate.UNDER_WAY: "…"}.get(message.fate, "▶" if message.by == 0 else "◀")
    line = f"{plain(said):─^{length}}"
    arrow = f"{line}{head}" if message.by == 0 else f"{head}{line}".rjust(_WIRE - 2)
    notes = [message.on_purpose or "", f"heard {len(message.heard)} times" if len(message.heard) > 1 else ""]
    return " ".join([arrow.ljust(_WIRE - 2), *filter(None, notes)])


def _disagreements(trace: Trace) -> Iterator[_Line]:
    for one in trace.disagreements:
        lasted = "from here on" if one.until is None else f"for {duration(one.until - one.since)}"
        yield _Line(one.since, 0, f" the ends disagree {lasted} ".center(_SIDE + _WIRE + _SIDE, "┄"))
