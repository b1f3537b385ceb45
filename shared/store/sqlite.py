"""The store of a worker: one SQLite file, and one transaction with one fsync for each batch.

A step that is not on disk did not happen, so a whole batch of steps shares one commit. One file per worker, one
connection, one thread: WAL, `synchronous=FULL`, `BEGIN IMMEDIATE`. An exclusive lock keeps a second worker of the same
endpoint out; what the file remembers of its endpoint keeps a wrong one out.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from shared.protocol.interface import Interface
from shared.protocol.words import Endpoint, Intent, Role
from shared.store.backup import MARK
from shared.store.database import Database
from shared.store.errors import StoreRefused
from shared.store.files import make_private, open_private
from shared.store.matching import matching
from shared.store.memory import Memory
from shared.store.migration import Migrated, format_of, migrate
from shared.store.payloads import Payloads
from shared.store.reclaim import Limits, Reclaim
from shared.store.schema import COLUMNS, SCHEMA, SCHEMA_VERSION, TABLES, from_row, to_row
from shared.wire.request import MatchForm

TIMELINE_LIMIT_ROWS: Final = 1_000_000
"""How many rows the timeline keeps; the oldest go first."""

NO_LIMITS: Final = Limits()

CACHE_LIMIT_INTERFACES: Final = 20_000
"""How many records are kept in memory besides the file."""

_PRAGMAS: Final = (
    "auto_vacuum=INCREMENTAL",  # first, because it counts only while the file is empty
    "journal_mode=WAL",
    "synchronous=FULL",
    "cache_size=-32768",  # KiB: the indexes of 100,000 interfaces stay in memory
    "journal_size_limit=16777216",  # bytes: a log that grew while it could not be checkpointed is cut to that
    "wal_autocheckpoint=4000",  # pages: fewer checkpoints, each still inside one batch
)

_CHANGEABLE: Final = f"{COLUMNS}, status, waiting".split(", ")[1:]
_UPSERT: Final = (
    f"INSERT INTO interface ({COLUMNS}, status, waiting) VALUES ({','.join('?' * 24)}) "  # noqa: S608 - names of columns
    f"ON CONFLICT (id) DO UPDATE SET {', '.join(f'{column} = excluded.{column}' for column in _CHANGEABLE)}"
)
"""Unlike INSERT OR REPLACE it leaves an index alone whose columns stay as they are."""
_ONE: Final = f"SELECT {COLUMNS} FROM interface WHERE id = ?"  # noqa: S608 - names of columns, no input


class TimelineEntry(NamedTuple):
    """One row of the timeline before it has a place there: one step of one interface."""

    interface: str
    at: float
    was: str
    status: str
    cause: str
    said: str


class Store:
    """Everything that an endpoint remembers. Not thread-safe: one thread owns it from `open` to `close`.

    Every method that touches the file raises StoreUnavailable or StoreRefused.
    """

    def __init__(self, path: Path, endpoint: Endpoint, role: Role, limits: Limits = NO_LIMITS) -> None:
        """Describe the store; `open` opens it."""
        self._path, self._endpoint, self._role, self._limits = path, endpoint, role, limits
        self._cache: dict[str, Interface] = {}
        self._changed: dict[str, Interface] = {}
        self._timeline: list[TimelineEntry] = []
        self._resources = ExitStack()
        self.commits = 0
        self.store_id, self.is_copy = 0, False
        self.migrated: Migrated | None = None
        self.last_row = 0

    def open(self, nonce: int) -> None:
        """Open the file, or make it with this nonce as its store id."""
        try:
            self._open(nonce)
        except BaseException:
            self.close()
            raise

    def _open(self, nonce: int) -> None:
        lock = open_private(self._path.with_name(self._path.name + ".lock"))
        self._resources.callback(os.close, lock)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreRefused(f"{self._path} is in use by another worker") from None
        make_private(self._path)
        try:
            self._db = Database(self._path)
            self._resources.callback(self._db.close)
            self._prepare(nonce)
        except sqlite3.Error as error:
            raise StoreRefused(f"{self._path} is not a store, or is damaged: {error}") from None
        self.payloads, self.memory = Payloads(self._db), Memory(self._db)
        self._deleted = Reclaim(self._db, self._limits)

    def _prepare(self, nonce: int) -> None:
        fresh_file = not self._db.rows("SELECT 1 FROM sqlite_master LIMIT 1")
        own = {
            "endpoint": self._endpoint.id,
            "account": self._endpoint.account,
            "region": self._endpoint.region,
            "role": self._role.name,
        }
        if not fresh_file:  # another program's file, or a newer format's, is refused before WAL is written into it
            self._take_up(own)
        for pragma in _PRAGMAS:
            self._db.execute(f"PRAGMA {pragma}")
        if fresh_file:
            fresh = {"schema": str(SCHEMA_VERSION), "store_id": str(nonce), **own}
            self._db.executescript(f"BEGIN IMMEDIATE;{SCHEMA}")
            self._db.executemany("INSERT INTO meta VALUES (?, ?)", fresh.items())
            self._db.execute("COMMIT")
        known: dict[str, str] = dict(self._db.rows("SELECT name, value FROM meta"))
        tables = {row[0] for row in self._db.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if lost := sorted((TABLES - tables) | ({"schema", "store_id", *own} - known.keys())):
            message = f"{self._path} is damaged: it lacks {', '.join(lost)}"
            raise StoreRefused(message)
        self.store_id, self.is_copy = int(known["store_id"]), MARK in known
        self.last_row = self._db.rows("SELECT coalesce(max(place), 0) FROM timeline")[0][0]

    def _take_up(self, own: dict[str, str]) -> None:
        """Refuse a file of a newer program or of another endpoint, and migrate one of an older program."""
        found = format_of(self._db, self._path)
        known: dict[str, str] = dict(self._db.rows("SELECT name, value FROM meta"))
        for name, value in own.items():
            if known.get(name, value) != value:
                message = f"{self._path} belongs to {name} {known[name]}, not {value}"
                raise StoreRefused(message)
        if found is not None and own.keys() <= known.keys():
            self.migrated = migrate(self._db, self._path, found, own)

    def close(self) -> None:
        """Close the file and let another worker have it."""
        self._resources.close()

    # One transaction a batch.

    def begin(self) -> None:
        """Begin the batch's transaction."""
        self._db.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Write every changed record and every new row of the timeline, and make all of it durable."""
        self._flush()
        for state in self._changed.values():
            if state.intent is Intent.DELETED and not state.open:
                self._deleted.add(state.id)
        if self._timeline:
            first = self.last_row + 1
            rows = [(place, *entry) for place, entry in enumerate(self._timeline, first)]
            self._db.executemany("INSERT INTO timeline VALUES (?,?,?,?,?,?,?)", rows)
            oldest = first + len(self._timeline) - TIMELINE_LIMIT_ROWS
            if oldest > 0:
                self._db.execute("DELETE FROM timeline WHERE place < ?", (oldest,))
        self._db.execute("COMMIT")
        self.commits += 1
        self.last_row += len(self._timeline)
        self._cache.update(self._changed)
        self._clear()
        excess = max(0, len(self._cache) - CACHE_LIMIT_INTERFACES)
        for oldest_id in list(islice(self._cache, excess)):
            del self._cache[oldest_id]

    def rollback(self) -> None:
        """Undo the batch: nothing of it happened."""
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        self._clear()

    def reclaim(self, at: float) -> float | None:
        """Give back a slice of the space of deleted interfaces and of what is beyond the limits, between two batches.

        Returns after how many seconds to call again; None while nothing will be due.
        """
        return self._deleted.slice(at, self.last_row)

    def acknowledge(self, interface: str, through: int, limit: int) -> int:
        """Let go of the oldest payloads of an inbox through a place, at most so many; returns how many these were."""
        removed = self.payloads.acknowledge(interface, through, limit)
        if removed:
            self._deleted.look()
        return removed

    def _clear(self) -> None:
        self._changed.clear()
        self._timeline.clear()

    # Interfaces.

    def load(self, interface: str) -> Interface | None:
        """The interface as it stands in this transaction; None if there is none of that id."""
        known = self._changed.get(interface) or self._cache.get(interface)
        if known is None:
            row = self._db.row(_ONE, (interface,))
            if row is None:
                return None
            known = self._cache[interface] = from_row(row, self._endpoint, self._role)
        return known

    def save(self, state: Interface) -> None:
        """Keep a record with the batch's commit."""
        self._changed[state.id] = state

    def note(self, entry: TimelineEntry) -> None:
        """Add a row to the timeline with the batch's commit."""
        self._timeline.append(entry)

    def _flush(self) -> None:
        """Let queries of this transaction see what it has changed so far."""
        if self._changed:
            self._db.executemany(_UPSERT, map(to_row, self._changed.values()))

    def page(self, after: str, limit: int, *, deleted: bool, match: MatchForm | None = None) -> list[Interface]:
        """A page of interfaces in the order of ids, or of those that match; deleted ones only on request."""
        self._flush()
        conditions, values = matching(match or {}, deleted=deleted)
        query = f"SELECT {COLUMNS} FROM interface WHERE id > ? {conditions} ORDER BY id LIMIT ?"  # noqa: S608
        rows = self._db.each(query, (after, *values, limit))
        return [from_row(row, self._endpoint, self._role) for row in rows]

    def waiting(self) -> list[str]:
        """Every interface that needs a timer: what a worker must take up again when it starts."""
        return [row[0] for row in self._db.each("SELECT id FROM interface WHERE waiting = 1")]

    def peered_with(self, endpoint: str, account: str) -> list[str]:
        """Every interface past Idle whose peer lives on that endpoint."""
        self._flush()
        query = "SELECT id FROM interface WHERE open = 1 AND peer_endpoint = ? AND peer_account = ?"
        return [row[0] for row in self._db.each(query, (endpoint, account))]

    def one_peered_with(self, endpoint: str, account: str) -> str | None:
        """Any interface past Idle whose peer lives on that endpoint and is not deleted; None if there is none."""
        query = (
            "SELECT id FROM interface WHERE open = 1 AND peer_endpoint = ? AND peer_account = ? "
            "AND peer_intent < 3 LIMIT 1"
        )
        row = self._db.row(query, (endpoint, account))
        return None if row is None else str(row[0])

    def peers(self) -> list[tuple[str, str]]:
        """Endpoint and account of every peer of an interface past Idle."""
        query = "SELECT DISTINCT peer_endpoint, peer_account FROM interface WHERE open = 1"
        return [(row[0], row[1]) for row in self._db.each(query)]

    def statuses(self) -> dict[str, int]:
        """The number of interfaces in each status."""
        self._flush()
        return dict(self._db.rows("SELECT status, count(*) FROM interface GROUP BY status"))

    def size(self) -> int:
        """The bytes of the file, without its log."""
        pages, each = (self._db.rows(f"PRAGMA {name}")[0][0] for name in ("page_count", "page_size"))
        return int(pages * each)

    def renew(self, nonce: int) -> None:
        """Give the store a new id, and take the mark of a copy off: it came from a backup."""
        self._db.execute("UPDATE meta SET value = ? WHERE name = 'store_id'", (str(nonce),))
        self._db.execute("DELETE FROM meta WHERE name = ?", (MARK,))
        self.store_id, self.is_copy = nonce, False

    def everything(self) -> list[str]:
        """The id of every interface."""
        return [row[0] for row in self._db.each("SELECT id FROM interface")]
