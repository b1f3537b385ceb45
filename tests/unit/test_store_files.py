"""The files of a store: closed to others, and refused where they are a link, no file or of another user."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from shared.store.errors import StoreRefused
from shared.store.files import make_private
from tests.unit.test_store_sqlite import interface, keep, opened

FILES = ("store.sqlite", "store.sqlite-wal", "store.sqlite-shm", "store.sqlite.lock")


def modes(folder: Path) -> dict[str, str]:
    return {name: oct((folder / name).stat().st_mode & 0o777) for name in FILES}


def test_a_new_store_is_its_owners_alone_whatever_the_mask_says(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with opened(tmp_path / "store.sqlite") as store:
            keep(store, interface())
            assert modes(tmp_path) == dict.fromkeys(FILES, "0o600")
    finally:
        os.umask(before)


def test_a_store_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    with opened(tmp_path / "store.sqlite") as store:
        keep(store, interface())
        for name in FILES:
            (tmp_path / name).chmod(0o644)
        files = {name: (tmp_path / name).read_bytes() for name in FILES[:2]}
    for name, content in files.items():  # as a worker leaves them that was killed
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o644)
    with opened(tmp_path / "store.sqlite") as store:
        assert modes(tmp_path) == dict.fromkeys(FILES, "0o600")
        assert store.load("ri-a") == interface()


@pytest.mark.parametrize("name", FILES)
def test_a_link_is_refused_and_what_it_leads_to_stays_as_it_is(tmp_path: Path, name: str) -> None:
    target = tmp_path / "somebody's"
    target.write_bytes(b"precious")
    (tmp_path / name).symlink_to(target)
    with pytest.raises(StoreRefused, match=f"{name} is a symbolic link"), opened(tmp_path / "store.sqlite"):
        pass
    assert target.read_bytes() == b"precious"


def test_a_link_to_nothing_makes_nothing(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreRefused, match="is a symbolic link"), opened(tmp_path / "store.sqlite"):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").mkdir()
    with pytest.raises(StoreRefused, match="cannot be opened: Is a directory"), opened(tmp_path / "store.sqlite"):
        pass


def test_a_pipe_is_no_store(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "store.sqlite")
    with pytest.raises(StoreRefused, match="is not a file"), opened(tmp_path / "store.sqlite"):
        pass


def test_a_file_of_another_user_is_refused_and_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "store.sqlite").write_bytes(b"precious")
    (tmp_path / "store.sqlite").chmod(0o644)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(StoreRefused, match=f"store.sqlite belongs to user {os.getuid()}, not to {os.getuid() + 1}"):
        make_private(tmp_path / "store.sqlite")
    assert oct((tmp_path / "store.sqlite").stat().st_mode & 0o777) == "0o644"
    assert (tmp_path / "store.sqlite").read_bytes() == b"precious"


@pytest.mark.parametrize(
    ("table", "refusal"),
    [
        ("CREATE TABLE precious (name TEXT)", "is not a store"),
        ("CREATE TABLE meta AS SELECT 'schema' AS name, '9' AS value", "has format 9"),
    ],
)
def test_a_file_that_is_no_store_of_this_format_is_refused_and_not_changed(
    tmp_path: Path, table: str, refusal: str
) -> None:
    file = tmp_path / "store.sqlite"
    with closing(sqlite3.connect(file)) as another, another:
        another.execute(table)
    before = file.read_bytes()
    with pytest.raises(StoreRefused, match=refusal), opened(file):
        pass
    assert file.read_bytes() == before
