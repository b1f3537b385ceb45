"""The relay of one tapped wire: reads the tap, has every message judged, and publishes what passes.

How one would notice that it is wrong: a message arrives that a fault struck, or one does not arrive that none struck;
two messages of a connection that no fault struck arrive in another order; the receiver sets something aside; a message
is acknowledged to the broker that has neither been published with a confirmation nor dropped on purpose; something is
left in a queue of a tap, or a key of a wire is bound to no queue, when no fault stands; an owner's request is not
answered while its wire is tapped.

All publishing of one wire goes through one task, message by message, so nothing overtakes anything by accident. What is
not confirmed is published again. A delivery is acknowledged when all of it has been published or dropped; until then
the broker keeps it, and a console that is killed leaves everything to the next one, which lets it pass: a message of a
bundle that had passed already then arrives twice, and a dropped one beside a held one does arrive.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from console.faults.deliveries import UNHELD_LIMIT, Known, Onward, Waiting, bundle_in, unchanged
from shared.broker.address import BrokerAddress
from shared.broker.amqp import Link, change, depths
from shared.broker.errors import BrokerLayerError, BrokerRefused
from shared.broker.messages import Delivery, LinkCondition, LinkState, OutgoingMessage, PublishResult
from shared.broker.names import OPEN_ACCOUNT
from shared.broker.tap import MARK_TYPE, Tap
from shared.wire.bundle import Bundle

STEP_LIMIT_SECONDS: Final = 20.0
AGAIN_SECONDS: Final = 0.3


class TapFailed(RuntimeError):
    """A wire could not be tapped, or not be made whole again; the message says why."""


Judge = Callable[[Bundle, Waiting], Sequence[Onward]]
"""Takes a bundle apart: returns what goes on at once, and adds to the delivery's parts what it keeps back."""


