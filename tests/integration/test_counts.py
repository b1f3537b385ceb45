"""Tests of counts: statements, waits for the disk and messages for a given load.

Two real processors on two real stores take 1,000 connections from Idle to Activated in one request. A count that
changes is not wrong, but somebody has to want it: a hundredth more here is a hundredth less throughput everywhere.
"""

import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Literal

import pytest

from acceptor.handshake import ACCEPTOR
from acceptor.handshake import step as acceptor_step
from initiator.handshake import INITIATOR
from initiator.handshake import step as initiator_step
from shared.protocol.words import Endpoint, Kind
from shared.runtime.batch import BatchResult, End
from shared.runtime.deliveries import IncomingDelivery
from shared.runtime.outgoing import BUNDLE_LIMIT_MESSAGES
from shared.runtime.peers import Peers
from shared.runtime.processor import Processor
from shared.runtime.retransmission import RetransmissionPolicy
from shared.store.sqlite import Store
from shared.wire.bundle import read_bundle
from shared.wire.request import KINDS, CommandForm, PeerForm, write_request

CONNECTIONS = 1_000
STATEMENT = re.compile(r"(\w+)(?:(?: IMMEDIATE)?$|.*?\b(?:INTO|FROM|UPDATE) (\w+))", re.DOTALL)
HANGZHOU = Endpoint("vpc-a", Kind.VPC, "alice", "cn-hangzhou")
SHANGHAI = Endpoint("vpc-b", Kind.VPC, "bob", "cn-shanghai")


@dataclass
class Counted:
    """One end: a real processor on a real store, of which every statement is counted by its first words."""

    processor: Processor
    store: Store
    endpoint: Endpoint
    statements: Counter[str] = field(default_factory=Counter)
    bundles: int = 0
    messages: int = 0
    replies: int = 0

    def count_statement(self, statement: str) -> None:
        """Note what kind of statement SQLite carried out, and on which table."""
        found = STATEMENT.match(statement)
        assert found, statement
        self.statements[" ".join(filter(None, found.groups()))] += 1

    def run(self, deliveries: list[IncomingDelivery], now: float) -> list[IncomingDelivery]:
        """Take one batch; return what it says to the peer."""
        outcome = self.processor.run(deliveries, now, at=0.0)
        assert not outcome.rejected
        assert not outcome.errors
        return list(self._said(outcome))

    def _said(self, outcome: BatchResult) -> Iterator[IncomingDelivery]:
        for message in outcome.outgoing:
            if message.type == KINDS.bundle:
                self.bundles += 1
                self.messages += len(read_bundle(message.body).messages)
                yield IncomingDelivery(KINDS.bundle, self.endpoint.account, message.body)
            else:
                self.replies += 1

    def forget(self) -> None:
        """Count from here on."""
        self.statements.clear()
        self.bundles = self.messages = self.replies = self.store.commits = 0

    def command(self, kind: Literal["initiate", "suspend", "resume"]) -> IncomingDelivery:
        """The same command for all interfaces of the first end."""
        return self.ask([{"kind": kind, "interface": f"ri-a{number}"} for number in range(CONNECTIONS)])

    def ask(self, commands: list[CommandForm]) -> IncomingDelivery:
        """A request of the owner's."""
        body = write_request(uuid.uuid4().hex, self.endpoint.account, self.endpoint.id, commands)
        return IncomingDelivery(KINDS.request, self.endpoint.account, body, "console.0")


Make = Callable[[Endpoint, End], Counted]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    stores: list[Store] = []

    def made(endpoint: Endpoint, end: End) -> Counted:
        store = Store(tmp_path / f"{endpoint.id}.sqlite", endpoint, end.role)
        store.open(len(stores) + 1)
        stores.append(store)
        processor = Processor(end, store, Peers(10, 35), RetransmissionPolicy(), Random(len(stores)))  # noqa: S311 - spreads pauses
        processor.start(0.0)
        counted = Counted(processor, store, endpoint)
        store._db.set_trace_callback(counted.count_statement)
        return counted

    yield made
    for store in stores:
        store.close()


@pytest.fixture
def pair(make: Make) -> tuple[Counted, Counted]:
    """Two ends with 1,000 connections, configured and Idle."""
    ends = (
        make(HANGZHOU, End(HANGZHOU, INITIATOR, initiator_step)),
        make(SHANGHAI, End(SHANGHAI, ACCEPTOR, acceptor_step)),
    )
    for end, other, (own, theirs) in zip(ends, reversed(ends), (("a", "b"), ("b", "a")), strict=True):
        peers: list[PeerForm] = [
            {
                "interface": f"ri-{theirs}{number}",
                "endpoint": other.endpoint.id,
                "account": other.endpoint.account,
                "region": other.endpoint.region,
            }
            for number in range(CONNECTIONS)
        ]
        end.run([end.ask([_create(f"ri-{own}{number}", peer) for number, peer in enumerate(peers)])], 0.0)
        end.forget()
    return ends


