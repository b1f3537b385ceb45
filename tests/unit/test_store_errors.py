"""Which errors of SQLite pass, which stay, and which are errors of this program."""

from __future__ import annotations

import multiprocessing
import sqlite3
from pathlib import Path

import pytest

from initiator.handshake import INITIATOR
from shared.protocol.words import Endpoint, Kind
from shared.store.errors import StoreError, StoreRefused, StoreUnavailable
from shared.store.sqlite import Store
from tests.unit.runtime_bench import bench
from tests.unit.test_store_sqlite import interface, keep, opened


def test_the_errors_are_one_tree() -> None:
    assert StoreError.__subclasses__() == [StoreUnavailable, StoreRefused]
    assert not issubclass(StoreError, sqlite3.Error)


def test_a_store_that_another_program_has_locked_is_unavailable_until_it_lets_go(tmp_path: Path) -> None:
    with opened(tmp_path / "store.sqlite") as store:
        store._db.execute("PRAGMA busy_timeout=0")
        other = sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match=r"store\.sqlite: database is locked"):
            store.begin()
        other.close()
        keep(store, interface())
        assert store.load("ri-a") == interface()


def test_a_store_that_may_not_be_written_is_unavailable_until_it_may(tmp_path: Path) -> None:
    with opened(tmp_path / "store.sqlite") as store:
        store._db.execute("PRAGMA query_only=1")
        with pytest.raises(StoreUnavailable, match="readonly"):
            keep(store, interface())
        store.rollback()
        store._db.execute("PRAGMA query_only=0")
        keep(store, interface())


def _without_memory(path: Path, said: multiprocessing.SimpleQueue[str]) -> None:
    """In a process of its own: SQLite's limit holds for the whole process, and is never raised again."""
    store = Store(path, Endpoint("vpc-a", Kind.VPC, "alice", "cn-hangzhou"), INITIATOR)
    store.open(1)
    store._db.execute("PRAGMA hard_heap_limit=400000")
    store.begin()
    try:
        store.payloads.keep("ri-a", 1, "x" * 4_000_000)
    except StoreUnavailable as error:
        said.put(str(error))
    else:
        said.put("kept")


def test_a_store_without_memory_is_unavailable(tmp_path: Path) -> None:
    spawning = multiprocessing.get_context("spawn")
    said: multiprocessing.SimpleQueue[str] = spawning.SimpleQueue()
    other = spawning.Process(target=_without_memory, args=(tmp_path / "store.sqlite", said))
    other.start()
    other.join()
    assert said.get() == f"{tmp_path / 'store.sqlite'}: out of memory"


def test_a_wrong_statement_is_an_error_of_the_program(tmp_path: Path) -> None:
    with opened(tmp_path / "store.sqlite") as store:
        for call in (store._db.execute, store._db.executescript, store._db.rows, store._db.row):
            with pytest.raises(sqlite3.OperationalError, match="syntax error"):
                call("SELEC 1")
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            store._db.executemany("INSERT INTO elsewhere VALUES (?)", [(1,)])


def test_a_table_that_goes_missing_fails_the_items_that_need_it_and_no_others(tmp_path: Path) -> None:
    with bench(tmp_path, "acceptor", "b") as b:
        b.ask(b.create("ri-b"))
        b.store._db.execute("DROP TABLE inbox")
        asked = b.asking({"kind": "inbox", "interface": "ri-b", "after": 0, "limit": 10})
        outcome = b.run(asked, b.asking(b.create("ri-c")))
        assert [place for place, _ in outcome.rejected] == [0]
        assert b.store.load("ri-c") is not None
