"""A topology is worth nothing until somebody runs it: the broker, one process per endpoint, and a way to find both.

Brought up in this order and taken down in the reverse one. What is kept between two runs lies in one folder: the
endpoints' stores, the accounts' passwords, the logs. `context.json` in it exists only while everything runs; it is what
the other commands read to know where the broker is.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from console.client import Unanswered
from console.client.clients import client_of
from console.stack.brokers import Found, Say, StackRefused, find_broker, keep_alive, write_private
from console.stack.supervisor import OnChange, Program, Report, State, Supervisor
from console.topology import Context, EndpointSection, Topology, find_context
from console.topology.context import CONTEXT_FILE

FOLDER: Final = CONTEXT_FILE.parent
BROKER_NAME: Final = "broker"
READY_LIMIT_SECONDS: Final = 60.0
_LOOK_EVERY_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Stack:
    """What runs."""

    folder: Path
    context: Context
    broker: Found
    supervisor: Supervisor
    broker_report: Callable[[], Report]
    settings: Mapping[str, str] = field(default_factory=dict)
    added: list[EndpointSection] = field(default_factory=list)

    @property
    def topology(self) -> Topology:
        """What was asked for and what was added since, with the broker's address and all logins."""
        asked = self.broker.topology
        return asked.model_copy(update={"endpoints": (*asked.endpoints, *self.added)})

    @property
    def reports(self) -> list[Report]:
        """Where each process stands, the broker first if it is ours."""
        return [*([self.broker_report()] if self.broker.own else []), *self.supervisor.reports]

    def log_of(self, endpoint: str) -> Path:
        """Where this endpoint's worker logs."""
        return _log(self.folder, endpoint)


