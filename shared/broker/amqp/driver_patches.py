"""Patches of the client library: a stranger's properties, word of being blocked, a peer that the kernel watches.

Found by experiment with aiormq 7.2.4: it hears why the broker blocks a connection, and writes that to a log only.

Found by experiment with pamqp 4.0.1, which reads the properties of every message in the task that reads the connection:
- A short string that is not UTF-8 (the broker carries any bytes), a date beyond the year 9999 or nested headers end the
  connection of the *receiver*. The broker delivers the message again, so one of them does it twenty times over.
- Headers of 128 KiB, the most that fits into a frame, take six seconds to read, and nothing else happens meanwhile.
Only who looks at dead letters needs the headers of what arrives, and only short ones. Else they are left out unread but
for RabbitMQ's own count of deliveries, and properties that can't be read are taken for none: such a message has no
proven sender and is set aside like others.
"""

import socket
import struct
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from aio_pika.abc import AbstractConnection
from aiormq import spec
from aiormq.connection import TCPTransportFactory, TLSTransportFactory
from pamqp import decode
from pamqp.commands import Basic
from pamqp.header import ContentHeader

_FIXED: Final = struct.Struct(">HHQH")  # class, weight, length of the body, flags
_LENGTH: Final = struct.Struct(">I")
_CONTENT_TYPE, _CONTENT_ENCODING, _HEADERS, _MORE_FLAGS = 1 << 15, 1 << 14, 1 << 13, 1
_COUNT: Final = "x-delivery-count"
_COUNT_ENTRY: Final = bytes([len(_COUNT)]) + _COUNT.encode()
_COUNT_FORMS: Final = {ord("b"): ">b", ord("s"): ">h", ord("I"): ">i", ord("l"): ">q"}
"""How RabbitMQ may write the number: by its size."""
_STRICT_UNMARSHAL: Final = ContentHeader.unmarshal
_ASCII_BYTES, _UNKNOWN = 128, ord("?")


KEEPALIVE: Final = {"TCP_KEEPIDLE": 6, "TCP_KEEPINTVL": 4, "TCP_KEEPCNT": 3}
"""A broker whose machine or network is gone is noticed after 6 + 3 x 4 = 18 s, on Linux, which has these options.

The kernel asks nothing while something that was sent waits for its acknowledgement, and would repeat that for a quarter
of an hour: a connection that only reads gives up after 8 s of it, and so within the same 18 s (an idle one after 10).
One that publishes must not: a broker with an alarm reads nothing from it, for as long as that stands.
"""
GIVES_UP_MILLISECONDS: Final = 8_000
_ONLY_READS: Final[ContextVar[bool]] = ContextVar("only reads", default=False)

SHORT_BYTES: Final = 4096
"""Headers of dead letters take less than half of it, and so many take a few milliseconds to read at the worst."""
_HEADERS_WANTED: Final[ContextVar[bool]] = ContextVar("headers wanted", default=False)
"""Of the connection whose reader this is: a task has the context in which it was made."""

Streams = tuple[StreamReader, StreamWriter]
OnBlocked = Callable[[str], None]
"""Hears why the broker takes nothing from a connection, and an empty string when it does again."""


def tell_when_blocked(connection: AbstractConnection, on_blocked: OnBlocked) -> None:
    """Have one connection tell when the broker blocks it, and when it does not any more."""
    driver = None if connection.transport is None else connection.transport.connection

    def told(name: str) -> None:
        attribute = f"_Connection__handle_connection_{name}"
        original = getattr(driver, attribute)

        async def handle(frame: spec.Connection.Blocked | spec.Connection.Unblocked) -> None:
            on_blocked((frame.reason or "no reason given") if isinstance(frame, spec.Connection.Blocked) else "")
            await original(frame)

        setattr(driver, attribute, handle)

    told("blocked")
    told("unblocked")


def patch_driver() -> None:
    """Patch the client library in the whole process; again has no effect."""
    decode.METHODS["shortstr"] = short_string
    ContentHeader.unmarshal = unmarshal  # type: ignore[method-assign]
    TCPTransportFactory.create, TLSTransportFactory.create = _WATCHED  # type: ignore[assignment,method-assign]


