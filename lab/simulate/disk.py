"""A disk keeps only one promise, and only to those who waited for it: what a commit returned for is there.

The shipped store on a file of its own, with every place named at which its worker can be killed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from shutil import copyfile
from typing import Final

from lab.simulate.story import Story
from shared.protocol.interface import Interface
from shared.protocol.words import Endpoint, Role
from shared.store.memory import Memory
from shared.store.payloads import Payloads
from shared.store.sqlite import Store, StoreTrouble, TimelineEntry

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


class Fuse:
    """Counts the places at which a worker can be killed, and kills it at one of them."""

    def __init__(self) -> None:
        """Not lit."""
        self.passed = 0
        self._left = -1

    def light(self, places: int) -> None:
        """Kill at the so-manieth place from here."""
        self._left = places

    def put_out(self) -> None:
        """Do not kill."""
        self._left = -1

    @property
    def burnt(self) -> bool:
        """Whether the next place is the last."""
        return self._left == 1

    def place(self, name: str) -> None:
        """Pass one place, or be killed at it."""
        self.passed += 1
        if self._left > 0:
            self._left -= 1
            if self._left == 0:
                raise Killed(name)


class Disk:
    """One endpoint's files, which outlive its processes and are all that does."""

    def __init__(self, folder: Path, endpoint: Endpoint, role: Role, chance: Random, story: Story) -> None:
        """Keep the files in this folder."""
        self._folder, self._endpoint, self._role = folder, endpoint, role
        self._chance, self._story = chance, story
        self._generation = 0
        self._path = folder / f"{endpoint.id}.0.sqlite"
        self._backup: Path | None = None
        self.fuse = Fuse()
        self.full = False
        self.store: SimulatedStore | None = None
        self.on_commit: Callable[[Written], None] = _nobody
        self.in_doubt: Written | None = None
        self.torn_behind: int | None = None

    def open(self) -> SimulatedStore:
        """Open the store as a new process would. Raises what the store raises."""
        store = self.make(self._path)
        store.open(self._chance.getrandbits(53))
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
        for file in (old, _log(old)):
            file.unlink(missing_ok=True)

    def _tear(self, length: int) -> None:
        """Cut the log somewhere behind this length: not everything that was being written reached the disk."""
        size = _log(self._path).stat().st_size
        if length < size < CHECKPOINT_BYTES:
            with _log(self._path).open("r+b") as log:
                log.truncate(self._chance.randint(length, size))

    def close(self) -> None:
        """The world is over: nothing of it stays."""
        self._leave()
        for file in self._folder.glob(f"{self._endpoint.id}.*"):
            file.unlink()

    def log_bytes(self) -> int:
        """How long the store's log is."""
        log = _log(self._path)
        return log.stat().st_size if log.exists() else 0

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
        _log(target).unlink(missing_ok=True)
        if _log(source).exists():
            copyfile(_log(source), _log(target))

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
    def fuse(self) -> Fuse:
        """Where this worker can be killed."""
        return self._disk.fuse

    def begin(self) -> None:
        """Begin a transaction."""
        self.fuse.place("before the transaction")
        super().begin()

    def load(self, interface: str) -> Interface | None:
        """Load a record."""
        self.fuse.place("loading a record")
        return super().load(interface)

    def save(self, state: Interface) -> None:
        """Save a record."""
        self.fuse.place("saving a record")
        super().save(state)

    def commit(self) -> None:
        """Commit, or fail to, or be killed before, in the middle of it or after it."""
        disk, written = self._disk, self.written
        disk.fuse.place("before the commit")
        written.records, written.rows = dict(self._changed), list(self._timeline)
        if disk.full or disk.fuse.burnt:
            self._flush()
        disk.fuse.place("written, not committed")
        if disk.full:
            raise StoreTrouble("database or disk is full")
        torn_behind = disk.log_bytes() if disk.fuse.burnt else 0
        super().commit()
        try:
            disk.fuse.place("in the middle of the commit")
        except Killed:
            disk.in_doubt, disk.torn_behind = written, torn_behind
            raise
        self.written = Written()
        disk.on_commit(written)
        disk.fuse.place("after the commit")

    def rollback(self, cause: Exception | None = None) -> None:
        """Undo everything since `begin`."""
        super().rollback(cause)
        self.written = Written()


class WatchedPayloads(Payloads):
    """Outbox and inbox, with what goes in noted beside."""

    def __init__(self, store: SimulatedStore) -> None:
        """Use the store's connection."""
        super().__init__(store._db)  # noqa: SLF001 - it stands in for the store's own
        self._store = store

    def keep(self, interface: str, number: int, body: str) -> None:
        """Keep a payload of ours."""
        self._store.fuse.place("keeping a payload")
        super().keep(interface, number, body)
        self._store.written.kept.append((interface, number, body))

    def deliver(self, interface: str, at: float, number: int, body: str) -> None:
        """Put a payload into the inbox."""
        self._store.fuse.place("delivering a payload")
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
        self._store.fuse.place("remembering a reply")
        super().remember(request, reply)
        self._store.written.answered[request] = reply


def _log(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _nobody(_: Written) -> None:
    """Take no notice."""
