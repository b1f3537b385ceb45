"""Merging two timelines into one trace: statuses in bands, messages matched, and where the ends disagreed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from console.client.history import ALL, Part
from console.trace.matching import clock_shift, conversation, when
from console.trace.model import Band, Disagreement, EndTrace, Moment, Trace, in_step
from console.trace.strikes import Strike
from shared.wire.views import TimelineRow


@dataclass(frozen=True, slots=True)
class Record:
    """One end's timeline, and who it is; without rows if its worker was not asked."""

    interface: str
    endpoint: str
    account: str
    role: str
    rows: Sequence[TimelineRow]
    asked: bool = True


def merge(first: Record, second: Record, sentence: str = "", part: Part = ALL, strikes: Sequence[Strike] = ()) -> Trace:
    """Merge the records of two ends; a part keeps only the latest moments of both together, and none before a time.

    `strikes` is what faults did on purpose to messages, those of other connections among them.
    """
    ahead = clock_shift(first.rows, second.rows)
    ours, theirs = list(first.rows), [row.model_copy(update={"at": row.at - ahead}) for row in second.rows]
    of_each = [[one for one in strikes if one.source == end.interface] for end in (first, second)]
    messages = conversation(ours, theirs, (of_each[0], of_each[1]))
    begins = max(_beginning((ours, theirs), part.last), part.since or 0.0)
    first_bands, second_bands = bands(ours), bands(theirs)
    return Trace(
        ends=(_end(first, ours, first_bands, begins), _end(second, theirs, second_bands, begins)),
        told=[one for one in messages if when(one) >= begins],
        disagreements=[one for one in disagreements(first_bands, second_bands) if _reaches(one.until, begins)],
        clock_shift_seconds=ahead,
        sentence=sentence,
    )


def bands(rows: Sequence[TimelineRow]) -> list[Band]:
    """Return what an end showed, stretch by stretch; a record without its creation begins with what was."""
    changes = [(row.at, row.status) for row in rows if row.was != row.status]
    if rows and rows[0].was == rows[0].status:
        changes.insert(0, (rows[0].at, rows[0].was))
    ends = [*(at for at, _ in changes[1:]), None]
    return [Band(status=status, since=at, until=end) for (at, status), end in zip(changes, ends, strict=False)]


def disagreements(first: Sequence[Band], second: Sequence[Band]) -> list[Disagreement]:
    """Return when both ends showed what does not go together; neighbouring stretches are one."""
    if not first or not second:
        return []
    both = max(first[0].since, second[0].since)
    edges = sorted({band.since for band in (*first, *second) if band.since >= both} | {both})
    found: list[Disagreement] = []
    for since, until in pairwise([*edges, None]):
        if since is None:
            continue
        statuses = (_shown(first, since), _shown(second, since))
        if in_step(*statuses):
            continue
        if found and found[-1].until == since:
            found[-1] = found[-1].model_copy(update={"until": until})
        else:
            found.append(Disagreement(since=since, until=until, statuses=statuses))
    return found


def _shown(found: Sequence[Band], at: float) -> str:
    return next(band.status for band in reversed(found) if band.since <= at)


def _end(record: Record, rows: Sequence[TimelineRow], found: Sequence[Band], since: float) -> EndTrace:
    return EndTrace(
        interface=record.interface,
        endpoint=record.endpoint,
        account=record.account,
        role=record.role,
        asked=record.asked,
        bands=[band for band in found if _reaches(band.until, since)],
        moments=[
            Moment(row=row.row, at=row.at, was=row.was, status=row.status, cause=row.cause)
            for row in rows
            if row.at >= since
        ],
    )


def _reaches(until: float | None, since: float) -> bool:
    return until is None or until > since


def _beginning(records: Iterable[Sequence[TimelineRow]], last: int | None) -> float:
    """Return when the part that is to be told begins."""
    times = sorted(row.at for rows in records for row in rows)
    return times[-last] if last is not None and len(times) > last else (times[0] if times else 0.0)
