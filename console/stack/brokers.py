"""A broker is found, not configured: the first rung of the ladder that holds is taken, and it is said which.

Named in the topology; else PEERING_BROKER_URL; else a private RabbitMQ of our own, as a program or as a container. An
account's login is its own password, given or made up; with one login shared by all (a user in the URL), identities are
not enforced, and workers declare what they need themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import quote

from console.stack.supervisor import State
from console.topology import BrokerSection, Topology
from console.topology.context import with_passwords as with_given_passwords
from shared.broker.address import BrokerAddress
from shared.broker.container import ContainerBroker
from shared.broker.control import provision
from shared.broker.embedded import ADVICE, BrokerNotStarted, PrivateBroker
from shared.broker.names import VHOST
from shared.broker.topology import Account, Definitions, definitions
from shared.broker.watchdog import group_members

ADMINISTRATOR: Final = "peering-admin"
_SALT_BYTES: Final = 4
_LOOK_EVERY_SECONDS: Final = 0.5

OwnBroker: TypeAlias = PrivateBroker | ContainerBroker
Say: TypeAlias = Callable[[str], None]


class StackRefused(RuntimeError):
    """What was asked for can't be brought up; the message says why and what would help."""


@dataclass(frozen=True, slots=True)
class Found:
    """A broker that answers, and the topology with all that it takes to log in there."""

    topology: Topology
    said: str
    own: OwnBroker | None = None
    administrator: str = field(default="", repr=False)
    """The management API's URL with its login, a secret; empty where nobody told us one."""

    def login(self, uid: str) -> str:
        """The URL with this account's login: a secret."""
        broker = self.topology.broker
        account = self.topology.account(uid)
        if broker is None or broker.url is None or account is None:
            raise StackRefused(f"there is no broker for {uid}")
        address = BrokerAddress.parse(broker.url)
        if broker.shared_user is not None:
            return url_of(address.as_user(broker.shared_user, broker.shared_password or ""))
        if account.password is None:
            return broker.url
        return url_of(address.as_user(uid, account.password))

    @property
    def enforced(self) -> bool:
        """Whether the broker vouches for who speaks."""
        return self.topology.broker is not None and self.topology.broker.shared_user is None


def url_of(address: BrokerAddress) -> str:
    """An address with its password, for an environment and nothing else."""
    shown = address.shown
    if address.user is None:
        return shown
    scheme, _, rest = shown.partition("://")
    user, _, place = rest.rpartition("@")
    return f"{scheme}://{user}:{quote(address.password or '', safe='')}@{place}"


async def find_broker(topology: Topology, folder: Path, say: Say, environment: Mapping[str, str]) -> Found:
    """Take the first rung that holds. Raises StackRefused, BrokerNotStarted or ControlPlaneError."""
    named = topology.broker is not None and topology.broker.url is not None
    if named or environment.get("PEERING_BROKER_URL"):
        return await _somebody_elses(topology, folder, say, environment)
    return await _our_own(topology, folder, say)


async def _somebody_elses(topology: Topology, folder: Path, say: Say, environment: Mapping[str, str]) -> Found:
    management = environment.get("PEERING_MANAGEMENT_URL", "")
    given, source = with_given_passwords(topology, environment), "named in the topology"
    if topology.broker is None or topology.broker.url is None:
        given = _from_environment(environment["PEERING_BROKER_URL"], given, provisioned=bool(management))
        source = "PEERING_BROKER_URL"
    url = given.broker.url if given.broker is not None else None
    found = Found(given, f"{url}, {source}")
    say(f"broker: {found.said}{'' if found.enforced else ', one login for all: identities are not enforced'}")
    if management and found.enforced:
        complete = _with_passwords(given, folder)
        await provision(management, _definitions(complete, administrator=None))
        return Found(complete, found.said, administrator=management)
    lacking = [one.shown for one in given.accounts if one.password is None and one.certificate_file is None]
    if found.enforced and lacking:
        raise StackRefused(
            f"no password is known of {', '.join(lacking)} at {url}: write it into the topology, or set "
            "PEERING_MANAGEMENT_URL (http://administrator:password@host:15672), and accounts are made with new ones"
        )
    return found


