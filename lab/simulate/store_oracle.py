"""The store oracle: what each endpoint's store must hold after every commit and every restart.

It follows the commits of each endpoint's store from outside, and checks the properties after each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from lab.simulate.disk import Disk, SimulatedStore, Written
from lab.simulate.properties import broken, delivers_after_hold, in_order
from lab.simulate.run_log import PropertyViolated, RunLog
from shared.protocol.interface import Interface
from shared.protocol.words import Intent
from shared.store.sqlite import Store


@dataclass(slots=True)
class ExpectedStore:
    """What one endpoint's store must hold. `blind` while it is put back from a copy and not yet renewed."""

    records: dict[str, Interface] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    rows: int = 0
    inbox: dict[str, list[str]] = field(default_factory=dict)
    answered: dict[str, bytes] = field(default_factory=dict)
    blind: bool = False

    def copy(self) -> ExpectedStore:
        """The same again, for a backup."""
        inbox = {interface: list(bodies) for interface, bodies in self.inbox.items()}
        return ExpectedStore(dict(self.records), dict(self.shown), self.rows, inbox, dict(self.answered), self.blind)

    def apply(self, written: Written) -> str | None:
        """Take up a commit; what is wrong with its timeline, or None."""
        wrong = None
        self.records.update(written.records)
        self.answered.update(written.answered)
        self.rows += len(written.rows)
        for row in written.rows:
            if row.was != self.shown.get(row.interface, ""):
                wrong = f"the timeline says {row.interface} was {row.was}, and before {self.shown.get(row.interface)}"
            self.shown[row.interface] = row.status
        for interface, record in written.records.items():
            if self.shown.get(interface) != record.status:
                wrong = f"{interface} became {record.status}, and the timeline has no row of it"
        for interface, _, body in written.delivered:
            self.inbox.setdefault(interface, []).append(body)
        return wrong

    def differs(self, store: SimulatedStore) -> str | None:
        """What the file says otherwise; None if it says the same."""
        if store.last_row != self.rows:
            return f"{store.last_row} rows in the timeline instead of {self.rows}"
        if set(store.everything()) != set(self.records):
            return "other interfaces"
        for interface, record in self.records.items():
            if Store.load(store, interface) != record:
                return f"another {interface}"
            bodies = [payload.body for payload in store.payloads.inbox(interface, 0, 10_000)]
            expected = self.inbox.get(interface, [])
            if (
                record.intent is Intent.DELETED and not record.open
            ):  # its payloads are removed after a while, oldest first
                expected = expected[len(expected) - len(bodies) :]
            if bodies != expected:
                return f"another inbox of {interface}"
        if any(store.memory.answer(request) != reply for request, reply in self.answered.items()):
            return "other answers"
        return None


class InterfaceRef(NamedTuple):
    """One end of a connection: which interface, on which endpoint."""

    endpoint: str
    interface: str


