"""Pages of the store's numbered tables: the timeline and the inbox, read from either end."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from shared.store.database import Database, Row

_COLUMNS: Final = {
    "timeline": "place, interface, at, was, status, cause, said",
    "inbox": "place, at, number, body",
}

Table = Literal["timeline", "inbox"]


class Span(NamedTuple):
    """The rows between two places, both left out: of one interface, or of all; without `before`, to the end."""

    interface: str | None
    after: int
    before: int | None = None

    @property
    def where(self) -> tuple[str, tuple[str | int, ...]]:
        """The condition in SQL, and its values."""
        conditions = (("interface = ?", self.interface), ("place > ?", self.after), ("place < ?", self.before))
        given = [(words, value) for words, value in conditions if value is not None]
        return " AND ".join(words for words, _ in given), tuple(value for _, value in given)


def page(db: Database, table: Table, span: Span, limit: int) -> list[Row]:
    """Read rows of a span in their order: the first ones, or the last ones where it has an end."""
    where, values = span.where
    order = "" if span.before is None else "DESC"
    query = f"SELECT {_COLUMNS[table]} FROM {table} WHERE {where} ORDER BY place {order} LIMIT ?"  # noqa: S608 - fixed
    rows = db.rows(query, (*values, limit))
    return rows if span.before is None else rows[::-1]


def count(db: Database, table: Table, span: Span) -> int:
    """Count the rows of a span, which needs no more than an index."""
    where, values = span.where
    found: int = db.rows(f"SELECT count(*) FROM {table} WHERE {where}", values)[0][0]  # noqa: S608 - fixed
    return found