def _from_environment(url: str, topology: Topology, *, provisioned: bool) -> Topology:
    """Put the environment's broker in. Its login is one account's own, or one for all where nobody provisions."""
    try:
        address = BrokerAddress.parse(url)
    except ValueError as fault:
        raise StackRefused(f"PEERING_BROKER_URL: {fault}") from None
    shared = not provisioned and address.user is not None and topology.account(address.user) is None
    vhost = VHOST if provisioned else address.vhost
    section = BrokerSection(
        url=f"{'amqps' if address.tls else 'amqp'}://{address.host}:{address.port}/{quote(vhost, safe='')}",
        shared_user=address.user if shared else None,
        shared_password=address.password if shared else None,
        ca_file=topology.broker.ca_file if topology.broker is not None else None,
    )
    accounts = tuple(
        one.model_copy(update={"password": one.password or address.password}) if one.uid == address.user else one
        for one in topology.accounts
    )
    return topology.model_copy(update={"broker": section, "accounts": accounts})


async def _our_own(topology: Topology, folder: Path, say: Say) -> Found:
    complete = _with_passwords(topology, folder)
    administrator = Account(ADMINISTRATOR, _password_of(ADMINISTRATOR, folder))
    document = _definitions(complete, administrator)
    own = await _in_thread(lambda: _start(folder / "broker", document, say))
    url = f"amqp://{own.host}:{own.amqp_port}/{VHOST}"
    section = BrokerSection(url=url, management=own.management_url)
    kind = "private" if isinstance(own, PrivateBroker) else "a container"
    management = own.management_url.replace("://", f"://{ADMINISTRATOR}:{administrator.password}@")
    return Found(complete.model_copy(update={"broker": section}), f"{kind}, {url}", own, management)


def _start(folder: Path, document: Definitions, say: Say) -> OwnBroker:
    """Boot in a clean folder: what a private broker held is said again by the workers, who remember it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    if PrivateBroker.available():
        say("broker: a private rabbitmq-server on loopback")
        return PrivateBroker.start(folder, document)
    if ContainerBroker.available():
        say("broker: a container, because no rabbitmq-server is installed here")
        return ContainerBroker.start(folder, document)
    raise BrokerNotStarted(ADVICE)


async def _in_thread(start: Callable[[], OwnBroker]) -> OwnBroker:
    """Start in a thread; if we are stopped meanwhile, wait for the thread and stop what it started."""
    starting = asyncio.ensure_future(asyncio.to_thread(start))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        with contextlib.suppress(BrokerNotStarted):
            own = await starting
            await asyncio.to_thread(own.kill)
        raise


def lives(own: OwnBroker) -> bool:
    """Whether our broker's processes are there."""
    if isinstance(own, PrivateBroker):
        return own.group is not None and bool(group_members(own.group))
    return own.pid is not None


async def keep_alive(own: OwnBroker, on_change: Callable[[State, str], None]) -> None:
    """Boot our broker again, with its data, whenever it is gone; until cancelled."""
    while True:
        await asyncio.sleep(_LOOK_EVERY_SECONDS)
        if await asyncio.to_thread(lives, own):
            continue
        on_change(State.PAUSING, "ended")
        try:
            await asyncio.to_thread(own.restart)
        except BrokerNotStarted as fault:
            on_change(State.PAUSING, str(fault).splitlines()[0])
        else:
            on_change(State.RUNNING, "ended")


def _with_passwords(topology: Topology, folder: Path) -> Topology:
    """Give a password to each account that has none; what was made up once stays, in a file for the owner alone."""
    accounts = tuple(
        one
        if one.password is not None or one.certificate_file is not None
        else one.model_copy(update={"password": _password_of(one.uid, folder)})
        for one in topology.accounts
    )
    return topology.model_copy(update={"accounts": accounts})


def _password_of(uid: str, folder: Path) -> str:
    file = folder / "passwords.json"
    known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    if uid not in known:
        known[uid] = secrets.token_urlsafe(24)
        write_private(file, json.dumps(known, indent=1))
    return known[uid]


def write_private(path: Path, text: str) -> None:
    """Write a file that nobody else may read, whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(path)


def _definitions(topology: Topology, administrator: Account | None) -> Definitions:
    accounts = [Account(one.uid, one.password or secrets.token_urlsafe(24)) for one in topology.accounts]
    endpoints = [(one.account, one.id) for one in topology.endpoints]
    return definitions(accounts, endpoints, administrator, salt=secrets.token_bytes(_SALT_BYTES))
