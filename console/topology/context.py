"""The context of a command: where the broker is, which endpoints there are, and which account acts.

Found in the order: a topology file, the running context that `peering up` left behind, the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from console.topology.models import AccountSection, Topology
from console.topology.reading import TopologyRefused, load
from shared.broker.address import BrokerAddress
from shared.broker.names import checked_endpoint, checked_uid, login_name
from shared.protocol.words import Kind

CONTEXT_FILE: Final = Path(".peering") / "context.json"

HOW: Final = (
    "Start `peering up TOPOLOGY.yaml` here, or name a file with --topology (or PEERING_TOPOLOGY), "
    "or set PEERING_BROKER_URL and PEERING_ACCOUNT (and PEERING_ENDPOINTS, a comma list)."
)


class NoContext(ValueError):
    """The error that it is not known where the broker is or who asks; the text says how to tell."""


@dataclass(frozen=True, slots=True)
class KnownEndpoint:
    """An endpoint as far as the context knows it; without a file only its id and owner are known."""

    id: str
    kind: str
    account: str
    region: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """The broker's address, who is there, and who acts. `source` names where that comes from, for people."""

    source: str
    broker: BrokerAddress
    accounts: tuple[AccountSection, ...]
    endpoints: tuple[KnownEndpoint, ...]
    shared_login: bool
    acting: str | None = None

    def endpoint(self, endpoint: str) -> KnownEndpoint | None:
        """Find an endpoint by its id."""
        return next((one for one in self.endpoints if one.id == endpoint), None)

    def account(self, uid: str) -> AccountSection | None:
        """Find an account by its uid."""
        return next((one for one in self.accounts if one.uid == uid), None)

    def shown(self, uid: str) -> str:
        """Return what people call this account."""
        known = self.account(uid)
        return uid if known is None else known.shown

    def may_act_as(self, uid: str) -> bool:
        """Whether this context holds what it takes to log in as this account."""
        if self.acting is not None and uid != self.acting:
            return False
        return self._has_login(uid)

    def owner_of(self, endpoint: str) -> str | None:
        """Return who owns an endpoint; of one that is not known, whoever acts is taken for the owner."""
        known = self.endpoint(endpoint)
        return self.acting if known is None else known.account

    @property
    def at_hand(self) -> tuple[KnownEndpoint, ...]:
        """The endpoints that may be asked from here."""
        return tuple(one for one in self.endpoints if self.may_act_as(one.account))

    def login(self, uid: str) -> BrokerAddress:
        """Return the broker's address with this account's login. Raises NoContext if the context holds none."""
        known = self.account(uid)
        if self.shared_login:
            return self.broker
        if known is None or not self._has_login(uid):
            raise NoContext(
                f"{self.source} holds no password of account {self.shown(uid)}; set {password_variable(uid)}."
            )
        return replace(
            self.broker,
            user=login_name(uid, self.broker.vhost),
            password=known.password,
            certificate_file=known.certificate_file,
            key_file=known.key_file,
        )

    def _has_login(self, uid: str) -> bool:
        if self.shared_login:
            return True
        known = self.account(uid)
        return known is not None and (known.password is not None or known.certificate_file is not None)


def password_variable(uid: str) -> str:
    """Return the environment variable in which an account's password may stand instead of a file."""
    return f"PEERING_PASSWORD_{uid.upper().replace('-', '_')}"


