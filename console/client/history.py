"""The history of an interface: the last rows of its timeline, however long that is, or those after a row."""

from __future__ import annotations

from typing import Final, NamedTuple

from console.client.clients import Clients, Located
from shared.protocol.words import LAST_NUMBER
from shared.wire import commands
from shared.wire.views import TimelineRow


class Part(NamedTuple):
    """The last part of a history: at most so many rows, and none before a time (seconds since 1970); None: no limit."""

    last: int | None = None
    since: float | None = None

    def or_last(self, default: int) -> Part:
        """The same, with a limit where it has none."""
        return Part(default) if self.last is self.since is None else self


ALL: Final = Part()


class History(NamedTuple):
    """Rows of a timeline in their order, and how many earlier ones were left out (None: not known)."""

    rows: list[TimelineRow]
    earlier: int | None


async def last_rows(clients: Clients, place: Located, part: Part) -> History:
    """Read the last part of an interface's timeline, and no more than that. Raises ClientError."""
    rows: list[TimelineRow] = []
    before, earlier = LAST_NUMBER, 1
    while earlier and (part.last is None or len(rows) < part.last):
        wanted = commands.PAGE_ROWS if part.last is None else min(commands.PAGE_ROWS, part.last - len(rows))
        read = commands.last_of(commands.timeline(place.interface, limit=wanted), before)
        answer = await clients.one(place.endpoint, read)
        page = [TimelineRow.model_validate(row) for row in answer["rows"]]
        older = next((number for number in range(len(page), 0, -1) if _older(page[number - 1], part.since)), 0)
        rows[:0], earlier = page[older:], answer["earlier"] + older
        if older or not page:
            break
        before = page[0].row
    return History(rows, earlier)


def _older(row: TimelineRow, since: float | None) -> bool:
    return since is not None and row.at < since


async def rows_after(clients: Clients, place: Located, after: int, limit: int | None) -> History:
    """Read what happened to an interface after a row, at most so many rows of it. Raises ClientError."""
    first = after
    rows: list[TimelineRow] = []
    while limit is None or len(rows) < limit:
        wanted = commands.PAGE_ROWS if limit is None else min(commands.PAGE_ROWS, limit - len(rows))
        page = (await clients.one(place.endpoint, commands.timeline(place.interface, after, wanted)))["rows"]
        if not page:
            break
        rows += [TimelineRow.model_validate(row) for row in page]
        after = rows[-1].row
    return History(rows, None if first else 0)
