"""The link: keeps a worker connected with the broker, session after session, so that nothing else has to care.

A link is two connections, because a broker that is short of memory or disk stops those that publish, and acknowledging
has to go on. They live and die together in sessions: connect, look for the queues, consume, until the first error; then
close both, draw a pause, start again. Nothing is carried over from one session to the next: what was not acknowledged
is delivered again, and what was not confirmed is UNKNOWN.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final

from aio_pika.abc import AbstractConnection

from shared.broker.address import BrokerAddress
from shared.broker.amqp.connection import EndSession, close_connection, open_connection
from shared.broker.amqp.consumer import Consumer, OnDelivery
from shared.broker.amqp.declare import declare
from shared.broker.amqp.errors import bounded, explain, is_brokers_own, refusal
from shared.broker.amqp.publisher import Publisher
from shared.broker.backoff import Backoff
from shared.broker.declarations import Declaration
from shared.broker.errors import BrokerRefused
from shared.broker.messages import Delivery, LinkCondition, LinkState, OutgoingMessage, PublishResult
from shared.broker.names import DEAD_LETTER_KEY, OPEN_ACCOUNT, exchange_name

SET_UP_LIMIT_SECONDS: Final = 60.0
DRAIN_LIMIT_SECONDS: Final = 10.0
STOP_LIMIT_SECONDS: Final = 15.0
MISSING_RETRY_SECONDS: Final = 5.0
BROKEN_RETRY_SECONDS: Final = 30.0
"""How long a queue is left alone whose reader the broker throws out: each attempt costs a session."""
SET_ASIDE_BODY_BYTES: Final = 64 * 1024
SET_ASIDE_REASON_CHARACTERS: Final = 500

_BROKEN: Final = "the broker answered with INTERNAL_ERROR when it was to be read, and closed the connection"

Drain = Callable[[], Awaitable[None]]


class Link:
    """What connects one worker with the broker, for as long as the worker lives.

    `account` None means open mode: the login is shared, and identities are not enforced. `on_delivery` is called in the
    order of arrival and must only enqueue; at most `prefetch` deliveries per queue are out without acknowledgement.
    """

    def __init__(  # noqa: PLR0913 - the whole plan of a link, by name
        self,
        address: BrokerAddress,
        *,
        account: str | None,
        name: str,
        queues: Sequence[str],
        prefetch: int,
        on_delivery: OnDelivery,
        on_state: Callable[[LinkState], None],
        declarations: Sequence[Declaration] = (),
        backoff: Backoff | None = None,
        speaks_as: str | None = None,
    ) -> None:
        """Nothing happens before `run`. `speaks_as` is for a login that may name another user as the sender."""
        self._address = address
        self._exchange = exchange_name(account or OPEN_ACCOUNT)
        self._user = speaks_as or address.user or account or "guest"
        self._name = name
        self._queues = list(dict.fromkeys(queues))
        self._suspects: set[str] = set()
        self._broken: dict[str, float] = {}
        self._prefetch = prefetch
        self._on_delivery = on_delivery
        self._on_state = on_state
        self._declarations = declarations
        self._backoff = backoff or Backoff()
        self._session = 0
        self._publisher: Publisher | None = None
        self._consumer: Consumer | None = None
        self._connections: list[AbstractConnection] = []
        self._session_over: asyncio.Future[str] | None = None
        self._stopping = asyncio.Event()
        self._ended = asyncio.Event()
        self._ended.set()
        self.state = LinkState(LinkCondition.CONNECTING, "not started yet")

    async def run(self) -> None:
        """Keep the link up until `stop`. Raises BrokerRefused; everything else is waited out."""
        loop = asyncio.get_running_loop()
        self._ended.clear()
        try:
            while not self._stopping.is_set():
                began = loop.time()
                self._tell(LinkCondition.CONNECTING, f"connecting to {self._address.shown}")
                reason = await self._run_session()
                if self._stopping.is_set():
                    break
                pause = self._backoff.next(loop.time() - began)
                self._tell(LinkCondition.WAITING, reason, pause_seconds=pause)
                await self._rest(pause)
        except BrokerRefused as refused:
            self._tell(LinkCondition.REFUSED, str(refused))
            raise
        finally:
            self._ended.set()
        self._tell(LinkCondition.STOPPED, "stopped")

    async def stop(self, drain: Drain | None = None) -> None:
        """Take no more deliveries, let `drain` finish what is here (it may publish and acknowledge), then close."""
        self._stopping.set()
        if self._consumer is not None:
            await bounded(self._consumer.cancel())
        if drain is not None:
            await bounded(drain(), DRAIN_LIMIT_SECONDS)
        self._end_session("stopped")
        await bounded(self._ended.wait(), STOP_LIMIT_SECONDS)

    async def publish(self, message: OutgoingMessage) -> PublishResult:
        """Publish through the account's exchange and wait for the broker's answer; at once UNKNOWN if not connected."""
        publisher = self._publisher
        return PublishResult.UNKNOWN if publisher is None else await publisher.publish(message)

    async def acknowledge(self, done: Iterable[Delivery]) -> None:
        """Acknowledge these deliveries; those of an earlier session come again anyway."""
        if self._consumer is not None:
            await self._consumer.acknowledge(done)

    async def set_aside(self, delivery: Delivery, reason: str) -> PublishResult:
        """Copy a delivery to the dead letters; while that is UNKNOWN it must not be acknowledged.

        The copy holds the first 64 KiB of the body, and where it came from.
        """
        headers = {
            "x-peering-reason": reason[:SET_ASIDE_REASON_CHARACTERS],
            "x-peering-queue": delivery.queue,
            "x-peering-exchange": delivery.exchange,
            "x-peering-user": delivery.user_id or "",
            "x-peering-message": delivery.message_id or "",
            "x-peering-bytes": str(len(delivery.body)),
        }
        copy = OutgoingMessage(
            DEAD_LETTER_KEY,
            delivery.body[:SET_ASIDE_BODY_BYTES],
            delivery.type or "",
            correlation_id=delivery.correlation_id,
            headers=headers,
        )
        return await self.publish(copy)

    async def consume(self, queue: str) -> str | None:
        """Read one queue more, from now on; return None, or why it can't be read yet.

        A queue that is not there yet is looked for again every few seconds.
        """
        if queue not in self._queues:
            self._queues.append(queue)
        if self._consumer is None:
            return "not connected"
        try:
            reason = await self._consumer.add(queue)
        except Exception as error:  # noqa: BLE001 - any class can mean a lost connection; the next session tries again
            reason = explain(error)
        if reason is not None:
            self._suspects.add(queue)
        self._tell(self.state.condition, self.state.reason)
        return reason

    async def _run_session(self) -> str:
        """Run one session, and return why it ended."""
        over: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._session_over = over
        setting_up = asyncio.create_task(self._set_up(partial(_resolve, over)), name=f"{self._name}: set up")
        try:
            either: set[asyncio.Future[Any]] = {setting_up, over}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not over.done():
                setting_up.result()
                self._tell(LinkCondition.CONSUMING, "connected and consuming")
                await self._until_over(over)
            return over.result()
        except (BrokerRefused, asyncio.CancelledError):
            raise
        except Exception as error:
            refused = refusal(error, self._address.shown)
            if refused is not None:
                raise refused from error
            return explain(error)
        finally:
            over.cancel()
            await self._tear_down(setting_up)

    async def _set_up(self, end_session: EndSession) -> None:
        """Open everything; whatever of it breaks, however late that is noticed, ends this session and no other."""
        async with asyncio.timeout(SET_UP_LIMIT_SECONDS):
            publishing = await self._connect("publishes", end_session)
            consuming = await self._connect("consumes", end_session)
            await declare(publishing, self._declarations)
            publisher = await Publisher.open(publishing, self._exchange, self._user, end_session)
            consumer = Consumer(consuming, self._prefetch, self._on_delivery, self._next_session, end_session)
            self._publisher, self._consumer = publisher, consumer
            await consumer.start([queue for queue in self._queues if not self._is_broken(queue)], self._suspects)
            consumer.missing.update({queue: _BROKEN for queue in self._queues if self._is_broken(queue)})

    async def _connect(self, purpose: str, end_session: EndSession) -> AbstractConnection:
        connection = await open_connection(self._address, f"{self._name} {purpose}")
        self._connections.append(connection)
        connection.close_callbacks.add(lambda _, error: self._connection_ended(error, end_session))
        return connection

    def _connection_ended(self, error: BaseException | None, end_session: EndSession) -> None:
        """A connection has ended; if asking for one queue did it, the next session does without that queue."""
        queue = None if self._consumer is None else self._consumer.asking_for
        if queue is not None and is_brokers_own(error):
            self._broken[queue] = asyncio.get_running_loop().time() + BROKEN_RETRY_SECONDS
        end_session(explain(error))

    def _is_broken(self, queue: str) -> bool:
        return asyncio.get_running_loop().time() < self._broken.get(queue, 0.0)

    async def _until_over(self, over: asyncio.Future[str]) -> None:
        """Wait for the end of the session, and meanwhile look again for queues that were missing."""
        while not over.done():
            missing = dict(self._consumer.missing) if self._consumer else {}
            await asyncio.wait({over}, timeout=MISSING_RETRY_SECONDS if missing else None)
            for queue in missing:
                if not over.done() and queue not in self._suspects and not self._is_broken(queue):
                    await self.consume(queue)

    async def _tear_down(self, setting_up: asyncio.Task[None]) -> None:
        publisher, consumer = self._publisher, self._consumer
        self._publisher = self._consumer = None
        setting_up.cancel()
        await bounded(setting_up)
        if consumer is not None:
            await consumer.close()
        if publisher is not None:
            await publisher.close()
        connections, self._connections = self._connections, []
        await asyncio.gather(*(close_connection(connection) for connection in connections))

    def _end_session(self, reason: str) -> None:
        if self._session_over is not None:
            _resolve(self._session_over, reason)

    def _next_session(self) -> int:
        self._session += 1
        return self._session

    async def _rest(self, pause_seconds: float) -> None:
        try:
            async with asyncio.timeout(pause_seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    def _tell(self, condition: LinkCondition, reason: str, pause_seconds: float = 0.0) -> None:
        missing = tuple(sorted(self._consumer.missing.items())) if self._consumer else ()
        state = LinkState(condition, reason, self._session, missing, pause_seconds)
        if state != self.state:
            self.state = state
            self._on_state(state)


def _resolve(session: asyncio.Future[str], reason: str | BrokerRefused) -> None:
    """End a session, for the first reason that is given; a refusal ends the link."""
    if session.done():
        return
    if isinstance(reason, BrokerRefused):
        session.set_exception(reason)
    else:
        session.set_result(reason)
