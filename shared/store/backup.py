"""Copies of a store that are made while its worker goes on, and that say of themselves that they are copies.

A store that was put back from a copy has forgotten what its end declared since, so every epoch has to begin anew. The
copy carries that mark itself, and the worker that opens it takes it off in the transaction that renews the epochs: it
cannot be forgotten, and a worker that is killed in between does it again.

`python -m shared.store.backup STORE FILE` makes one where no `peering up` runs.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from shared.store.errors import StoreRefused
from shared.store.files import open_private

MARK: Final = "copied"
"""What a copy has in its table `meta`."""

_PAGES_A_STEP: Final = -1
"""All pages in one step: a single read transaction, so that no commit of the worker makes SQLite begin again."""


def copy_store(source: Path, target: Path, owner: Mapping[str, str]) -> int:
    """Copy a store as it is at this moment into one marked file for its owner alone; returns its bytes.

    The file is written whole or not at all. `owner` is what must stand in it: endpoint, account, region, role. Raises
    StoreRefused if something else does, if it is damaged or no store, or if either file cannot be used.
    """
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    try:
        os.close(open_private(part))
        with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True)) as original:
            _check(original, source, owner)
            with closing(sqlite3.connect(part)) as copy:
                original.backup(copy, pages=_PAGES_A_STEP)
        _mark(part)
        size = part.stat().st_size
        part.replace(target)
        _make_durable(target.parent)
    except (sqlite3.Error, OSError) as error:
        raise StoreRefused(f"{source} cannot be copied to {target}: {error}") from error
    else:
        return size
    finally:
        for end in ("", "-journal", "-wal", "-shm"):
            part.with_name(part.name + end).unlink(missing_ok=True)


def _check(original: sqlite3.Connection, source: Path, owner: Mapping[str, str]) -> None:
    found = dict(original.execute("SELECT name, value FROM meta"))
    for name, value in owner.items():
        if found.get(name) != value:
            message = f"{source} belongs to {name} {found.get(name)}, not {value}"
            raise StoreRefused(message)


def _mark(part: Path) -> None:
    """Make a copy one file without a log, sound and marked."""
    with closing(sqlite3.connect(part)) as copy:
        copy.execute("PRAGMA journal_mode=DELETE")
        sound = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        if sound != "ok":
            raise sqlite3.DatabaseError(f"it is damaged: {sound}")
        copy.execute("INSERT OR REPLACE INTO meta VALUES (?, '')", (MARK,))
        copy.commit()


def _make_durable(folder: Path) -> None:
    with suppress(OSError):  # not every file system lets a folder be synchronised
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{copy_store(Path(sys.argv[1]), Path(sys.argv[2]), {})} bytes\n")
    except (IndexError, StoreRefused) as error:
        sys.exit(str(error) if isinstance(error, StoreRefused) else "python -m shared.store.backup STORE FILE")
