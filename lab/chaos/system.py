"""The system under test: broker or cluster, a proxy in front of each worker, supervised workers, owners' clients.

The owners' way in is touched by no fault but those of the broker itself.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from console.client import Client
from console.stack.brokers import url_of
from console.stack.supervised import OnChange, Program, Report, RestartPolicy, State
from console.stack.supervisor import Supervisor
from console.stack.workers import worker_command
from lab.chaos.brokers import nodes_of
from lab.chaos.disks import small_disks
from lab.chaos.proxy import FaultProxy
from lab.chaos.workers import WORKERS, Worker
from shared.broker.address import BrokerAddress
from shared.broker.control import administrator_url, provision, wait_until_ready
from shared.broker.embedded import PrivateBroker, speaks_amqp
from shared.broker.errors import ControlPlaneError, ControlPlaneUnreachable
from shared.broker.names import CONSOLE_SLOTS, VHOST, EndpointQueue, console_queue_name, endpoint_queues
from shared.broker.private_files import LOOPBACK
from shared.broker.topology import Account, Definitions, definitions, password_hash
from shared.wire import commands

ADMINISTRATOR: Final = "chaos-admin"
READY_LIMIT_SECONDS: Final = 60.0
STORES: Final = "stores"
LOGS: Final = "logs"

SETTINGS: Final[Mapping[str, str]] = {
    "PEERING_RESEND_FIRST_SECONDS": "0.2",
    "PEERING_RESEND_LIMIT_SECONDS": "2",
    "PEERING_KEEPALIVE_SECONDS": "3",
    "PEERING_HOLD_SECONDS": "10",
    "PEERING_CONNECT_TIMEOUT_SECONDS": "30",
}
"""Shorter than the defaults, so that in a minute every timer runs out more than once."""

_RESTARTS: Final = RestartPolicy(
    first_pause_seconds=0.1, longest_pause_seconds=1.0, stable_after_seconds=1.0, drain_limit_seconds=15.0
)
_PROVISION_LIMIT_SECONDS: Final = 90.0
_LOOK_EVERY_SECONDS: Final = 0.5
_SALT_BYTES: Final = 4

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class System:
    """The system under test: what runs, and can be broken."""

    folder: Path
    nodes: Sequence[PrivateBroker]
    supervisor: Supervisor
    proxies: Mapping[str, FaultProxy]
    clients: Mapping[str, Client]
    document: Definitions
    password: str
    small_disks: bool
    """Whether each worker's store, and the logs of all, lie on disks of their own that can be filled."""
    endings: list[tuple[str, str]]
    """Every end of a worker's process: whose, and how it ended with its last words."""
    expected: Counter[str] = field(default_factory=Counter)
    """How often each worker was ended on purpose."""
    whole: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by whoever needs all nodes, or takes one away."""

    def disk(self, worker: Worker) -> Path:
        """The folder, and perhaps the disk, that holds this worker's store."""
        return store_of(self.folder, worker).parent

    def log(self, worker: Worker) -> Path:
        """Where this worker says what happens to it."""
        return self.folder / LOGS / f"{worker.id}.log"

    def pid(self, worker: Worker) -> int | None:
        """This worker's process id, None while it is not running."""
        report = self.supervisor.report(worker.id)
        return report.pid if report.state is State.RUNNING else None

    @property
    def queues(self) -> list[EndpointQueue]:
        """Every queue that a worker reads."""
        senders = [one.account for one in WORKERS]
        return [queue for one in WORKERS for queue in endpoint_queues(one.account, one.id, senders)]

    @property
    def reply_queues(self) -> list[str]:
        """Every queue in which an owner may wait for replies."""
        return [console_queue_name(one.account, slot) for one in WORKERS for slot in range(CONSOLE_SLOTS)]

    @property
    def another_password_hash(self) -> str:
        """The hash of a password that no worker has."""
        return password_hash(secrets.token_urlsafe(), secrets.token_bytes(_SALT_BYTES))

    async def management(self) -> str:
        """The control plane's address, with its login, at a node that lives. Raises ControlPlaneUnreachable."""
        for node in self.nodes:
            if node.pid is not None and await asyncio.to_thread(speaks_amqp, LOOPBACK, node.amqp_port):
                return administrator_url(node.management_url, ADMINISTRATOR, self.password)
        raise ControlPlaneUnreachable("no node of the broker answers")

    async def provision(self) -> None:
        """Have everything on the broker that belongs there. Raises TimeoutError if that can't be done in time."""
        async with asyncio.timeout(_PROVISION_LIMIT_SECONDS):
            while True:
                try:
                    await provision(await self.management(), self.document)
                except ControlPlaneError:
                    await asyncio.sleep(_LOOK_EVERY_SECONDS)
                else:
                    return


