"""Broker addresses: where the broker is and as whom to log in.

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

    @classmethod
    def parse(
        cls,
        url: str,
        *,
        ca_file: Path | None = None,
        certificate_file: Path | None = None,
        key_file: Path | None = None,
    ) -> Self:
        """Read `amqp[s]://user:password@host:port/vhost`. No path means the virtual host `/`, as for all clients.

        Raises ValueError, without the password in it.
        """
        parts = _split(url)
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
        )

    @property
    def external(self) -> bool:
        """Whether the certificate is the login."""
        return self.certificate_file is not None and self.password is None

    @property
    def shown(self) -> str:
        """The address without its password, for people and logs."""
        user = f"{quote(self.user)}@" if self.user else ""
        return f"{'amqps' if self.tls else 'amqp'}://{user}{self.host}:{self.port}/{quote(self.vhost, safe='')}"

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


def _split(url: str) -> SplitResult:
    """Take a URL apart; errors must not show it, because the password is in it."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError("the broker's address is no URL: amqp://user:password@host:port/vhost") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("the broker's address must look like amqp://user:password@host:port/vhost")
    return parts
