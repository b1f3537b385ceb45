"""What a search found is read by people first: which bounds, how many worlds, what held, and what was seen."""

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
from lab.explore.run import ALWAYS, EVENTUALLY, Report, Told
from lab.explore.scenario import NoScenario, read, replay, steps_of, write


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
            for told in running.bugs(processes):
                report.bugs.append(told)
                progress.advance(task)
        else:
            task = progress.add_task("bounds", total=len(chosen))
            for told in running.bounds(chosen, processes):
                report.bounds.append(told)
                progress.advance(task)
    report.bounds.sort(key=lambda told: order.index(told.name))
    report.bugs.sort(key=lambda told: [bug.name for bug in BUGS].index(told.name))
    if as_json:
        screen.print_json(json.dumps(report.as_json()))
    else:
        _tell(report, screen)
    for told in (*report.bounds, *report.bugs):
        if told.scenario is not None and (save or not bugs):
            _save(told, save or Path(), screen, quiet=as_json)
    return 0 if report.as_wanted else 1


def again(file: Path, *, shipped: bool, as_json: bool) -> int:
    """Go through a saved scenario again. Returns the exit code."""
    screen = Console(highlight=False)
    try:
        scenario = read(file)
        with nullcontext(SHIPPED) if shipped else steps_of(scenario) as steps:
            done = replay(scenario, steps=steps)
    except NoScenario as wrong:
        screen.print(str(wrong), markup=False, soft_wrap=True)
        return 1
    if as_json:
        form = {"story": done.story, "broken": done.broken, "violation": done.violation, "stopped": done.stopped}
        screen.print_json(json.dumps(form))
        return 1 if done.broken else 0
    _number(done.story, screen)
    if done.stopped is not None:
        _say(screen, f"Here the story ends: {done.stopped} cannot happen any more.")
    _say(screen, f"BROKEN: {done.broken}: {done.violation}" if done.broken else "All properties held.")
    return 1 if done.broken else 0


def _tell(report: Report, screen: Console) -> None:
    if report.bounds:
        _tell_bounds(report, screen)
    if report.bugs:
        table = Table("planted bug", "caught by", "after worlds", box=None)
        for told in report.bugs:
            found = told.broken or "nothing"
            table.add_row(told.name, found if told.as_wanted else f"{found}, not {told.expected}", f"{told.worlds:,}")
        screen.print(table)
        caught = sum(told.as_wanted for told in report.bugs)
        screen.print(f"{caught} of {len(report.bugs)} planted bugs caught.")
    for told in report.bounds:
        if told.scenario is not None:
            _say(screen, f"BROKEN in {told.name!r}: {told.broken}: {told.violation}")
            _number(list(told.scenario.story), screen)


def _tell_bounds(report: Report, screen: Console) -> None:
    table = Table("what may happen", "worlds", "payloads delivered", "rounds to agree", "", box=None)
    for told in report.bounds:
        end = "complete" if told.complete else "BROKEN" if told.broken else "not complete"
        table.add_row(told.name, f"{told.worlds:,}", f"{told.deliveries:,}", str(told.rounds), end)
    screen.print(table)
    broken = {told.broken for told in report.bounds}
    held = Table("always", "", "", box=None)
    for holds in ALWAYS:
        held.add_row(holds.__name__, sentence_of(holds), "BROKEN" if holds.__name__ in broken else "held")
    screen.print(held)
    wanted = Table("eventually", "", "", box=None)
    name = EVENTUALLY.__name__
    wanted.add_row(name, sentence_of(EVENTUALLY), "BROKEN" if name in broken else "held")
    screen.print(wanted)
    seen = Table("sometimes", "", box=None)
    for stage, first, second in PROCESS:
        seen.add_row(f"{first}/{second}: {stage}", "seen" if (first, second) in report.pairs else "NOT SEEN")
    screen.print(seen)
    if report.as_wanted:
        total = sum(told.worlds for told in report.bounds)
        screen.print(f"{total:,} worlds in {len(report.bounds)} bounds, complete. All properties held.")


def sentence_of(holds: object) -> str:
    """A property in words: the first sentence of what its function says of itself."""
    return re.split(r"\.\s", inspect.getdoc(holds) or "", maxsplit=1)[0].rstrip(".")


def _number(story: list[str], screen: Console) -> None:
    for number, line in enumerate(story, 1):
        _say(screen, f"{number:3}. {line}")


def _save(told: Told, folder: Path, screen: Console, *, quiet: bool) -> None:
    if told.scenario is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{re.sub('[^a-z0-9]+', '-', told.name.lower()).strip('-')}.json"
    file.write_text(write(told.scenario), encoding="utf-8")
    if not quiet:
        _say(screen, f"saved: {file}   (peering-lab explore --replay {file})")


def _say(screen: Console, line: str) -> None:
    screen.print(line, markup=False, soft_wrap=True)
