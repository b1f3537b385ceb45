"""Tests of the client library's patches: what is read of headers, and that the kernel watches each connection."""

import asyncio
import socket

import pytest
from aiormq import spec
from aiormq.connection import Connection, TCPTransportFactory
from pamqp.common import FieldTable, FieldValue
from pamqp.header import ContentHeader

from shared.broker.amqp.driver_patches import (
    GIVES_UP_MILLISECONDS,
    KEEPALIVE,
    only_reading,
    patch_driver,
    times_in_vain,
)


async def test_the_kernel_asks_a_silent_broker_whether_it_is_there() -> None:
    patch_driver()
    patch_driver()
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        _, writer = await TCPTransportFactory().create(Connection(f"amqp://{host}:{port}").url)
        connection = writer.get_extra_info("socket")
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        for option, value in KEEPALIVE.items():
            if hasattr(socket, option):
                assert connection.getsockopt(socket.IPPROTO_TCP, getattr(socket, option)) == value
        writer.close()
        await writer.wait_closed()


async def test_only_a_connection_that_only_reads_gives_up_what_it_sent() -> None:
    patch_driver()
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is None:  # a kernel that cannot
        return
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        url = Connection(f"amqp://{host}:{port}").url
        with only_reading():
            _, reads = await TCPTransportFactory().create(url)
        _, publishes = await TCPTransportFactory().create(url)
        for writer, gives_up in ((reads, GIVES_UP_MILLISECONDS), (publishes, 0)):
            assert writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, option) == gives_up
            writer.close()
            await writer.wait_closed()


@pytest.mark.parametrize("count", [1, 200, 5_000_000_000])
def test_of_all_headers_only_the_count_of_deliveries_is_read(count: int) -> None:
    patch_driver()
    headers: FieldTable = {"a": {"b": [1, 2], "x-delivery-count": 0}, "x-delivery-count": count, "z": "more"}
    sent = ContentHeader(0, 5, spec.Basic.Properties(headers=headers, message_id="7", user_id="alice"))
    read = ContentHeader()
    read.unmarshal(sent.marshal())
    assert (read.properties.message_id, read.properties.user_id, read.body_size) == ("7", "alice", 5)
    assert read.properties.headers == {"x-delivery-count": count}
    assert times_in_vain(read.properties.headers) == count


@pytest.mark.parametrize("value", ["many", None, 1.5, True])
def test_a_count_that_is_no_number_counts_nothing(value: FieldValue) -> None:
    patch_driver()
    read = ContentHeader()
    read.unmarshal(ContentHeader(0, 5, spec.Basic.Properties(headers={"x-delivery-count": value})).marshal())
    assert times_in_vain(read.properties.headers) == 0
