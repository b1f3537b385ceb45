"""Tests of the migration of stores: all of 0.1.0's is there afterwards, in one transaction, and a copy is kept."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from shared.protocol.words import Endpoint, Intent, Kind, Status
from shared.store import migration
from shared.store.errors import StoreRefused
from shared.store.sqlite import Store
from tests.unit.test_store_sqlite import interface, keep, opened

FIRST_FORMAT = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE interface (
    id TEXT PRIMARY KEY, name TEXT NOT NULL,
    peer_interface TEXT, peer_endpoint TEXT, peer_account TEXT, peer_region TEXT,
    open INTEGER NOT NULL, epoch_number INTEGER NOT NULL, epoch_nonce INTEGER NOT NULL,
    version INTEGER NOT NULL, intent INTEGER NOT NULL,
    peer_epoch_number INTEGER, peer_epoch_nonce INTEGER,
    peer_version INTEGER NOT NULL, peer_intent INTEGER NOT NULL, peer_status TEXT,
    acknowledged INTEGER NOT NULL,
    sent INTEGER NOT NULL, arrived INTEGER NOT NULL, received INTEGER NOT NULL,
    reason TEXT, caller TEXT,
    status TEXT NOT NULL, waiting INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX interface_peer ON interface (peer_endpoint, id) WHERE open = 1;
CREATE TABLE outbox (
    interface TEXT NOT NULL, number INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (interface, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE inbox (
    place INTEGER PRIMARY KEY, interface TEXT NOT NULL, at REAL NOT NULL, number INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX inbox_interface ON inbox (interface, place);
CREATE TABLE timeline (
    place INTEGER PRIMARY KEY, interface TEXT NOT NULL, at REAL NOT NULL, was TEXT NOT NULL,
    status TEXT NOT NULL, cause TEXT NOT NULL, said TEXT NOT NULL
) STRICT;
CREATE INDEX timeline_interface ON timeline (interface, place);
CREATE TABLE answered (
    place INTEGER PRIMARY KEY, request TEXT NOT NULL UNIQUE, reply BLOB NOT NULL
) STRICT;
CREATE TABLE peer (endpoint TEXT NOT NULL, account TEXT NOT NULL, life INTEGER NOT NULL,
    PRIMARY KEY (endpoint, account)) STRICT, WITHOUT ROWID;
"""
"""The tables of 0.1.0, as commit c64106f made them."""

AGED = """
DROP TABLE deleted;
ALTER TABLE interface RENAME COLUMN sent_acknowledged TO arrived;
ALTER TABLE peer RENAME COLUMN store_id TO life;
UPDATE meta SET name = 'life' WHERE name = 'store_id';
UPDATE meta SET value = '1' WHERE name = 'schema';
"""


