"""The link: keeps a worker connected with the broker, session after session, so that nothing else has to care.

A link is two connections, because a broker that is short of memory or disk stops those that publish, and acknowledging
has to go on. The one that consumes has heartbeats, for both where there is one node. They live and die together in
sessions: connect, prove that the broker takes messages, look for the queues, consume, until the first error; then close
both, pause, start again. Nothing is carried over from one session to the next: what was not acknowledged is delivered
again, and what was not confirmed is UNKNOWN. A refusal is waited out as well, only more slowly: a virtual host, a
password or a permission is an administrator's to mend.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final

from aio_pika.abc import AbstractConnection

from shared.broker.address import BrokerAddress
from shared.broker.amqp.connection import EndSession, close_connection, open_connection
from shared.broker.amqp.consumer import Consumer, OnDelivery, look_for, naming_accounts
from shared.broker.amqp.declare import declare
from shared.broker.amqp.driver_patches import only_reading, tell_when_blocked
from shared.broker.amqp.errors import bounded, explain, is_brokers_own, refusal
from shared.broker.amqp.publisher import Publisher
from shared.broker.amqp.taken_queues import TakenQueues
from shared.broker.amqp.unread_queues import UnreadQueues
from shared.broker.backoff import Backoff
from shared.broker.dead_letters import dead_letter
from shared.broker.declarations import Declaration
from shared.broker.errors import BrokerRefused
from shared.broker.messages import Delivery, LinkCondition, LinkState, OutgoingMessage, PublishResult
from shared.broker.names import OPEN_ACCOUNT, exchange_name, login_name

SET_UP_LIMIT_SECONDS: Final = 60.0
DRAIN_LIMIT_SECONDS: Final = 10.0
STOP_LIMIT_SECONDS: Final = 15.0
FIRST_REFUSED_PAUSE_SECONDS: Final = 1.0
LONGEST_REFUSED_PAUSE_SECONDS: Final = 30.0
"""What an administrator has to mend takes longer than a broker's restart, and each attempt is a line in its log."""

