"""The Mermaid drawing of a trace: a sequence diagram, which can be reviewed in a pull request.

Mermaid has no slanted arrows, so messages stand in the order in which they were said: `->>` arrived, `-x` lost, `-)`
not heard (yet) or without a trace. Red rectangles are the stretches in which the ends disagree.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from console.trace.matching import when
from console.trace.model import Fate, Message, Trace
from console.trace.wording import cause, duration, short

_ARROWS: Final = {Fate.ARRIVED: "->>", Fate.LOST: "-x", Fate.HELD: "-)", Fate.UNDER_WAY: "-)", Fate.UNNOTED: "-)"}
_NAMES: Final = ("A", "B")


class _Line(NamedTuple):
    """A line of the diagram, and where it belongs: by time, and closings before openings before events."""

    at: float
    order: int
    text: str


def mermaid(trace: Trace) -> str:
    """Draw a trace as a Mermaid sequence diagram."""
    lines = sorted([*_statuses(trace), *_messages(trace), *_shades(trace)], key=lambda line: line[:2])
    heads = [
        f"    participant {name} as {_plain(end.interface)}<br/>{_plain(f'{end.account} · {end.endpoint}')}"
        for name, end in zip(_NAMES, trace.ends, strict=True)
    ]
    open_ended = ["    end"] if any(one.until is None for one in trace.disagreements) else []
    return "\n".join(["sequenceDiagram", *heads, *(f"    {line.text}" for line in lines), *open_ended, ""])


def _statuses(trace: Trace) -> Iterator[_Line]:
    for place, (name, end) in enumerate(zip(_NAMES, trace.ends, strict=True)):
        side = "left" if place == 0 else "right"
        for one in end.moments:
            words = [one.status] if one.was != one.status else []
            why = cause(one)
            if why or words:
                text = ": ".join([*([why] if why else []), *words])
                yield _Line(one.at, 3, f"Note {side} of {name}: {_plain(text)}")


def _messages(trace: Trace) -> Iterator[_Line]:
    for message in trace.told:
        sender, receiver = _NAMES[message.by], _NAMES[1 - message.by]
        yield _Line(when(message), 4, f"{sender}{_ARROWS[message.fate]}{receiver}: {_plain(_words(message))}")


def _words(message: Message) -> str:
    marks = ["again" if message.repeated else "", str(message.fate) if message.fate in {Fate.LOST, Fate.HELD} else ""]
    marks += [message.on_purpose or ""]
    marks += [f"heard {len(message.heard)} times" if len(message.heard) > 1 else ""]
    said = ", ".join(mark for mark in marks if mark)
    return short(message.label) + (f" ({said})" if said else "")


def _shades(trace: Trace) -> Iterator[_Line]:
    for one in trace.disagreements:
        lasted = "from here on" if one.until is None else f"for {duration(one.until - one.since)}"
        yield _Line(one.since, 1, "rect rgba(224, 82, 77, 0.15)")
        yield _Line(one.since, 2, f"Note over A,B: the ends disagree {lasted}")
        if one.until is not None:
            yield _Line(one.until, 0, "end")


def _plain(text: str) -> str:
    """Spell out what Mermaid would read as its own signs."""
    return "".join(c if c.isalnum() or c in " .,:-_/()→·" else f"#{ord(c)};" for c in text)
