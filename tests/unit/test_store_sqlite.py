"""Tests of the store: every field makes the round trip."""

from __future__ import annotations

import multiprocessing
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acceptor.handshake import ACCEPTOR
from initiator.handshake import INITIATOR
from shared.protocol.interface import Interface
from shared.protocol.messages import Reason
from shared.protocol.words import Address, Endpoint, Epoch, Intent, Kind, PeerInformation, Role, Status
from shared.store import memory, sqlite
from shared.store.errors import StoreRefused
from shared.store.schema import SCHEMA, TABLES, from_row, to_row
from shared.store.sqlite import Store, TimelineEntry

OWN = Endpoint("vpc-a", Kind.VPC, "alice", "cn-hangzhou")
NONCE = 2**53 - 1

ids = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=40)
numbers = st.integers(0, 2**40)
epochs = st.builds(Epoch, st.integers(1, 2**40), st.integers(0, NONCE))
peers = st.builds(PeerInformation, ids, ids, ids, ids)
interfaces = st.builds(
    Interface,
    id=ids,
    endpoint=st.just(OWN),
    role=st.sampled_from([INITIATOR, ACCEPTOR]),
    epoch=epochs,
    name=st.text(st.characters(exclude_categories=["Cs"]), max_size=128),
    peer=st.none() | peers,
    open=st.booleans(),
    version=numbers,
    intent=st.sampled_from(Intent),
    peer_epoch=st.none() | epochs,
    peer_version=numbers,
    peer_intent=st.sampled_from(Intent),
    peer_status=st.none() | st.sampled_from(Status),
    acknowledged=numbers,
    sent=numbers,
    sent_acknowledged=numbers,
    received=numbers,
    reason=st.none() | st.sampled_from(Reason),
    caller=st.none() | st.builds(Address, ids, ids, ids),
)


def interface(name: str = "ri-a", **changed: object) -> Interface:
    return Interface(name, OWN, INITIATOR, Epoch(1, 1), **changed)  # type: ignore[arg-type]  # a test names a field


