"""Workers on the bench: a real worker and store, and a link whose broker the test plays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from acceptor.handshake import ACCEPTOR
from acceptor.handshake import step as acceptor_step
from shared.broker.messages import Delivery, LinkCondition, LinkState, OutgoingMessage, PublishResult
from shared.protocol.words import Endpoint, Kind
from shared.runtime.batch import End
from shared.runtime.logs import logger
from shared.runtime.settings import WorkerSettings
from shared.runtime.worker import Worker
from shared.wire.request import KINDS, write_request
from tests.bodies import form_of
from tests.unit.runtime_bench import bench, carried


class Unreliable:
    """A link whose broker is away, comes, and may go again; it remembers what was confirmed and what was not."""

    def __init__(self, *_: object, on_state: Callable[[LinkState], None], **__: object) -> None:
        self.state = LinkState(LinkCondition.CONNECTING, "not started yet")
        self._on_state = on_state
        self._stopped = asyncio.Event()
        self.confirmed: list[dict[str, Any]] = []
        self.unknown: list[dict[str, Any]] = []
        self.tried: list[str] = []
        self.acknowledged: list[Delivery] = []

    def turn(self, condition: LinkCondition, session: int, missing: tuple[str, ...] = (), *, blocked: str = "") -> None:
        """Come or go, perhaps without some of the queues, or with a broker that takes no messages."""
        sessions = frozenset([session]) if condition is LinkCondition.CONSUMING else frozenset[int]()
        self.state = LinkState(
            condition,
            "" if sessions else "the broker is away",
            session,
            tuple((queue, "not there") for queue in missing),
            blocked=blocked,
            period=session,
            sessions=sessions,
        )
        self._on_state(self.state)

    async def run(self) -> None:
        """Live until it is stopped."""
        await self._stopped.wait()

    async def stop(self, drain: Callable[[], Awaitable[None]]) -> None:
        """Let what is on its way arrive, then end."""
        await drain()
        self._stopped.set()

    async def publish(self, message: OutgoingMessage) -> PublishResult:
        """Confirm it if the broker is there."""
        up = self.state.condition is LinkCondition.CONSUMING and self.state.session > 0
        (self.confirmed if up else self.unknown).extend(form_of(message.body)["messages"])
        return PublishResult.CONFIRMED if up else PublishResult.UNKNOWN

    async def set_aside(self, _: Delivery, reason: str) -> PublishResult:
        """Leave it without an answer, as a broker does that is short of memory."""
        self.tried.append(reason)
        return PublishResult.UNKNOWN

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Remember what was acknowledged."""
        self.acknowledged += deliveries


def rested(folder: Path) -> WorkerSettings:
    """Leave behind the store of a worker that came to rest and died before it said so."""
    with bench(folder, "initiator", "a") as a, bench(folder, "acceptor", "b") as b:
        b.ask(b.create("ri-b", a.information("ri-a")))
        opened = a.run(a.asking(a.create("ri-a", b.information("ri-b"), initiate=True)))
        confirmed = a.run(*carried(b.run(*carried(opened, a)), b))
        b.run(*carried(confirmed, a))
        assert b.show("ri-b")["status"] == "Activated"
    flags = {"endpoint": "vpc-b", "account": "b", "region": "cn-hangzhou", "broker": "amqp://b:p@nowhere/peering"}
    return WorkerSettings.model_validate({**flags, "store": folder / "b.sqlite"})


def made(settings: WorkerSettings) -> Worker:
    """The acceptor's worker of these settings, not yet running."""
    end = End(Endpoint("vpc-b", Kind.VPC, "b", "cn-hangzhou"), ACCEPTOR, acceptor_step)
    return Worker(settings, end, logger("json", "error"))


@asynccontextmanager
async def at_work(worker: Worker) -> AsyncIterator[Any]:
    """Let a worker run, and yield its link; in the end it is told to stop, and ends."""
    running = asyncio.create_task(worker.run())
    try:
        yield worker._link
    finally:
        worker.stop()
        await running


def question(worker: Worker, tag: int) -> Delivery:
    """A request of the owner's."""
    body = write_request(f"{tag:032x}", "b", "vpc-b", [{"kind": "show", "interface": "ri-b"}])
    (queue,) = worker._queues
    place = worker._queues[queue]
    return Delivery(
        queue,
        place.exchange,
        place.sender,
        type=KINDS.request,
        body=body,
        reply_to="console.0",
        correlation_id=None,
        message_id=None,
        redelivered=False,
        tag=tag,
        session=1,
    )
