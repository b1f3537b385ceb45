"""Tests of the folder of an `up`: its owner's alone, and nothing removed that the program has not marked as its own."""

import errno
import os
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from console.stack.errors import StackRefused
from console.stack.private_folder import MARK, emptied, locked, marked_folder, private_folder, write_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def made(folder: Path, *files: str) -> Path:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text("mine")
    return folder


def everything(folder: Path) -> dict[str, bytes | None]:
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def test_a_new_folder_is_its_owners_alone_and_marked(tmp_path: Path) -> None:
    with locked(tmp_path / "new"):
        assert {mode(path) for path in (tmp_path / "new", *(tmp_path / "new").iterdir()) if path.is_dir()} == {0o700}
        assert mode(tmp_path / "new" / "lock") == 0o600
        assert mode(tmp_path / "new" / MARK) == 0o600


@pytest.mark.parametrize("use", [marked_folder, emptied])
@pytest.mark.parametrize("file", ["src/main.py", "broker/src/main.py", MARK, f"{MARK}/file"])
def test_a_folder_of_somebodys_files_is_refused_and_stays_as_it_is(
    tmp_path: Path, file: str, use: Callable[[Path], None]
) -> None:
    folder = made(tmp_path / "project", file)
    folder.chmod(0o755)
    before = everything(folder)
    with pytest.raises(StackRefused, match="holds files and was not made by this program"):
        use(folder)
    assert everything(folder) == before
    assert mode(folder) == 0o755


def test_a_mark_that_is_a_link_is_no_mark(tmp_path: Path) -> None:
    marked_folder(tmp_path / "ours")
    folder = made(tmp_path / "project", "main.py")
    (folder / MARK).symlink_to(tmp_path / "ours" / MARK)
    with pytest.raises(StackRefused, match="not made by this program"):
        emptied(folder)


def test_what_is_ours_is_removed_and_links_in_it_are_not_followed(tmp_path: Path) -> None:
    project = made(tmp_path / "project", "main.py")
    emptied(tmp_path / "broker")
    made(tmp_path / "broker", "data/file")
    (tmp_path / "broker" / "link").symlink_to(project)
    emptied(tmp_path / "broker")
    assert [path.name for path in (tmp_path / "broker").iterdir()] == [MARK]
    assert everything(project) == {"main.py": b"mine"}


def test_a_removal_that_did_not_come_to_its_end_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "broker"
    emptied(folder)
    made(folder, *(f"data/{number}/file" for number in range(20)), *(f"file{number}" for number in range(20)))
    (unlink, rmdir), removals = (os.unlink, os.rmdir), 0

    def one_less(remove: Callable[..., None], *what: Any, **how: Any) -> None:  # noqa: ANN401 - as in os
        nonlocal removals
        removals -= 1
        if removals < 0:
            raise OSError(errno.EIO, "the disk is gone")
        remove(*what, **how)

    monkeypatch.setattr(os, "unlink", partial(one_less, unlink))
    monkeypatch.setattr(os, "rmdir", partial(one_less, rmdir))
    for removals in (1, 7, 30):  # noqa: B007 - `one_less` counts it down
        with pytest.raises(StackRefused, match="the disk is gone"):
            emptied(folder)
    monkeypatch.undo()
    emptied(folder)
    assert [path.name for path in folder.iterdir()] == [MARK]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir(mode=0o755)
    marked_folder(tmp_path / "empty")
    assert mode(tmp_path / "empty") == 0o700


def test_a_folder_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    made(tmp_path, "file")
    with pytest.raises(StackRefused, match="can't be used: File exists"):
        private_folder(tmp_path / "file")


def test_a_folder_in_which_others_may_write_is_refused(tmp_path: Path) -> None:
    for bits in (0o770, 0o707):
        (tmp_path / "open").mkdir()
        (tmp_path / "open").chmod(bits)
        with pytest.raises(StackRefused, match="others may write in"):
            private_folder(tmp_path / "open")
        (tmp_path / "open").rmdir()


def test_a_folder_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "theirs").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: (tmp_path / "theirs").stat().st_uid + 1)
    with pytest.raises(StackRefused, match="belongs to another user"):
        private_folder(tmp_path / "theirs")


def test_a_link_in_the_folders_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StackRefused, match="is a link"):
        private_folder(tmp_path / "link")
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize(
    "place", ["lock", "passwords.json", "context.json", "logs", "stores", "logs/vpc-a.log", "stores/vpc-a.sqlite"]
)
def test_no_link_inside_is_followed(tmp_path: Path, place: str) -> None:
    folder, victim = tmp_path / "peering", made(tmp_path, "victim") / "victim"
    with locked(folder):
        pass
    path = folder / place
    if path.is_dir():
        path.chmod(0o700)
        for file in path.iterdir():
            file.unlink()
        path.rmdir()
        victim = tmp_path / "victims"
        victim.mkdir()
    path.unlink(missing_ok=True)
    path.symlink_to(victim)
    with pytest.raises(StackRefused, match="is a link"), locked(folder):
        pass
    assert everything(tmp_path)["victim"] == b"mine"
    assert not list((tmp_path / "victims").glob("*"))


def test_files_that_others_may_read_are_closed(tmp_path: Path) -> None:
    folder = tmp_path / "peering"
    with locked(folder):
        pass
    made(folder, "passwords.json", "logs/vpc-a.log", "stores/vpc-a.sqlite")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    with locked(folder):
        assert {mode(path) for path in folder.rglob("*")} == {0o600, 0o700}


def test_a_private_file_replaces_a_link_and_not_what_it_points_to(tmp_path: Path) -> None:
    victim = made(tmp_path, "victim") / "victim"
    (tmp_path / "file").symlink_to(victim)
    (tmp_path / "file.part").symlink_to(victim)
    write_private(tmp_path / "file", "ours")
    assert (victim.read_text(), (tmp_path / "file").read_text()) == ("mine", "ours")
    assert mode(tmp_path / "file") == 0o600
