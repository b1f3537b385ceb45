"""A step that is not on disk did not happen, so a whole batch of steps shares one commit and one fsync.

One file per worker, one connection, one thread: WAL, `synchronous=FULL`, `BEGIN IMMEDIATE`. An exclusive lock
keeps a second worker of the same endpoint out; what the file remembers of its endpoint keeps a wrong one out.
"""

from __future__ import annotations

import errno
import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from shared.protocol.interface import Interface
from shared.protocol.words import Endpoint, Role
from shared.store.memory import Memory
from shared.store.payloads import Payloads
from shared.store.schema import COLUMNS, SCHEMA, SCHEMA_VERSION, TABLES, Row, from_row, to_row

TIMELINE_LIMIT_ROWS: Final = 1_000_000
"""How many rows the timeline keeps; the oldest go first."""

CACHE_LIMIT_INTERFACES: Final = 20_000
"""How many records are kept in memory besides the file."""

_PRAGMAS: Final = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "cache_size=-32768",  # KiB: the indexes of 100,000 interfaces stay in memory
    "wal_autocheckpoint=4000",  # pages: fewer checkpoints, each still inside one batch
)

_CHANGEABLE: Final = f"{COLUMNS}, status, waiting".split(", ")[1:]
_UPSERT: Final = (
    f"INSERT INTO interface ({COLUMNS}, status, waiting) VALUES ({','.join('?' * 24)}) "  # noqa: S608 - names of columns
    f"ON CONFLICT (id) DO UPDATE SET {', '.join(f'{column} = excluded.{column}' for column in _CHANGEABLE)}"
)
"""Unlike INSERT OR REPLACE it leaves an index alone whose columns stay as they are."""
_ONE: Final = f"SELECT {COLUMNS} FROM interface WHERE id = ?"  # noqa: S608 - names of columns, no input


StoreTrouble = sqlite3.OperationalError
"""Nothing can be made durable at the moment (disk full, I/O error): nothing has happened, try again later."""

_PASSING_ERRORS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO})
_PASSING_CODES: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_DAMAGED_CODES: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_PRIMARY_CODE: Final = 0xFF
"""What a disk says that is full or ill; of an extended result code of SQLite's, the lowest byte is the primary one."""


class StoreRefused(Exception):
    """The store cannot be used by this worker; the text says why and what would help."""


class TimelineEntry(NamedTuple):
    """One step of one interface, before it has a place in the timeline."""

    interface: str
    at: float
    was: str
    status: str
    cause: str
    said: str


