"""The work of `run`: a scenario is played, on a stack of its own or on the one that runs, and its outcome told."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

from rich.console import Console
from rich.text import Text

from console.client import ClientError
from console.client.clients import Clients
from console.client.history import ALL, Part
from console.client.plain import plain
from console.demo.drawing import Drawing
from console.demo.surroundings import (
    DONE,
    FAILED,
    INTERRUPTED,
    SETTINGS,
    make_console,
    own_folder,
    pause_seconds,
    progress,
    surroundings,
    until_stopped,
)
from console.demo.watching import StoryBroke
from console.faults.remote import Access, RemoteFaults, console_of
from console.scenario.junit import write_junit
from console.scenario.model import Scenario
from console.scenario.reading import load_scenario
from console.scenario.run import Place, ScenarioRun, story_end
from console.stack.errors import StackError
from console.stack.stack import running
from console.topology import Context, FileRefused, NoContext, Topology, find_context
from console.trace.drawings import draw
from console.trace.gathering import OnPurpose, gather
from console.trace.mermaid import mermaid
from console.trace.model import Trace
from console.trace.strikes import Strike
from console.web.errors import ServerError
from console.web.listening import Listen
from console.web.serving import bound, web
from shared.broker.errors import BrokerNotStarted, ControlPlaneError
from shared.wire import commands

WRONG: Final = 2
PATIENCE_SECONDS: Final = 20.0
LATEST_MOMENTS: Final = 24
"""How much of the drawing is printed when a scenario broke."""


class Wanted(NamedTuple):
    """What was asked for: the scenario's file, where the results go, and whether it runs on what runs already."""

    file: Path
    junit: Path | None = None
    trace: Path | None = None
    here: bool = False
    topology: Path | None = None


def run(wanted: Wanted) -> int:
    """Run a scenario; return the exit code: 0 all was as expected, 1 it was not, 2 it can't be run as it is written."""
    console = make_console()
    try:
        scenario, topology = load_scenario(wanted.file)
        with own_folder("run") as folder:
            placed = _running(wanted) if wanted.here or topology is None else _own(topology, folder, console, wanted)
            return asyncio.run(until_stopped(_play(scenario, placed, console, wanted)))
    except StoryBroke as broke:  # before its first step: an end of it is not there
        console.print(Text(str(broke), "red"), soft_wrap=True)
        return WRONG
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("interrupted; nothing is left running")
        return INTERRUPTED
    except (FileRefused, NoContext) as error:
        console.print(Text(str(error), "red"), soft_wrap=True)
        return WRONG
    except (StackError, ServerError, BrokerNotStarted, ControlPlaneError, ClientError, OSError) as error:
        console.print(Text(f"The scenario can't be run: {error}", "red"), soft_wrap=True)
        return FAILED


@asynccontextmanager
async def _own(topology: Topology, folder: Path, console: Console, wanted: Wanted) -> AsyncIterator[Place]:
    """A stack of the scenario's own, with a console whose faults it makes."""
    began = time.monotonic()
    async with progress(console) as say:
        with bound(Listen(port=0)) as listening:
            stacked = running(topology, folder, say, environment=surroundings(), settings=SETTINGS)
            async with stacked as stack, web(stack.context, folder, listening, Listen().host, stack=stack) as access:
                console.print(Text(f"broker   {plain(stack.broker.said)}", "dim"), soft_wrap=True)
                console.print(Text(f"up in    {time.monotonic() - began:.1f} s", "dim"), soft_wrap=True)
                async with _place(stack.context, Access(access.url, access.token), wanted) as place:
                    yield place
                say("taking everything down")


@asynccontextmanager
async def _running(wanted: Wanted) -> AsyncIterator[Place]:
    """What runs already, found as the other commands find it; what a scenario creates there stays."""
    context = find_context(wanted.topology)
    access = console_of(context.source)
    if access is None:
        raise NoContext(f"No console of {context.source} is known here, so no faults can be made. Start `peering up`.")
    async with _place(context, access, wanted) as place:
        yield place


@asynccontextmanager
async def _place(context: Context, access: Access, wanted: Wanted) -> AsyncIterator[Place]:
    async with Clients(context, PATIENCE_SECONDS) as clients:
        yield Place(clients, RemoteFaults(access), _environment(context, access), wanted.file.absolute().parent)


def _environment(context: Context, access: Access) -> dict[str, str]:
    """What programs are told: with it, `peering` and `python` are these, and ask what the scenario runs on."""
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PEERING_TOPOLOGY": str(Path(context.source).absolute()),
        "PEERING_CONSOLE_URL": access.url,
        "PEERING_CONSOLE_TOKEN": access.token,
    }


async def _play(
    scenario: Scenario, placed: AbstractAsyncContextManager[Place], console: Console, wanted: Wanted
) -> int:
    console.print(Text(plain(scenario.title), "bold"), soft_wrap=True)
    async with placed as place, progress(console) as say:
        first, second = (story_end(place.context, name) for name in scenario.connection)
        drawing = Drawing(console, (first, second))
        drawing.columns()
        run = ScenarioRun(scenario, place, (first, second), drawing.scene, say)
        run.pause_seconds = pause_seconds(console)
        try:
            broken_by = await _told(run)
            trace = await _trace(run, ALL) if wanted.trace is not None else None
            latest = await _trace(run, Part(LATEST_MOMENTS)) if broken_by is not None else None
        finally:
            await run.clear()
    said = "" if broken_by is None else "\n".join([broken_by, *_ends(run), *([mermaid(latest)] if latest else [])])
    if trace is not None and wanted.trace is not None:
        draw(trace, wanted.trace)
    if wanted.junit is not None:
        write_junit(wanted.junit, scenario, run.results, said)
    _tell(console, run, said)
    return DONE if broken_by is None else FAILED


async def _told(run: ScenarioRun) -> str | None:
    """Play a scenario to its end, or to where it breaks; return what broke it."""
    try:
        await run.prepare()
        async with run.reading():
            await run.programs.beside(run.play())
    except StoryBroke as broke:
        broken_by = str(broke)
    except ClientError as error:
        broken_by = f"{error.code}: {error.sentence}"
    else:
        return None
    run.break_at_last(broken_by)
    return broken_by


async def _trace(run: ScenarioRun, part: Part) -> Trace | None:
    """What both ends remember of the connection; None where there is none."""
    try:
        strikes = [Strike.model_validate(one) for one in await run.console.strikes()]
        for end in (run.one, run.two):
            view = (await run.clients.ask(end.endpoint, [commands.show(end.interface)]))[0]
            if view["outcome"] == "done":
                return (await gather(run.clients, f"{end.interface}@{end.endpoint}", part, OnPurpose(strikes))).trace
    except ClientError:  # a worker is away: what is known of the connection is what was seen
        return None
    return None


def _ends(run: ScenarioRun) -> list[str]:
    """The statuses of both ends, as they were seen last."""
    return [f"{one.end.interface} on {one.end.endpoint}: {one.status or 'nothing seen'}" for one in run.watched_ends]


def _tell(console: Console, run: ScenarioRun, said: str) -> None:
    steps = len(run.scenario.steps)
    done = sum(one.broken_by is None for one in run.results)
    seconds = sum(one.seconds for one in run.results)
    style = "bold red" if said else "bold green"
    console.print()
    console.print(Text(f"{done} of {steps} steps as expected, in {seconds:.1f} s", style), soft_wrap=True)
    if said:
        console.print(Text(plain(f"✗ {said}", keep="\n"), "red"), soft_wrap=True)
