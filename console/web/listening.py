"""The address that the web server listens on: as the command line gives it, and bound.

It is bound first, so that a taken port is found out before anything is promised; the server is imported beside that.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Final, NamedTuple

from console.web.errors import CannotListen

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8080
BACKLOG: Final = 64
"""How many connections may wait to be taken, and are taken at once: each has a descriptor before it can be refused."""
HIGHEST_PORT: Final = 65_535
_WILDCARDS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what such a socket says of itself


class Listen(NamedTuple):
    """An address to listen on; `chosen` is whether somebody asked for exactly that."""

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    chosen: bool = False

    @property
    def is_loopback(self) -> bool:
        """Whether this machine alone reaches it."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def listen_at(text: str | None) -> Listen:
    """Read `HOST:PORT` or `[HOST]:PORT`, which the command line has checked; None is the usual place."""
    if text is None:
        return Listen()
    host, _, port = text.rpartition(":")
    return Listen(host.removeprefix("[").removesuffix("]"), int(port), chosen=True)


@contextmanager
def bound(listen: Listen) -> Iterator[socket.socket]:
    """Take an address; where nobody chose the port and it is taken, any free one. Raises CannotListen."""
    if listen.port > HIGHEST_PORT:
        raise CannotListen(f"{listen.host}:{listen.port} cannot be listened on: ports end at {HIGHEST_PORT}")
    try:
        listening = _bind(listen.host, listen.port)
    except OSError as error:
        if listen.chosen:
            raise CannotListen(f"{listen.host}:{listen.port} cannot be listened on: {error.strerror}") from None
        listening = _bind(listen.host, 0)
    with contextlib.closing(listening):
        yield listening


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=BACKLOG)
    # Connections inherit it, and asyncio sets it itself only on sockets that name their protocol, which this one does
    # not: without it an answer's second packet waits 40 ms for the client's acknowledgement of the first.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def url_of(listening: socket.socket) -> str:
    """Write a socket's address as a client does."""
    host, port = listening.getsockname()[:2]
    host = _WILDCARDS.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
