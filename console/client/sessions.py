"""The client's connections to the broker, one after the other: a question outlives the connection it was sent over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from console.client.errors import BrokerError
from shared.broker.backoff import Backoff
from shared.broker.errors import BrokerRefused, BrokerUnreachable, NoFreeSlot
from shared.broker.messages import Delivery, OutgoingMessage, PublishResult

LONGEST_RECONNECT_SECONDS: Final = 1.0

Deliver: TypeAlias = Callable[[Delivery], None]
Lost: TypeAlias = Callable[[str], None]
MoreSlots: TypeAlias = Callable[[str, int], Awaitable[str | None]]
"""Ask for more queues for replies of an account that has so many; return why there are no more, or None."""


class Connection(Protocol):
    """A connection with a queue for replies: the broker's `ConsoleLink`, or a test's stand-in."""

    @property
    def reply_to(self) -> str:
        """The routing key for replies."""

    async def open(self) -> str:
        """Connect; raises BrokerUnreachable, BrokerRefused or NoFreeSlot."""

    async def publish(self, message: OutgoingMessage) -> PublishResult:
        """Publish and wait for the broker's answer."""

    async def close(self) -> None:
        """Disconnect."""


Dial: TypeAlias = Callable[[Deliver, Lost], Connection]


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """A connection while it lasts; `lost` is done, with the reason, when it has ended."""

    connection: Connection
    lost: asyncio.Future[str]


class Sessions:
    """The connections of one client, each made when somebody needs it."""

    def __init__(
        self, dial: Dial, deliver: Deliver, more_slots: Callable[[int], Awaitable[str | None]] | None = None
    ) -> None:
        """Nothing happens before `get`."""
        self._dial, self._deliver, self._more_slots = dial, deliver, more_slots
        self._present: Session | None = None
        self._connecting = asyncio.Lock()
        self.last_error = "The broker does not answer."

    @property
    def present(self) -> Session | None:
        """The latest connection, open or lost; None before the first one."""
        return self._present

    async def get(self) -> Session:
        """Return the present connection, or a new one; tries for as long as the caller waits.

        Raises BrokerError if the broker refuses: waiting would be in vain.
        """
        async with self._connecting:
            pauses = Backoff(longest_seconds=LONGEST_RECONNECT_SECONDS)
            while self._present is None or self._present.lost.done():
                try:
                    self._present = await self._open()
                except BrokerRefused as refused:
                    raise BrokerError(_sentence(refused), "BrokerRefused") from None
                except NoFreeSlot as full:
                    self.last_error = _sentence(full)
                    why_not = await self._more_slots(full.slots) if self._more_slots is not None else None
                    if why_not is not None:
                        self.last_error = f"{self.last_error} {why_not}"
                    await asyncio.sleep(pauses.next(0))
                except BrokerUnreachable as error:
                    self.last_error = _sentence(error)
                    await asyncio.sleep(pauses.next(0))
            return self._present

    async def close(self) -> None:
        """Give the queue for replies back."""
        if self._present is not None:
            await self._present.connection.close()

    async def _open(self) -> Session:
        await self.close()
        lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def lose(reason: str) -> None:
            self.last_error = f"The connection to the broker was lost: {reason}."
            if not lost.done():
                lost.set_result(reason)

        connection = self._dial(self._deliver, lose)
        await connection.open()
        return Session(connection, lost)


def _sentence(error: Exception) -> str:
    return f"{str(error).rstrip('. ')}."
