"""Tests of a worker's health: what it has to do without makes it unhealthy, and lets no memory grow."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog

from shared.broker.messages import LinkCondition, LinkState
from shared.broker.names import endpoint_queues
from shared.runtime import health
from shared.runtime import worker as module
from shared.runtime.worker import Worker
from shared.store.errors import StoreUnavailable
from tests.unit.worker_bench import Unreliable, at_work, made, question, rested
from tests.waiting import wait_for


async def test_a_worker_that_consumes_nothing_is_not_healthy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Link", Unreliable)
    healthy = tmp_path / "healthy"
    settings = rested(tmp_path).model_copy(update={"health_file": healthy, "accept_from": "a"})
    worker = made(settings)
    link: Any = worker._link
    own, peers = worker._queues
    link.turn(LinkCondition.CONSUMING, 1, missing=(own, peers))
    assert not healthy.exists()
    link.turn(LinkCondition.CONSUMING, 1, missing=(peers,))
    assert not healthy.exists()
    link.turn(LinkCondition.CONSUMING, 1)
    assert healthy.exists()
    link.turn(LinkCondition.CONSUMING, 1, blocked="low on memory")
    assert not healthy.exists()
    link.turn(LinkCondition.CONSUMING, 1)
    assert healthy.exists()
    link.turn(LinkCondition.WAITING, 1)
    assert not healthy.exists()


def test_a_worker_is_ready_once_it_reads_a_queue() -> None:
    queues = {queue.name: queue for queue in endpoint_queues("b", "vpc-b", ["b", "a"])}
    own, peers = queues
    lines = structlog.testing.LogCapture()
    log = structlog.wrap_logger(None, [lines], structlog.make_filtering_bound_logger(logging.INFO))
    told = health.Health(None, queues, log)
    for missing in ((own, peers), (own, peers), (own,), ()):
        told.observe(LinkState(LinkCondition.CONSUMING, "", 1, tuple((queue, "no such queue") for queue in missing)))
    read = [(one["event"], one["log_level"], one["queues"]) for one in lines.entries if "queues" in one]
    assert read == [("reads no queue", "warning", 0), ("ready", "info", 1), ("ready", "info", 2)]


async def test_a_worker_whose_health_file_cannot_be_written_works_on_and_writes_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "Link", Unreliable)
    monkeypatch.setattr(health, "REFRESH_SECONDS", 0.01)
    folder = tmp_path / "health"
    folder.mkdir()
    worker = made(rested(tmp_path).model_copy(update={"health_file": folder / "healthy"}))
    async with at_work(worker) as link:
        link.turn(LinkCondition.CONSUMING, 1)
        await wait_for((folder / "healthy").exists, 60)
        (folder / "healthy").unlink()
        folder.rmdir()
        link.turn(LinkCondition.WAITING, 1)
        link.turn(LinkCondition.CONSUMING, 2)
        await wait_for(lambda: worker._health._file_error != "", 60)
        folder.mkdir()
        await wait_for((folder / "healthy").exists, 60)
    assert not (folder / "healthy").exists()


async def test_a_worker_whose_store_takes_nothing_is_not_healthy_until_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "Link", Unreliable)
    monkeypatch.setattr(module, "STORE_PAUSE_SECONDS", 0.01)
    healthy = tmp_path / "healthy"
    worker = made(rested(tmp_path).model_copy(update={"health_file": healthy}))
    async with at_work(worker) as link:
        link.turn(LinkCondition.CONSUMING, 1)
        await wait_for(healthy.exists, 60)
        begin, full = worker._store.begin, threading.Event()
        full.set()

        def begin_unless_full() -> None:
            if full.is_set():
                raise StoreUnavailable("database or disk is full")
            begin()

        monkeypatch.setattr(worker._store, "begin", begin_unless_full)
        worker._enqueue(question(worker, 1))
        await wait_for(lambda: not healthy.exists(), 60)
        assert worker._health.condition.store == "database or disk is full"
        full.clear()
        await wait_for(healthy.exists, 60)
        assert worker._health.condition.store == ""


async def test_a_worker_whose_store_is_stuck_is_not_healthy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Link", Unreliable)
    monkeypatch.setattr(health, "REFRESH_SECONDS", 0.01)
    monkeypatch.setattr(health, "STUCK_SECONDS", 0.05)
    healthy = tmp_path / "healthy"
    worker = made(rested(tmp_path).model_copy(update={"health_file": healthy}))
    async with at_work(worker) as link, stuck_store(worker, monkeypatch) as release:
        link.turn(LinkCondition.CONSUMING, 1)
        await wait_for(lambda: "has not answered" in worker._health.condition.store, 60)
        assert not healthy.exists()
        release.set()
        await wait_for(healthy.exists, 60)


async def test_a_stuck_store_lets_no_memory_grow_over_sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came in a session that is over comes again, so it is dropped."""
    monkeypatch.setattr(module, "Link", Unreliable)
    worker = made(rested(tmp_path))
    async with at_work(worker) as link, stuck_store(worker, monkeypatch) as release:
        waiting: list[int] = []
        for session in range(1, 26):
            link.turn(LinkCondition.CONSUMING, session)
            for tag in range(1, 101):
                worker._enqueue(replace(question(worker, tag), session=session))
            waiting.append(sum(len(line) for line in worker._inbox._lines.values()))
            link.turn(LinkCondition.WAITING, session)
        assert max(waiting) == 100
        assert not worker._inbox
        release.set()


@asynccontextmanager
async def stuck_store(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[threading.Event]:
    """Let the worker's store hang, as on a disk that answers nothing, until the event that is yielded is set."""
    await wait_for(lambda: worker._link.state.condition is LinkCondition.CONNECTING and worker._store.last_row, 60)
    begin, release, reached = worker._store.begin, threading.Event(), threading.Event()

    def begin_late() -> None:
        if not worker._inbox:  # else it is a batch of timers, which was taken before the question
            reached.set()
            release.wait(60)
        begin()

    worker._enqueue(question(worker, 1_000))
    monkeypatch.setattr(worker._store, "begin", begin_late)
    await wait_for(reached.is_set, 60)
    try:
        yield release
    finally:
        release.set()


async def test_an_idle_worker_without_a_health_file_does_not_wake(monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks after its store while that has something to do, and not at other times."""
    monkeypatch.setattr(health, "REFRESH_SECONDS", 0.0)
    watched, looks = health.Health(None, {}, structlog.get_logger()), 0

    def look() -> None:
        nonlocal looks
        looks += 1

    async def looked() -> int:
        before = looks
        for _ in range(20):
            await asyncio.sleep(0)
        return looks - before

    monkeypatch.setattr(watched, "_refresh", look)
    keeping = asyncio.create_task(watched.keep_fresh())
    assert await looked() == 1
    assert await looked() == 0
    watched.store_is_busy(time.monotonic())
    assert await looked() > 1
    watched.observe_store("")
    await looked()
    assert await looked() == 0
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)


def test_whoever_may_not_look_is_told_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    healthy = tmp_path / "healthy"
    assert (health.main(healthy), capsys.readouterr().err) == (1, "")
    health.refresh(healthy, healthy=True)
    assert (health.main(healthy), capsys.readouterr().err) == (0, "")
    assert health.main(tmp_path / "elsewhere" / "healthy") == 1
    assert "may not be looked into: nothing is known of the worker" in capsys.readouterr().err