@asynccontextmanager
async def running(folder: Path, say: Say, *, cluster: bool) -> AsyncIterator[System]:
    """Bring everything up, and down at the end. Raises BrokerNotStarted, ControlPlaneError or Unanswered."""
    passwords = {name: secrets.token_urlsafe(16) for name in (ADMINISTRATOR, *(one.account for one in WORKERS))}
    document = definitions(
        [Account(one.account, passwords[one.account]) for one in WORKERS],
        [(one.account, one.id) for one in WORKERS],
        Account(ADMINISTRATOR, passwords[ADMINISTRATOR]),
        salt=secrets.token_bytes(_SALT_BYTES),
    )
    async with AsyncExitStack() as up:
        small = up.enter_context(small_disks([folder / LOGS, *(store_of(folder, one).parent for one in WORKERS)]))
        say("broker: three nodes that form a cluster" if cluster else "broker: a private rabbitmq-server")
        opened = nodes_of(folder / "broker", document, cluster=cluster)
        nodes = await asyncio.to_thread(opened.__enter__)
        up.push_async_callback(asyncio.to_thread, opened.__exit__, None, None, None)
        ports = [node.amqp_port for node in nodes]
        proxies = {one.id: await up.enter_async_context(FaultProxy(ports, place)) for place, one in enumerate(WORKERS)}
        owners_proxy = await up.enter_async_context(FaultProxy(ports))
        management = administrator_url(nodes[0].management_url, ADMINISTRATOR, passwords[ADMINISTRATOR])
        await wait_until_ready(management)
        await provision(management, document)
        say(f"workers: {len(WORKERS)} processes, each behind a proxy of its own")
        endings: list[tuple[str, str]] = []
        supervisor = await up.enter_async_context(Supervisor(_note_endings(endings), _RESTARTS))
        for one in WORKERS:
            address = _address(proxies[one.id].port, one.account, passwords)
            supervisor.start(_program(folder, one, address))
        clients = {
            one.account: await up.enter_async_context(
                Client(_address(owners_proxy.port, one.account, passwords), one.account)
            )
            for one in WORKERS
        }
        for one in WORKERS:
            await clients[one.account].ask(one.id, [commands.worker()], READY_LIMIT_SECONDS)
        yield System(folder, nodes, supervisor, proxies, clients, document, passwords[ADMINISTRATOR], small, endings)


def store_of(folder: Path, worker: Worker) -> Path:
    """The file of this worker's store."""
    return folder / STORES / worker.id / "store.sqlite"


def _note_endings(endings: list[tuple[str, str]]) -> OnChange:
    def note(report: Report) -> None:
        if report.state in {State.PAUSING, State.REFUSED}:
            endings.append((report.name, report.last or ""))

    return note


def _address(port: int, account: str, passwords: Mapping[str, str]) -> BrokerAddress:
    return BrokerAddress(LOOPBACK, port, VHOST, account, passwords[account])


def _program(folder: Path, worker: Worker, address: BrokerAddress) -> Program:
    endpoint = worker.endpoint
    return Program(
        name=worker.id,
        command=worker_command(
            worker.role.name,
            endpoint=endpoint.id,
            account=endpoint.account,
            region=endpoint.region,
            store=store_of(folder, worker),
            accept_from=[one.account for one in WORKERS if one is not worker],
        ),
        log=folder / LOGS / f"{worker.id}.log",
        environment={"PEERING_BROKER": url_of(address), **SETTINGS},
    )
