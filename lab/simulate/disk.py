"""The simulated disk: the shipped store on a file, with a kill point at every place where its worker can be killed.

It keeps one promise, and only to those who waited for it: what a commit returned for is there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from shutil import copyfile
from typing import Final

from lab.simulate.run_log import RunLog
from shared.protocol.interface import Interface
from shared.protocol.words import NONCE_BITS, Endpoint, Role
from shared.store.errors import StoreUnavailable
from shared.store.memory import Memory
from shared.store.payloads import Payloads
from shared.store.sqlite import Store, TimelineEntry

CHECKPOINT_BYTES: Final = 3_900_000
"""Below this SQLite has not copied its log into the file yet (1,000 pages), so that the log may be torn."""


class Killed(BaseException):
    """The process is gone, as with kill -9: no handler of its own ever sees this."""


@dataclass(slots=True)
class Written:
    """What one transaction makes durable, if it does."""

    records: dict[str, Interface] = field(default_factory=dict)
    rows: list[TimelineEntry] = field(default_factory=list)
    kept: list[tuple[str, int, str]] = field(default_factory=list)
    delivered: list[tuple[str, int, str]] = field(default_factory=list)
    answered: dict[str, bytes] = field(default_factory=dict)


class KillPoints:
    """The places at which a worker can be killed, counted, and the one at which it is."""

    def __init__(self) -> None:
        """Not armed."""
        self.passed = 0
        self._left = -1

    def arm(self, places: int) -> None:
        """Kill at the kill point that is so many from here."""
        self._left = places

    def disarm(self) -> None:
        """Do not kill."""
        self._left = -1

    @property
    def due(self) -> bool:
        """Whether the next kill point kills."""
        return self._left == 1

    def reach(self, name: str) -> None:
        """Pass one kill point, or be killed at it."""
        self.passed += 1
        if self._left > 0:
            self._left -= 1
            if self._left == 0:
                raise Killed(name)


class Disk:
    """One endpoint's files, which outlive its processes and are all that does."""

    def __init__(self, folder: Path, endpoint: Endpoint, role: Role, chance: Random, log: RunLog) -> None:
        """Keep the files in this folder."""
        self._folder, self._endpoint, self._role = folder, endpoint, role
        self._chance, self._log = chance, log
        self._generation = 0
        self._path = folder / f"{endpoint.id}.0.sqlite"
        self._backup: Path | None = None
        self.kill_points = KillPoints()
        self.full = False
        self.store: SimulatedStore | None = None
        self.on_commit: Callable[[Written], None] = _nobody
        self.in_doubt: Written | None = None
        self.torn_behind: int | None = None

    def open(self) -> SimulatedStore:
        """Open the store as a new process would. Raises what the store raises."""
        store = self.make(self._path)
        store.open(self._chance.getrandbits(NONCE_BITS))
        self.store = store
        return store

    def make(self, path: Path) -> SimulatedStore:
        """The store on that file; a planted bug makes another."""
        return SimulatedStore(path, self._endpoint, self._role, self)

    def kill(self) -> None:
        """Take the process away: what stays is the files as they are at this moment, the log perhaps torn."""
        old, self._path = self._path, self._next()
        self._copy(old, self._path)
        if self.torn_behind is not None:
            self._tear(self.torn_behind)
            self.torn_behind = None
        self._leave()
        for file in (old, _wal(old)):
            file.unlink(missing_ok=True)

    def _tear(self, length: int) -> None:
        """Cut the log somewhere behind this length: not everything that was being written reached the disk."""
        size = _wal(self._path).stat().st_size
        if length < size < CHECKPOINT_BYTES:
            with _wal(self._path).open("r+b") as wal:
                wal.truncate(self._chance.randint(length, size))

    def close(self) -> None:
        """The run is over: nothing of it stays."""
        self._leave()
        for file in self._folder.glob(f"{self._endpoint.id}.*"):
            file.unlink()

    def log_bytes(self) -> int:
        """How long the store's log is."""
        wal = _wal(self._path)
        return wal.stat().st_size if wal.exists() else 0

    def back_up(self) -> None:
        """Copy the store while it is in use, between two transactions."""
        self._backup = self._folder / f"{self._endpoint.id}.backup.sqlite"
        self._copy(self._path, self._backup)

    def put_back(self) -> None:
        """Put the copy in the store's place; the process must be gone."""
        assert self._backup is not None, "there is a copy"  # noqa: S101 - the caller made one
        self._path = self._next()
        self._copy(self._backup, self._path)

    def lose(self) -> None:
        """Begin with an empty disk; the process must be gone."""
        self._path = self._next()

    def _next(self) -> Path:
        self._generation += 1
        return self._folder / f"{self._endpoint.id}.{self._generation}.sqlite"

    @staticmethod
    def _copy(source: Path, target: Path) -> None:
        copyfile(source, target)
        _wal(target).unlink(missing_ok=True)
        if _wal(source).exists():
            copyfile(_wal(source), _wal(target))

    def _leave(self) -> None:
        if self.store is not None:
            self.store.close()
            self.store = None


