"""Checks of timelines, each end's against the other's.

What must hold of two timelines together: nothing was heard that was not said before, whoever is Activated had its
latest version acknowledged, and a hold that is confirmed holds until its owner lifts it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from shared.protocol.interface import Interface
from shared.protocol.words import Status
from shared.store.memory import TimelineRow
from shared.store.payloads import Received

_COMMAND: Final = "command "
_HEARD: Final = "heard "
_FROM_NOBODY: Final = "NotReady - "
"""What a worker says for an interface that it does not know stands in no timeline."""

_DECLARED: Final = re.compile(r"(?:Declare|Initiate) (\d+)\.(\d+) \w+ \w+ ack (?:-|(\d+))\.(\d+) got \d+")
_CARRIED: Final = re.compile(r"Data \d+ in \d+\.\d+/(\d+)\.(\d+)")
_HOLDS: Final = {"suspend": Status.SUSPENDED, "delete": Status.DELETED}


class Hold(NamedTuple):
    """While an end's own hold was confirmed; moments are seconds since 1970."""

    since: float
    until: float
    row: TimelineRow


def commands(timeline: Sequence[TimelineRow]) -> Counter[str]:
    """How often each kind of command was carried out."""
    return Counter(row.cause.removeprefix(_COMMAND) for row in timeline if row.cause.startswith(_COMMAND))


def unbroken(timeline: Sequence[TimelineRow], record: Interface) -> Iterator[str]:
    """Each row begins where the one before it ended, and the last one ends in what the interface is now."""
    status = ""
    for row in timeline:
        if row.was != status:
            yield f"the timeline of {record.id} says {row.was or 'nothing'} after {status or 'nothing'}"
        status = row.status
    if status != record.status:
        yield f"the timeline of {record.id} ends in {status or 'nothing'}, and it is {record.status}"


def heard_what_was_said(listener: Sequence[TimelineRow], speaker: Sequence[TimelineRow]) -> Iterator[str]:
    """What is heard was said before, by an end that remembers it: commit, then speak."""
    first_said: dict[str, float] = {}
    for row in speaker:
        for said in row.said.splitlines():
            first_said.setdefault(said, row.at)
    for row in listener:
        heard = row.cause.removeprefix(_HEARD)
        if heard == row.cause or heard.startswith(_FROM_NOBODY):
            continue
        if heard not in first_said:
            yield f"{row.interface} heard {heard!r}, and its peer does not remember to have said it"
        elif first_said[heard] > row.at:
            yield f"{row.interface} heard {heard!r} before its peer said it"


def activated_when_acknowledged(timeline: Sequence[TimelineRow]) -> Iterator[str]:
    """An end becomes Activated only by hearing that the peer has recorded the latest it said itself."""
    latest: tuple[str, str] | None = None
    for row in timeline:
        if row.status == Status.ACTIVATED != row.was:
            acknowledged = _acknowledged(row.cause.removeprefix(_HEARD))
            if acknowledged is None or acknowledged != latest:
                told = "nothing" if latest is None else ".".join(latest)
                yield f"{row.interface} said {told} and became Activated because of: {row.cause}"
        for said in row.said.splitlines():
            if declared := _DECLARED.fullmatch(said):
                latest = (declared[1], declared[2])


def _acknowledged(label: str) -> tuple[str, str] | None:
    if declared := _DECLARED.fullmatch(label):
        return declared[3], declared[4]
    if carried := _CARRIED.fullmatch(label):
        return carried[1], carried[2]
    return None


def holds(timeline: Sequence[TimelineRow]) -> Iterator[Hold]:
    """Every stretch in which this end's own suspension or deletion was confirmed, and not lifted yet."""
    wanted: Status | None = None
    since: TimelineRow | None = None
    for row in timeline:
        command = row.cause.removeprefix(_COMMAND) if row.cause.startswith(_COMMAND) else ""
        if command == "resume":
            if since is not None:
                yield Hold(since.at, row.at, since)
            wanted = since = None
        elif command in _HOLDS:
            wanted = _HOLDS[command]
        if since is None and wanted is not None and row.status == wanted:
            since = row
    if since is not None:
        yield Hold(since.at, float("inf"), since)


def holds_respected(
    mine: Sequence[TimelineRow], other: Sequence[TimelineRow], inbox: Sequence[Received]
) -> Iterator[str]:
    """After my suspension or deletion is confirmed the peer is not Activated, and delivers nothing more of mine."""
    for since, until, row in holds(mine):
        for before, after in zip([None, *other], [*other, None], strict=True):
            begins = 0.0 if before is None else before.at
            ends = float("inf") if after is None else after.at
            if before is not None and before.status == Status.ACTIVATED and begins < until and ends > since:
                yield f"{before.interface} was Activated after {row.interface} was {row.status} by its own will"
        for payload in inbox:
            if since < payload.at < until:
                yield f"{payload.body!r} was delivered after {row.interface} was {row.status} by its own will"
