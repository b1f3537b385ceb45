"""Tests of the client library's patches: the kernel watches the other end of each of its connections."""

import asyncio
import socket

from aiormq.connection import Connection, TCPTransportFactory

from shared.broker.amqp.driver_patches import KEEPALIVE, patch_driver


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
