"""The payloads of all interfaces: the outbox of what the peer has not acknowledged, and the inbox."""

from __future__ import annotations

from typing import NamedTuple

from shared.store.database import Database
from shared.store.pages import Span, count, page


class Received(NamedTuple):
    """A payload in the inbox."""

    place: int
    at: float
    number: int
    body: str


class Payloads:
    """Outbox and inbox of all interfaces, inside the store's transaction."""

    def __init__(self, db: Database) -> None:
        """Use the store's one connection."""
        self._db = db

    def keep(self, interface: str, number: int, body: str) -> None:
        """Keep a payload in the outbox until the peer has acknowledged it."""
        self._db.execute("INSERT OR REPLACE INTO outbox VALUES (?, ?, ?)", (interface, number, body))

    def forget(self, interface: str, through: int) -> None:
        """Remove the payloads up to and including that number from the outbox."""
        self._db.execute("DELETE FROM outbox WHERE interface = ? AND number <= ?", (interface, through))

    def kept(self, interface: str, first: int, last: int) -> list[tuple[int, str]]:
        """The payloads of these numbers in the outbox, in order."""
        query = "SELECT number, body FROM outbox WHERE interface = ? AND number BETWEEN ? AND ? ORDER BY number"
        return [(number, body) for number, body in self._db.each(query, (interface, first, last))]

    def deliver(self, interface: str, at: float, number: int, body: str) -> None:
        """Put a payload of the peer into the inbox."""
        self._db.execute(
            "INSERT INTO inbox (interface, at, number, body) VALUES (?, ?, ?, ?)", (interface, at, number, body)
        )

    def inbox(self, interface: str, after: int, limit: int, before: int | None = None) -> list[Received]:
        """A page of an interface's inbox after that place, or the last payloads before another."""
        return [Received(*row) for row in page(self._db, "inbox", Span(interface, after, before), limit)]

    def count(self, interface: str, after: int, before: int) -> int:
        """How many payloads of an interface's inbox are between two places."""
        return count(self._db, "inbox", Span(interface, after, before))
