"""A demonstration that can't fail shows nothing, so at the end each line of the article is held against what was seen.

The article's two tables: the process with both ends' statuses, and the comparison of the two ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from shared.protocol.words import Status


class Stage(NamedTuple):
    """A row of the article's table of the process."""

    process: str
    first: Status
    second: Status


PROCESS: Final = (
    Stage("The initiator initiates a connection.", Status.CONNECTING, Status.ACCEPTING),
    Stage("The connection is established.", Status.ACTIVATED, Status.ACTIVATED),
    Stage("The connection is suspended.", Status.SUSPENDING, Status.SUSPENDING),
    Stage("The connection is broken.", Status.SUSPENDED, Status.SUSPENDED),
    Stage("A connection is re-initiated.", Status.ACTIVATING, Status.ACTIVATING),
    Stage("The connection is established.", Status.ACTIVATED, Status.ACTIVATED),
)
STATUSES: Final = 2 * len(PROCESS)


def seen_in_order(wanted: Sequence[Status], statuses: Iterable[str]) -> list[bool]:
    """Which of the wanted statuses occur, each after the one before it."""
    found = [False] * len(wanted)
    place = 0
    for status in statuses:
        if place < len(wanted) and status == wanted[place]:
            found[place] = True
            place += 1
    return found


@dataclass(frozen=True, slots=True)
class Expected:
    """Something that the article says of both ends, and whether the story has shown it."""

    sentence: str
    first: str
    second: str


@dataclass(slots=True)
class Checklist:
    """What a story must show, and what it has shown."""

    expected: tuple[Expected, ...]
    shown: dict[str, bool] = field(default_factory=dict)

    def note(self, sentence: str, *, holds: bool = True) -> None:
        """Record that something was looked at, and whether it was so; one that once failed stays failed."""
        if sentence not in {one.sentence for one in self.expected}:
            raise ValueError(f"nobody expects this: {sentence}")
        self.shown[sentence] = holds and self.shown.get(sentence, True)

    def missing(self, first: Sequence[bool], second: Sequence[bool]) -> list[str]:
        """Everything that was not seen, in words."""
        rows = zip(PROCESS, first, second, strict=True)
        statuses = [
            f"{status} at the {end}'s end ({row.process})"
            for row, one, other in rows
            for status, ok, end in ((row.first, one, "initiator"), (row.second, other, "acceptor"))
            if not ok
        ]
        return statuses + [one.sentence for one in self.expected if not self.shown.get(one.sentence, False)]
