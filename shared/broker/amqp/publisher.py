"""The publisher: one channel with confirms, on which every message must be routable.

Only a confirmation for such a message is an answer; everything else is a guess with a name.
"""

import asyncio
import uuid
from typing import Final

from aio_pika.abc import AbstractChannel, AbstractConnection
from aiormq import spec
from aiormq.exceptions import DeliveryError, PublishError

from shared.broker.amqp.connection import EndSession, open_channel, report_end
from shared.broker.amqp.errors import bounded, guarded
from shared.broker.errors import BrokerRefused, BrokerUnreachable
from shared.broker.messages import OutgoingMessage, PublishResult
from shared.wire.encoding import content_type

PERSISTENT: Final = 2
PUBLISH_LIMIT_SECONDS: Final = 5.0
MAX_BODY_BYTES: Final = 8 * 1024 * 1024
"""Half of what the broker takes; it would close the channel, with all that is under way on it, for one byte more."""
PROOF_KEY: Final = "peering.nowhere"
"""No queue is bound with it: endpoint ids and consoles' keys look otherwise."""
PROOF_TYPE: Final = "peering.proof"
TIMEOUTS_IN_A_ROW: Final = 3
"""This many publishes without an answer, and the connection counts as dead, sooner than its heartbeat finds out."""


class Publisher:
    """One channel that publishes, with any number of messages under way at the same time."""

    def __init__(self, channel: AbstractChannel, exchange: str, user: str, end_session: EndSession) -> None:
        """Prefer `Publisher.open`."""
        self._channel = channel
        self._exchange = exchange
        self._user = user
        self._end_session = end_session
        self._timeouts_in_a_row = 0
        self._was_blocked = asyncio.Event()
        self._blocked = False

    @classmethod
    async def open(
        cls, connection: AbstractConnection, exchange: str, user: str, end_session: EndSession
    ) -> "Publisher":
        """Open the channel; the exchange is not looked at, which an account may not do."""
        channel = await open_channel(connection, confirms=True)
        publisher = cls(channel, exchange, user, end_session)
        report_end(channel, "publishing channel", publisher._ended)
        return publisher

    def _ended(self, reason: str | BrokerRefused) -> None:
        """End the session; whose channel is refused has tried to publish."""
        if isinstance(reason, BrokerRefused):
            reason = BrokerRefused(f"{self._user} may not publish: {reason}")
        self._end_session(reason)

    async def prove(self) -> None:
        """Publish what no queue gets, to hear now whether the broker takes messages from here.

        Returns, too, if the broker says that it is short of memory or disk: it says so to those that publish. Raises
        BrokerUnreachable without an answer; a refusal ends the session as any publish's does.
        """
        sending = asyncio.ensure_future(guarded(self._send(OutgoingMessage(PROOF_KEY, b"", PROOF_TYPE))))
        blocked = asyncio.ensure_future(self._was_blocked.wait())
        try:
            await asyncio.wait({sending, blocked}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        except DeliveryError:
            return
        except TimeoutError as error:
            raise BrokerUnreachable("the broker left a publish without an answer") from error
        finally:
            for task in (sending, blocked):
                task.cancel()
            await asyncio.gather(sending, blocked, return_exceptions=True)

    def set_blocked(self, *, blocked: bool) -> None:
        """Note whether the broker takes nothing now: then nothing is sent, and it is no sign of a dead connection."""
        self._blocked = blocked
        if blocked:
            self._was_blocked.set()

    async def publish(self, message: OutgoingMessage) -> PublishResult:
        """Publish and wait for the broker's answer, PUBLISH_LIMIT_SECONDS at the most. Never raises for its errors."""
        if len(message.body) > MAX_BODY_BYTES:
            return PublishResult.REFUSED
        if self._blocked:
            return PublishResult.UNKNOWN
        try:
            await guarded(self._send(message))
        except PublishError:
            outcome = PublishResult.UNROUTABLE
        except DeliveryError:
            outcome = PublishResult.REFUSED
        except TimeoutError:
            self._count_timeout()
            return PublishResult.UNKNOWN
        except Exception:  # noqa: BLE001 - a lost connection rejects what waits with any class, even Exception itself
            return PublishResult.UNKNOWN
        else:
            outcome = PublishResult.CONFIRMED
        self._timeouts_in_a_row = 0
        return outcome

    async def close(self) -> None:
        """Close the channel; never raises."""
        if not self._channel.is_closed:
            await bounded(self._channel.close())

    async def _send(self, message: OutgoingMessage) -> None:
        """Write it at once: waiting for the socket to drain first would let one message out at a time."""
        channel = await self._channel.get_underlay_channel()
        await channel.basic_publish(
            message.body,
            exchange=self._exchange,
            routing_key=message.routing_key,
            properties=self._properties(message),
            mandatory=True,
            timeout=PUBLISH_LIMIT_SECONDS,
            wait=False,  # type: ignore[call-arg]  # the abstract class does not know it, the real one does
        )

    def _properties(self, message: OutgoingMessage) -> spec.Basic.Properties:
        """Dress a message; the id is new each time, because the client library finds returned messages by it."""
        return spec.Basic.Properties(
            headers=dict(message.headers) or None,
            content_type=content_type(message.type),
            delivery_mode=PERSISTENT,
            correlation_id=message.correlation_id,
            reply_to=message.reply_to,
            message_id=uuid.uuid4().hex,
            message_type=message.type,
            user_id=None if message.unproven else self._user,
        )

    def _count_timeout(self) -> None:
        """Count an unanswered publish; after a few in a row the session is over, unless the broker is only blocked."""
        self._timeouts_in_a_row = 0 if self._blocked else self._timeouts_in_a_row + 1
        if self._timeouts_in_a_row >= TIMEOUTS_IN_A_ROW:
            self._end_session(f"the broker left {self._timeouts_in_a_row} publishes in a row without an answer")