@asynccontextmanager
async def running(  # noqa: PLR0913 - what comes after the star has a default
    topology: Topology,
    folder: Path,
    say: Say,
    *,
    on_change: OnChange = lambda _: None,
    environment: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[Stack]:
    """Bring a topology up, and down at the end. `settings` are further PEERING_… variables for the workers.

    Raises StackRefused, BrokerNotStarted or ControlPlaneError with a sentence for people.
    """
    environ = os.environ if environment is None else environment
    with locked(folder):
        found = await find_broker(topology, folder, say, environ)
        try:
            async with _watched(found, on_change) as broker_report, Supervisor(on_change) as supervisor:
                say(f"workers: {len(topology.endpoints)}, a process each, logs in {shown(folder / 'logs')}")
                for endpoint in topology.endpoints:
                    supervisor.start(program_of(found, endpoint, folder, settings or {}))
                with _context_file(folder, found.topology) as context:
                    await _until_ready(supervisor, context)
                    yield Stack(folder, context, found, supervisor, broker_report, settings or {})
        finally:
            if found.own is not None:  # what it holds is said again by the workers, so it needs no farewell
                await asyncio.to_thread(found.own.kill)


def shown(path: Path) -> str:
    """A path as short as it can be said from here."""
    with contextlib.suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep a second `up` out of this folder. Raises StackRefused."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / "logs").mkdir(exist_ok=True, mode=0o700)
        (folder / "stores").mkdir(exist_ok=True, mode=0o700)
        file = os.fdopen(os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600), "r+")
    except OSError as fault:
        raise StackRefused(f"the folder {shown(folder)} can't be used: {fault.strerror}") from fault
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = file.read().strip() or "unknown"
            raise StackRefused(
                f"the folder {shown(folder)} is in use by another `peering up` (process {holder}): "
                "stop that one, or take another with --folder"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


@asynccontextmanager
async def _watched(found: Found, on_change: OnChange) -> AsyncIterator[Callable[[], Report]]:
    """Keep our own broker alive meanwhile; somebody else's is somebody else's to keep."""
    own = found.own
    if own is None:
        yield lambda: Report(BROKER_NAME, State.RUNNING)
        return
    report = Report(BROKER_NAME, State.RUNNING, own.pid)

    def changed(state: State, reason: str) -> None:
        nonlocal report
        pid = own.pid if state is State.RUNNING else None
        restarts = report.restarts + (state is State.RUNNING)
        report = Report(BROKER_NAME, state, pid, restarts, reason)
        on_change(report)

    on_change(report)
    watching = asyncio.create_task(keep_alive(own, changed), name="broker")
    try:
        yield lambda: report
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


def _log(folder: Path, endpoint: str) -> Path:
    return folder / "logs" / f"{endpoint}.log"


def program_of(found: Found, endpoint: EndpointSection, folder: Path, settings: Mapping[str, str]) -> Program:
    """One worker. Its login is in the environment: a command line is there for everybody to read."""
    account = found.topology.account(endpoint.account)
    broker = found.topology.broker
    files = {
        "PEERING_BROKER_CA_FILE": broker and broker.ca_file,
        "PEERING_BROKER_CERTIFICATE_FILE": account and account.certificate_file,
        "PEERING_BROKER_KEY_FILE": account and account.key_file,
    }
    others = [one.uid for one in found.topology.accounts if one.uid != endpoint.account]
    return Program(
        name=endpoint.id,
        command=(
            *(sys.executable, "-m", endpoint.role),
            *("--endpoint", endpoint.id, "--account", endpoint.account, "--region", endpoint.region),
            *("--store", str(folder / "stores" / f"{endpoint.id}.sqlite")),
            *("--accept-from", ",".join(others)),
        ),
        log=_log(folder, endpoint.id),
        environment={
            "PEERING_BROKER": found.login(endpoint.account),
            **{name: str(file) for name, file in files.items() if file is not None},
            **settings,
        },
    )


@contextmanager
def _context_file(folder: Path, topology: Topology) -> Iterator[Context]:
    """Tell the other commands where everything is; while it runs and no longer."""
    file = folder / CONTEXT_FILE.name
    write_private(file, topology.model_dump_json(exclude_none=True, indent=1))
    try:
        yield find_context(topology=file, environment={})
    finally:
        file.unlink(missing_ok=True)


async def _until_ready(supervisor: Supervisor, context: Context) -> None:
    """Wait until every worker answers. Raises StackRefused as soon as one refuses to start."""
    answering = asyncio.create_task(_until_all_answer(context))
    refusing = asyncio.create_task(_until_refused(supervisor))
    try:
        await asyncio.wait({answering, refusing}, return_when=asyncio.FIRST_COMPLETED)
        if refusing.done():
            raise refusing.result()
        try:
            await answering
        except ExceptionGroup as group:
            troubles = group.subgroup(Unanswered)
            if troubles is None:
                raise
            raise StackRefused(f"not all workers came up: {_first(troubles)}{_last_words(supervisor)}") from group
    finally:
        for task in (answering, refusing):
            task.cancel()
        await asyncio.gather(answering, refusing, return_exceptions=True)


def _first(troubles: ExceptionGroup[Exception]) -> Exception:
    first = troubles.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first


def _last_words(supervisor: Supervisor) -> str:
    return "".join(f"; {one.name} ended last with {one.last}" for one in supervisor.reports if one.last)


async def _until_refused(supervisor: Supervisor) -> StackRefused:
    while True:
        for report in supervisor.reports:
            if report.state is State.REFUSED:
                return StackRefused(f"the worker of {report.name} refuses to start ({report.last})")
        await asyncio.sleep(_LOOK_EVERY_SECONDS)


async def _until_all_answer(context: Context) -> None:
    async with asyncio.TaskGroup() as group:
        for uid in {one.account for one in context.endpoints}:
            group.create_task(_until_account_answers(context, uid))


async def _until_account_answers(context: Context, uid: str) -> None:
    async with client_of(context, uid) as client, asyncio.TaskGroup() as group:
        for endpoint in (one.id for one in context.endpoints if one.account == uid):
            group.create_task(client.ask(endpoint, [{"kind": "worker"}], READY_LIMIT_SECONDS))
