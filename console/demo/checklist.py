"""The checklist of a demonstration: each line of the article's two tables is held against what was seen.

They are the process with both ends' statuses, and the comparison of the two ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from console.statuses import PROCESS
from shared.protocol.words import Status

STATUSES: Final = 2 * len(PROCESS)


def seen_in_order(wanted: Sequence[Status], statuses: Iterable[str]) -> list[bool]:
    """Say which of the wanted statuses occur, each after the one before it."""
    found = [False] * len(wanted)
    place = 0
    for status in statuses:
        if place < len(wanted) and status == wanted[place]:
            found[place] = True
            place += 1
    return found


@dataclass(frozen=True, slots=True)
class Expected:
    """A line of the comparison: something that the article says of both ends."""

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
        """List everything that was not seen, in words."""
        rows = zip(PROCESS, first, second, strict=True)
        statuses = [
            f"{status} at the {end}'s end ({row.process})"
            for row, one, other in rows
            for status, ok, end in ((row.initiator, one, "initiator"), (row.acceptor, other, "acceptor"))
            if not ok
        ]
        return statuses + [one.sentence for one in self.expected if not self.shown.get(one.sentence, False)]