def aged(path: Path) -> Path:
    """Make a store one of 0.1.0, and return it."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript(AGED)
    return path


def used(path: Path) -> Path:
    """A store of 0.1.0 that has something in each of its tables."""
    with opened(path, nonce=7) as store:
        keep(store, interface("ri-a", open=True, version=3, sent=2, sent_acknowledged=1))
        store.begin()
        store.payloads.keep("ri-a", 2, "on its way")
        store.payloads.deliver("ri-a", 1.0, 1, "arrived")
        store.memory.remember("0" * 32, b"a reply")
        store.memory.remember_store_id("vpc-b", "bob", 11)
        store.save(interface("ri-gone", intent=Intent.DELETED))
        store.commit()
    return aged(path)


def dump(path: Path) -> list[str]:
    """All that is in a file."""
    with closing(sqlite3.connect(path)) as db:
        return list(db.iterdump())


def tables(db: sqlite3.Connection) -> list[str]:
    made = db.execute("SELECT sql FROM sqlite_master WHERE sql <> ''")
    return sorted(re.sub(r"[\s\"]+", " ", row[0]) for row in made)


def test_what_these_tests_migrate_has_the_tables_of_the_first_format(tmp_path: Path) -> None:
    with closing(sqlite3.connect(":memory:")) as first, closing(sqlite3.connect(used(tmp_path / "a.sqlite"))) as made:
        first.executescript(FIRST_FORMAT)
        assert tables(made) == tables(first)


def test_a_migrated_store_has_the_tables_of_a_new_one(tmp_path: Path) -> None:
    old, new = used(tmp_path / "old.sqlite"), tmp_path / "new.sqlite"
    with opened(old), opened(new), closing(sqlite3.connect(old)) as one, closing(sqlite3.connect(new)) as other:
        assert tables(one) == tables(other)


def check_all_of_it(store: Store) -> None:
    """Whether the store holds what `used` put into it."""
    assert store.load("ri-a") == interface("ri-a", open=True, version=3, sent=2, sent_acknowledged=1)
    assert store.payloads.kept("ri-a", 1, 2) == [(2, "on its way")]
    assert [one.body for one in store.payloads.inbox("ri-a", 0, 10)] == ["arrived"]
    assert store.memory.answer("0" * 32) == b"a reply"
    assert store.memory.store_ids() == {("vpc-b", "bob"): 11}
    assert store.store_id == 7
    gone = store.load("ri-gone")
    assert gone is not None
    assert gone.status is Status.DELETED
    assert store._db.rows("SELECT interface FROM deleted") == [("ri-gone",)]


def test_a_store_of_the_first_format_goes_on_with_all_that_is_in_it_and_a_copy_is_kept(tmp_path: Path) -> None:
    path = used(tmp_path / "a.sqlite")
    before = dump(path)
    with opened(path) as store:
        check_all_of_it(store)
        assert store.migrated == (1, tmp_path / "a.sqlite.format-1")
        assert not store.is_copy
    copy = tmp_path / "a.sqlite.format-1"
    mark = "INSERT INTO \"meta\" VALUES('copied','');"
    assert [line for line in dump(copy) if line != mark] == before
    assert copy.stat().st_mode & 0o777 == 0o600
    with opened(path) as store:
        assert store.migrated is None
    with opened(copy) as store:
        check_all_of_it(store)
        assert store.is_copy


def test_a_list_of_deleted_interfaces_that_is_there_already_is_kept(tmp_path: Path) -> None:
    path = used(tmp_path / "a.sqlite")
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE deleted (interface TEXT PRIMARY KEY, since REAL, emptied INTEGER NOT NULL DEFAULT 0)")
        db.execute("INSERT INTO deleted VALUES ('ri-gone', 5.0, 1)")
    with opened(path) as store:
        assert store._db.rows("SELECT * FROM deleted") == [("ri-gone", 5.0, 1)]


@pytest.mark.parametrize("at", ["SELECT no_such_function();", "INSERT INTO meta VALUES ('schema', 'twice');"])
def test_a_migration_that_does_not_come_to_its_end_leaves_the_store_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    path = used(tmp_path / "a.sqlite")
    before = dump(path)
    with monkeypatch.context() as patch:
        patch.setattr(migration, "STEPS", {1: migration.STEPS[1] + at})
        with pytest.raises(StoreRefused), opened(path):
            pass
    assert dump(path) == before
    with opened(path) as store:
        check_all_of_it(store)


def test_a_copy_that_cannot_be_made_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    path = used(tmp_path / "a.sqlite")
    (tmp_path / "a.sqlite.format-1").mkdir()
    before = dump(path)
    with pytest.raises(StoreRefused, match=r"cannot be copied to .*format-1"), opened(path):
        pass
    assert dump(path) == before


def test_the_store_of_another_endpoint_is_refused_and_not_migrated(tmp_path: Path) -> None:
    path = used(tmp_path / "a.sqlite")
    before = path.read_bytes()
    other = Endpoint("vpc-x", Kind.VPC, "alice", "r")
    with pytest.raises(StoreRefused, match=r"belongs to endpoint .*, not vpc-x"), opened(path, endpoint=other):
        pass
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*format*"))


def test_a_newer_store_is_refused_with_what_to_do_and_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with opened(path) as store:
        keep(store, interface("ri-a"))
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE meta SET value = '3' WHERE name = 'schema'")
    before = path.read_bytes()
    with pytest.raises(StoreRefused) as refused, opened(path):
        pass
    assert str(refused.value) == (
        f"{path} has format 3; this program reads formats 1 to 2: start the version that wrote it, or put back the "
        "copy that it kept when it migrated it (a.sqlite.format-…), --restored"
    )
    assert path.read_bytes() == before
