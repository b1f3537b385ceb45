"""Giving back the space of deleted interfaces and of old rows, in slices so short that no batch waits for one.

The record of a deleted interface stays, since it answers its peer. The payloads that it received are kept for an hour,
for an owner who has yet to read them; its timeline for a day, so that a drawing can still tell how it ended. Then they
are removed, and free pages at the end of the file are cut off. Where the operator has set limits, the payloads and the
rows of the timeline that are beyond them go the same way, whosever they are. Times are those of the batches: a clock
that is put forward removes too early, which nothing but a reader notices.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from shared.protocol.words import LAST_NUMBER
from shared.store.database import Database
from shared.store.errors import StoreUnavailable
from shared.store.pages import Table
from shared.store.payloads import remove_payloads

PAYLOADS_KEPT_SECONDS: Final = 3_600.0
"""How long the inbox of a deleted interface can still be read."""

TIMELINE_KEPT_SECONDS: Final = 86_400.0
"""How long the timeline of a deleted interface can still be read."""

SLICE_ROWS: Final = 200
"""How many rows one slice removes: with the longest payloads, three megabytes."""

SLICE_PAGES: Final = 256
"""How many pages one slice cuts off: a megabyte."""

SLICE_PAUSE_SECONDS: Final = 0.05
"""How long to wait between two slices, so that batches come first."""

AGAIN_SECONDS: Final = 60.0
"""How long to wait where nothing could be written."""

FREE_PAGES: Final = 1_024
"""Fewer free pages stay where they are, to be used again."""

LIMITS_PAUSE_SECONDS: Final = 5.0
"""How long to wait between two looks for what is beyond the operator's limits."""


class Limits(NamedTuple):
    """How much of inboxes and timeline is kept, at most; 0 is without a limit."""

    inbox_seconds: float = 0.0
    inbox_payloads: int = 0
    timeline_seconds: float = 0.0


class Reclaim:
    """What is to be removed from one store, and the slices that remove it."""

    def __init__(self, db: Database, limits: Limits) -> None:
        """Use the store's one connection."""
        self._db, self._limits = db, limits
        self._compact()
        self._due: float | None = 0.0 if any(limits) or db.row("SELECT 1 FROM deleted LIMIT 1") else None

    def _compact(self) -> None:
        """Write a file anew that was made without the map that moving pages needs, if most of it is free."""
        mode, pages, free = (self._db.rows(f"PRAGMA {name}")[0][0] for name in _SIZES)
        if not mode and free > FREE_PAGES and 2 * free > pages:
            try:
                self._db.execute("PRAGMA auto_vacuum=INCREMENTAL")
                self._db.execute("VACUUM")
                self._db.rows("PRAGMA wal_checkpoint(TRUNCATE)")
            except StoreUnavailable:
                return  # there is no room for a second file: it stays as it is, and its free pages are used again

    def add(self, interface: str) -> None:
        """Take up an interface that is deleted with this batch."""
        self._db.execute("INSERT OR IGNORE INTO deleted (interface) VALUES (?)", (interface,))
        self._due = 0.0

    def look(self) -> None:
        """Have the next slice look for free pages: payloads were let go."""
        self._due = 0.0

    def slice(self, at: float, last_row: int) -> float | None:
        """Remove one slice if one is due; returns after how many seconds the next one is, None if there is none.

        The timeline's last row stays, whosever it is: places go on from it.
        """
        if self._due is not None and self._due <= at:
            try:
                self._due = self._slice(at, last_row)
            except StoreUnavailable:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                self._due = at + AGAIN_SECONDS
        return None if self._due is None else self._due - at

    def _slice(self, at: float, last_row: int) -> float | None:
        self._db.execute("BEGIN IMMEDIATE")
        more = self._remove(at, last_row) | self._beyond_limits(at, last_row)
        self._db.execute("COMMIT")
        return at + SLICE_PAUSE_SECONDS if more or self._cut() else self._next(at)

    def _remove(self, at: float, last_row: int) -> bool:
        self._db.execute("UPDATE deleted SET since = ? WHERE since IS NULL", (at,))
        emptied = self._db.row(
            "SELECT interface FROM deleted WHERE since <= ? AND emptied = 0", (at - PAYLOADS_KEPT_SECONDS,)
        )
        if emptied is not None:
            if self._removed("inbox", *emptied, last=LAST_NUMBER) < SLICE_ROWS:
                self._db.execute("UPDATE deleted SET emptied = 1 WHERE interface = ?", emptied)
            return True
        forgotten = self._db.row("SELECT interface FROM deleted WHERE since <= ?", (at - TIMELINE_KEPT_SECONDS,))
        if forgotten is not None and self._removed("timeline", *forgotten, last=last_row) < SLICE_ROWS:
            self._db.execute("DELETE FROM deleted WHERE interface = ?", forgotten)
        return forgotten is not None

    def _beyond_limits(self, at: float, last_row: int) -> bool:
        """Remove a slice of what is older, or of more, than the operator keeps; returns whether there is more."""
        seconds, payloads, rows_seconds = self._limits
        more = False
        if seconds or payloads:
            last = self._db.rows("SELECT coalesce(max(place), 0) FROM inbox")[0][0]
            since, through = at - seconds if seconds else 0.0, last - payloads if payloads else 0
            more = self._delete("inbox", _OLDEST["inbox"], (SLICE_ROWS, since, through)) == SLICE_ROWS
        if rows_seconds:
            beyond = (SLICE_ROWS, at - rows_seconds, last_row)
            more |= self._delete("timeline", _OLDEST["timeline"], beyond) == SLICE_ROWS
        return more

    def _removed(self, table: Table, interface: str, *, last: int) -> int:
        places = f"SELECT place FROM {table} WHERE interface = ? AND place < ? LIMIT {SLICE_ROWS}"  # noqa: S608
        return self._delete(table, places, (interface, last))

    def _delete(self, table: Table, places: str, values: tuple[str | float, ...]) -> int:
        if table == "inbox":
            return remove_payloads(self._db, places, values)
        return self._db.execute(f"DELETE FROM timeline WHERE place IN ({places})", values).rowcount  # noqa: S608

    def _cut(self) -> bool:
        """Cut free pages off the end of the file; returns whether there are more."""
        mode, _, free = (self._db.rows(f"PRAGMA {name}")[0][0] for name in _SIZES)
        if not mode or free < FREE_PAGES:
            return False
        self._db.rows(f"PRAGMA incremental_vacuum({SLICE_PAGES})")
        if free - SLICE_PAGES < FREE_PAGES:
            self._db.rows("PRAGMA wal_checkpoint(PASSIVE)")
        return True

    def _next(self, at: float) -> float | None:
        """When the first of what is left is due, or the next look."""
        due: float | None = self._db.rows(
            "SELECT min(CASE emptied WHEN 0 THEN since + ? ELSE since + ? END) FROM deleted",
            (PAYLOADS_KEPT_SECONDS, TIMELINE_KEPT_SECONDS),
        )[0][0]
        if any(self._limits):
            return min(due or at + LIMITS_PAUSE_SECONDS, at + LIMITS_PAUSE_SECONDS)
        return due


_OLDEST: Final[dict[Table, str]] = {
    "inbox": "SELECT place FROM (SELECT place, at FROM inbox ORDER BY place LIMIT ?) WHERE at < ? OR place <= ?",
    "timeline": "SELECT place FROM (SELECT place, at FROM timeline ORDER BY place LIMIT ?) WHERE at < ? AND place < ?",
}
"""The oldest rows beyond the limits: no more rows than a slice has are looked at."""
_SIZES: Final = ("auto_vacuum", "page_count", "freelist_count")
