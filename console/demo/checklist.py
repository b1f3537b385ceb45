"""The checklist of a demonstration: each line of the article's two tables is held against what was seen.

They are the process with both ends' statuses, and the comparison of the two ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from console.scenario.run import ScenarioRun
from console.statuses import PROCESS
from shared.protocol.words import Status

STATUSES: Final = 2 * len(PROCESS)

COMPARISON: Final = {
    "Is peer information required before initiating?": ("yes", "yes"),
    "Can this end initiate a connection?": ("yes", "no"),
    "Can this end send after establishment?": ("yes", "yes"),
    "Is this end charged between different regions?": ("yes", "no"),
    "Is this end charged in the same region?": ("no", "no"),
    "Can another account command this end?": ("no", "no"),
    "Created at the same time: by itself Activated?": ("yes", "yes"),
    "Can a VBR be connected to a VBR?": ("no", "no"),
    "Can it be connected to its own endpoint?": ("no", "no"),
    "Does it go on after kill -9 of a worker?": ("yes", "yes"),
}
"""What the article says of both ends, by the question that a step of a story names as what it shows."""


def seen_in_order(wanted: Sequence[Status], statuses: Iterable[str]) -> list[bool]:
    """Say which of the wanted statuses occur, each after the one before it."""
    found = [False] * len(wanted)
    place = 0
    for status in statuses:
        if place < len(wanted) and status == wanted[place]:
            found[place] = True
            place += 1
    return found


class Checklist(NamedTuple):
    """What a story has shown: of each row of the process at each end, and of each question that it was to answer."""

    first: Sequence[bool]
    second: Sequence[bool]
    questions: dict[str, bool]

    @classmethod
    def of(cls, run: ScenarioRun) -> Checklist:
        """The checklist of a run that is over. Raises KeyError for a step that shows what the article does not say."""
        well = {id(one.step) for one in run.results if one.broken_by is None}
        questions = {step.shows: id(step) in well for step in run.scenario.steps if step.shows is not None}
        for question in questions:
            COMPARISON[question]
        return cls(
            seen_in_order([row.initiator for row in PROCESS], run.first.statuses),
            seen_in_order([row.acceptor for row in PROCESS], run.second.statuses),
            questions,
        )

    @property
    def seen(self) -> int:
        """How many statuses of the process were seen."""
        return sum(self.first) + sum(self.second)

    def missing(self) -> Iterator[str]:
        """Everything that was not seen, in words."""
        for row, one, other in zip(PROCESS, self.first, self.second, strict=True):
            for status, ok, end in ((row.initiator, one, "initiator"), (row.acceptor, other, "acceptor")):
                if not ok:
                    yield f"{status} at the {end}'s end ({row.process})"
        yield from (question for question, shown in self.questions.items() if not shown)
