"""Scenario files: a violation as the bound and every action up to it, to be replayed and kept as a test.

An action is written as the event writes itself, and found again among the transitions that are possible at that point;
so a scenario is no program, and goes only where the shipped functions (or those with a planted bug) still lead.
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
from lab.explore.search import Action, Findings, Search, described
from lab.explore.state import Budget, beginning
from lab.explore.transitions import transitions

FORMAT: Final = 1


class ScenarioError(Exception):
    """The file is not a scenario; the text says why."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A bound and actions that can be replayed, and what was wrong at their end when it was written."""

    bound: Bound
    actions: tuple[Action, ...]
    broken: str | None = None
    violation: str | None = None
    bug: str | None = None
    trace: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Replay:
    """What going through a scenario came to. `stopped` is the transition that cannot happen any more, or None."""

    trace: list[str]
    broken: str | None
    violation: str | None
    stopped: str | None


def of_findings(bound: Bound, findings: Findings, bug: str | None = None) -> Scenario:
    """Make a scenario of a violation."""
    way, trace = tuple(findings.actions), tuple(findings.trace)
    return Scenario(bound, way, findings.broken, findings.violation, bug, trace)


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
        "trace": [f"{number}. {line}" for number, line in enumerate(scenario.trace, 1)],
        "actions": [{"end": transition.which, "event": transition.event} for transition in scenario.actions],
    }
    return json.dumps(form, indent=1, ensure_ascii=False) + "\n"


def read(file: Path) -> Scenario:
    """Read a scenario. Raises ScenarioError."""
    try:
        form = json.loads(file.read_text(encoding="utf-8"))
        if form["peering_scenario"] != FORMAT:
            raise ScenarioError(f"{file}: a scenario of another format than {FORMAT}")
        much: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in form["budget"].items()}
        budget = Budget(**much)
        first, second = form["configured"]
        way = tuple(Action(transition["end"], transition["event"]) for transition in form["actions"])
        bound = Bound(form["bound"], budget, (first, second))
        return Scenario(bound, way, form["broken"], form["violation"], form["bug"], tuple(form["trace"]))
    except OSError as error:
        raise ScenarioError(f"{file} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ScenarioError(f"{file} is no scenario: {type(error).__name__}: {error}") from None


def replay(scenario: Scenario, *, steps: Steps = SHIPPED) -> Replay:
    """Replay a scenario, and check every state and every transition on the way."""
    state = beginning(scenario.bound.budget, configured=scenario.bound.configured)
    search, trace = Search(Machine(steps), state), list[str]()
    stopped: str | None = None
    for taken in scenario.actions:
        if search.state_violates(state):
            break
        transition = next(
            (one for one in transitions(state, search.machine) if (one.which, repr(one.event)) == taken), None
        )
        if transition is None:
            stopped = taken.event
            break
        trace.append(described(state, transition))
        if search.transition_violates(state, transition):
            break
        state = transition.state
    else:
        search.state_violates(state)
    findings = search.findings
    return Replay(trace, findings.broken, findings.violation, stopped)


@contextmanager
def steps_of(scenario: Scenario) -> Iterator[Steps]:
    """The functions that it was written for: the shipped ones, or those with its planted bug. Raises ScenarioError."""
    if scenario.bug is None:
        yield SHIPPED
        return
    bug = next((bug for bug in BUGS if bug.name == scenario.bug), None)
    if bug is None:
        raise ScenarioError(f"there is no planted bug {scenario.bug!r}")
    with planted(bug) as steps:
        yield steps