def _create(interface: str, peer: PeerForm) -> CommandForm:
    return {"kind": "create", "interface": interface, "name": "", "peer": peer, "initiate": False}


def carry(
    pair: tuple[Counted, Counted], to_a: list[IncomingDelivery], to_b: list[IncomingDelivery], now: float
) -> None:
    """Carry what both ends say until neither says anything."""
    a, b = pair
    while to_a or to_b:
        to_a, to_b = b.run(to_b, now) if to_b else [], a.run(to_a, now) if to_a else []


def handshake(pair: tuple[Counted, Counted]) -> None:
    """Initiate all in one request, until both ends of all are Activated."""
    a, _ = pair
    carry(pair, [], a.run([a.command("initiate")], 1.0), 1.0)


def rest(pair: tuple[Counted, Counted], now: float) -> None:
    """Let the end that came to rest without a word say so, for people to see, and forget what was counted."""
    a, b = pair
    carry(pair, b.run([], now), a.run([], now), now)
    for end in pair:
        end.forget()


def test_a_thousand_handshakes_are_this_many_statements(pair: tuple[Counted, Counted]) -> None:
    handshake(pair)
    a, b = pair
    both = {
        "BEGIN": 2,
        "INSERT interface": 2 * CONNECTIONS,
        "INSERT timeline": 2 * CONNECTIONS,
        "COMMIT": 2,
    }
    assert a.statements == {**both, "INSERT peer": 1, "SELECT answered": 1, "INSERT answered": 1}
    assert b.statements == {**both, "INSERT peer": 1}
    assert (a.store.commits, b.store.commits) == (2, 2)
    assert a.store.statuses() == b.store.statuses() == {"Activated": CONNECTIONS}


def test_a_commit_is_one_wait_for_the_disk(pair: tuple[Counted, Counted]) -> None:
    """SQLite waits for the disk once per commit in this mode (sqlite.org/pragma.html#pragma_synchronous)."""
    for end in pair:
        modes = [end.store._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
        assert modes == ["wal", 2]


def test_a_thousand_handshakes_are_this_many_messages(pair: tuple[Counted, Counted]) -> None:
    """Three protocol messages each, as many as the handshake has steps, in as few AMQP messages as a bundle allows."""
    handshake(pair)
    a, b = pair
    full = CONNECTIONS // BUNDLE_LIMIT_MESSAGES
    assert (a.messages, b.messages) == (2 * CONNECTIONS, CONNECTIONS)
    assert (a.bundles, b.bundles) == (2 * full, full)
    assert (a.replies, b.replies) == (1, 0)


def test_coming_to_rest_is_one_message_more(pair: tuple[Counted, Counted]) -> None:
    """So that each owner sees what the other end shows: nothing depends on it, and it is paid for all the same."""
    handshake(pair)
    a, b = pair
    for end in pair:
        end.forget()
    carry(pair, b.run([], 2.0), a.run([], 2.0), 2.0)
    assert (a.messages, b.messages) == (0, CONNECTIONS)
    assert [end.statements["INSERT interface"] for end in pair] == [CONNECTIONS, 0]
    assert [end.statements["INSERT timeline"] for end in pair] == [0, CONNECTIONS]


@pytest.mark.parametrize("kind", ["suspend", "resume"])
def test_a_thousand_changes_are_this_many(pair: tuple[Counted, Counted], kind: Literal["suspend", "resume"]) -> None:
    a, b = pair
    handshake(pair)
    rest(pair, 2.0)
    if kind == "resume":
        carry(pair, [], a.run([a.command("suspend")], 3.0), 3.0)
        rest(pair, 4.0)
    carry(pair, [], a.run([a.command(kind)], 5.0), 5.0)
    assert [end.statements["INSERT interface"] for end in pair] == [2 * CONNECTIONS, 2 * CONNECTIONS]
    assert [end.statements["INSERT timeline"] for end in pair] == [2 * CONNECTIONS, 2 * CONNECTIONS]
    assert (a.messages, b.messages) == (2 * CONNECTIONS, CONNECTIONS)
    assert (a.store.commits, b.store.commits) == (2, 2)


def test_a_thousand_timers_wake_a_worker_this_often(pair: tuple[Counted, Counted]) -> None:
    """Their pauses are spread, and end within a quarter of a second: one by one they would be a thousand batches."""
    a, _ = pair
    a.run([a.command("initiate")], 1.0)
    due, woken = a.processor.run([], 1.0, at=0.0).next_due, 0
    while due is not None and due < 2.0:
        due, woken = a.processor.run([], due, at=0.0).next_due, woken + 1
    assert woken == 3