class Store:
    """Everything an endpoint remembers. Not thread-safe: one thread owns it from `open` to `close`."""

    def __init__(self, path: Path, endpoint: Endpoint, role: Role) -> None:
        """Describe the store; `open` opens it."""
        self._path, self._endpoint, self._role = path, endpoint, role
        self._cache: dict[str, Interface] = {}
        self._changed: dict[str, Interface] = {}
        self._timeline: list[TimelineEntry] = []
        self._resources = ExitStack()
        self.commits = 0
        self.life = 0
        self.last_row = 0

    def open(self, nonce: int) -> None:
        """Open the file, or make it; `nonce` names the life of a new one. Raises StoreRefused or StoreTrouble."""
        try:
            self._open(nonce)
        except BaseException:
            self.close()
            raise

    def _open(self, nonce: int) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            lock = self._resources.enter_context(self._path.with_name(self._path.name + ".lock").open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreRefused(f"{self._path} is in use by another worker") from None
        except OSError as error:
            if error.errno in _PASSING_ERRORS:
                raise StoreTrouble(f"{self._path} cannot be opened: {error.strerror}") from None
            raise StoreRefused(f"{self._path} cannot be opened: {error.strerror}") from None
        try:
            self._db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            self._resources.callback(self._db.close)
            self._prepare(nonce)
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE in _PASSING_CODES:
                raise
            raise StoreRefused(f"{self._path} is not a store, or is damaged: {error}") from None
        self.payloads, self.memory = Payloads(self._db), Memory(self._db)

    def _prepare(self, nonce: int) -> None:
        for pragma in _PRAGMAS:
            self._db.execute(f"PRAGMA {pragma}")
        own = {
            "endpoint": self._endpoint.id,
            "account": self._endpoint.account,
            "region": self._endpoint.region,
            "role": self._role.name,
        }
        if not self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            fresh = {"schema": str(SCHEMA_VERSION), "life": str(nonce), **own}
            self._db.executescript(f"BEGIN IMMEDIATE;{SCHEMA}")
            self._db.executemany("INSERT INTO meta VALUES (?, ?)", fresh.items())
            self._db.execute("COMMIT")
        known = dict(self._db.execute("SELECT name, value FROM meta").fetchall())
        tables = {row[0] for row in self._db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if known.get("schema", str(SCHEMA_VERSION)) != str(SCHEMA_VERSION):
            message = f"{self._path} has format {known['schema']}; this program reads format {SCHEMA_VERSION}"
            raise StoreRefused(message)
        if lost := sorted((TABLES - tables) | ({"schema", "life", *own} - known.keys())):
            message = f"{self._path} is damaged: it lacks {', '.join(lost)}"
            raise StoreRefused(message)
        for name, value in own.items():
            if known[name] != value:
                message = f"{self._path} belongs to {name} {known[name]}, not {value}"
                raise StoreRefused(message)
        self.life = int(known["life"])
        self.last_row = self._db.execute("SELECT coalesce(max(place), 0) FROM timeline").fetchone()[0]

    @contextmanager
    def vouched(self) -> Iterator[None]:
        """Do something with the file. Raises StoreRefused if it turns out to be damaged, whatever was being done."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            self._blame(error)
            raise

    def _blame(self, error: Exception | None) -> None:
        if getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE in _DAMAGED_CODES:
            raise StoreRefused(f"{self._path} is damaged: {error}") from error

    def close(self) -> None:
        """Close the file and let another worker have it."""
        self._resources.close()

    # One transaction a batch.

    def begin(self) -> None:
        """Begin the batch's transaction."""
        self._db.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Write every changed record and every new row of the timeline, and make all of it durable."""
        if self._changed:
            self._db.executemany(_UPSERT, map(to_row, self._changed.values()))
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

    def rollback(self, cause: Exception | None = None) -> None:
        """Undo the batch: nothing of it happened. Raises StoreRefused if its cause is that the file is damaged."""
        self._blame(cause)
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        self._clear()

    def _clear(self) -> None:
        self._changed.clear()
        self._timeline.clear()

    # Interfaces.

    def load(self, interface: str) -> Interface | None:
        """The interface as it stands in this transaction; None if there is none of that id."""
        known = self._changed.get(interface) or self._cache.get(interface)
        if known is None:
            row: Row | None = self._db.execute(_ONE, (interface,)).fetchone()
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

    def page(self, after: str, limit: int, *, deleted: bool) -> list[Interface]:
        """A page of interfaces in the order of ids; those this owner deleted only on request."""
        self._flush()
        wanted = "" if deleted else "AND intent < 3"
        query = f"SELECT {COLUMNS} FROM interface WHERE id > ? {wanted} ORDER BY id LIMIT ?"  # noqa: S608
        rows = self._db.execute(query, (after, limit))
        return [from_row(row, self._endpoint, self._role) for row in rows]

    def waiting(self) -> list[str]:
        """Every interface that waits for something: what a worker must take up again when it starts."""
        return [row[0] for row in self._db.execute("SELECT id FROM interface WHERE waiting = 1")]

    def peered_with(self, endpoint: str, account: str) -> list[str]:
        """Every interface past Idle whose peer lives on that endpoint."""
        self._flush()
        query = "SELECT id FROM interface WHERE open = 1 AND peer_endpoint = ? AND peer_account = ?"
        return [row[0] for row in self._db.execute(query, (endpoint, account))]

    def one_peered_with(self, endpoint: str, account: str) -> str | None:
        """Any interface past Idle whose peer lives on that endpoint and is not deleted; None if there is none."""
        query = (
            "SELECT id FROM interface WHERE open = 1 AND peer_endpoint = ? AND peer_account = ? "
            "AND peer_intent < 3 LIMIT 1"
        )
        row = self._db.execute(query, (endpoint, account)).fetchone()
        return None if row is None else str(row[0])

    def peers(self) -> list[tuple[str, str]]:
        """Endpoint and account of every peer of an interface past Idle."""
        query = "SELECT DISTINCT peer_endpoint, peer_account FROM interface WHERE open = 1"
        return [(row[0], row[1]) for row in self._db.execute(query)]

    def statuses(self) -> dict[str, int]:
        """How many interfaces show which status."""
        self._flush()
        return dict(self._db.execute("SELECT status, count(*) FROM interface GROUP BY status").fetchall())

    def renew(self, nonce: int) -> None:
        """Begin a new life of the whole store, because it came from a backup."""
        self._db.execute("UPDATE meta SET value = ? WHERE name = 'life'", (str(nonce),))
        self.life = nonce

    def everything(self) -> list[str]:
        """Every interface's id."""
        return [row[0] for row in self._db.execute("SELECT id FROM interface")]
