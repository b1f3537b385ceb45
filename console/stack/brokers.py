"""The broker of a topology: found by a ladder whose first rung that holds is taken, and it is said which.

Named in the topology; else PEERING_BROKER_URL; else a virtual host of its own on the warm broker of
PEERING_WARM_BROKER; else a private RabbitMQ of our own, as a program or as a container. An account's login is its own
password, given or made up; with one login shared by all (a user in the URL), identities are not enforced, and workers
declare what they need themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import platform
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import quote, unquote, urlsplit

from console.stack.errors import StackRefused
from console.stack.own_broker import ADMINISTRATOR, BROKER, OwnBroker, say_if_long, start
from console.stack.private_folder import shown, write_private
from console.stack.warm import warm_broker
from console.topology import BrokerSection, Topology
from console.topology.context import with_passwords as with_given_passwords
from shared.broker.address import BrokerAddress
from shared.broker.control import administrator_url, delete_world, make_world, provision, settle_queues
from shared.broker.embedded import PrivateBroker
from shared.broker.errors import ControlPlaneError
from shared.broker.names import VHOST, WORLD_PREFIX
from shared.broker.topology import Account, Definitions, definitions, in_world

WARM_VARIABLE: Final = "PEERING_WARM_BROKER"
_SALT_BYTES: Final = 4
_WORLD_CHARACTERS: Final = 12

Say: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Found:
    """A broker that answers, and the topology with all that it takes to log in there."""

    topology: Topology
    said: str
    own: OwnBroker | None = None
    administrator: str = field(default="", repr=False)
    """The management API's URL with its login, a secret; empty where nobody told us one."""
    administrator_password: str = field(default="", repr=False)
    """Of our own broker's administrator."""
    world: str | None = None
    """The virtual host that was made for this stack alone, and ends with it."""

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
        return url_of(address.as_account(uid, account.password))

    def redefine(self, topology: Topology) -> None:
        """Have our own broker load this topology when it boots again: it may have lost its data. Raises OSError."""
        if self.own is not None:
            self.own.redefine(_definitions(topology, Account(ADMINISTRATOR, self.administrator_password)))

    @property
    def vhost(self) -> str:
        """The virtual host in which this stack may be provisioned."""
        return self.world or VHOST

    def placed(self, document: Definitions) -> Definitions:
        """These definitions, for the virtual host of this stack."""
        return document if self.world is None else in_world(document, self.world, _user_in(self.administrator))

    async def end(self) -> None:
        """End what was begun for this stack: its own broker, or its world on another. Never raises."""
        if self.own is not None:  # what it holds is said again by the workers, so it needs no farewell
            await asyncio.to_thread(self.own.kill)
        if self.world is not None:
            with contextlib.suppress(ControlPlaneError):  # then it ends with the broker
                await delete_world(self.administrator, self.world)

    @property
    def enforced(self) -> bool:
        """Whether the broker proves who speaks."""
        return self.topology.broker is not None and self.topology.broker.shared_user is None


def url_of(address: BrokerAddress) -> str:
    """An address with its password, for an environment and nothing else."""
    shown = address.shown
    if address.user is None:
        return shown
    scheme, _, rest = shown.partition("://")
    user, _, place = rest.rpartition("@")
    return f"{scheme}://{user}:{quote(address.password or '', safe='')}@{place}"


def has_own(topology: Topology, environment: Mapping[str, str]) -> bool:
    """Whether its broker will be one of our own."""
    named = topology.broker is not None and topology.broker.url is not None
    return not (named or environment.get("PEERING_BROKER_URL") or environment.get(WARM_VARIABLE))


async def find_broker(topology: Topology, folder: Path, say: Say, environment: Mapping[str, str]) -> Found:
    """Take the first rung that holds. Raises StackRefused, BrokerNotStarted or ControlPlaneError."""
    if has_own(topology, environment):
        return await _our_own(topology, folder, say)
    named = topology.broker is not None and topology.broker.url is not None
    if named or environment.get("PEERING_BROKER_URL"):
        return await _somebody_elses(topology, folder, say, environment)
    return await _warm(topology, folder, say, Path(environment[WARM_VARIABLE]))


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
        document = _definitions(complete, administrator=None)
        say_if_long(document, say)
        await delete_world(management, world_of(folder))  # a killed one's worlds
        await provision(management, document)
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
    except ValueError as error:
        raise StackRefused(f"PEERING_BROKER_URL: {error}") from None
    shared = not provisioned and address.user is not None and topology.account(address.user) is None
    vhost = VHOST if provisioned else address.vhost
    section = BrokerSection(
        url=f"{'amqps' if address.tls else 'amqp'}://{address.places}/{quote(vhost, safe='')}",
        shared_user=address.user if shared else None,
        shared_password=address.password if shared else None,
        ca_file=topology.broker.ca_file if topology.broker is not None else None,
    )
    accounts = tuple(
        one.model_copy(update={"password": one.password or address.password}) if one.uid == address.user else one
        for one in topology.accounts
    )
    return topology.model_copy(update={"broker": section, "accounts": accounts})


