"""The TCP proxy between a worker and its broker that can stall, delay, tear, reset and refuse connections.

Each direction has a gate of its own: stalled (data waits in the kernel until the sender feels it),
delayed, torn in the middle of a frame, reset with RST, refused. A broken upstream is tried no longer than the next
one: in front of a cluster it is the balancer as well.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from shared.broker.private_files import LOOPBACK

_READ_BYTES: Final = 65_536
_RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER with no time to linger: closing sends RST."""

_CONNECT_LIMIT_SECONDS: Final = 2.0


@dataclass(slots=True)
class Direction:
    """One direction of all connections through a proxy."""

    open: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Let everything pass, to begin with."""
        self.open.set()


@dataclass(eq=False, slots=True)
class _Pair:
    """A client's connection and the one made for it."""

    client: asyncio.StreamWriter
    upstream: asyncio.StreamWriter
    pumps: list[asyncio.Task[None]] = field(default_factory=list)


class FaultProxy:
    """Listens for one worker, and passes on what it is allowed to."""

    def __init__(self, upstreams: Sequence[int], first: int = 0) -> None:
        """Pass on to the first of these ports of loopback that takes a connection, beginning with `first`."""
        self._upstreams = [*upstreams[first % len(upstreams) :], *upstreams[: first % len(upstreams)]]
        self._server: asyncio.Server | None = None
        self._pairs: set[_Pair] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self.to_broker, self.to_worker = Direction(), Direction()
        self.delay_seconds = 0.0
        self.refusing = False
        self.refused = 0
        self._tear_after: int | None = None
        self.torn = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        self.reset()
        if self._serving:
            await asyncio.wait(self._serving)

    @property
    def port(self) -> int:
        """Where it listens, on loopback."""
        if self._server is None:
            raise RuntimeError("a proxy has no port before it is entered")
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def connections(self) -> int:
        """How many connections go through it now."""
        return len(self._pairs)

    def heal(self) -> None:
        """Pass everything on, at once. What is torn stays torn."""
        self.to_broker.open.set()
        self.to_worker.open.set()
        self.delay_seconds, self.refusing, self._tear_after = 0.0, False, None

    def reset(self) -> int:
        """Break every connection, with RST to both sides; return how many there were."""
        broken, self._pairs = self._pairs, set()
        for pair in broken:
            for pump in pair.pumps:
                pump.cancel()
            _abort(pair.client)
            _abort(pair.upstream)
        return len(broken)

    def tear(self, after_bytes: int) -> None:
        """Break every connection as soon as so many more bytes have passed, wherever in a frame that is."""
        self.torn.clear()
        self._tear_after = after_bytes

    def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving = asyncio.create_task(self._accept(reader, writer))
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            self.refused += 1
            _abort(writer)
            return
        upstream = await self._connect()
        if upstream is None:
            _abort(writer)
            return
        pair = _Pair(writer, upstream[1])
        self._pairs.add(pair)
        pair.pumps = [
            asyncio.create_task(self._pump(reader, upstream[1], self.to_broker)),
            asyncio.create_task(self._pump(upstream[0], writer, self.to_worker)),
        ]
        try:
            await asyncio.wait(pair.pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pair.pumps:
                pump.cancel()
            self._pairs.discard(pair)
            writer.close()
            upstream[1].close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for port in self._upstreams:
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(_CONNECT_LIMIT_SECONDS):
                    return await asyncio.open_connection(LOOPBACK, port)
        return None

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: Direction) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(_READ_BYTES):
                if self.delay_seconds:
                    await asyncio.sleep(self.delay_seconds)
                await direction.open.wait()
                if self._tears(len(data)):
                    writer.write(data[: self._tear_after])
                    self._tear_after = None
                    self.torn.set()
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_CONNECT_LIMIT_SECONDS):
                            await writer.drain()
                    asyncio.get_running_loop().call_soon(self.reset)
                    return
                writer.write(data)
                await writer.drain()

    def _tears(self, count: int) -> bool:
        """Count what passes; whether the tear is inside of it."""
        if self._tear_after is None:
            return False
        if count > self._tear_after:
            return True
        self._tear_after -= count
        return False


def _abort(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
