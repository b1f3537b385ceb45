"""The performance of a scenario at a place: it is drawn while it is played, and what is left of it is gathered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from rich.console import Console

from console.client import ClientError
from console.client.history import ALL, Part
from console.client.ids import interface_id
from console.faults.command_lines import StoryBroke, StoryEnd, story_end
from console.faults.situation import endpoints
from console.scenario.drawing import Drawing
from console.scenario.model import Scenario
from console.scenario.places import Place
from console.scenario.run import ScenarioRun
from console.scenario.surroundings import pause_seconds
from console.trace.gathering import OnPurpose, gather
from console.trace.model import Trace
from console.trace.strikes import Strike
from shared.wire import commands

LATEST_MOMENTS: Final = 24
"""How much of the drawing is kept of a scenario that broke."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a scenario: the run, what broke it (None: nothing did), and what both ends remember of it."""

    run: ScenarioRun
    drawing: Drawing
    broken_by: str | None
    trace: Trace | None
    latest: Trace | None


async def perform(
    scenario: Scenario, place: Place, console: Console, say: Callable[[str], None], *, traced: bool
) -> Outcome:
    """Play a scenario to its end, or to where it breaks, and clear its faults. Raises StoryBroke where none can be."""
    ends = _ends(scenario, place)
    drawing = Drawing(console, ends)
    if place.stack is not None:
        drawing.processes(place.stack.reports, place.stack.broker.said, place.seconds)
    drawing.columns()
    run = ScenarioRun(scenario, place, ends, drawing.scene, say)
    run.pause_seconds = pause_seconds(console)
    try:
        broken_by = await _told(run)
        trace = await _trace(run, ALL) if traced else None
        latest = await _trace(run, Part(LATEST_MOMENTS)) if broken_by is not None else None
    finally:
        await run.performer.faults.clear_own()
    return Outcome(run, drawing, broken_by, trace, latest)


def _ends(scenario: Scenario, place: Place) -> tuple[StoryEnd, StoryEnd]:
    """The ends of a scenario's connection; fresh ones on two endpoints that fit, where it names none."""
    if scenario.connection is not None:
        first, second = scenario.connection
    else:
        first, second = (f"{interface_id()}@{one}" for one in endpoints(place.context.at_hand, None, None))
    return story_end(place.context, first), story_end(place.context, second)


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
