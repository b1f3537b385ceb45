"""The picture of a worker's batch: each step, and what makes it good if the worker is killed after it."""

from __future__ import annotations

import textwrap
from typing import Final, NamedTuple

from lab.generate.picture import box, line, page, text_of, write


class Moment(NamedTuple):
    """A step of a batch, and what is left, or makes it good, if the worker is killed right after it."""

    step: str
    killed: str


BEFORE: Final = (
    Moment("deliveries arrive, and wait in memory", "not acknowledged: the broker delivers them again"),
    Moment(
        "the batch: deliveries, timers that are due, what to say again; BEGIN",
        "the same; timers are read off the records",
    ),
    Moment("a step for each event: new records and effects, in memory", "the same: nothing of it is anywhere"),
    Moment("changed records, payloads, replies and the timeline are written", "SQLite rolls it back"),
)
COMMIT: Final = Moment(
    "COMMIT, with its fsync", "what was not said is said by its timer, which is due when a worker starts"
)
AFTER: Final = (
    Moment("bundles and replies are published", "the deliveries come again, change nothing, and are answered"),
    Moment(
        "the deliveries are acknowledged",
        "unknown what left: said again with another id, and the peer keeps the highest",
    ),
    Moment("the broker confirms what was published", "nothing is missing"),
)
_PITCH: Final = 54
_HEIGHT: Final = 30


def batch_picture() -> str:
    """Draw it, from the first delivery to the last confirm."""
    root = page("A worker's batch, and what makes it good if the worker is killed after any of its steps")
    write(root, "name", (16, 24), ["What the worker does"])
    write(root, "name", (500, 24), ["Killed here"])
    top = 38
    for moment in (*BEFORE, COMMIT, *AFTER):
        commit = moment is COMMIT
        if moment is not AFTER[-1]:
            line(root, "way", (231, top + _HEIGHT), (231, top + _PITCH))
        line(root, "cut", (16, top + 42), (490, top + 42))
        box(root, "commit" if commit else "room", (16, top, 440, _HEIGHT))
        write(root, "inverse" if commit else "", (28, top + 19), [moment.step])
        lines = textwrap.wrap(moment.killed, 62)
        write(root, "before" if moment in BEFORE else "after", (500, top + 46 - 7 * (len(lines) - 1)), lines)
        top += _PITCH
    last = "Before the commit nothing has happened. After it, the record says what is still to be said."
    write(root, "note", (16, top + 16), [last])
    return text_of(root, top + 28)
