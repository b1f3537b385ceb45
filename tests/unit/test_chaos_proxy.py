"""Tests of the chaos proxy: what it does to bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

import pytest

from lab.chaos.proxy import FaultProxy

LIMIT_SECONDS = 60.0
SILENCE_SECONDS = 0.05

Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[object, object, None]]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(4096):
        writer.write(data)
    writer.close()


@asynccontextmanager
async def listening(handle: Handle = echo) -> AsyncIterator[int]:
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1])


@asynccontextmanager
async def through(*ports: int) -> AsyncIterator[tuple[FaultProxy, asyncio.StreamReader, asyncio.StreamWriter]]:
    async with FaultProxy(ports) as proxy, asyncio.timeout(LIMIT_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        try:
            yield proxy, reader, writer
        finally:
            writer.close()


async def silent(reader: asyncio.StreamReader) -> bool:
    """Whether nothing comes for a while; what comes later is still read by the next."""
    reading = asyncio.ensure_future(reader.readexactly(1))
    done, _ = await asyncio.wait({reading}, timeout=SILENCE_SECONDS)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    return not done


async def test_what_is_not_broken_passes_whole() -> None:
    async with listening() as port, through(port) as (_, reader, writer):
        sent = bytes(range(256)) * 1000
        writer.write(sent)
        assert await reader.readexactly(len(sent)) == sent


async def test_a_reset_is_felt_by_both() -> None:
    felt = asyncio.Event()

    async def feel(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
        felt.set()

    async with listening(feel) as port, through(port) as (proxy, reader, _):
        await _until_through(proxy)
        assert proxy.reset() == 1
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
        await felt.wait()
        assert proxy.connections == 0
        assert proxy.reset() == 0


@pytest.mark.parametrize("after", [0, 1, 7])
async def test_a_torn_connection_passes_so_many_bytes_and_no_more(after: int) -> None:
    got = bytearray()
    ended = asyncio.Event()

    async def keep(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(100):
                got.extend(data)
        except ConnectionResetError:
            ended.set()

    async with listening(keep) as port, through(port) as (proxy, _, writer):
        proxy.tear(after)
        writer.write(b"a frame of several bytes")
        await proxy.torn.wait()
        await ended.wait()
        assert bytes(got) == b"a frame of several bytes"[:after]


@pytest.mark.parametrize("way", ["there", "back"])
async def test_a_stall_holds_one_direction_and_loses_nothing(way: str) -> None:
    arrived = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        arrived.set()
        writer.write(b"!")

    async with listening(answer) as port, through(port) as (proxy, reader, writer):
        await _until_through(proxy)
        {"there": proxy.to_broker, "back": proxy.to_worker}[way].open.clear()
        writer.write(b"?")
        assert await silent(reader)
        assert arrived.is_set() is (way == "back")
        proxy.heal()
        assert await reader.readexactly(1) == b"!"


async def test_a_refusing_proxy_lets_nobody_in_until_it_is_healed() -> None:
    async with listening() as port, FaultProxy([port]) as proxy, asyncio.timeout(LIMIT_SECONDS):
        proxy.refusing = True
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
        writer.close()
        assert proxy.refused == 1
        proxy.heal()
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"?")
        assert await reader.readexactly(1) == b"?"
        writer.close()


async def test_a_dead_upstream_is_passed_over() -> None:
    async with listening() as dead:
        pass
    async with listening() as port, through(dead, port) as (_, reader, writer):
        writer.write(b"?")
        assert await reader.readexactly(1) == b"?"


async def _until_through(proxy: FaultProxy) -> None:
    while not proxy.connections:  # noqa: ASYNC110 - the proxy has no event for it, and turns are enough
        await asyncio.sleep(0)
