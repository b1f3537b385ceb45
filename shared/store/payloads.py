"""The payloads of all interfaces: the outbox of what the peer has not acknowledged, and the inbox."""

from __future__ import annotations

from typing import Final, NamedTuple

from shared.store.database import Database
from shared.store.pages import Span, count, page

_LAST_PLACES: Final = """
SELECT (SELECT coalesce(max(place), 0) FROM inbox),
       (SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM meta WHERE name = 'inbox')
"""
"""The last place of a payload that is there, and of one that was there when others were removed."""


def remove_payloads(db: Database, places: str, values: tuple[str | float, ...]) -> int:
    """Remove the payloads whose places a query finds; returns how many these were.

    What the last place was is kept: readers go on after it, so no payload that comes may get one that was there.
    """
    last = max(db.rows(_LAST_PLACES)[0])
    removed = db.execute(f"DELETE FROM inbox WHERE place IN ({places})", values).rowcount  # noqa: S608 - our own query
    if removed:
        db.execute("INSERT OR REPLACE INTO meta VALUES ('inbox', ?)", (str(last),))
    return removed


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
        self._last: int = max(db.rows(_LAST_PLACES)[0])

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
        self._last += 1
        self._db.execute("INSERT INTO inbox VALUES (?, ?, ?, ?, ?)", (self._last, interface, at, number, body))

    def acknowledge(self, interface: str, through: int, limit: int) -> int:
        """Let go of the oldest payloads through a place, at most so many; returns how many these were."""
        oldest = "SELECT place FROM inbox WHERE interface = ? AND place <= ? ORDER BY place LIMIT ?"
        return remove_payloads(self._db, oldest, (interface, through, limit))

    def inbox(self, interface: str, after: int, limit: int, before: int | None = None) -> list[Received]:
        """A page of an interface's inbox after that place, or the last payloads before another."""
        return [Received(*row) for row in page(self._db, "inbox", Span(interface, after, before), limit)]

    def count(self, interface: str, after: int, before: int) -> int:
        """How many payloads of an interface's inbox are between two places."""
        return count(self._db, "inbox", Span(interface, after, before))
