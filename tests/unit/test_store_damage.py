"""Tests of a damaged file: the worker goes, says so, and leaves every delivery where it is."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from acceptor.handshake import ACCEPTOR
from acceptor.handshake import step as acceptor_step
from shared.protocol.words import Endpoint, Kind
from shared.runtime.batch import End
from shared.runtime.logs import logger
from shared.runtime.settings import WorkerSettings
from shared.runtime.worker import Worker
from shared.store.errors import StoreRefused
from tests.unit.runtime_bench import bench


def used(folder: Path, *, damaged: str) -> None:
    """Leave behind a store with an interface, and write nonsense over the first page of one of its trees."""
    with bench(folder, "acceptor", "b") as b:
        b.ask(b.create("ri-b"))
    file = folder / "b.sqlite"
    connection = sqlite3.connect(file)
    (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (damaged,)).fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    with file.open("r+b") as opened:
        opened.seek((page - 1) * size)
        opened.write(b"\xee" * size)


def test_damage_that_shows_while_it_works_ends_the_worker_and_no_delivery_is_set_aside(tmp_path: Path) -> None:
    used(tmp_path, damaged="inbox_interface")
    with bench(tmp_path, "acceptor", "b") as b:
        asked = b.asking({"kind": "inbox", "interface": "ri-b", "after": 0, "limit": 10})
        with pytest.raises(StoreRefused, match=r"b\.sqlite is damaged: .*malformed"):
            b.run(asked)


@pytest.mark.parametrize("damaged", ["timeline", "interface"])
async def test_damage_that_shows_when_it_starts_is_refused_in_one_sentence(tmp_path: Path, damaged: str) -> None:
    used(tmp_path, damaged=damaged)
    flags = {"endpoint": "vpc-b", "account": "b", "region": "cn-hangzhou", "broker": "amqp://b:p@nowhere/peering"}
    settings = WorkerSettings.model_validate({**flags, "store": tmp_path / "b.sqlite"})
    end = End(Endpoint("vpc-b", Kind.VPC, "b", "cn-hangzhou"), ACCEPTOR, acceptor_step)
    with pytest.raises(StoreRefused, match=r"b\.sqlite is .*damaged: .*malformed"):
        await Worker(settings, end, logger("json", "error")).run()
