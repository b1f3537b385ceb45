"""Stores of a stack that are copied, put back or lost on purpose: what was there is set aside and never removed.

A copy is made while the worker goes on. A worker is ended before its store is exchanged and started again after it,
whatever came of it.
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
from console.topology import EndpointSection
from shared.store.backup import copy_store
from shared.store.errors import StoreError

StoreChange = Literal["lose", "backup", "restore"]

ASIDE: Final = "set-aside"
_SUFFIXES: Final = ("", "-wal")
"""A worker that was killed leaves its log, which is a part of the store; the shared memory beside it is not."""


async def change_store(stack: Stack, endpoint: str, do: StoreChange) -> Path:
    """Lose an endpoint's store, copy it, or put the last copy back; returns where the other one lies.

    Raises StackError if there is no such worker or no copy, or ClientError.
    """
    copy = _aside(stack) / f"{endpoint}.backup.sqlite"
    if do == "backup":
        await back_up(stack, endpoint, copy)
        return copy
    if do == "restore":
        if not copy.is_file():
            raise StackRefused(f"there is no copy of the store of {endpoint} to put back: make one first")
        return await put_back(stack, endpoint, copy)
    _section(stack, endpoint)
    return await _exchange(stack, endpoint, lambda: None)


async def back_up(stack: Stack, endpoint: str, file: Path) -> int:
    """Copy the store of an endpoint, whose worker goes on, to a file; returns its bytes. Raises StackError."""
    return await _copied(_section(stack, endpoint), _store(stack, endpoint), file)


async def put_back(stack: Stack, endpoint: str, file: Path) -> Path:
    """Put a copy in the place of an endpoint's store, whose worker is restarted and begins every epoch anew.

    Returns where the former store was set aside. Nothing is done with a copy that is not this endpoint's or damaged.
    Raises StackError or ClientError.
    """
    store = _store(stack, endpoint)
    ready = store.with_name(f"{store.name}.ready")
    await _copied(_section(stack, endpoint), file, ready)
    return await _exchange(stack, endpoint, lambda: ready.replace(store))


async def _copied(section: EndpointSection, source: Path, target: Path) -> int:
    owner = {"endpoint": section.id, "account": section.account, "region": section.region, "role": section.role}
    try:
        return await asyncio.to_thread(copy_store, source, target, owner)
    except StoreError as error:
        raise StackRefused(str(error)) from error


async def _exchange(stack: Stack, endpoint: str, put: Callable[[], object]) -> Path:
    """End a worker, set its store aside, put another in its place, and start it again."""
    store, aside = _store(stack, endpoint), _aside(stack)
    place = _free(aside, endpoint)

    def exchanged() -> None:
        with usable(aside):
            for suffix in _SUFFIXES:
                found = store.with_name(store.name + suffix)
                if found.exists():
                    shutil.move(found, place.with_name(place.name + suffix))
            put()

    await restart(stack, endpoint, meanwhile=lambda: asyncio.to_thread(exchanged))
    return place


def _section(stack: Stack, endpoint: str) -> EndpointSection:
    section = stack.topology.endpoint(endpoint)
    if section is None:
        raise StackError(f"the worker of {endpoint} is not run by this `peering up`")
    return section


def _store(stack: Stack, endpoint: str) -> Path:
    return stack.folder / STORES / f"{endpoint}.sqlite"


def _aside(stack: Stack) -> Path:
    private_folder(stack.folder / ASIDE)
    return stack.folder / ASIDE


def _free(folder: Path, endpoint: str) -> Path:
    """A name under which nothing was set aside yet."""
    number = 1
    while (place := folder / f"{endpoint}.{number}.sqlite").exists():
        number += 1
    return place
