"""A violation that nobody can repeat is a rumour, so each is a file: the bound, and every move up to the last.

A move is written as the event writes itself, and found again among all that can happen at that point; so a scenario
is no program, and goes only where the shipped functions (or those with a planted bug) still lead.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lab.explore.bounds import Bound
from lab.explore.bugs import BUGS
from lab.explore.bugs.planting import planted
from lab.explore.machine import SHIPPED, Machine, Steps
from lab.explore.moves import moves
from lab.explore.search import Findings, Search, Taken, sentence
from lab.explore.world import Budget, beginning

FORMAT: Final = 1


class NoScenario(Exception):
    """The file is not a scenario; the text says why."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A story that can be gone through again, and what was wrong at its end when it was written."""

    bound: Bound
    moves: tuple[Taken, ...]
    broken: str | None = None
    violation: str | None = None
    bug: str | None = None
    story: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Replay:
    """What going through a scenario came to. `stopped` is the move that cannot happen any more, or None."""

    story: list[str]
    broken: str | None
    violation: str | None
    stopped: str | None


def of_findings(bound: Bound, findings: Findings, bug: str | None = None) -> Scenario:
    """Make a scenario of a violation."""
    way, story = tuple(findings.moves), tuple(findings.story)
    return Scenario(bound, way, findings.broken, findings.violation, bug, story)


def write(scenario: Scenario) -> str:
    """Write a scenario, readable by people as well."""
    form = {
        "peering_scenario": FORMAT,
        "bound": scenario.bound.name,
        "budget": scenario.bound.budget._asdict(),
        "configured": scenario.bound.configured,
        "bug": scenario.bug,
        "broken": scenario.broken,
        "violation": scenario.violation,
        "story": [f"{number}. {line}" for number, line in enumerate(scenario.story, 1)],
        "moves": [{"end": move.which, "event": move.event} for move in scenario.moves],
    }
    return json.dumps(form, indent=1, ensure_ascii=False) + "\n"


def read(file: Path) -> Scenario:
    """Read a scenario. Raises NoScenario."""
    try:
        form = json.loads(file.read_text(encoding="utf-8"))
        if form["peering_scenario"] != FORMAT:
            raise NoScenario(f"{file}: a scenario of another format than {FORMAT}")
        much: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in form["budget"].items()}
        budget = Budget(**much)
        first, second = form["configured"]
        way = tuple(Taken(move["end"], move["event"]) for move in form["moves"])
        bound = Bound(form["bound"], budget, (first, second))
        return Scenario(bound, way, form["broken"], form["violation"], form["bug"], tuple(form["story"]))
    except OSError as error:
        raise NoScenario(f"{file} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise NoScenario(f"{file} is no scenario: {type(error).__name__}: {error}") from None


def replay(scenario: Scenario, *, steps: Steps = SHIPPED) -> Replay:
    """Go through it again, and judge every world and every move on the way."""
    world = beginning(scenario.bound.budget, configured=scenario.bound.configured)
    search, story = Search(Machine(steps), world), list[str]()
    stopped: str | None = None
    for taken in scenario.moves:
        if search.wrong(world):
            break
        move = next((one for one in moves(world, search.machine) if (one.which, repr(one.event)) == taken), None)
        if move is None:
            stopped = taken.event
            break
        story.append(sentence(world, move))
        if search.wrong_move(world, move):
            break
        world = move.world
    else:
        search.wrong(world)
    findings = search.findings
    return Replay(story, findings.broken, findings.violation, stopped)


@contextmanager
def steps_of(scenario: Scenario) -> Iterator[Steps]:
    """The functions that it was written for: the shipped ones, or those with its planted bug. Raises NoScenario."""
    if scenario.bug is None:
        yield SHIPPED
        return
    bug = next((bug for bug in BUGS if bug.name == scenario.bug), None)
    if bug is None:
        raise NoScenario(f"there is no planted bug {scenario.bug!r}")
    with planted(bug) as steps:
        yield steps
