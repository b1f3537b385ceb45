"""The work of `run`: a scenario is played, on a stack of its own or on the one that runs, and its outcome told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path
from typing import Final, NamedTuple

from rich.console import Console
from rich.text import Text

from console.client import ClientError
from console.client.plain import plain
from console.faults.command_lines import StoryBroke
from console.scenario.junit import write_junit
from console.scenario.model import Scenario
from console.scenario.performing import Outcome, perform
from console.scenario.places import Place, own_place, running_place
from console.scenario.reading import load_scenario
from console.scenario.surroundings import (
    DONE,
    FAILED,
    INTERRUPTED,
    make_console,
    own_folder,
    progress,
    until_stopped,
)
from console.stack.errors import StackError, StackRefused
from console.topology import FileRefused, NoContext, Topology
from console.trace.drawings import draw
from console.trace.text import text
from console.web.errors import ServerError
from shared.broker.errors import BrokerNotStarted, ControlPlaneError

WRONG: Final = 2


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
        return asyncio.run(until_stopped(_play(scenario, topology, console, wanted)))
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


async def play_here(file: Path, topology: Path) -> None:
    """Play a scenario on what runs, whose context is in `topology`, unseen; what it creates stays.

    Raises StackRefused where it breaks or cannot be played.
    """
    try:
        scenario, _ = load_scenario(file)
        async with running_place(topology, file.parent) as place:
            said = _said(await perform(scenario, place, Console(file=StringIO()), lambda _: None, traced=False))
    except (StoryBroke, FileRefused, NoContext, ClientError, OSError) as error:
        raise StackRefused(f"{file}: {error}") from error
    if said:
        raise StackRefused(f"{file}: {said}")


async def _play(scenario: Scenario, topology: Topology | None, console: Console, wanted: Wanted) -> int:
    console.print(Text(plain(scenario.title), "bold"), soft_wrap=True)
    async with progress(console) as say, _place(topology, wanted, say) as place:
        outcome = await perform(scenario, place, console, say, traced=wanted.trace is not None)
    said = _said(outcome)
    drawn = "" if outcome.latest is None else f"\n\n{text(outcome.latest)}"
    if outcome.trace is not None and wanted.trace is not None:
        draw(outcome.trace, wanted.trace)
    if wanted.junit is not None:
        write_junit(wanted.junit, scenario, outcome.run.results, said + drawn)
    _tell(console, outcome, said)
    return FAILED if said else DONE


@asynccontextmanager
async def _place(topology: Topology | None, wanted: Wanted, say: Callable[[str], None]) -> AsyncIterator[Place]:
    programs = wanted.file.absolute().parent
    if wanted.here or topology is None:
        async with running_place(wanted.topology, programs) as place:
            yield place
    else:
        with own_folder("run") as folder:
            async with own_place(topology, folder, programs, say) as place:
                yield place


def _said(outcome: Outcome) -> str:
    """What is told of a scenario that broke: by what, and both ends' statuses; else nothing."""
    if outcome.broken_by is None:
        return ""
    ends = outcome.run.watched_ends
    statuses = [f"{one.end.interface} on {one.end.endpoint}: {one.status or 'nothing seen'}" for one in ends]
    return "\n".join([outcome.broken_by, *statuses])


def _tell(console: Console, outcome: Outcome, said: str) -> None:
    results = outcome.run.results
    done, steps = sum(one.broken_by is None for one in results), len(outcome.run.scenario.steps)
    seconds = sum(one.seconds for one in results)
    if said:
        console.print(Text(plain(f"\n✗ {said}\n", keep="\n"), "red"), soft_wrap=True)
    if outcome.latest is not None:
        console.print(Text(text(outcome.latest)), soft_wrap=True)
    style = "bold red" if said else "bold green"
    console.print(Text(f"{'' if said else chr(10)}{done} of {steps} steps as expected, in {seconds:.1f} s", style))