@contextmanager
def opened(path: Path, *, endpoint: Endpoint = OWN, role: Role = INITIATOR, nonce: int = 1) -> Iterator[Store]:
    store = Store(path, endpoint, role)
    store.open(nonce)
    try:
        yield store
    finally:
        store.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a store would be."""
    return tmp_path / "deep" / "store.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    """An empty store."""
    with opened(path) as made:
        yield made


def keep(store: Store, *states: Interface) -> None:
    store.begin()
    for state in states:
        store.save(state)
    store.commit()


def entry(name: str = "ri-a", said: str = "", at: float = 0.0, was: str = "Idle") -> TimelineEntry:
    return TimelineEntry(name, at, was, "Connecting", "command initiate", said)


@given(interfaces)
def test_every_field_makes_the_round_trip(state: Interface) -> None:
    db = sqlite3.connect(":memory:")
    db.executescript(SCHEMA)
    db.execute(sqlite._UPSERT, to_row(state))
    (row,) = db.execute(sqlite._ONE, (state.id,))
    db.close()
    assert from_row(row, OWN, state.role) == state


def test_the_tables_that_must_be_there_are_the_tables_that_are_made(path: Path, store: Store) -> None:
    with sqlite3.connect(path) as db:
        assert {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")} == TABLES
    db.close()
    assert store.store_id == 1


def test_what_was_committed_is_there_after_a_restart(path: Path) -> None:
    state = interface(version=7, sent=2, sent_acknowledged=1)
    with opened(path) as store:
        store.begin()
        store.save(state)
        store.note(entry(said="Initiate\nData"))
        store.payloads.keep("ri-a", 2, "kept")
        store.payloads.deliver("ri-a", 5.0, 1, "received")
        store.memory.remember("0" * 32, b"reply")
        store.memory.remember_store_id("vpc-b", "bob", NONCE)
        store.commit()
    with opened(path, nonce=2) as store:
        assert (store.store_id, store.last_row) == (1, 1)
        assert store.load("ri-a") == state
        assert store.payloads.kept("ri-a", 1, 9) == [(2, "kept")]
        assert [tuple(one) for one in store.payloads.inbox("ri-a", 0, 9)] == [(1, 5.0, 1, "received")]
        assert store.memory.answer("0" * 32) == b"reply"
        assert store.memory.store_ids() == {("vpc-b", "bob"): NONCE}
        assert [tuple(row) for row in store.memory.timeline("ri-a", 0, 9)] == [(1, *entry(said="Initiate\nData"))]


def test_what_was_rolled_back_never_happened(store: Store) -> None:
    keep(store, interface(version=1))
    store.begin()
    store.save(interface(version=2))
    store.save(interface("ri-b"))
    assert {one.id for one in store.page("", 9, deleted=True)} == {"ri-a", "ri-b"}
    store.note(entry())
    store.payloads.keep("ri-a", 1, "kept")
    store.memory.remember("0" * 32, b"reply")
    store.rollback()
    assert store.load("ri-a") == interface(version=1)
    assert store.load("ri-b") is None
    assert (store.last_row, store.memory.timeline(None, 0, 9), store.payloads.kept("ri-a", 1, 9)) == (0, [], [])
    assert store.memory.answer("0" * 32) is None
    keep(store, interface(version=3))
    assert store.load("ri-a") == interface(version=3)


def test_a_transaction_sees_its_own_changes(store: Store) -> None:
    store.begin()
    store.save(interface(open=True, version=1, peer=PeerInformation("ri-b", "vpc-b", "bob", "r")))
    assert store.load("ri-a") is not None
    assert [one.version for one in store.page("", 9, deleted=False)] == [1]
    assert store.statuses() == {"Connecting": 1}
    assert store.peered_with("vpc-b", "bob") == ["ri-a"]
    assert store.peered_with("vpc-b", "eve") == []
    store.commit()
    assert (store.waiting(), store.peers(), store.everything()) == (["ri-a"], [("vpc-b", "bob")], ["ri-a"])


def test_payloads_are_forgotten_as_far_as_they_arrived_and_kept_once(store: Store) -> None:
    store.begin()
    for number in (1, 2, 3, 3):
        store.payloads.keep("ri-a", number, f"payload {number}")
    store.payloads.keep("ri-b", 1, "another's")
    store.payloads.forget("ri-a", 2)
    store.commit()
    assert store.payloads.kept("ri-a", 1, 9) == [(3, "payload 3")]
    assert store.payloads.kept("ri-b", 1, 9) == [(1, "another's")]


def test_the_timeline_keeps_the_newest_rows_and_goes_on_counting(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "TIMELINE_LIMIT_ROWS", 3)
    for _ in range(2):
        with opened(path) as store:
            store.begin()
            for _ in range(4):
                store.note(entry())
            store.commit()
    with opened(path) as store:
        assert [row.place for row in store.memory.timeline(None, 0, 9)] == [6, 7, 8]
        assert store.last_row == 8


def test_answers_are_remembered_up_to_a_limit(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "ANSWERED_LIMIT_REQUESTS", 3)
    store.begin()
    for number in range(5):
        store.memory.remember(f"request {number}", b"%d" % number)
    store.commit()
    assert [store.memory.answer(f"request {number}") for number in range(5)] == [None, None, b"2", b"3", b"4"]


def test_records_beyond_the_cache_come_from_the_file(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "CACHE_LIMIT_INTERFACES", 2)
    states = [interface(f"ri-{number}", version=number) for number in range(5)]
    keep(store, *states)
    assert len(store._cache) == 2
    assert [store.load(state.id) for state in states] == states


def test_whoever_did_anything_at_the_end_is_known(store: Store) -> None:
    store.begin()
    for name, at, said, was in [
        ("ri-old", 1.0, "", "Idle"),
        ("ri-quiet", 9.9, "Declare", "Idle"),
        ("ri-new", 9.9, "", ""),
        ("ri-quiet", 10.0, "", "Idle"),
        ("ri-spoke", 10.0, "", "Idle"),
        ("ri-spoke", 10.0, "Declare", "Idle"),
    ]:
        store.note(entry(name, said, at, was))
    store.commit()
    assert sorted(store.memory.recently_active(0.25)) == ["ri-new", "ri-quiet", "ri-spoke"]


def _try_to_open(path: Path, said: multiprocessing.SimpleQueue[str]) -> None:
    try:
        Store(path, OWN, INITIATOR).open(2)
    except StoreRefused as refused:
        said.put(str(refused))
    else:
        said.put("opened")


def test_a_store_belongs_to_one_process_at_a_time(path: Path) -> None:
    spawning = multiprocessing.get_context("spawn")
    said: multiprocessing.SimpleQueue[str] = spawning.SimpleQueue()
    with opened(path):
        other = spawning.Process(target=_try_to_open, args=(path, said))
        other.start()
        other.join()
        assert said.get() == f"{path} is in use by another worker"
    with opened(path) as store:
        assert store.store_id == 1


@pytest.mark.parametrize(
    ("endpoint", "role", "reason"),
    [
        (Endpoint("vpc-b", Kind.VPC, "alice", "cn-hangzhou"), INITIATOR, "belongs to endpoint vpc-a, not vpc-b"),
        (Endpoint("vpc-a", Kind.VPC, "bob", "cn-hangzhou"), INITIATOR, "belongs to account alice, not bob"),
        (Endpoint("vpc-a", Kind.VPC, "alice", "cn-x"), INITIATOR, "belongs to region cn-hangzhou, not cn-x"),
        (OWN, ACCEPTOR, "belongs to role initiator, not acceptor"),
    ],
)
def test_a_store_of_somebody_else_is_refused(path: Path, endpoint: Endpoint, role: Role, reason: str) -> None:
    with opened(path):
        pass
    with pytest.raises(StoreRefused, match=reason), opened(path, endpoint=endpoint, role=role):
        pass


def test_a_store_that_was_cut_off_while_it_was_made_is_made_anew(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"")
    with opened(path, nonce=3) as store:
        assert store.store_id == 3


def test_a_renewed_store_has_another_id(path: Path) -> None:
    with opened(path) as store:
        store.begin()
        store.renew(9)
        store.commit()
    with opened(path) as store:
        assert store.store_id == 9
