"""The trace of a connection as data: every drawing, and the page, are made from this and from nothing else.

Two ends, what each showed and when, who said what to whom and what became of it, and the stretches in which both
showed what does not go together. Times are seconds since 1970 by the workers' own clocks.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal

from pydantic import Field

from console.statuses import PROCESS
from shared.wire.views import View

Which = Literal[0, 1]

_OPENING: Final = frozenset({PROCESS[0].initiator, PROCESS[0].acceptor})


class Fate(StrEnum):
    """The fate of a message, as far as both records tell."""

    ARRIVED = "arrived"
    LOST = "lost"
    HELD = "held"
    UNDER_WAY = "under way"
    UNNOTED = "unnoted"


class Band(View):
    """A stretch in which an end showed one status."""

    status: str = Field(description="what the end showed")
    since: float = Field(description="from when on")
    until: float | None = Field(description="until when; null if it still does")


class Moment(View):
    """A step of one end, which left a row in its timeline."""

    row: int = Field(description="position in the worker's timeline")
    at: float = Field(description="when")
    was: str = Field(description="status before")
    status: str = Field(description="status after")
    cause: str = Field(description="what happened")


class Arrival(View):
    """An arrival of a message."""

    row: int = Field(description="position in the timeline of the end that heard it")
    at: float = Field(description="when")
    was: str = Field(description="status before it was heard")
    status: str = Field(description="status after")


class Message(View):
    """A message from one end to the other."""

    by: Which = Field(description="which end said it: its place in `ends`")
    label: str = Field(description="what it says, the same at both ends")
    said_row: int | None = Field(description="position in the sender's timeline; null if the sender has no note of it")
    said_at: float | None = Field(description="when it was said; null if the sender has no note of it")
    heard: list[Arrival] = Field(description="each time it was heard: more than once if it was doubled on the way")
    fate: Fate = Field(description="what became of it; unnoted: it left no trace, because it had to change nothing")
    repeated: bool = Field(description="whether the same had been said before")
    on_purpose: str | None = Field(default=None, description="what a fault did to it on its way; null if none did")


class Disagreement(View):
    """A stretch in which both ends showed what does not go together."""

    since: float = Field(description="from when on")
    until: float | None = Field(description="until when; null if it lasts")
    statuses: tuple[str, str] = Field(description="what both showed at its beginning")


class EndTrace(View):
    """An end of the connection, from its own worker's durable timeline."""

    interface: str = Field(description="interface id")
    endpoint: str = Field(description="the VPC or VBR it lives on")
    account: str = Field(description="owner's uid")
    role: str = Field(description="its role; empty if it was not asked")
    asked: bool = Field(description="whether its worker was asked; if not, this side is only what the other tells")
    bands: list[Band] = Field(description="its statuses, in order")
    moments: list[Moment] = Field(description="what happened to it, in order")


class Trace(View):
    """A whole trace: what `peering trace -o FILE.json` writes, and what every drawing is made from."""

    ends: tuple[EndTrace, EndTrace] = Field(description="both ends, the initiator first")
    told: list[Message] = Field(description="every message, in the order in which they were said")
    disagreements: list[Disagreement] = Field(description="when both ends showed what does not go together")
    clock_shift_seconds: float = Field(
        description="what was taken off the second end's times, because by its clock it answered before it was asked"
    )
    sentence: str = Field(description="why the connection is up or not")


def in_step(first: str, second: str) -> bool:
    """Whether two statuses go together: the same one, or both ends still at the opening (the article's table)."""
    return first == second or {first, second} == _OPENING
