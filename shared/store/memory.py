"""The memory of a worker beside interfaces and payloads: replies given, store ids of peers, the timeline."""

from __future__ import annotations

from typing import Final, NamedTuple

from shared.store.database import Database
from shared.store.pages import Span, count, page

ANSWERED_LIMIT_REQUESTS: Final = 10_000
"""How many requests a worker remembers having answered; a client asks again within seconds, or never."""


class TimelineRow(NamedTuple):
    """One row of the timeline: one step of one interface, at its place."""

    place: int
    interface: str
    at: float
    was: str
    status: str
    cause: str
    said: str


class Memory:
    """Replies given, store ids of peers and the timeline, inside the store's transaction."""

    def __init__(self, db: Database) -> None:
        """Use the store's one connection."""
        self._db = db

    def answer(self, request: str) -> bytes | None:
        """The reply that was given to this request; None if it is new. Being asked twice must not mean doing twice."""
        row = self._db.row("SELECT reply FROM answered WHERE request = ?", (request,))
        return None if row is None else row[0]

    def remember(self, request: str, reply: bytes) -> None:
        """Remember a reply, and forget the oldest beyond the limit."""
        cursor = self._db.execute("INSERT INTO answered (request, reply) VALUES (?, ?)", (request, reply))
        oldest = (cursor.lastrowid or 0) - ANSWERED_LIMIT_REQUESTS
        if oldest > 0:
            self._db.execute("DELETE FROM answered WHERE place <= ?", (oldest,))

    def store_ids(self) -> dict[tuple[str, str], int]:
        """The store id of every peer's worker, by endpoint and account, as last recorded."""
        rows = self._db.each("SELECT endpoint, account, store_id FROM peer")
        return {(endpoint, account): store_id for endpoint, account, store_id in rows}

    def remember_store_id(self, endpoint: str, account: str, store_id: int) -> None:
        """Record the store id of a peer's worker."""
        self._db.execute("INSERT OR REPLACE INTO peer VALUES (?, ?, ?)", (endpoint, account, store_id))

    def recently_active(self, seconds: float) -> list[str]:
        """Every interface of the timeline's last seconds: the worker may have ended before their messages left."""
        found: dict[str, None] = {}
        end: float | None = None
        for interface, at in self._db.each("SELECT interface, at FROM timeline ORDER BY place DESC"):
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