class SimulatedStore(Store):
    """The shipped store; it can be killed between any two of its calls, fail to write, and is watched."""

    def __init__(self, path: Path, endpoint: Endpoint, role: Role, disk: Disk) -> None:
        """Work on that file of that disk."""
        super().__init__(path, endpoint, role)
        self._disk, self.written = disk, Written()

    def open(self, nonce: int) -> None:
        """Open the file, and watch what goes into it."""
        super().open(nonce)
        self.payloads = WatchedPayloads(self)
        self.memory = WatchedMemory(self)

    @property
    def kill_points(self) -> KillPoints:
        """Where this worker can be killed."""
        return self._disk.kill_points

    def begin(self) -> None:
        """Begin a transaction."""
        self.kill_points.reach("before the transaction")
        super().begin()

    def load(self, interface: str) -> Interface | None:
        """Load a record."""
        self.kill_points.reach("loading a record")
        return super().load(interface)

    def save(self, state: Interface) -> None:
        """Save a record."""
        self.kill_points.reach("saving a record")
        super().save(state)

    def commit(self) -> None:
        """Commit, or fail to, or be killed before, in the middle of it or after it."""
        disk, written = self._disk, self.written
        disk.kill_points.reach("before the commit")
        written.records, written.rows = dict(self._changed), list(self._timeline)
        if disk.full or disk.kill_points.due:
            self._flush()
        disk.kill_points.reach("written, not committed")
        if disk.full:
            raise StoreUnavailable("database or disk is full")
        torn_behind = disk.log_bytes() if disk.kill_points.due else 0
        super().commit()
        try:
            disk.kill_points.reach("in the middle of the commit")
        except Killed:
            disk.in_doubt, disk.torn_behind = written, torn_behind
            raise
        self.written = Written()
        disk.on_commit(written)
        disk.kill_points.reach("after the commit")

    def rollback(self) -> None:
        """Undo everything since `begin`."""
        super().rollback()
        self.written = Written()


class WatchedPayloads(Payloads):
    """Outbox and inbox, with what goes in noted beside."""

    def __init__(self, store: SimulatedStore) -> None:
        """Use the store's connection."""
        super().__init__(store._db)  # noqa: SLF001 - it stands in for the store's own
        self._store = store

    def keep(self, interface: str, number: int, body: str) -> None:
        """Keep a payload of ours."""
        self._store.kill_points.reach("keeping a payload")
        super().keep(interface, number, body)
        self._store.written.kept.append((interface, number, body))

    def deliver(self, interface: str, at: float, number: int, body: str) -> None:
        """Put a payload into the inbox."""
        self._store.kill_points.reach("delivering a payload")
        super().deliver(interface, at, number, body)
        self._store.written.delivered.append((interface, number, body))


class WatchedMemory(Memory):
    """Answers given, with what is remembered noted beside."""

    def __init__(self, store: SimulatedStore) -> None:
        """Use the store's connection."""
        super().__init__(store._db)  # noqa: SLF001 - it stands in for the store's own
        self._store = store

    def remember(self, request: str, reply: bytes) -> None:
        """Remember a reply."""
        self._store.kill_points.reach("remembering a reply")
        super().remember(request, reply)
        self._store.written.answered[request] = reply


def _wal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _nobody(_: Written) -> None:
    """Ignore a commit that nobody follows."""
