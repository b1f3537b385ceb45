"""The testbed of a benchmark run: one private broker, its accounts, and pairs of workers.

The broker is a private one, provisioned with identities enforced, as in earnest. Workers run with their default
settings; each measurement gets a pair of endpoints of its own, with empty stores.
"""

from __future__ import annotations

import secrets
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from console.stack.own_broker import OwnBroker
from console.stack.workers import worker_command
from lab.bench.client import BenchClient
from lab.bench.processes import Child, cpu_seconds
from lab.bench.sizes import FULL
from shared.broker.address import BrokerAddress
from shared.broker.container import ContainerBroker
from shared.broker.embedded import PrivateBroker
from shared.broker.names import VHOST
from shared.broker.topology import Account, Definitions, definitions, endpoint_definitions
from shared.wire import commands

OPENER: Final = "alice"
OTHER: Final = "bob"
ADMINISTRATOR: Final = "bench"
ENDPOINTS_PER_ACCOUNT: Final = 10
"""An account may have 64 connections to the broker, and a worker takes two."""

REGIONS: Final = ("cn-hangzhou", "cn-shanghai")
SALT_BYTES: Final = 4


@dataclass(slots=True)
class End:
    """One end: an endpoint, its worker, and a console of its owner."""

    role: str
    endpoint: str
    region: str
    client: BenchClient
    folder: Path
    broker: str = field(repr=False)
    senders: str = ""
    child: Child | None = None

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return self.running.pid

    @property
    def running(self) -> Child:
        """The worker."""
        if self.child is None:
            raise RuntimeError(f"{self.endpoint} was not started")
        return self.child

    def cpu_seconds(self) -> float:
        """Processor time the worker has used."""
        return cpu_seconds(self.pid)

    async def start(self) -> None:
        """Start the worker and return when it has answered."""
        command = worker_command(
            self.role,
            endpoint=self.endpoint,
            account=self.client.account,
            region=self.region,
            store=self.folder / f"{self.endpoint}.sqlite",
            accept_from=[self.senders],
        )
        environment = {"PEERING_BROKER": self.broker}
        self.child = await Child.start(self.endpoint, command, self.folder, environment)
        written = self.client.write(self.endpoint, [commands.show("ri-nothing")])[0]
        await self.client.send(written)

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the worker; return its exit code."""
        return await self.running.end(how) if self.child is not None else 0


@dataclass(frozen=True, slots=True)
class Pair:
    """Two ends that can be connected."""

    opener: End
    other: End

    @property
    def ends(self) -> tuple[End, End]:
        """Both."""
        return self.opener, self.other

    def cpu_seconds(self) -> float:
        """Processor time of both workers."""
        return sum(end.cpu_seconds() for end in self.ends)


def plan(acceptors: Sequence[int]) -> dict[str, str]:
    """Every endpoint of a run and its owner; `acceptors` are the numbers of them that the fan-out measures."""
    pairs = ("bulk", "lone", "payloads", "breakdown", *(f"load{place}" for place in range(len(FULL.connection_counts))))
    owners = {f"vpc-{name}-{side}": owner for name in pairs for side, owner in (("a", OPENER), ("b", OTHER))}
    for count in acceptors:
        owners[f"vpc-fan{count}-a"] = OPENER
        fan = {f"vpc-fan{count}-b{place}": f"{OTHER}{place // ENDPOINTS_PER_ACCOUNT}" for place in range(count)}
        owners |= fan
    return owners


def described(owners: dict[str, str], passwords: dict[str, str]) -> Definitions:
    """The broker of a run: every endpoint hears its owner, the opener, and, on the opener's side, everybody."""
    accounts = [Account(uid, password) for uid, password in passwords.items() if uid != ADMINISTRATOR]
    administrator = Account(ADMINISTRATOR, passwords[ADMINISTRATOR])
    whole = definitions(accounts, [], administrator, salt=secrets.token_bytes(SALT_BYTES))
    everybody = [account.uid for account in accounts]
    for endpoint, owner in owners.items():
        senders = everybody if owner == OPENER else [OPENER, owner]
        more = endpoint_definitions(owner, endpoint, senders)
        whole["queues"] += more["queues"]
        whole["bindings"] += more["bindings"]
    return whole


class Testbed:
    """The broker of a run, and everybody who speaks over it."""

    def __init__(self, folder: Path, broker: OwnBroker, owners: dict[str, str], passwords: dict[str, str]) -> None:
        """Prefer `opened_testbed`."""
        self.folder, self.broker = folder, broker
        self._owners, self._passwords = owners, passwords
        self._clients: dict[str, BenchClient] = {}
        self._stack = AsyncExitStack()

    def url(self, uid: str) -> str:
        """The broker's URL with an account's login: a secret."""
        return f"amqp://{uid}:{self._passwords[uid]}@{self.broker.host}:{self.broker.amqp_port}/{VHOST}"

    async def client(self, uid: str) -> BenchClient:
        """An account's client."""
        if uid not in self._clients:
            client = BenchClient(BrokerAddress.parse(self.url(uid)), uid)
            self._clients[uid] = await self._stack.enter_async_context(client)
        return self._clients[uid]

    async def close(self) -> None:
        """Close all clients."""
        await self._stack.aclose()

    async def end(self, role: str, endpoint: str) -> End:
        """An end, not yet running. A role is the name of its package."""
        owner = self._owners[endpoint]
        everybody = sorted(set(self._owners.values()))
        senders = everybody if owner == OPENER else [OPENER]
        region = REGIONS[0] if owner == OPENER else REGIONS[1]
        return End(role, endpoint, region, await self.client(owner), self.folder, self.url(owner), ",".join(senders))

    @asynccontextmanager
    async def pair(self, name: str) -> AsyncIterator[Pair]:
        """The two ends of that name, running; at the end they are stopped."""
        opener = await self.end("initiator", f"vpc-{name}-a")
        other = await self.end("acceptor", f"vpc-{name}-b")
        try:
            await opener.start()
            await other.start()
            yield Pair(opener, other)
        finally:
            await opener.stop()
            await other.stop()

    def broker_cpu_seconds(self) -> float:
        """Processor time that the broker has used."""
        return cpu_seconds(self.broker.pid)


def start_broker(folder: Path, acceptors: Sequence[int]) -> tuple[OwnBroker, dict[str, str], dict[str, str]]:
    """Boot the broker of a run; blocks. Raises BrokerNotStarted. Returns it with the owners and the passwords."""
    owners = plan(acceptors)
    passwords = {uid: secrets.token_hex(16) for uid in [ADMINISTRATOR, *sorted(set(owners.values()))]}
    document = described(owners, passwords)
    place = folder / "broker"
    if PrivateBroker.available():
        return PrivateBroker.start(place, document), owners, passwords
    return ContainerBroker.start(place, document), owners, passwords


@asynccontextmanager
async def opened_testbed(
    folder: Path, broker: OwnBroker, owners: dict[str, str], passwords: dict[str, str]
) -> AsyncIterator[Testbed]:
    """A testbed, whose clients are closed at the end."""
    testbed = Testbed(folder, broker, owners, passwords)
    try:
        yield testbed
    finally:
        await testbed.close()
