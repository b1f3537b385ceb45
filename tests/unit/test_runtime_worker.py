"""Tests of the worker's loop: what could not be said is said later."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from shared.broker.messages import Delivery, LinkCondition, LinkState, OutgoingMessage, PublishResult
from shared.runtime import outbox
from shared.runtime import worker as module
from shared.runtime.worker import Worker
from shared.store.errors import StoreUnavailable
from shared.wire.request import KINDS
from tests.unit.worker_bench import Unreliable, at_work, made, question, rested
from tests.waiting import wait_for


async def test_what_was_said_while_the_broker_was_away_is_said_again_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "Link", Unreliable)
    worker = made(rested(tmp_path))
    async with at_work(worker) as link:
        await wait_for(lambda: link.unknown, 60)
        assert [message["status"] for message in link.unknown] == ["Activated"]
        link.turn(LinkCondition.CONSUMING, 1)
        await wait_for(lambda: link.confirmed, 60)
        assert [message["status"] for message in link.confirmed] == ["Activated"]
        assert len(link.unknown) == 1
        link.turn(LinkCondition.WAITING, 1)
        link.turn(LinkCondition.CONSUMING, 2)
    assert len(link.confirmed) == 1


async def test_a_disk_that_is_full_when_it_starts_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "Link", Unreliable)
    monkeypatch.setattr(module, "STORE_PAUSE_SECONDS", 0.01)
    worker = made(rested(tmp_path))
    refusing = troubled(worker, monkeypatch, times=3)
    async with at_work(worker) as link:
        await wait_for(lambda: link.unknown, 60)
    assert refusing == ["full"] * 3


async def test_a_worker_that_waits_for_its_disk_ends_when_it_is_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "Link", Unreliable)
    worker = made(rested(tmp_path))
    refusing = troubled(worker, monkeypatch, times=1_000)
    running = asyncio.create_task(worker.run())
    await wait_for(lambda: refusing, 60)
    worker.stop()
    await asyncio.wait_for(running, 60)


def troubled(worker: Worker, monkeypatch: pytest.MonkeyPatch, *, times: int) -> list[str]:
    """Let the worker's store be full the first times that it is opened; returns what is noted each time."""
    opened, refusing = worker._store.open, list[str]()

    def full(nonce: int) -> None:
        if len(refusing) < times:
            refusing.append("full")
            raise StoreUnavailable("database or disk is full")
        opened(nonce)

    monkeypatch.setattr(worker._store, "open", full)
    return refusing


async def test_a_bad_delivery_is_not_acknowledged_while_nobody_knows_whether_its_copy_was_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "Link", Unreliable)
    monkeypatch.setattr(outbox, "SET_ASIDE_PAUSE_SECONDS", 0.01)
    worker = made(rested(tmp_path))
    async with at_work(worker) as link:
        await wait_for(lambda: link.unknown, 60)
        link.turn(LinkCondition.CONSUMING, 1)
        (queue,) = worker._queues
        worker._enqueue(
            Delivery(queue, "", None, "nonsense", b"", None, None, None, redelivered=False, tag=1, session=1)
        )
        await wait_for(lambda: len(link.tried) > 3 * outbox.SET_ASIDE_ATTEMPTS, 60)
        link.turn(LinkCondition.WAITING, 1)
        await wait_for(lambda: not worker._outbox._on_their_way, 60)
        assert link.acknowledged == []


class Noting(Unreliable):
    """A link that notes in which order it is used; its broker may be too short of memory to take anything."""

    def __init__(self, *_: object, on_state: Callable[[LinkState], None], **__: object) -> None:
        super().__init__(on_state=on_state)
        self.noted: list[str] = []
        self.takes = asyncio.Event()

    async def publish(self, message: OutgoingMessage) -> PublishResult:
        """Note it; a client library writes only in the next turn of the loop."""
        await asyncio.sleep(0)
        self.noted.append(message.type)
        await self.takes.wait()
        return await super().publish(message) if message.type == KINDS.bundle else PublishResult.CONFIRMED

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Note it, once."""
        if new := [one for one in deliveries if one not in self.acknowledged]:
            self.noted.append("acknowledged")
            await super().acknowledge(new)


async def test_what_a_batch_says_leaves_before_what_it_heard_is_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quorum queue takes an acknowledgement as it takes a message: the peer would wait for it."""
    monkeypatch.setattr(module, "Link", Noting)
    worker = made(rested(tmp_path))
    async with at_work(worker) as link:
        link.takes.set()
        await wait_for(lambda: link.noted == [KINDS.bundle], 60)
        worker._enqueue(question(worker, 1))
        await wait_for(lambda: link.acknowledged, 60)
    assert link.noted == [KINDS.bundle, KINDS.reply, "acknowledged"]


async def test_a_broker_that_takes_nothing_keeps_nobody_from_acknowledging(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "Link", Noting)
    monkeypatch.setattr(outbox, "PUBLISHING_LIMIT_MESSAGES", 1)
    worker = made(rested(tmp_path))
    async with at_work(worker) as link:
        try:
            await wait_for(lambda: link.noted == [KINDS.bundle], 60)
            worker._enqueue(question(worker, 1))
            await wait_for(lambda: link.acknowledged, 60)
            assert link.noted == [KINDS.bundle, "acknowledged"]
        finally:
            link.takes.set()
    assert link.noted == [KINDS.bundle, "acknowledged", KINDS.reply]


async def test_a_worker_whose_store_does_not_close_ends_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that is left waiting for calls keeps its process, and so the lock on the store, for ever."""
    monkeypatch.setattr(module, "Link", Unreliable)
    worker = made(rested(tmp_path))
    closed = worker._store.close

    def ill() -> None:
        closed()
        raise OSError("the disk is gone")

    monkeypatch.setattr(worker._store, "close", ill)
    worker.stop()
    with pytest.raises(OSError, match="the disk is gone"):
        await worker.run()
    assert "store" not in {thread.name for thread in threading.enumerate()}
