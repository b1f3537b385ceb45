"""The work of `demo`: a story is played on a stack of its own; at the end it says what was seen and what was not."""

from __future__ import annotations

import asyncio
import time
from importlib.resources import as_file, files
from pathlib import Path

from rich.console import Console
from rich.text import Text

from console.client import ClientError
from console.client.plain import plain
from console.demo.checklist import Checklist
from console.demo.verdict import draw_verdict
from console.scenario.model import Scenario
from console.scenario.performing import perform
from console.scenario.places import own_place
from console.scenario.reading import load_scenario
from console.scenario.surroundings import DONE, FAILED, INTERRUPTED, make_console, own_folder, progress, until_stopped
from console.stack.errors import StackError
from console.topology import Topology
from console.trace.drawings import draw
from console.web.errors import ServerError
from shared.broker.errors import BrokerNotStarted, ControlPlaneError


def story(name: str) -> tuple[Scenario, Topology]:
    """Read a story."""
    with as_file(files("console.demo.stories") / f"{name}.yaml") as path:
        scenario, topology = load_scenario(path)
    if topology is None:
        raise AssertionError(name)
    return scenario, topology


def run(name: str, keep: Path | None, trace: Path | None) -> int:
    """Play a story; return the exit code."""
    console = make_console()
    try:
        with own_folder("demo", keep) as folder:
            return asyncio.run(until_stopped(_play(name, folder, console, trace)))
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("interrupted; nothing is left running")
        return INTERRUPTED
    except (StackError, ServerError, BrokerNotStarted, ControlPlaneError, ClientError, OSError) as error:
        console.print(Text(f"The demonstration can't be given: {error}", "red"), soft_wrap=True)
        return FAILED


async def _play(name: str, folder: Path, console: Console, trace: Path | None) -> int:
    began = time.monotonic()
    scenario, topology = story(name)
    console.print(Text(plain(scenario.title), "bold"), soft_wrap=True)
    async with progress(console) as say, own_place(topology, folder, folder, say) as place:
        outcome = await perform(scenario, place, console, say, traced=trace is not None)
    if trace is not None and outcome.trace is not None:
        draw(outcome.trace, trace)
    checklist = Checklist.of(outcome.run)
    draw_verdict(outcome.drawing, checklist, time.monotonic() - began)
    if outcome.broken_by is not None:
        console.print(Text(f"The story broke: {outcome.broken_by}", "bold red"), soft_wrap=True)
    return FAILED if outcome.broken_by is not None or any(checklist.missing()) else DONE
