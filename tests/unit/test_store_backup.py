"""Tests of copies of a store: made while its worker goes on, refused where they are not its own, marked as copies."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from acceptor.handshake import ACCEPTOR
from shared.store.backup import copy_store
from shared.store.errors import StoreRefused
from tests.unit.runtime_bench import bench
from tests.unit.test_store_sqlite import interface, keep, opened

OWNER = {"endpoint": "vpc-b", "account": "b", "region": "cn-hangzhou", "role": ACCEPTOR.name}


def copied(store: Path, target: Path) -> int:
    with closing(sqlite3.connect(store)) as db:
        known = dict(db.execute("SELECT name, value FROM meta"))
    return copy_store(store, target, {name: known[name] for name in OWNER})


def test_a_copy_holds_what_was_there_and_is_one_private_file(tmp_path: Path) -> None:
    (tmp_path / "aside").mkdir()
    target = tmp_path / "aside" / "copy.sqlite"
    with opened(tmp_path / "store.sqlite") as store:
        keep(store, interface("ri-a"))
        size = copied(tmp_path / "store.sqlite", target)
        keep(store, interface("ri-b"))
    assert [one.name for one in target.parent.iterdir()] == ["copy.sqlite"]
    assert (target.stat().st_size, target.stat().st_mode & 0o777) == (size, 0o600)
    with opened(target) as copy:
        assert (copy.load("ri-a"), copy.load("ri-b"), copy.is_copy) == (interface("ri-a"), None, True)


def test_a_copy_is_made_anew_over_an_older_one_and_the_store_itself_is_not_marked(tmp_path: Path) -> None:
    path, target = tmp_path / "store.sqlite", tmp_path / "copy.sqlite"
    with opened(path) as store:
        copied(path, target)
        keep(store, interface("ri-a"))
        copied(path, target)
    with opened(target) as copy, opened(path) as store:
        assert copy.load("ri-a") == interface("ri-a")
        assert not store.is_copy


@pytest.mark.parametrize(("name", "other"), [("endpoint", "vpc-x"), ("account", "x"), ("role", "x"), ("region", "x")])
def test_the_store_of_somebody_else_is_refused_and_nothing_is_left_or_changed(
    tmp_path: Path, name: str, other: str
) -> None:
    target = tmp_path / "copy.sqlite"
    target.write_text("what was there")
    with bench(tmp_path, "acceptor", "b"), pytest.raises(StoreRefused, match=rf"belongs to {name} .*, not {other}"):
        copy_store(tmp_path / "b.sqlite", target, {**OWNER, name: other})
    assert target.read_text() == "what was there"
    assert not list(tmp_path.glob("copy.sqlite.*"))


@pytest.mark.parametrize("content", [b"this is no store " * 1000, b""])
def test_what_is_no_store_is_refused(tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "source.sqlite"
    source.write_bytes(content)
    with pytest.raises(StoreRefused, match="cannot be copied"):
        copy_store(source, tmp_path / "copy.sqlite", OWNER)
    with pytest.raises(StoreRefused, match="cannot be copied"):
        copy_store(tmp_path / "none.sqlite", tmp_path / "copy.sqlite", OWNER)
    assert [one.name for one in tmp_path.iterdir()] == ["source.sqlite"]


def test_a_damaged_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with opened(path) as store:
        keep(store, *(interface(f"ri-{number}") for number in range(500)))
    with closing(sqlite3.connect(path)) as db:
        (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'interface'").fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xee" * size)
    with pytest.raises(StoreRefused, match="damaged"):
        copied(path, tmp_path / "copy.sqlite")
    assert not list(tmp_path.glob("copy.sqlite*"))


def test_the_mark_goes_with_the_renewal_of_the_epochs_and_not_before(tmp_path: Path) -> None:
    target = tmp_path / "copy" / "b.sqlite"
    with bench(tmp_path, "acceptor", "b") as b:
        b.ask(b.create("ri-b"))
        copied(tmp_path / "b.sqlite", target)
    with bench(target.parent, "acceptor", "b") as b:
        assert b.store.is_copy
        before = b.store.load("ri-b")
    with bench(target.parent, "acceptor", "b") as b:
        assert b.store.is_copy
        b.processor.restore(0.0)
        after = b.store.load("ri-b")
    assert before is not None
    assert after is not None
    assert after.epoch.number == before.epoch.number + 1
    with bench(target.parent, "acceptor", "b") as b:
        assert not b.store.is_copy
