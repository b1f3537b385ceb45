"""Tests of full disks: felt by a real store."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from initiator.handshake import INITIATOR
from lab.chaos.disks import clear, fill, limit_descriptors, limit_files, small_disks
from shared.protocol.words import Endpoint, Kind
from shared.store.errors import StoreUnavailable
from shared.store.sqlite import Store, TimelineEntry

OWN = Endpoint("vpc-a", Kind.VPC, "alice", "cn-hangzhou")
PAGE_CHARACTERS = 100_000


@contextmanager
def opened(folder: Path) -> Iterator[Store]:
    store = Store(folder / "store.sqlite", OWN, INITIATOR)
    store.open(nonce=1)
    try:
        yield store
    finally:
        store.close()


def write(store: Store) -> None:
    """Commit something that needs room."""
    store.begin()
    store.note(TimelineEntry("ri-a", 0.0, "", "Idle", "x" * PAGE_CHARACTERS, ""))
    store.commit()


def test_a_process_that_may_write_no_files_cannot_commit_until_it_may(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        write(store)
        limit_files(os.getpid(), 0)
        try:
            with pytest.raises(StoreUnavailable):
                write(store)
        finally:
            limit_files(os.getpid(), None)
        store.rollback()
        write(store)
        assert store.last_row == 2
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.getrlimit(resource.RLIMIT_FSIZE)[1]


@pytest.mark.parametrize("there_already", [True, False])
def test_a_disk_that_takes_nothing_does_not_make_a_store_a_damaged_one(tmp_path: Path, *, there_already: bool) -> None:
    if there_already:
        with opened(tmp_path) as store:
            write(store)
    limit_files(os.getpid(), 0)
    try:
        with pytest.raises(StoreUnavailable), opened(tmp_path):
            pass
    finally:
        limit_files(os.getpid(), None)
    with opened(tmp_path) as store:
        write(store)


def test_a_process_without_descriptors_opens_nothing_until_it_may() -> None:
    limit_descriptors(os.getpid(), none_left=True)
    try:
        with pytest.raises(OSError, match="Too many open files"):
            os.open(os.devnull, os.O_RDONLY)
    finally:
        limit_descriptors(os.getpid(), none_left=False)
    os.close(os.open(os.devnull, os.O_RDONLY))


def test_a_limit_for_a_process_that_is_gone_is_no_fault() -> None:
    ended = os.fork()
    if not ended:
        os._exit(0)
    os.waitpid(ended, 0)
    limit_files(ended, 0)
    limit_descriptors(ended, none_left=True)


def test_a_small_disk_is_full_for_the_store_and_leaves_its_files(tmp_path: Path) -> None:
    """Where nothing can be mounted the folder is an ordinary one, and that is said."""
    folder = tmp_path / "disk"
    with small_disks([folder]) as small:
        assert os.path.ismount(folder) is small
        if small:
            with opened(folder) as store:
                fill(folder)
                with pytest.raises(StoreUnavailable):
                    write(store)
                store.rollback()
                clear(folder)
                write(store)
        else:
            (folder / "store.sqlite").touch()
    assert not os.path.ismount(folder)
    assert [one.name for one in folder.iterdir() if one.suffix == ".sqlite"] == ["store.sqlite"]
    assert list(tmp_path.iterdir()) == [folder]
