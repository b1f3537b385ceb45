"""The stack: the broker and one worker process per endpoint of a topology, brought up and taken down together.

Brought up in this order and taken down in the reverse one. What is kept between two runs lies in one folder: the
endpoints' stores, the accounts' passwords, the logs. `context.json` in it exists only while everything runs; it is what
the other commands read to know where the broker is.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from console.client.clients import Clients
from console.stack.brokers import Found, Say, find_broker, has_own
from console.stack.descriptors import allow_descriptors
from console.stack.forking import ForkServer, can_fork
from console.stack.own_broker import BROKER, keep_alive
from console.stack.private_folder import LOGS, locked, shown, usable, write_private
from console.stack.readiness import until_all_answer
from console.stack.room import refuse_too_many
from console.stack.supervised import OnChange, Report, State
from console.stack.supervisor import Supervisor
from console.stack.workers import common_settings, log_of, worker_program
from console.topology import Context, EndpointSection, Topology, find_context
from console.topology.context import CONTEXT_FILE

FOLDER: Final = CONTEXT_FILE.parent
PATIENCE_SECONDS: Final = 5.0
"""How long a worker may take to answer those that ask by `Stack.clients`."""


@dataclass(frozen=True, slots=True)
class Stack:
    """What runs. `clients` ask its workers. `added` are the endpoints that were not in the topology at the start.

    `preparing` are the scenarios that are still to be played before it counts as ready.
    """

    folder: Path
    clients: Clients
    broker: Found
    supervisor: Supervisor
    broker_report: Callable[[], Report]
    settings: Mapping[str, str] = field(default_factory=dict)
    fork_server: ForkServer | None = None
    added: list[EndpointSection] = field(default_factory=list)
    preparing: list[str] = field(default_factory=list)

    @property
    def context(self) -> Context:
        """Who is there, as the other commands are told."""
        return self.clients.context

    @property
    def topology(self) -> Topology:
        """What was asked for and what was added since, with the broker's address and all logins."""
        asked = self.broker.topology
        return asked.model_copy(update={"endpoints": (*asked.endpoints, *self.added)})

    @property
    def reports(self) -> list[Report]:
        """Where each process stands, the broker first if it is ours."""
        return [*([self.broker_report()] if self.broker.own else []), *self.supervisor.reports]

    def report(self, endpoint: str) -> Report | None:
        """Where an endpoint's worker stands; None if it is not run here."""
        return next((one for one in self.supervisor.reports if one.name == endpoint), None)

    def log_of(self, endpoint: str) -> Path:
        """Where this endpoint's worker logs."""
        return log_of(self.folder, endpoint)

    def publish(self) -> None:
        """Tell the other commands what runs, and our own broker what to load when it boots. Raises StackRefused."""
        _write_context(self.folder, self.topology)
        with usable(self.folder):
            self.broker.redefine(self.topology)


@asynccontextmanager
async def running(  # noqa: PLR0913 - what comes after the star has a default
    topology: Topology,
    folder: Path,
    say: Say,
    *,
    on_change: OnChange = lambda _: None,
    environment: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
    restored: Collection[str] = (),
    begun: ForkServer | None = None,
) -> AsyncIterator[Stack]:
    """Bring a topology up, and down at the end. `settings` are further PEERING_… variables for the workers.

    `restored` are the endpoints whose store was put back from a backup: they renew every epoch, this once.
    `begun` is a fork server that was started before this was imported.
    Raises StackError, BrokerNotStarted or ControlPlaneError with a sentence for people.
    """
    environ = os.environ if environment is None else environment
    allow_descriptors(len(topology.endpoints))
    queues = sum(len(topology.senders(one)) for one in topology.endpoints) if has_own(topology, environ) else 0
    refuse_too_many(len(topology.endpoints), queues, forked=can_fork())
    told = {**common_settings(os.environ), **(settings or {})}
    with locked(folder):
        async with begun or (ForkServer() if can_fork() else contextlib.nullcontext()) as fork_server:
            found = await find_broker(topology, folder, say, environ)
            say(f"workers: {len(topology.endpoints)}, a process each, logs in {shown(folder / LOGS)}")
            async with brought_up(found, folder, told, fork_server, on_change=on_change, restored=restored) as stack:
                yield stack


@asynccontextmanager
async def brought_up(  # noqa: PLR0913 - what comes after the star has a default
    found: Found,
    folder: Path,
    settings: Mapping[str, str],
    fork_server: ForkServer | None,
    *,
    on_change: OnChange = lambda _: None,
    restored: Collection[str] = (),
) -> AsyncIterator[Stack]:
    """Run the workers on a broker that was found, and end them and what is theirs there. Raises StackError."""
    endpoints = found.topology.endpoints
    try:
        async with (
            Supervisor(on_change, fork_server=fork_server) as supervisor,
            _watched(found, on_change, supervisor) as broker_report,
        ):
            for one in endpoints:
                supervisor.start(worker_program(found, one, folder, settings, restored=one.id in restored))
            with _context_file(folder, found.topology) as context:
                async with Clients(context, PATIENCE_SECONDS) as clients:
                    await until_all_answer(supervisor, clients)
                    for one in endpoints:
                        supervisor.change(worker_program(found, one, folder, settings))
                    yield Stack(folder, clients, found, supervisor, broker_report, settings, fork_server)
    finally:
        await found.end()


@asynccontextmanager
async def _watched(found: Found, on_change: OnChange, supervisor: Supervisor) -> AsyncIterator[Callable[[], Report]]:
    """Keep our own broker alive meanwhile; somebody else's is somebody else's to keep."""
    own = found.own
    if own is None:
        yield lambda: Report(BROKER, State.RUNNING)
        return
    report = Report(BROKER, State.RUNNING, own.pid)

    def changed(state: State, reason: str) -> None:
        nonlocal report
        pid = own.pid if state is State.RUNNING else None
        restarts = report.restarts + (state is State.RUNNING)
        report = Report(BROKER, state, pid, restarts, reason)
        on_change(report)

    on_change(report)
    watching = asyncio.create_task(keep_alive(own, changed), name=BROKER)
    supervisor.rely_on(watching)
    try:
        yield lambda: report
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


@contextmanager
def _context_file(folder: Path, topology: Topology) -> Iterator[Context]:
    """Tell the other commands where everything is; while it runs and no longer."""
    _write_context(folder, topology)
    file = folder / CONTEXT_FILE.name
    try:
        yield find_context(topology=file, environment={})
    finally:
        with contextlib.suppress(FileNotFoundError):
            file.unlink()


def _write_context(folder: Path, topology: Topology) -> None:
    with usable(folder):
        write_private(folder / CONTEXT_FILE.name, topology.model_dump_json(exclude_none=True, indent=1))
