"""The hostile client: AMQP written byte by byte, as no library would send it.

Of the client library only the encoder of method frames is used. Properties and bodies are whatever the test says,
and frames that are made once are sent thousands of times at no cost to the process that also measures.
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pamqp import commands, frame
from pamqp.base import Frame
from pamqp.body import ContentBody
from pamqp.common import FieldTable
from pamqp.header import ContentHeader, ProtocolHeader

from shared.broker.address import BrokerAddress
from tests.integration.broker_ladder import LIMIT_SECONDS

HEADER, BODY, END = 2, 3, b"\xce"
BASIC = 60
BODY_FRAME_BYTES = 131_072 - 8
FRAME_START = struct.Struct(">BHI")
CHUNK_MESSAGES = 50
CHANNEL, CHANNELS = 1, 64
SILENCE_SECONDS = 0.5
"""After this nothing more is on its way."""
CLIENT: FieldTable = {"product": "hostile", "capabilities": {"authentication_failure_close": True}}


class Ended(Exception):
    """The broker ended the channel or the connection, with a code and its reason."""

    def __init__(self, code: int, reason: str, *, connection: bool) -> None:
        super().__init__(f"{code} {reason}")
        self.code, self.reason, self.connection = code, reason, connection


@dataclass(frozen=True)
class Raw:
    """Properties as bytes, which nobody has looked at: the flags, and what they announce."""

    flags: int
    values: bytes


def properties(  # noqa: PLR0913 - a message has that many properties
    user: str | None,
    *,
    kind: str = "peering.bundle",
    reply_to: str | None = None,
    headers: FieldTable | None = None,
    content_type: str | None = None,
    content_encoding: str | None = None,
    expiration: str | None = None,
    message_id: str | None = None,
) -> Raw:
    """Write properties as any client would."""
    good = commands.Basic.Properties(
        content_type=content_type,
        content_encoding=content_encoding,
        headers=headers,
        reply_to=reply_to,
        expiration=expiration,
        message_id=message_id,
        message_type=kind,
        user_id=user,
    )
    payload = ContentHeader(body_size=0, properties=good).marshal()
    return Raw(struct.unpack_from(">H", payload, 12)[0], payload[14:])


def message(exchange: str, key: str, what: Raw, body: bytes) -> bytes:
    """Write all frames of one publish."""
    publish = frame.marshal(commands.Basic.Publish(exchange=exchange, routing_key=key), CHANNEL)
    return publish + content(what, body)


def content(what: Raw, body: bytes) -> bytes:
    """Write the frames that follow a publish."""
    start = struct.pack(">HHQH", BASIC, 0, len(body), what.flags) + what.values
    parts = [body[at : at + BODY_FRAME_BYTES] for at in range(0, len(body), BODY_FRAME_BYTES)]
    return _framed(HEADER, start) + b"".join(_framed(BODY, part) for part in parts)


def _framed(kind: int, payload: bytes) -> bytes:
    return FRAME_START.pack(kind, CHANNEL, len(payload)) + payload + END


class BareClient:
    """One connection with one channel in confirm mode."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Prefer `bare`."""
        self._reader, self._writer = reader, writer
        self._published = 0
        self._unanswered: set[int] = set()
        self.nacks = 0
        self._pending: asyncio.Future[object] | None = None
        self._deliveries: deque[bytes] = deque()
        self._delivery, self._missing = b"", 0
        self._reading: set[str] = set()

    async def log_in(self, address: BrokerAddress) -> None:
        """Open the connection and the channel. Raises Ended."""
        self._writer.write(ProtocolHeader().marshal())
        await self._expect(commands.Connection.Start)
        login = f"\0{address.user}\0{address.password}"
        self._say(commands.Connection.StartOk(CLIENT, "PLAIN", login, "en_US"), 0)
        await self._expect(commands.Connection.Tune)
        self._say(commands.Connection.TuneOk(CHANNELS, 131_072, 0), 0)
        self._say(commands.Connection.Open(virtual_host=address.vhost), 0)
        await self._expect(commands.Connection.OpenOk)
        await self.ask(commands.Channel.Open(), commands.Channel.OpenOk)
        await self.ask(commands.Confirm.Select(), commands.Confirm.SelectOk)

    async def ask(self, method: Frame, answer: type[Frame], channel: int = CHANNEL) -> Frame:
        """Call a method, and return its answer. Raises Ended."""
        self._say(method, channel)
        return await self._expect(answer)

    async def publish(self, *messages: bytes) -> None:
        """Publish, and wait until the broker has answered for all. Raises Ended."""
        await self.send(messages)
        async with asyncio.timeout(LIMIT_SECONDS):
            while self._unanswered:
                await self._next()

    async def send(self, messages: Iterable[bytes]) -> None:
        """Publish without waiting for any answer, as fast as the broker reads."""
        for one in messages:
            self._writer.write(one)
            self._published += 1
            self._unanswered.add(self._published)
            if self._published % CHUNK_MESSAGES == 0:
                await self._writer.drain()
        await self._writer.drain()

    async def ended(self) -> Ended:
        """Wait until the broker ends it, and return why."""
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                while True:
                    await self._next()
        except Ended as over:
            return over

    async def take(self, queue: str) -> bytes | None:
        """Take the next delivery out of a queue; None if none comes for a while. Raises Ended."""
        if queue not in self._reading:
            self._reading.add(queue)
            await self.ask(commands.Basic.Consume(queue=queue, no_ack=True), commands.Basic.ConsumeOk)
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                while not self._deliveries:
                    await self._next()
        except TimeoutError:
            return None
        return self._deliveries.popleft()

    def say(self, method: Frame) -> None:
        """Call a method, whatever comes of it."""
        self._say(method, CHANNEL)

    def write(self, data: bytes) -> None:
        """Write any bytes."""
        self._writer.write(data)

    def hang_up(self) -> None:
        """Leave without a word."""
        if self._pending is not None:
            self._pending.cancel()
        self._writer.transport.abort()

    def _say(self, method: Frame, channel: int) -> None:
        self._writer.write(frame.marshal(method, channel))

    async def _expect(self, answer: type[Frame]) -> Frame:
        async with asyncio.timeout(LIMIT_SECONDS):
            while True:
                found = await self._next()
                if isinstance(found, answer):
                    return found

    async def _next(self) -> object:
        """Read a frame; a wait that is given up loses nothing of it."""
        task = self._pending = self._pending or asyncio.ensure_future(self._frame())
        found = await asyncio.shield(task)
        self._pending = None
        match found:
            case commands.Connection.Close() | commands.Channel.Close():
                whole = isinstance(found, commands.Connection.Close)
                raise Ended(found.reply_code or 0, found.reply_text or "", connection=whole)
            case commands.Basic.Ack() | commands.Basic.Nack():
                answered = self._answered(found.delivery_tag or 0, multiple=found.multiple)
                self.nacks += answered if isinstance(found, commands.Basic.Nack) else 0
            case ContentHeader():
                self._delivery, self._missing = b"", found.body_size
            case ContentBody():
                self._delivery += found.value
                if len(self._delivery) == self._missing:
                    self._deliveries.append(self._delivery)
            case _:
                pass  # whoever asked for it knows what it is
        return found

    def _answered(self, tag: int, *, multiple: bool) -> int:
        """Note an answer to one publish, or to all up to it; return how many that is. Answers come in any order."""
        answered = {one for one in self._unanswered if one <= tag} if multiple else {tag}
        self._unanswered -= answered
        return len(answered)

    async def _frame(self) -> object:
        start = await self._reader.readexactly(FRAME_START.size)
        length = FRAME_START.unpack(start)[2]
        return frame.unmarshal(start + await self._reader.readexactly(length + 1))[2]


@asynccontextmanager
async def bare(address: BrokerAddress) -> AsyncIterator[BareClient]:
    """Be logged in for the length of a block."""
    client = BareClient(*await asyncio.open_connection(address.host, address.port))
    try:
        await client.log_in(address)
        yield client
    finally:
        client.hang_up()
