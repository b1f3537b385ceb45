"""The work of `up`: it brings a topology up, shows what runs as it changes, and takes all of it down when it ends."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Final, NamedTuple

from rich.console import RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from console.client.plain import plain
from console.commands.options import Later
from console.commands.running import DONE, FAILED
from console.commands.work.access import access_data, access_lines, warnings
from console.commands.work.unhindered import unhindered
from console.screen import Screen
from console.stack.answering import answer_request
from console.stack.brokers import WARM_VARIABLE
from console.stack.command_socket import command_socket
from console.stack.control_socket import control_socket
from console.stack.errors import StackError
from console.stack.stack import FOLDER, Stack, running
from console.stack.stop_signals import on_end_of_input, on_stop_signal
from console.stack.supervised import Report, State
from console.topology import BrokerSection, Topology, TopologyRefused, load
from console.topology.context import CONTEXT_FILE
from console.web.access_token import take_token
from console.web.errors import ServerError
from console.web.listening import Listen, bound, listen_at
from shared.broker.errors import BrokerNotStarted

if TYPE_CHECKING:
    from console.scenario import playing, reading
    from console.stack.forking import ForkServer
    from console.web import serving
else:
    playing = Later("console.scenario.playing")
    reading = Later("console.scenario.reading")
    serving = Later("console.web.serving")

_STYLES: Final = {State.RUNNING: "green", State.PAUSING: "yellow", State.REFUSED: "bold red", State.STOPPED: "dim"}


class Asked(NamedTuple):
    """What was asked for: a topology's file, and what options say of where and how it is run."""

    topology: Path
    folder: Path | None = None
    listen: str | None = None
    restored: Sequence[str] = ()
    broker: str | None = None
    management: str | None = None
    warm: Path | None = None
    scenarios: Path | None = None
    show_secrets: bool = False
    until_input_ends: bool = False

    def environment(self) -> dict[str, str]:
        """The environment, with the broker of the command line in it."""
        told = {"PEERING_BROKER_URL": self.broker, "PEERING_MANAGEMENT_URL": self.management}
        given = {name: url for name, url in told.items() if url is not None}
        return {**os.environ, WARM_VARIABLE: str(self.warm or ""), **given}

    @property
    def stories(self) -> list[Path]:
        """The files of the scenarios that are played first. Raises TopologyRefused."""
        try:
            found = [] if self.scenarios is None else sorted(self.scenarios.absolute().iterdir())
        except OSError as error:
            raise TopologyRefused(f"the scenarios of {self.scenarios} cannot be read: {error.strerror}") from None
        return [one for one in found if one.suffix == ".yaml"]

    def load(self) -> Topology:
        """Read the topology; a broker of the command line is asked for instead of its own. Raises FileRefused."""
        topology = load(self.topology)
        for one in self.stories:  # what cannot be read ends it before anything is started
            reading.load_scenario(one)
        unknown = [one for one in self.restored if topology.endpoint(one) is None]
        if unknown:
            raise TopologyRefused(f"{self.topology} holds no endpoint {unknown[0]}, whose store is said to be restored")
        if self.broker is None or topology.broker is None:
            return topology
        elsewhere = BrokerSection(ca_file=topology.broker.ca_file)
        return topology.model_copy(update={"broker": elsewhere})


async def up(screen: Screen, asked: Asked, fork_server: ForkServer | None = None) -> int:
    """Bring a topology up, show how it does, and take it down when it is asked to end."""
    topology, address, ended = asked.load(), listen_at(asked.listen), asyncio.Event()
    board = Board(screen, topology)
    input_ends = on_end_of_input(ended.set) if asked.until_input_ends else nullcontext()
    with unhindered(screen), input_ends:
        try:
            await _until_ended(_stay_up(topology, asked, address, board, ended, fork_server), board, ended)
        except (StackError, BrokerNotStarted, ServerError) as error:
            screen.failed(type(error).__name__, str(error))
            return FAILED
        board.over()
    return DONE


async def _until_ended(staying_up: Coroutine[None, None, None], board: Board, ended: asyncio.Event) -> None:
    """Stay up until somebody asks for the end, which may come before all is ready."""
    with on_stop_signal(ended.set):
        bringing_up = asyncio.create_task(staying_up)
        asking = asyncio.create_task(ended.wait())
        await asyncio.wait({bringing_up, asking}, return_when=asyncio.FIRST_COMPLETED)
        asking.cancel()
        if not bringing_up.done() and not board.ready:
            bringing_up.cancel()
        await asyncio.gather(bringing_up, asking, return_exceptions=True)
        if not bringing_up.cancelled():
            bringing_up.result()