class StoreOracle:
    """What every endpoint's store must hold, and what must hold between them."""

    def __init__(self, log: RunLog) -> None:
        """Without endpoints."""
        self._log = log
        self.of: dict[str, ExpectedStore] = {}
        self.peers: dict[str, InterfaceRef] = {}
        self.accepted: dict[str, list[str]] = {}
        self.losses: dict[str, int] = {}
        self.put_backs: dict[str, int] = {}
        self._places: dict[str, list[int]] = {}
        self._backups: dict[str, ExpectedStore] = {}

    def follow(self, endpoint: str, disk: Disk) -> None:
        """Follow this endpoint's commits."""
        self.of[endpoint] = ExpectedStore()
        self.losses[endpoint] = self.put_backs[endpoint] = 0
        disk.on_commit = lambda written: self.committed(endpoint, written)

    def record(self, end: InterfaceRef) -> Interface | None:
        """The record of one end, as its store holds it."""
        return self.of[end.endpoint].records.get(end.interface)

    def reference(self, interface: str) -> InterfaceRef:
        """One end by its interface."""
        return self.peers[self.peers[interface].interface]

    def struck(self, *endpoints: str) -> bool:
        """Whether one of these stores was ever lost or put back."""
        return any(self.losses[endpoint] or self.put_backs[endpoint] for endpoint in endpoints)

    # What happens to a store.

    def committed(self, endpoint: str, written: Written) -> None:
        """Take up a commit, and check everything that it could have broken."""
        expected = self.of[endpoint]
        before = {interface: expected.records.get(interface) for interface in written.records}
        if wrong := expected.apply(written):
            raise PropertyViolated(wrong)
        self._log.figures["commits"] += 1
        self._log.figures["delivered payloads"] += len(written.delivered)
        self._accept(endpoint, written)
        for interface in {interface: None for interface, _, _ in written.delivered}:
            self._check_inbox(endpoint, interface, before.get(interface) or expected.records[interface])
        if not expected.blind:
            for interface in written.records:
                self._check_pair(endpoint, interface)

    def reopened(self, endpoint: str, disk: Disk) -> None:
        """A new process opened the store: it must hold every commit that returned, and one in doubt whole or not."""
        doubt, disk.in_doubt = disk.in_doubt, None
        store = disk.store
        if store is None:
            raise PropertyViolated(f"{endpoint} opened no store")
        wrong = self.of[endpoint].differs(store)
        if wrong is None:
            return
        if doubt is not None:
            self.committed(endpoint, doubt)
            wrong = self.of[endpoint].differs(store)
        if wrong is not None:
            raise PropertyViolated(f"after a restart the store of {endpoint} holds {wrong}")

    def lost(self, endpoint: str, disk: Disk) -> ExpectedStore:
        """The store is lost; returns what was in it."""
        disk.in_doubt = None
        old, self.of[endpoint] = self.of[endpoint], ExpectedStore()
        self.losses[endpoint] += 1
        return old

    def backed_up(self, endpoint: str) -> None:
        """The store was copied."""
        self._backups[endpoint] = self.of[endpoint].copy()

    def put_back(self, endpoint: str, disk: Disk) -> None:
        """The copy took the store's place."""
        disk.in_doubt = None
        self.of[endpoint] = self._backups[endpoint].copy()
        self.of[endpoint].blind = True
        self.put_backs[endpoint] += 1

    def trust(self, endpoint: str) -> None:
        """The store that was put back has begun a new epoch."""
        self.of[endpoint].blind = False
        for interface in self.of[endpoint].records:
            self._check_pair(endpoint, interface)

    # What must hold.

    def _accept(self, endpoint: str, written: Written) -> None:
        for interface, _, body in written.kept:
            if body in self._places and not self.struck(endpoint):
                raise PropertyViolated(f"{interface} accepted {body!r} twice, though it was asked with one request")
            bodies = self.accepted.setdefault(interface, [])
            self._places.setdefault(body, []).append(len(bodies))
            bodies.append(body)
            self._log.figures["accepted payloads"] += 1

    def _check_inbox(self, endpoint: str, interface: str, before: Interface) -> None:
        end = self.peers[interface]
        inbox = self.of[endpoint].inbox[interface]
        sent = self.accepted.get(end.interface, [])
        if any(body not in sent for body in inbox):
            raise PropertyViolated(f"{interface} received what {end.interface} never accepted: {inbox}")
        whole = not self.struck(endpoint, end.endpoint)
        if not in_order(self._arrivals(inbox), whole=whole, allowed_returns=self.put_backs[end.endpoint]):
            raise PropertyViolated(f"{interface} received {inbox}, and {end.interface} accepted {sent}")
        sender = self.record(end)
        if sender is not None and not self.of[end.endpoint].blind and (wrong := delivers_after_hold(before, sender)):
            raise PropertyViolated(wrong)

    def _arrivals(self, inbox: list[str]) -> Iterator[int]:
        """The place of each payload in what was accepted; one that was accepted twice has two, in their order."""
        last = -1
        for body in inbox:
            places = self._places[body]
            last = next((place for place in places if place > last), places[0])
            yield last

    def _check_pair(self, endpoint: str, interface: str) -> None:
        mine = self.of[endpoint].records[interface]
        others = [self.peers[interface]]
        if mine.peer is not None and mine.peer.endpoint in self.of:
            others.append(InterfaceRef(mine.peer.endpoint, mine.peer.interface))
        for end in dict.fromkeys(others):
            other = self.record(end)
            if other is None or self.of[end.endpoint].blind:
                continue
            self._log.figures["checks"] += 1
            first, second = (mine, other) if mine.role.may_initiate else (other, mine)
            if wrong := broken(first, second):
                raise PropertyViolated(wrong)