_BROKEN: Final = "the broker answered with INTERNAL_ERROR when it was to be read, and closed the connection"
_REFUSED_BEFORE: Final = "it was refused when it was read last, and is tried apart from the others"

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
        alone: bool = False,
    ) -> None:
        """Nothing happens before `run`. `speaks_as` is for a login that may name another user as the sender.

        `alone`: no other may read these queues; one that another reads counts as missing.
        """
        self._address = address
        self._exchange = exchange_name(account or OPEN_ACCOUNT)
        self._user = login_name(speaks_as, address.vhost) if speaks_as else address.user or account or "guest"
        self._name = name
        self._queues = list(dict.fromkeys(queues))
        self._suspects: dict[str, str] = {}
        self._alone = alone
        self._taken = TakenQueues(naming_accounts(on_delivery, address.vhost), self._queues_changed)
        self._prefetch = prefetch
        self._on_state = on_state
        self._declarations = declarations
        self._backoff = backoff or Backoff()
        self._refused_backoff = Backoff(FIRST_REFUSED_PAUSE_SECONDS, LONGEST_REFUSED_PAUSE_SECONDS)
        self._sessions = 0
        self._session = 0
        self._periods = 0
        self._blocked = ""
        self._publisher: Publisher | None = None
        self._consumer: Consumer | None = None
        self._unread: UnreadQueues | None = None
        self._connections: list[AbstractConnection] = []
        self._session_over: asyncio.Future[str] | None = None
        self._stopping = asyncio.Event()
        self._ended = asyncio.Event()
        self._ended.set()
        self.state = LinkState(LinkCondition.CONNECTING, "not started yet")

    async def run(self) -> None:
        """Keep the link up until `stop`; whatever goes wrong is waited out, refusals more slowly."""
        loop = asyncio.get_running_loop()
        self._ended.clear()
        try:
            while not self._stopping.is_set():
                began = loop.time()
                self._tell(LinkCondition.CONNECTING, f"connecting to {self._address.shown}")
                try:
                    condition, reason, backoff = LinkCondition.WAITING, await self._run_session(), self._backoff
                except BrokerRefused as refused:
                    condition, reason, backoff = LinkCondition.REFUSED, str(refused), self._refused_backoff
                if self._stopping.is_set():
                    break
                pause = backoff.next(loop.time() - began)
                self._tell(condition, reason, pause_seconds=pause)
                await self._rest(pause)
        finally:
            self._ended.set()
        self._tell(LinkCondition.STOPPED, "stopped")

    async def stop(self, drain: Drain | None = None) -> None:
        """Take no more deliveries, let `drain` finish what is here (it may publish and acknowledge), then close."""
        self._stopping.set()
        for reading in (self._consumer, self._unread):
            if reading is not None:
                await bounded(reading.cancel())
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
        if self._unread is not None and self._unread.sessions:
            await self._unread.acknowledge(done)

    async def set_aside(self, delivery: Delivery, reason: str) -> PublishResult:
        """Copy a delivery to the dead letters; while that is UNKNOWN it must not be acknowledged."""
        return await self.publish(dead_letter(delivery, reason))

    async def _run_session(self) -> str:
        """Run one session, and return why it ended. Raises BrokerRefused."""
        over: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._session_over = over
        setting_up = asyncio.create_task(self._set_up(partial(_resolve, over)), name=f"{self._name}: set up")
        beside: list[asyncio.Task[None]] = []
        try:
            either: set[asyncio.Future[Any]] = {setting_up, over}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not over.done():
                unread = setting_up.result()
                self._periods += 1
                self._tell(LinkCondition.CONSUMING, "connected and consuming")
                beside.append(asyncio.create_task(unread.keep_trying(), name=f"{self._name}: unread queues"))
                looking = self._taken.look_again(partial(_resolve, over))
                beside.append(asyncio.create_task(looking, name=f"{self._name}: taken queues"))
                await asyncio.wait({over})
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
            for task in (setting_up, *beside):
                task.cancel()
                await bounded(task)
            await self._tear_down()

    async def _set_up(self, end_session: EndSession) -> UnreadQueues:
        """Open everything; whatever of it breaks, however late that is noticed, ends this session and no other."""
        async with asyncio.timeout(SET_UP_LIMIT_SECONDS):
            publishing = await self._connect("publishes", end_session, *(() if self._address.others else (0,)))
            with only_reading():
                consuming = await self._connect("consumes", end_session)
            await declare(publishing, self._declarations)
            self._publisher = publisher = await Publisher.open(publishing, self._exchange, self._user, end_session)
            tell_when_blocked(publishing, self._note_blocked)
            await publisher.prove()
            self._unread = unread = UnreadQueues(
                partial(open_connection, self._address, f"{self._name} tries a queue"),
                self._make_consumer,
                self._queues_changed,
            )
            await self._consume(consuming, end_session, unread)
            return unread

    async def _consume(self, consuming: AbstractConnection, end_session: EndSession, unread: UnreadQueues) -> None:
        """Read all queues together but for those that are missing, and those that were refused before."""
        self._consumer = consumer = self._make_consumer(consuming, end_session)
        wanted = [queue for queue in self._queues if queue not in self._suspects]
        missing, taken = await look_for(consuming, wanted)
        self._taken.begin(taken if self._alone else ())
        while refused := await consumer.start([queue for queue in wanted if queue not in missing]):
            queue, reason = refused
            self._suspects[queue] = missing[queue] = reason
        unread.add(missing | self._suspects)

    def _make_consumer(self, connection: AbstractConnection, end_session: EndSession) -> Consumer:
        """A consumer of this link, which reads nothing yet."""
        return Consumer(connection, self._prefetch, self._taken.deliver, self._next_session, end_session)

    async def _connect(self, purpose: str, end_session: EndSession, *heartbeat_seconds: int) -> AbstractConnection:
        """Open one of the session's connections; its end ends the session."""
        connection = await open_connection(self._address, f"{self._name} {purpose}", *heartbeat_seconds)
        self._connections.append(connection)
        connection.close_callbacks.add(lambda _, error: self._connection_ended(error, end_session))
        return connection

    def _connection_ended(self, error: BaseException | None, end_session: EndSession) -> None:
        """End the session; if asking for one queue did it, that queue is tried apart from the others from now on."""
        queue = None if self._consumer is None else self._consumer.asking_for
        if queue is not None and is_brokers_own(error):
            self._suspects[queue] = _BROKEN
        end_session(explain(error))

    def _queues_changed(self) -> None:
        """Tell that a queue is read after all, or not any more; what is read now is read with the others next time."""
        reasons = {} if self._unread is None else self._unread.reasons
        self._suspects = {queue: reason for queue, reason in self._suspects.items() if queue in reasons}
        self._tell(self.state.condition, self.state.reason)

    def _note_blocked(self, reason: str) -> None:
        """Note that the broker takes no messages, or does again."""
        self._blocked = reason
        self._periods += not reason
        if self._publisher is not None:
            self._publisher.set_blocked(blocked=bool(reason))
        self._tell(self.state.condition, self.state.reason)

    async def _tear_down(self) -> None:
        """Close everything that the session had."""
        publisher, consumer, unread = self._publisher, self._consumer, self._unread
        self._publisher = self._consumer = self._unread = None
        self._blocked = ""
        for part in (unread, consumer, publisher):
            if part is not None:
                await part.close()
        connections, self._connections = self._connections, []
        await asyncio.gather(*(close_connection(connection) for connection in connections))

    def _end_session(self, reason: str) -> None:
        """End the present session, if there is one."""
        if self._session_over is not None:
            _resolve(self._session_over, reason)

    def _next_session(self) -> int:
        """The number of the next session."""
        self._sessions += 1
        return self._sessions

    async def _rest(self, pause_seconds: float) -> None:
        """Wait, unless the link is to stop."""
        try:
            async with asyncio.timeout(pause_seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    def _tell(self, condition: LinkCondition, reason: str, pause_seconds: float = 0.0) -> None:
        """Report where the link stands, if that is news."""
        missing = dict(self._taken.reasons)
        sessions: frozenset[int] = frozenset()
        if self._consumer is not None:
            self._session, sessions = self._consumer.session, frozenset([self._consumer.session])
        if self._unread is not None:
            missing, sessions = missing | self._unread.reasons, sessions | self._unread.sessions
        state = LinkState(
            condition,
            reason,
            self._session,
            tuple(sorted(missing.items())),
            pause_seconds,
            self._blocked,
            self._periods,
            sessions,
        )
        if state != self.state:
            self.state = state
            self._on_state(state)


def _resolve(session: asyncio.Future[str], reason: str | BrokerRefused) -> None:
    """End a session, for the first reason that is given."""
    if session.done():
        return
    if isinstance(reason, BrokerRefused):
        session.set_exception(reason)
    else:
        session.set_result(reason)
