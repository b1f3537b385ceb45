"""Giving back the space of deleted interfaces, in slices so short that no batch waits for one.

The record of a deleted interface stays, since it answers its peer. The payloads that it received are kept for an hour,
for an owner who has yet to read them; its timeline for a day, so that a drawing can still tell how it ended. Then they
are removed, and free pages at the end of the file are cut off. Times are those of the batches: a clock that is put
forward removes too early, which nothing but a reader notices.
"""

from __future__ import annotations

from typing import Final

from shared.store.database import Database
from shared.store.errors import StoreUnavailable

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

TABLE: Final = """
CREATE TABLE deleted (
    interface TEXT PRIMARY KEY, since REAL, emptied INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
INSERT INTO deleted (interface) SELECT id FROM interface WHERE intent = 3 AND open = 0;
"""
"""The deleted interfaces that have left something behind; `since` is null until the first slice."""


class Reclaim:
    """What deleted interfaces left behind in one store, and the slices that remove it."""

    def __init__(self, db: Database) -> None:
        """Use the store's one connection; a store of 0.1.0 gets its list of deleted interfaces here."""
        self._db = db
        if not db.rows("SELECT 1 FROM sqlite_master WHERE name = 'deleted'"):
            db.executescript(f"BEGIN IMMEDIATE;{TABLE}COMMIT;")
        self._compact()
        self._due: float | None = 0.0 if db.row("SELECT 1 FROM deleted LIMIT 1") else None

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
        more = self._remove(at, last_row)
        self._db.execute("COMMIT")
        return at + SLICE_PAUSE_SECONDS if more or self._cut() else self._next()

    def _remove(self, at: float, last_row: int) -> bool:
        self._db.execute("UPDATE deleted SET since = ? WHERE since IS NULL", (at,))
        emptied = self._db.row(
            "SELECT interface FROM deleted WHERE since <= ? AND emptied = 0", (at - PAYLOADS_KEPT_SECONDS,)
        )
        if emptied is not None:
            if self._removed("inbox", *emptied, last=None) < SLICE_ROWS:
                self._db.execute("UPDATE deleted SET emptied = 1 WHERE interface = ?", emptied)
            return True
        forgotten = self._db.row("SELECT interface FROM deleted WHERE since <= ?", (at - TIMELINE_KEPT_SECONDS,))
        if forgotten is not None and self._removed("timeline", *forgotten, last=last_row) < SLICE_ROWS:
            self._db.execute("DELETE FROM deleted WHERE interface = ?", forgotten)
        return forgotten is not None

    def _removed(self, table: str, interface: str, *, last: int | None) -> int:
        which = "interface = ?" if last is None else f"interface = ? AND place < {last}"
        return self._db.execute(
            f"DELETE FROM {table} WHERE place IN (SELECT place FROM {table} WHERE {which} LIMIT {SLICE_ROWS})",  # noqa: S608
            (interface,),
        ).rowcount

    def _cut(self) -> bool:
        """Cut free pages off the end of the file; returns whether there are more."""
        mode, _, free = (self._db.rows(f"PRAGMA {name}")[0][0] for name in _SIZES)
        if not mode or free < FREE_PAGES:
            return False
        self._db.rows(f"PRAGMA incremental_vacuum({SLICE_PAGES})")
        if free - SLICE_PAGES < FREE_PAGES:
            self._db.rows("PRAGMA wal_checkpoint(PASSIVE)")
        return True

    def _next(self) -> float | None:
        """When the first of what is left is due."""
        due: float | None = self._db.rows(
            "SELECT min(CASE emptied WHEN 0 THEN since + ? ELSE since + ? END) FROM deleted",
            (PAYLOADS_KEPT_SECONDS, TIMELINE_KEPT_SECONDS),
        )[0][0]
        return due


_SIZES: Final = ("auto_vacuum", "page_count", "freelist_count")
