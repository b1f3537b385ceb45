"""The model of a topology: where the broker is, which accounts there are, and which endpoints they own.

Impossible combinations are refused here and not by a worker. The same model is the file that an owner writes and the
running context that `peering up` leaves behind for the other commands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from acceptor.handshake import ACCEPTOR
from initiator.handshake import INITIATOR
from shared.broker.address import BrokerAddress
from shared.broker.names import OPEN_ACCOUNT
from shared.protocol.words import Kind, Role
from shared.wire.forms import AccountId, EndpointId, RegionId

ROLES: Final[dict[str, Role]] = {role.name: role for role in (INITIATOR, ACCEPTOR)}

NAME_LIMIT_CHARACTERS: Final = 64
PASSWORD_LIMIT_CHARACTERS: Final = 128


class Conflict(NamedTuple):
    """A problem of two statements that cannot both be true, and where the second one stands."""

    place: tuple[str | int, ...]
    sentence: str


class Contradiction(ValueError):
    """The error of a topology whose statements cannot all be true."""

    def __init__(self, conflicts: Sequence[Conflict]) -> None:
        """Keep all conflicts; the text is the first one's."""
        super().__init__(conflicts[0].sentence)
        self.conflicts = tuple(conflicts)


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must not hold control characters")
    return text


def _broker_url(url: str) -> str:
    address = BrokerAddress.parse(url)
    if address.user is not None or address.password is not None or "@" in url:
        raise ValueError("must not hold credentials: they belong to the accounts (`password`) or to `shared_user`")
    return url


def _management_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not _has_good_port(url):
        raise ValueError("must look like http://host:15672")
    if "@" in parts.netloc:
        raise ValueError("must not hold credentials: give those with `peering provision --management`")
    return url


def _has_good_port(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


Text = Annotated[str, StringConstraints(min_length=1, max_length=NAME_LIMIT_CHARACTERS), AfterValidator(_printable)]
Password = Annotated[
    str, StringConstraints(min_length=1, max_length=PASSWORD_LIMIT_CHARACTERS), AfterValidator(_printable)
]


class Section(BaseModel):
    """A part of a topology; unknown keys are refused, and errors never quote what was written."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class BrokerSection(Section):
    """The broker's address. With `shared_user` all accounts log in alike, and identities are not enforced."""

    url: Annotated[str, AfterValidator(_broker_url)] | None = None
    management: Annotated[str, AfterValidator(_management_url)] | None = None
    ca_file: Path | None = None
    shared_user: Text | None = None
    shared_password: Annotated[Password | None, Field(repr=False)] = None


class AccountSection(Section):
    """An owner; uid is also the login at the broker, by password or by certificate.

    The access key is for the cloud's HTTP API; where none is given, the console makes one up.
    """

    uid: AccountId
    name: Text | None = None
    password: Annotated[Password | None, Field(repr=False)] = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    access_key_id: Text | None = None
    access_key_secret: Annotated[Password | None, Field(repr=False)] = None

    @property
    def shown(self) -> str:
        """What people call it."""
        return self.uid if self.name is None else f"{self.name} ({self.uid})"


class EndpointSection(Section):
    """A VPC or VBR, and the role in which its worker runs.

    `peers` are the accounts that may speak to it beside its owner; where it is not given, all may.
    """

    id: EndpointId
    kind: Literal["vpc", "vbr"]
    account: AccountId
    region: RegionId
    role: Literal["initiator", "acceptor"]
    peers: tuple[AccountId, ...] | None = None


class Topology(Section):
    """A whole topology. `folder` is where `peering up` keeps stores and logs."""

    broker: BrokerSection | None = None
    accounts: tuple[AccountSection, ...]
    endpoints: tuple[EndpointSection, ...]
    folder: Path | None = None

    @model_validator(mode="after")
    def _has_no_conflict(self) -> Self:
        conflicts = list(_conflicts(self.accounts, self.endpoints))
        if conflicts:
            raise Contradiction(conflicts)
        return self

    def account(self, uid_or_name: str) -> AccountSection | None:
        """Find an account by its uid, or by its name."""
        by_name = [one for one in self.accounts if one.name == uid_or_name]
        return next((one for one in (*self.accounts, *by_name) if uid_or_name in {one.uid, one.name}), None)

    def senders(self, endpoint: EndpointSection) -> tuple[str, ...]:
        """The accounts that may speak to an endpoint, in the order of the topology; its owner always may."""
        peers = endpoint.peers
        return tuple(one.uid for one in self.accounts if peers is None or one.uid in {endpoint.account, *peers})

    def endpoint(self, endpoint: str) -> EndpointSection | None:
        """Find an endpoint by its id."""
        return next((one for one in self.endpoints if one.id == endpoint), None)


def _conflicts(accounts: Sequence[AccountSection], endpoints: Sequence[EndpointSection]) -> Iterator[Conflict]:
    for key, listed in (("accounts", accounts), ("endpoints", endpoints)):
        if not listed:
            yield Conflict((key,), f"`{key}` is empty; at least one entry is needed")
    names: set[str] = set()
    for place, account in enumerate(accounts):
        if account.uid == OPEN_ACCOUNT:
            yield Conflict(("accounts", place, "uid"), f"uid {OPEN_ACCOUNT!r} is taken by brokers without accounts")
        if account.uid in names:
            yield Conflict(("accounts", place, "uid"), f"account {account.uid!r} is listed twice; once is right")
        elif account.name in names:
            yield Conflict(("accounts", place, "name"), f"name {account.name!r} means another account already")
        names |= {account.uid, *([account.name] if account.name else [])}
    yield from _key_conflicts(accounts)
    uids = {account.uid for account in accounts}
    ids: set[str] = set()
    for place, endpoint in enumerate(endpoints):
        if endpoint.id in ids:
            yield Conflict(("endpoints", place, "id"), f"endpoint {endpoint.id!r} is listed twice; once is right")
        ids.add(endpoint.id)
        for key, sentence in _problems_of(endpoint, uids):
            yield Conflict(("endpoints", place, key), sentence)


def _key_conflicts(accounts: Sequence[AccountSection]) -> Iterator[Conflict]:
    keys: set[str] = set()
    for place, account in enumerate(accounts):
        key = account.access_key_id
        if (key is None) is not (account.access_key_secret is None):
            yield Conflict(("accounts", place), "an access key has both parts: access_key_id and access_key_secret")
        if key is not None and key in keys:
            yield Conflict(("accounts", place, "access_key_id"), "this access key belongs to another account already")
        keys |= {key} if key is not None else set()


def _problems_of(endpoint: EndpointSection, uids: set[str]) -> Iterator[tuple[str, str]]:
    kind = Kind(endpoint.kind)
    if Kind.of(endpoint.id) is not kind:
        yield "kind", f"kind {kind!s} disagrees with id {endpoint.id!r}: ids of this kind begin with {kind}-"
    if endpoint.account not in uids:
        known = ", ".join(sorted(uids))
        yield "account", f"account {endpoint.account!r} is not in `accounts`, which lists: {known}"
    for place, peer in enumerate(endpoint.peers or ()):
        if peer not in uids:
            yield "peers", f"peer {peer!r} ({place + 1} of `peers`) is not in `accounts`"
    if kind not in ROLES[endpoint.role].kinds:
        fitting = " or ".join(name for name, role in ROLES.items() if kind in role.kinds)
        yield "role", f"a {kind.upper()} cannot be the {endpoint.role}, only the {fitting}"
