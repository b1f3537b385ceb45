"""The words of a drawing: each message in three lengths, on its arrow, on a phone, and on hover."""

from __future__ import annotations

from typing import Final

from console.trace.matching import HEARD
from console.trace.model import EndTrace, Fate, Message, Moment, Trace

_MINUTE: Final = 60
_LONG_SECONDS: Final = 100
"""From which on tenths of a second say nothing."""

FATES: Final = {
    Fate.LOST: "lost: what was said after it arrived, and this did not",
    Fate.HELD: "it stands half-way",
    Fate.UNDER_WAY: "not heard yet",
    Fate.UNNOTED: "it had to change nothing at the other end, and left no trace there",
}


def short(label: str, *, terse: bool = False) -> str:
    """Say what a message says, on its arrow."""
    words = label.split(" ")
    match words:
        case ["Declare", register, intent, _, "ack", ack, *_]:
            if terse:
                return f"{register} {intent}"
            return f"Declare {register} {intent}" + ("" if ack.startswith("-") else f", has {ack}")
        case ["Initiate", register, *_]:
            return f"Initiate {register}"
        case ["NotReady", _, _, _, reason]:
            return "NotReady" if terse else f"NotReady: {reason}"
        case ["Data", number, *_]:
            return f"Data {number}"
        case _:
            return label


def full(message: Message, trace: Trace, start: float) -> str:
    """Say all that is known of a message, for whoever points at it."""
    sender, receiver = trace.ends[message.by], trace.ends[1 - message.by]
    lines = [f"{sender.interface} → {receiver.interface}: {message.label}"]
    if message.said_at is None:
        lines.append("the sender has no note of this one, a repetition of many or older than its record")
    else:
        lines.append(f"{'said again' if message.repeated else 'said'} at {moment(message.said_at - start)}")
    for place, heard in enumerate(message.heard):
        begun = message.said_at if message.said_at is not None else heard.at
        again = "doubled, heard again" if place else "heard"
        change = f": {heard.was} → {heard.status}" if heard.was != heard.status else ""
        lines.append(f"{again} at {moment(heard.at - start)}, after {duration(heard.at - begun)}{change}")
    if not message.heard:
        lines.append(FATES[message.fate] if receiver.asked else "the other end was not asked")
    if message.on_purpose is not None:
        lines.append(message.on_purpose)
    return "\n".join(lines)


def cause(one: Moment) -> str:
    """Say why something happened, without what an arrow shows already."""
    if one.cause.startswith(HEARD):
        return ""
    return one.cause.removeprefix("command ").removeprefix("timer ")


def happened(one: Moment, end: EndTrace, start: float) -> str:
    """Say all that is known of a moment, for whoever points at it."""
    change = f"{one.was or 'nothing'} → {one.status}" if one.was != one.status else one.status
    return f"{end.interface} at {moment(one.at - start)}: {change}\n{one.cause}"


def moment(seconds: float) -> str:
    """Write a time since the beginning."""
    return f"{seconds:.3f} s" if seconds < _MINUTE else f"{int(seconds // _MINUTE)} min {seconds % _MINUTE:.3f} s"


def duration(seconds: float) -> str:
    """Write how long something took."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < _LONG_SECONDS else f"{seconds / _MINUTE:.0f} min"