def _watched(create: Callable[..., Awaitable[Streams]]) -> Callable[..., Awaitable[Streams]]:
    async def connect(*place: object, **settings: object) -> Streams:
        reader, writer = await create(*place, **settings)
        watch_peer(writer.get_extra_info("socket"))
        return reader, writer

    return connect


_WATCHED: Final = (_watched(TCPTransportFactory.create), _watched(TLSTransportFactory.create))


def watch_peer(connection: socket.socket) -> None:
    """Have the kernel ask a silent peer whether it is there, which wakes neither process."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE.items():
        if (number := getattr(socket, option, None)) is not None:
            connection.setsockopt(socket.IPPROTO_TCP, number, value)

    number = getattr(socket, "TCP_USER_TIMEOUT", None)
    if number is not None and _ONLY_READS.get():
        connection.setsockopt(socket.IPPROTO_TCP, number, GIVES_UP_MILLISECONDS)


@contextmanager
def only_reading() -> Iterator[None]:
    """Let a connection that is opened in this block give up what it sent when nothing acknowledges it for 8 s."""
    before = _ONLY_READS.set(True)
    try:
        yield
    finally:
        _ONLY_READS.reset(before)


@contextmanager
def reading_headers() -> Iterator[None]:
    """Let a connection that is opened in this block have the headers of what arrives, where they can be read."""
    before = _HEADERS_WANTED.set(True)
    try:
        yield
    finally:
        _HEADERS_WANTED.reset(before)


def unmarshal(self: ContentHeader, data: bytes) -> None:
    """Read a content header, without the headers in it unless they are wanted; what can't be read is not kept."""
    if _HEADERS_WANTED.get() and len(data) <= SHORT_BYTES and _read(self, data):
        return
    if not _read(self, data, cut=without_headers):
        self.class_id, self.weight, self.body_size, _ = _FIXED.unpack_from(data)
        self.properties = Basic.Properties()
    if (first := data.find(_COUNT_ENTRY)) >= 0:
        self.properties.headers = {_COUNT: _count(data, first)}


def _count(data: bytes, place: int) -> int:
    """Read how often a quorum queue delivered a message in vain: the highest number that stands there.

    A sender can write such an entry, too: it is to be believed only of what was delivered before, where RabbitMQ does.
    """
    highest = 0
    while place >= 0:
        start = place + len(_COUNT_ENTRY)
        form = _COUNT_FORMS.get(data[start]) if start < len(data) else None
        if form is not None and len(data) > start + struct.calcsize(form):
            highest = max(highest, struct.unpack_from(form, data, start + 1)[0])
        place = data.find(_COUNT_ENTRY, start)
    return highest


def times_in_vain(headers: Mapping[str, object] | None) -> int:
    """How often a message was delivered before without an acknowledgement, if the broker says so."""
    count = (headers or {}).get(_COUNT)
    return count if isinstance(count, int) else 0


def _read(header: ContentHeader, data: bytes, cut: Callable[[bytes], bytes] = bytes) -> bool:
    """Read a content header as the client library does; say whether it could."""
    try:
        _STRICT_UNMARSHAL(header, cut(data))
    except Exception:  # noqa: BLE001 - whatever the decoder raises: one message is bad, and the connection is not
        return False
    return True


def without_headers(data: bytes) -> bytes:
    """Cut the headers out of a content header. Raises struct.error or IndexError if it ends too soon."""
    class_id, weight, body_size, flags = _FIXED.unpack_from(data)
    if not flags & _HEADERS or flags & _MORE_FLAGS:
        return data
    start = _FIXED.size
    for flag in (_CONTENT_TYPE, _CONTENT_ENCODING):
        if flags & flag:
            start += 1 + data[start]
    end = start + _LENGTH.size + _LENGTH.unpack_from(data, start)[0]
    return _FIXED.pack(class_id, weight, body_size, flags & ~_HEADERS) + data[_FIXED.size : start] + data[end:]


def short_string(value: bytes) -> tuple[int, str]:
    """Read a short string, and say how many bytes it took; bytes that are no text are shown as '?'."""
    taken = 1 + value[0]
    text = value[1:taken]
    try:
        return taken, text.decode()
    except UnicodeDecodeError:
        return taken, bytes(byte if byte < _ASCII_BYTES else _UNKNOWN for byte in text).decode()
