"""The address that the web server listens on, as the command line gives it."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final, NamedTuple

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8080


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
