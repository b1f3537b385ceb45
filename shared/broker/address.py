"""Broker addresses: where the broker is, or each node of it, and as whom to log in.

A password that can be printed will be, so an address keeps it out of everything it shows of itself.
"""

import ssl
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Self
from urllib.parse import SplitResult, quote, unquote, urlsplit

from shared.broker.names import account_of, login_name

_PORTS: Final = {"amqp": 5672, "amqps": 5671}


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is and as whom to log in.

    With a certificate and no password, the login is EXTERNAL: the broker takes the name from the certificate.
    `others` are further nodes of the same broker, a host and a port each, which are tried after this one.
    """

    host: str
    port: int
    vhost: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    others: tuple[tuple[str, int], ...] = ()

    @classmethod
    def parse(
        cls,
        url: str,
        *,
        ca_file: Path | None = None,
        certificate_file: Path | None = None,
        key_file: Path | None = None,
    ) -> Self:
        """Read `amqp[s]://user:password@host:port,host:port/vhost`. No path means the virtual host `/`, as everywhere.

        Raises ValueError, without the password in it.
        """
        parts, others = _split(url)
        if parts.scheme != "amqps" and (ca_file or certificate_file or key_file):
            raise ValueError("certificates need an address that begins with amqps://")
        if key_file and not certificate_file:
            raise ValueError("a client key needs its certificate")
        return cls(
            host=parts.hostname or "",
            port=parts.port or _PORTS[parts.scheme],
            vhost=unquote(parts.path[1:]) or "/",
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password is not None else None,
            tls=parts.scheme == "amqps",
            ca_file=ca_file,
            certificate_file=certificate_file,
            key_file=key_file,
            others=tuple((other.hostname or "", other.port or _PORTS[parts.scheme]) for other in others),
        )

    @property
    def nodes(self) -> list[Self]:
        """The same address at each node alone, in the order in which they are tried."""
        places = [(self.host, self.port), *self.others]
        return [replace(self, host=host, port=port, others=()) for host, port in places]

    @property
    def places(self) -> str:
        """Every node's host and port, as they stand in an address."""
        nodes = [(self.host, self.port), *self.others]
        return ",".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in nodes)

    @property
    def external(self) -> bool:
        """Whether the certificate is the login."""
        return self.certificate_file is not None and self.password is None

    @property
    def shown(self) -> str:
        """The address without its password, for people and logs."""
        user = f"{quote(self.user)}@" if self.user else ""
        return f"{'amqps' if self.tls else 'amqp'}://{user}{self.places}/{quote(self.vhost, safe='')}"

    def as_user(self, user: str, password: str) -> Self:
        """The same broker, with another login."""
        return replace(self, user=user, password=password)

    def as_account(self, uid: str, password: str) -> Self:
        """The same broker, with an account's login."""
        return self.as_user(login_name(uid, self.vhost), password)

    @property
    def account(self) -> str | None:
        """The account whose login it is; None without a login."""
        return account_of(self.user, self.vhost)

    def ssl_context(self) -> ssl.SSLContext | None:
        """Read the certificates; None without TLS. Raises OSError (ssl.SSLError is one) if they can't be read."""
        if not self.tls:
            return None
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=self.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate_file is not None:
            context.load_cert_chain(self.certificate_file, self.key_file)
        return context

    def __str__(self) -> str:
        """The address without its password."""
        return self.shown


def _split(url: str) -> tuple[SplitResult, list[SplitResult]]:
    """Take a URL apart, and what it says of further nodes; errors must not show it, because the password is in it."""
    scheme, _, rest = url.partition("://")
    login, at, place = rest.partition("/")[0].rpartition("@")
    first, *others = place.split(",")
    try:
        parts = urlsplit(f"{scheme}://{login}{at}{first}{rest[len(login + at + place) :]}")
        nodes = [urlsplit(f"{scheme}://{other}") for other in others]
        _ = [node.port for node in (parts, *nodes)]
    except ValueError:
        raise ValueError("the broker's address is no URL: amqp://user:password@host:port/vhost") from None
    if parts.scheme not in _PORTS or not all(node.hostname for node in (parts, *nodes)):
        raise ValueError("the broker's address must look like amqp://user:password@host:port/vhost")
    return parts, nodes