async def _stay_up(  # noqa: PLR0913, PLR0917 - all that it is made of
    topology: Topology,
    asked: Asked,
    listen: Listen,
    board: Board,
    ended: asyncio.Event,
    fork_server: ForkServer | None,
) -> None:
    """Run everything until told to end; the address is taken first, so that nothing starts if it is taken already.

    The web server is imported while broker and workers start: it takes as long as they do.
    """
    folder = asked.folder or topology.folder or FOLDER
    stacked = running(
        topology,
        folder,
        board.say,
        on_change=board.changed,
        environment=asked.environment(),
        restored=asked.restored,
        begun=fork_server,
    )
    with bound(listen) as listening:
        for warning in warnings(listen):
            board.say(warning)
        importing = asyncio.create_task(asyncio.to_thread(getattr, serving, "web"))
        async with stacked as stack:
            take_token(stack.folder, os.environ)
            web = await importing
            stack.preparing.extend(one.name for one in asked.stories)
            async with (
                control_socket(stack.folder, partial(answer_request, stack)),
                command_socket(stack.folder),
                web(stack.context, stack.folder, listening, listen.host, stack=stack) as access,
            ):
                for file in asked.stories:
                    board.say(f"scenario: {file}")
                    await playing.play_here(file, stack.folder / CONTEXT_FILE.name)
                    stack.preparing.remove(file.name)
                with board.shown(stack, access, openly=asked.show_secrets):
                    await ended.wait()
                board.say("stopping")


class Board:
    """The display of what runs: a table that stays up to date on a terminal, else a line for every change."""

    def __init__(self, screen: Screen, topology: Topology) -> None:
        """Nothing is shown before something happens."""
        self._screen = screen
        self._topology = topology
        self._stack: Stack | None = None
        self._live: Live | None = None
        self.ready = False

    def say(self, what: str) -> None:
        """Say what is being done."""
        self._screen.tell({"event": "progress", "sentence": what}, Text(plain(what), "dim"))

    def changed(self, report: Report) -> None:
        """A process started or ended."""
        if self._screen.as_json:
            self._screen.data({"event": "process", **asdict(report)})
        elif self._live is not None:
            self._live.update(self._table(), refresh=True)
        elif self.ready or report.state is not State.RUNNING:
            self._screen.show(_line(report))

    @contextmanager
    def shown(self, stack: Stack, access: serving.Access, *, openly: bool) -> Iterator[None]:
        """All is up: say what to type next, and keep the table up to date meanwhile."""
        self._stack, self.ready = stack, True
        if self._screen.as_json:
            more = {**access_data(access), "processes": [asdict(report) for report in stack.reports]}
            self._screen.data({"event": "ready", "folder": str(stack.folder), **more})
            yield
            return
        self._screen.show("", *access_lines(access, self._screen, asked=openly))
        typed = [
            Text(f"  {plain(command)}") for command in suggestions(self._topology, stack.folder / CONTEXT_FILE.name)
        ]
        self._screen.show("", Text("Type in another terminal:", "bold"), *typed, "")
        if not self._screen.out.is_terminal:
            self._screen.show(*(_line(report) for report in stack.reports), "ready")
            yield
            return
        with Live(self._table(), console=self._screen.out, auto_refresh=False) as self._live:
            yield
        self._live = None

    def over(self) -> None:
        """All has ended."""
        self._screen.tell({"event": "stopped"}, "stopped; nothing is left running")

    def _table(self) -> RenderableType:
        """One row a process; on a narrow terminal what ended it last takes several lines."""
        drawn = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for column in ("process", "role", "account", "pid", "state", "restarts"):
            drawn.add_column(column, no_wrap=True)
        drawn.add_column("ended last", overflow="fold")
        for report in self._stack.reports if self._stack else []:
            endpoint = self._topology.endpoint(report.name)
            role, account = ("", "") if endpoint is None else (endpoint.role, endpoint.account)
            state = Text(report.state, _STYLES[report.state])
            pid = "-" if report.pid is None else str(report.pid)
            drawn.add_row(report.name, role, account, pid, state, str(report.restarts), plain(report.last or ""))
        return drawn


def suggestions(topology: Topology, context: Path) -> list[str]:
    """Suggest commands for this topology, with its real ids, for a terminal that may stand in any folder."""
    commands = [f"export PEERING_TOPOLOGY={quote(str(context.absolute()))}"]
    program = Path(sys.executable).with_name("peering")
    if shutil.which("peering") != str(program) and program.exists():
        commands.insert(0, f"export PATH={quote(str(program.parent))}:$PATH")
    return [*commands, *_opening(topology), "peering show", "peering watch"]


def _opening(topology: Topology) -> list[str]:
    """Suggest what connects the first initiator with the first acceptor."""
    first = next((one for one in topology.endpoints if one.role == "initiator"), None)
    second = next((one for one in topology.endpoints if one.role == "acceptor"), None)
    if first is None or second is None:
        return []
    if first.account == second.account:
        return [f"peering create --both --from {first.id} --to {second.id}"]
    return [
        f"peering create --endpoint {first.id} --id ri-one",
        f"peering create --endpoint {second.id} --id ri-two",
        f"peering configure ri-one --peer ri-two@{second.id}",
        f"peering configure ri-two --peer ri-one@{first.id}",
        "peering initiate ri-one",
    ]


def _line(report: Report) -> Text:
    pid = "" if report.pid is None else f" pid {report.pid}"
    last = "" if report.last is None else f" ({plain(report.last)})"
    return Text(f"{report.name}: ").append(report.state, _STYLES[report.state]).append(f"{pid}{last}")