def find_context(
    topology: Path | None = None,
    acting: str | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Context:
    """Find out where a command runs. `acting` is the uid or name of the account that acts.

    Raises NoContext, or TopologyRefused for a file that is wrong.
    """
    environ = os.environ if environment is None else environment
    acting = acting or environ.get("PEERING_ACCOUNT") or None
    path = topology or _path_in(environ) or _running(folder or Path.cwd())
    if path is not None:
        return _from_file(path, acting, environ)
    if environ.get("PEERING_BROKER_URL"):
        return _from_environment(acting, environ)
    raise NoContext(f"It is not known where the broker is. {HOW}")


def with_passwords(topology: Topology, environment: Mapping[str, str]) -> Topology:
    """Fill in the passwords that stand in the environment."""
    accounts = tuple(
        one.model_copy(update={"password": environment.get(password_variable(one.uid)) or one.password})
        for one in topology.accounts
    )
    return topology.model_copy(update={"accounts": accounts})


def _path_in(environ: Mapping[str, str]) -> Path | None:
    named = environ.get("PEERING_TOPOLOGY")
    return Path(named) if named else None


def _running(folder: Path) -> Path | None:
    """Find the running context of this folder, or of the nearest one above it."""
    for above in (folder, *folder.parents):
        if (above / CONTEXT_FILE).is_file():
            return above / CONTEXT_FILE
    return None


def _from_file(path: Path, acting: str | None, environ: Mapping[str, str]) -> Context:
    topology = with_passwords(load(path), environ)
    address, shared = _address(path, topology, environ)
    uid = None
    if acting is not None:
        account = topology.account(acting)
        if account is None:
            known = ", ".join(one.shown for one in topology.accounts)
            raise NoContext(f"There is no account {acting!r} in {path}, which lists: {known}.")
        uid = account.uid
    accounts = tuple(
        one.model_copy(update={"password": one.password or address.password}) if one.uid == address.account else one
        for one in topology.accounts
    )
    endpoints = tuple(KnownEndpoint(one.id, one.kind, one.account, one.region, one.role) for one in topology.endpoints)
    return Context(str(path), address, accounts, endpoints, shared, uid)


def _address(path: Path, topology: Topology, environ: Mapping[str, str]) -> tuple[BrokerAddress, bool]:
    """Return where the broker is, and whether one login serves all accounts."""
    broker = topology.broker
    if broker is not None and broker.url is not None:
        try:
            address = BrokerAddress.parse(broker.url, ca_file=broker.ca_file)
        except ValueError as error:
            raise TopologyRefused(f"{path}:1: `broker`: {error}") from None
        if broker.shared_user is None:
            return address, False
        return address.as_user(broker.shared_user, broker.shared_password or ""), True
    if environ.get("PEERING_BROKER_URL"):
        address = _environment_address(environ)
        return address, address.user is not None and topology.account(address.account or "") is None
    raise NoContext(
        f"{path} names no broker (`broker: url`), and no `peering up` runs here. "
        "Start it with `peering up`, or set PEERING_BROKER_URL."
    )


def _environment_address(environ: Mapping[str, str]) -> BrokerAddress:
    def file(name: str) -> Path | None:
        value = environ.get(f"PEERING_BROKER_{name}_FILE")
        return Path(value) if value else None

    try:
        return BrokerAddress.parse(
            environ["PEERING_BROKER_URL"],
            ca_file=file("CA"),
            certificate_file=file("CERTIFICATE"),
            key_file=file("KEY"),
        )
    except ValueError as error:
        raise NoContext(f"PEERING_BROKER_URL: {error}") from None


def _from_environment(acting: str | None, environ: Mapping[str, str]) -> Context:
    """Make the context of a single owner without a file: the login tells whether the broker knows accounts."""
    if acting is None:
        raise NoContext("PEERING_BROKER_URL is set, but not who acts: give --as ACCOUNT, or set PEERING_ACCOUNT.")
    address = _environment_address(environ)
    listed = [part.strip() for part in environ.get("PEERING_ENDPOINTS", "").split(",") if part.strip()]
    try:
        checked_uid(acting)
        endpoints = tuple(_unseen(endpoint, acting) for endpoint in listed)
    except ValueError as error:
        raise NoContext(f"PEERING_ACCOUNT or PEERING_ENDPOINTS: {error}") from None
    account = AccountSection(
        uid=acting,
        password=address.password or environ.get(password_variable(acting)) or None,
        certificate_file=address.certificate_file,
        key_file=address.key_file,
    )
    shared = address.account != acting if address.user is not None else not account.password and not address.external
    return Context(
        "The environment (PEERING_BROKER_URL, PEERING_ENDPOINTS)", address, (account,), endpoints, shared, acting
    )


def _unseen(endpoint: str, account: str) -> KnownEndpoint:
    """Make an endpoint of which nothing but the id is known. Raises ValueError."""
    kind = Kind.of(checked_endpoint(endpoint))
    if kind is None:
        raise ValueError(f"an endpoint's id begins with vpc- or vbr-, not {endpoint!r}")
    return KnownEndpoint(endpoint, str(kind), account)