@dataclass(slots=True)
class Relay:
    """One wire's detour, from putting on to taking off. `address` is a login that may do both."""

    tap: Tap
    address: BrokerAddress
    enforced: bool
    judge: Judge
    carried: int = 0
    _session: int = 0
    _judging: bool = False
    _link: Link | None = None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _acknowledging: set[asyncio.Task[None]] = field(default_factory=set)
    _work: asyncio.Queue[Delivery | Onward] = field(default_factory=asyncio.Queue)
    _known: Known = field(default_factory=Known)
    _rested: asyncio.Event = field(default_factory=asyncio.Event)
    _marks: dict[str, asyncio.Event] = field(default_factory=dict)
    _up: asyncio.Event = field(default_factory=asyncio.Event)
    _refused: str = ""

    @property
    def reads(self) -> bool:
        """Whether it reads its tap."""
        return self._link is not None and self._up.is_set() and not self._refused

    async def put_on(self) -> None:
        """Lead the wire through here, and judge as soon as nothing passes beside it any more.

        Raises TapFailed or BrokerLayerError, as all that follow.
        """
        if self._link is None:
            await self._start()
        await change(self.address, self.tap.putting_on)
        await self._marked()
        self._judging = True

    async def take_over(self) -> None:
        """Read a tap that somebody else has left, and let all of it pass."""
        await self._start()

    async def take_off(self) -> None:
        """Let everything pass, make the wire whole again, and leave nothing behind."""
        self._judging = False
        if self._link is not None:
            await self._marked()
            await change(self.address, self.tap.taking_off)
            await self._marked()
            async with _limited("empty its tap"):
                while await self._left():  # noqa: ASYNC110 - a queue on a broker has no event to wait for
                    await asyncio.sleep(AGAIN_SECONDS)
            await self.stop()
        await change(self.address, self.tap.removing)

    async def stop(self) -> None:
        """End without touching the detour: what comes waits in the tap for whoever takes it over."""
        if self._link is not None:
            await asyncio.gather(*self._acknowledging)
            await self._link.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        self._link = None

    def pass_on(self, onwards: Iterable[Onward]) -> None:
        """Publish something after all that has been taken in so far."""
        for onward in onwards:
            self._arrive(onward)

    def _arrive(self, item: Delivery | Onward) -> None:
        self._rested.clear()
        self._work.put_nowait(item)

    def finish(self, waiting: Waiting) -> None:
        """One part less of a delivery; the last one acknowledges it."""
        waiting.parts -= 1
        if not waiting.parts:
            self._acknowledge(waiting.delivery)

    def _acknowledge(self, delivery: Delivery) -> None:
        if self._link is not None:
            task = asyncio.create_task(self._link.acknowledge([delivery]))
            self._acknowledging.add(task)
            task.add_done_callback(self._acknowledging.discard)

    async def _start(self) -> None:
        queue = self.tap.queue
        seen = (await depths(self.address, [self.tap.name])).get(self.tap.name)
        if seen is not None and seen.readers:
            raise TapFailed(f"the wire from {queue.sender} to {queue.endpoint} is tapped by another console")
        self._link = Link(
            self.address,
            account=None if queue.sender == OPEN_ACCOUNT else queue.sender,
            name=f"tap of {queue.sender} to {queue.endpoint}",
            queues=[self.tap.name],
            prefetch=UNHELD_LIMIT,
            on_delivery=self._arrive,
            on_state=self._note_state,
            declarations=self.tap.equipment,
            speaks_as=queue.sender if self.enforced else None,
        )
        self._tasks = [asyncio.create_task(self._live()), asyncio.create_task(self._carry())]
        async with _limited("read its tap"):
            await self._up.wait()
        if self._refused:
            raise TapFailed(self._refused)

    async def _live(self) -> None:
        if self._link is None:
            return
        try:
            await self._link.run()
        except BrokerRefused as refused:
            self._refused = str(refused)
            self._up.set()

    def _note_state(self, state: LinkState) -> None:
        """A broker that boots binds every wire as it was provisioned, so each new session leads it here again."""
        if state.condition is not LinkCondition.CONSUMING or state.missing:
            return
        self._up.set()
        if self._judging and state.session != self._session:
            self._tasks.append(asyncio.create_task(self._lead_here_again()))
        self._session = state.session

    async def _lead_here_again(self) -> None:
        while self._judging:
            try:
                await change(self.address, self.tap.putting_on)
            except BrokerLayerError:
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                return

    async def _carry(self) -> None:
        """Take one thing after the other, for ever."""
        while True:
            if self._work.empty():
                self._rested.set()
            item = await self._work.get()
            self._rested.clear()
            if isinstance(item, Onward):
                await self._publish(item)
            elif item.type == MARK_TYPE:
                self._pass_mark(item)
            else:
                await self._take(item)

    def _pass_mark(self, delivery: Delivery) -> None:
        """Tell whoever waits for a mark; one that somebody has left means nothing."""
        seen = self._marks.get(delivery.body.decode(errors="replace"))
        if seen is not None:
            seen.set()
        self._acknowledge(delivery)

    async def _take(self, delivery: Delivery) -> None:
        waiting, new = self._known.begin(delivery)
        if not new:
            if not waiting.parts:
                self._acknowledge(delivery)
            return
        self.carried += 1
        queue = self.tap.queue
        bundle = bundle_in(delivery, queue, enforced=self.enforced) if self._judging else None
        if bundle is not None:
            onwards = self.judge(bundle, waiting)
        else:
            waiting.parts += 1
            onwards = [unchanged(waiting, queue, enforced=self.enforced)]
        for onward in onwards:
            await self._publish(onward)
        self.finish(waiting)

    async def _publish(self, onward: Onward) -> None:
        """Publish until the broker has it, or has nobody to give it to, as it would be without a tap."""
        message = OutgoingMessage(
            self.tap.released_key,
            onward.body,
            onward.kind,
            correlation_id=onward.correlation_id,
            reply_to=onward.reply_to,
            unproven=onward.unproven,
        )
        while self._link is not None:
            outcome = await self._link.publish(message)
            if outcome in {PublishResult.CONFIRMED, PublishResult.UNROUTABLE}:
                break
            await asyncio.sleep(AGAIN_SECONDS)
        if onward.sent is not None:
            onward.sent()
        if onward.part_of is not None:
            self.finish(onward.part_of)

    async def _marked(self) -> None:
        """Wait until everything that may have come before this moment has been taken."""
        mark, seen = uuid.uuid4().hex, asyncio.Event()
        self._marks[mark] = seen
        async with _limited("read a mark in its tap"):
            while not seen.is_set():
                outgoing = OutgoingMessage(self.tap.mark_key, mark.encode(), MARK_TYPE)
                if self._link is None or await self._link.publish(outgoing) is not PublishResult.CONFIRMED:
                    await asyncio.sleep(AGAIN_SECONDS)
                    continue
                await seen.wait()
        del self._marks[mark]

    async def _left(self) -> bool:
        await self._rested.wait()
        seen = (await depths(self.address, [self.tap.name])).get(self.tap.name)
        return seen is not None and seen.waiting > 0


@asynccontextmanager
async def _limited(what: str) -> AsyncIterator[None]:
    """Raise TapFailed for what takes too long."""
    try:
        async with asyncio.timeout(STEP_LIMIT_SECONDS):
            yield
    except TimeoutError:
        raise TapFailed(f"the relay could not {what} within {STEP_LIMIT_SECONDS:.0f} s") from None
