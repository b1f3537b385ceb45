"""The files of a store: made for their owner alone, and refused where they are a link or of another user."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Final

from shared.store.errors import StoreRefused, StoreUnavailable

_OWNER_ONLY: Final = 0o600
_OTHERS: Final = 0o077

_PASSING_ERRORS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""What the system answers to opening a file and takes back by itself or when there is room again."""


def open_private(path: Path) -> int:
    """Open a file to read and write, or make it; close it to everybody but its owner. Returns its descriptor."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _OWNER_ONLY)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise StoreRefused(f"{path} is a symbolic link: name the file itself") from None
        kind = StoreUnavailable if error.errno in _PASSING_ERRORS else StoreRefused
        raise kind(f"{path} cannot be opened: {error.strerror}") from None
    about, own, objection = os.fstat(descriptor), os.geteuid(), ""
    if not stat.S_ISREG(about.st_mode):
        objection = "is not a file"
    elif about.st_uid != own:
        objection = f"belongs to user {about.st_uid}, not to {own}, whom this worker runs as"
    elif about.st_mode & _OTHERS:
        os.fchmod(descriptor, _OWNER_ONLY)
    if objection:
        os.close(descriptor)
        raise StoreRefused(f"{path} {objection}")
    return descriptor


def make_private(path: Path) -> None:
    """Prepare a store's file, or make it.

    SQLite makes a log with the mode of the file, and takes one that is there as it finds it.
    """
    for name in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        if name == path or os.path.lexists(name):
            os.close(open_private(name))
