"""Being asked twice must not mean doing it twice, so a worker remembers what it answered, and whom it knew."""

from __future__ import annotations

import sqlite3
from typing import Final, NamedTuple

from shared.store.pages import Span, count, page

ANSWERED_LIMIT_REQUESTS: Final = 10_000
"""How many requests a worker remembers having answered; a console asks again within seconds, or never."""


class TimelineRow(NamedTuple):
    """One step of one interface, at its place in the timeline."""

    place: int
    interface: str
    at: float
    was: str
    status: str
    cause: str
    said: str


class Memory:
    """Answers given, lives of peers, and the timeline, inside the store's transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Use the store's one connection."""
        self._db = db

    def answer(self, request: str) -> bytes | None:
        """The reply that was given to this request; None if it is new."""
        row = self._db.execute("SELECT reply FROM answered WHERE request = ?", (request,)).fetchone()
        return None if row is None else row[0]

    def remember(self, request: str, reply: bytes) -> None:
        """Remember a reply, and forget the oldest beyond the limit."""
        cursor = self._db.execute("INSERT INTO answered (request, reply) VALUES (?, ?)", (request, reply))
        oldest = (cursor.lastrowid or 0) - ANSWERED_LIMIT_REQUESTS
        if oldest > 0:
            self._db.execute("DELETE FROM answered WHERE place <= ?", (oldest,))

    def lives(self) -> dict[tuple[str, str], int]:
        """The life of every peer endpoint's store, as last heard."""
        rows = self._db.execute("SELECT endpoint, account, life FROM peer")
        return {(endpoint, account): life for endpoint, account, life in rows}

    def meet(self, endpoint: str, account: str, life: int) -> None:
        """Remember the life of a peer endpoint's store."""
        self._db.execute("INSERT OR REPLACE INTO peer VALUES (?, ?, ?)", (endpoint, account, life))

    def lately(self, seconds: float) -> list[str]:
        """Whoever did anything in the timeline's last seconds: the worker may have ended before that was said."""
        found: dict[str, None] = {}
        end: float | None = None
        for interface, at in self._db.execute("SELECT interface, at FROM timeline ORDER BY place DESC"):
            end = at if end is None else end
            if at < end - seconds:
                break
            found[interface] = None
        return list(found)

    def timeline(self, interface: str | None, after: int, limit: int, before: int | None = None) -> list[TimelineRow]:
        """A page of the timeline after that place, or the last rows before another: of one interface, or of all."""
        return [TimelineRow(*row) for row in page(self._db, "timeline", Span(interface, after, before), limit)]

    def count(self, interface: str | None, after: int, before: int) -> int:
        """How many rows of the timeline are between two places."""
        return count(self._db, "timeline", Span(interface, after, before))
