"""Stores of a stack that are lost, or put back from a copy, on purpose: what was there is set aside and never removed.

A worker is ended before its store is touched and started again after it, whatever came of it.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

from console.stack.errors import StackError, StackRefused
from console.stack.private_folder import STORES, private_folder, usable
from console.stack.restarting import restart
from console.stack.stack import Stack

StoreChange = Literal["lose", "backup", "restore"]

ASIDE: Final = "set-aside"
_SUFFIXES: Final = ("", "-wal")
"""A worker that was killed leaves its log, which is a part of the store; the shared memory beside it is not."""


async def change_store(stack: Stack, endpoint: str, do: StoreChange) -> Path:
    """End an endpoint's worker, lose its store, copy it, or put the last copy back, and start the worker again.

    Returns where the store lies that was set aside or copied. A worker whose store was put back renews every epoch,
    and no interface of the endpoint is spared. Raises StackError if there is no such worker or no copy, or ClientError.
    """
    if stack.topology.endpoint(endpoint) is None:
        raise StackError(f"the worker of {endpoint} is not run by this `peering up`")
    aside, store = stack.folder / ASIDE, stack.folder / STORES / f"{endpoint}.sqlite"
    private_folder(aside)
    copy = aside / f"{endpoint}.backup.sqlite"
    if do == "restore" and not copy.is_file():
        raise StackRefused(f"there is no copy of the store of {endpoint} to put back: make one first")
    place = copy if do == "backup" else _free(aside, endpoint)

    def changed() -> None:
        with usable(aside):
            _transfer(store, place, shutil.copy2 if do == "backup" else shutil.move)
            if do == "restore":
                _transfer(copy, store, shutil.copy2)

    await restart(stack, endpoint, restored=do == "restore", meanwhile=lambda: asyncio.to_thread(changed))
    return place


def _transfer(source: Path, target: Path, how: Callable[[Path, Path], object]) -> None:
    """Move or copy a store with its log."""
    for suffix in _SUFFIXES:
        other = target.with_name(target.name + suffix)
        other.unlink(missing_ok=True)
        found = source.with_name(source.name + suffix)
        if found.exists():
            how(found, other)


def _free(folder: Path, endpoint: str) -> Path:
    """A name under which nothing was set aside yet."""
    number = 1
    while (place := folder / f"{endpoint}.{number}.sqlite").exists():
        number += 1
    return place
