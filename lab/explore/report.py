"""The report of the model checker, and the scenarios that it saves."""

from __future__ import annotations

import inspect
import json
import re
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from console.statuses import PROCESS
from lab.explore import run as running
from lab.explore.bounds import LARGE, LARGEST, SMALL
from lab.explore.bugs import BUGS
from lab.explore.machine import SHIPPED
from lab.explore.run import ALWAYS, EVENTUALLY, Outcome, Report
from lab.explore.scenario import ScenarioError, read, replay, steps_of, write


def run(*, bugs: bool, quick: bool, processes: int, save: Path | None, as_json: bool) -> int:
    """Explore, and say what was found. Returns the exit code."""
    screen, report = Console(highlight=False), Report()
    chosen = (
        SMALL if quick else (*LARGEST[::-1], *LARGE, *SMALL)
    )  # the longest first, or everybody waits for them at the end
    order = [bound.name for bound in (*SMALL, *LARGE, *LARGEST)]
    shown = screen.is_terminal and not as_json
    with Progress(console=screen, transient=True, disable=not shown) as progress:
        if bugs:
            task = progress.add_task("planted bugs", total=len(BUGS))
            for outcome in running.bugs(processes):
                report.bugs.append(outcome)
                progress.advance(task)
        else:
            task = progress.add_task("bounds", total=len(chosen))
            for outcome in running.bounds(chosen, processes):
                report.bounds.append(outcome)
                progress.advance(task)
    report.bounds.sort(key=lambda outcome: order.index(outcome.name))
    report.bugs.sort(key=lambda outcome: [bug.name for bug in BUGS].index(outcome.name))
    if as_json:
        screen.print_json(json.dumps(report.as_json()))
    else:
        _print_report(report, screen)
    for outcome in (*report.bounds, *report.bugs):
        if outcome.scenario is not None and (save or not bugs):
            _save(outcome, save or Path(), screen, quiet=as_json)
    return 0 if report.as_expected else 1


def rerun(file: Path, *, shipped: bool, as_json: bool) -> int:
    """Replay a saved scenario, and print it. Returns the exit code."""
    screen = Console(highlight=False)
    try:
        scenario = read(file)
        with nullcontext(SHIPPED) if shipped else steps_of(scenario) as steps:
            done = replay(scenario, steps=steps)
    except ScenarioError as wrong:
        screen.print(str(wrong), markup=False, soft_wrap=True)
        return 1
    if as_json:
        form = {"trace": done.trace, "broken": done.broken, "violation": done.violation, "stopped": done.stopped}
        screen.print_json(json.dumps(form))
        return 1 if done.broken else 0
    _print_numbered(done.trace, screen)
    if done.stopped is not None:
        _print(screen, f"Here the scenario ends: {done.stopped} cannot happen any more.")
    _print(screen, f"BROKEN: {done.broken}: {done.violation}" if done.broken else "All properties held.")
    return 1 if done.broken else 0


def _print_report(report: Report, screen: Console) -> None:
    if report.bounds:
        _print_bounds(report, screen)
    if report.bugs:
        table = Table("planted bug", "caught by", "after states", box=None)
        for outcome in report.bugs:
            found = outcome.broken or "nothing"
            table.add_row(
                outcome.name,
                found if outcome.as_expected else f"{found}, not {outcome.expected}",
                f"{outcome.states:,}",
            )
        screen.print(table)
        caught = sum(outcome.as_expected for outcome in report.bugs)
        screen.print(f"{caught} of {len(report.bugs)} planted bugs caught.")
    for outcome in report.bounds:
        if outcome.scenario is not None:
            _print(screen, f"BROKEN in {outcome.name!r}: {outcome.broken}: {outcome.violation}")
            _print_numbered(list(outcome.scenario.trace), screen)


def _print_bounds(report: Report, screen: Console) -> None:
    table = Table("what may happen", "states", "payloads delivered", "rounds to agree", "", box=None)
    for outcome in report.bounds:
        end = "complete" if outcome.complete else "BROKEN" if outcome.broken else "not complete"
        table.add_row(outcome.name, f"{outcome.states:,}", f"{outcome.deliveries:,}", str(outcome.rounds), end)
    screen.print(table)
    broken = {outcome.broken for outcome in report.bounds}
    held = Table("always", "", "", box=None)
    for holds in ALWAYS:
        held.add_row(holds.__name__, sentence_of(holds), "BROKEN" if holds.__name__ in broken else "held")
    screen.print(held)
    wanted = Table("eventually", "", "", box=None)
    name = EVENTUALLY.__name__
    wanted.add_row(name, sentence_of(EVENTUALLY), "BROKEN" if name in broken else "held")
    screen.print(wanted)
    seen = Table("sometimes", "", box=None)
    for process, first, second in PROCESS:
        seen.add_row(f"{first}/{second}: {process}", "seen" if (first, second) in report.pairs else "NOT SEEN")
    screen.print(seen)
    if report.as_expected:
        total = sum(outcome.states for outcome in report.bounds)
        screen.print(f"{total:,} states in {len(report.bounds)} bounds, complete. All properties held.")


def sentence_of(holds: object) -> str:
    """A property in words: the first sentence of what its function says of itself."""
    return re.split(r"\.\s", inspect.getdoc(holds) or "", maxsplit=1)[0].rstrip(".")


def _print_numbered(trace: list[str], screen: Console) -> None:
    for number, line in enumerate(trace, 1):
        _print(screen, f"{number:3}. {line}")


def _save(outcome: Outcome, folder: Path, screen: Console, *, quiet: bool) -> None:
    if outcome.scenario is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{re.sub('[^a-z0-9]+', '-', outcome.name.lower()).strip('-')}.json"
    file.write_text(write(outcome.scenario), encoding="utf-8")
    if not quiet:
        _print(screen, f"saved: {file}   (peering-lab explore --replay {file})")


def _print(screen: Console, line: str) -> None:
    screen.print(line, markup=False, soft_wrap=True)