async def _warm(topology: Topology, folder: Path, say: Say, place: Path) -> Found:
    """Take a virtual host of this folder's own; what was left in it by one that was killed goes."""
    warm = warm_broker(place)
    if warm is None:
        raise StackRefused(f"no broker is warm in {shown(place)}: `peering broker start --folder {shown(place)}`")
    vhost = world_of(folder)
    say(f"broker: warm, {warm.address}/{vhost}")
    say_if_long(_definitions(topology, administrator=None), say)
    await delete_world(warm.administrator, vhost)
    return await _made_world(topology, folder, vhost, BrokerSection(url=f"{warm.address}/"), warm.administrator)


async def make_world_beside(beside: Found, topology: Topology, folder: Path, vhost: str) -> Found:
    """Make a world of this name on the broker of another stack. Raises StackRefused or ControlPlaneError."""
    broker = beside.topology.broker
    if broker is None or not beside.administrator:
        raise StackRefused(
            "another world needs an administrator of the broker: set PEERING_MANAGEMENT_URL "
            "(http://administrator:password@host:15672)"
        )
    return await _made_world(topology, folder, vhost, broker, beside.administrator)


async def _made_world(topology: Topology, folder: Path, vhost: str, broker: BrokerSection, administrator: str) -> Found:
    """Make a virtual host with this topology and logins of its own. Raises ControlPlaneError."""
    complete = _with_passwords(topology, folder)
    section = broker.model_copy(update={"url": replace(BrokerAddress.parse(broker.url or ""), vhost=vhost).shown})
    placed = complete.model_copy(update={"broker": section})
    found = Found(placed, str(section.url), administrator=administrator, world=vhost)
    document = found.placed(_definitions(complete, administrator=None))
    try:
        await make_world(administrator, vhost, _whole(folder), document)
    except BaseException:  # whoever is interrupted leaves nothing behind
        await found.end()
        raise
    return found


def world_of(folder: Path) -> str:
    """The virtual host of a folder's world, with which those of the worlds beside it begin; one stack uses a folder."""
    whose = f"{platform.node()} {_whole(folder)}"
    return f"{WORLD_PREFIX}{hashlib.sha256(whose.encode()).hexdigest()[:_WORLD_CHARACTERS]}"


def _whole(folder: Path) -> str:
    return str(folder.resolve())


def _user_in(administrator: str) -> str:
    """The administrator's name in the management API's URL."""
    return unquote(urlsplit(administrator).username or "")


async def _our_own(topology: Topology, folder: Path, say: Say) -> Found:
    complete = _with_passwords(topology, folder)
    password = _password_of(ADMINISTRATOR, folder)
    document = _definitions(complete, Account(ADMINISTRATOR, password))
    own = await start(folder / BROKER, document, say)
    url = f"amqp://{own.host}:{own.amqp_port}/{VHOST}"
    section = BrokerSection(url=url, management=own.management_url)
    kind = "private" if isinstance(own, PrivateBroker) else "a container"
    management = administrator_url(own.management_url, ADMINISTRATOR, password)
    await settle_queues(management)
    return Found(complete.model_copy(update={"broker": section}), f"{kind}, {url}", own, management, password)


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
    try:
        known: dict[str, str] = dict(json.loads(file.read_bytes())) if file.exists() else {}
    except (OSError, ValueError, TypeError) as error:
        raise StackRefused(f"{file} cannot be read: {error}. Remove it, and other passwords are made up") from None
    if uid not in known:
        known[uid] = secrets.token_urlsafe(24)
        write_private(file, json.dumps(known, indent=1))
    return known[uid]


def _definitions(topology: Topology, administrator: Account | None) -> Definitions:
    accounts = [Account(one.uid, one.password or secrets.token_urlsafe(24)) for one in topology.accounts]
    endpoints = [(one.account, one.id) for one in topology.endpoints]
    heard = {one.id: topology.senders(one) for one in topology.endpoints}
    return definitions(accounts, endpoints, administrator, salt=secrets.token_bytes(_SALT_BYTES), senders=heard)
