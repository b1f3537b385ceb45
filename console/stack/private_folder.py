"""The folder in which an `up` keeps stores, passwords and logs: its owner's alone, marked, and locked while in use.

Nothing is removed that is not marked as made by this program, and a folder that holds somebody else's files is refused.
So is one in which another user of the machine may write, because links could wait there under our files' names; no
link is followed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from console.stack.errors import StackRefused

MARK: Final = ".made-by-peering"
MARK_TEXT: Final = "This folder was made by `peering` and holds nothing else: it removes what is in here as it needs.\n"
LOGS: Final = "logs"
STORES: Final = "stores"
_OTHERS_MAY_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def shown(path: Path) -> str:
    """A path as short as it can be said from here."""
    with contextlib.suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)


def private_folder(folder: Path) -> None:
    """Make a folder for its owner alone, or check that it is one; a new or empty one is marked as ours.

    Raises StackRefused if it is a link, somebody else's, or others may write in it.
    """
    with usable(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _check(folder)
        if not any(folder.iterdir()):
            write_private(folder / MARK, MARK_TEXT)
        if is_marked(folder):
            _close(folder)


def marked_folder(folder: Path) -> None:
    """Do as `private_folder`. Raises StackRefused also if it holds files and is not marked as ours."""
    private_folder(folder)
    if not is_marked(folder):
        raise StackRefused(
            f"the folder {shown(folder)} holds files and was not made by this program: empty it, or take another with "
            "--folder"
        )


def is_marked(folder: Path) -> bool:
    """Whether this program made this folder, so that what is in it may be removed."""
    mark = folder / MARK
    return mark.is_file() and not mark.is_symlink() and mark.read_bytes() == MARK_TEXT.encode()


def emptied(folder: Path) -> None:
    """Make a folder empty and marked; what was in it is removed if it is ours. Raises StackRefused."""
    marked_folder(folder)
    with usable(folder):
        for entry in folder.iterdir():
            if entry.name == MARK:
                continue  # whoever is killed in the middle of this leaves a folder that is still known to be ours
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Check the folder of an `up` and make what it needs; keep a second `up` out. Raises StackRefused."""
    marked_folder(folder)
    with usable(folder):
        for part in (LOGS, STORES):
            private_folder(folder / part)
        for entry in (*folder.iterdir(), *(folder / LOGS).iterdir(), *(folder / STORES).iterdir()):
            _check(entry)
            _close(entry)
    with only_user(folder, "`peering up`"):
        yield


@contextmanager
def only_user(folder: Path, what: str, lock: str = "lock") -> Iterator[None]:
    """Keep a second process like this one out of a folder. Raises StackRefused, which names `what` is in it."""
    with usable(folder):
        file = os.fdopen(os.open(folder / lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = file.read().strip() or "unknown"
            raise StackRefused(
                f"the folder {shown(folder)} is in use by another {what} (process {holder}): "
                "stop that one, or take another with --folder"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def in_use(folder: Path) -> bool:
    """Whether a process keeps others out of a folder. Raises OSError."""
    try:
        file = os.fdopen(os.open(folder / "lock", os.O_RDONLY | os.O_NOFOLLOW))
    except FileNotFoundError:
        return False
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def write_private(path: Path, text: str) -> None:
    """Write a file that nobody else may read, whole or not at all. Raises OSError."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(path)


@contextmanager
def usable(folder: Path) -> Iterator[None]:
    """Turn errors of the file system into a sentence. Raises StackRefused."""
    try:
        yield
    except OSError as error:
        raise StackRefused(f"the folder {shown(folder)} can't be used: {error.strerror}") from error


def _check(path: Path) -> None:
    """Raise StackRefused if others may have put it there, or if it leads elsewhere."""
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        raise StackRefused(f"{shown(path)} is a link, and none is followed here: name what it points to")
    if status.st_uid != os.geteuid():
        raise StackRefused(f"{shown(path)} belongs to another user (uid {status.st_uid}): take another with --folder")
    if status.st_mode & _OTHERS_MAY_WRITE:
        raise StackRefused(
            f"others may write in {shown(path)}: look at what is there, and say `chmod -R go= {shown(path)}` if it is "
            "yours"
        )


def _close(path: Path) -> None:
    """Take from others what they may read."""
    mode = stat.S_IMODE(path.lstat().st_mode)
    if mode & _OTHERS:
        path.chmod(mode & ~_OTHERS)
