"""Tests of the client library's patches: the kernel watches the other end of each of its connections."""

import asyncio
import socket

from aiormq.connection import Connection, TCPTransportFactory

from shared.broker.amqp.driver_patches import GIVES_UP_MILLISECONDS, KEEPALIVE, only_reading, patch_driver


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
