"""The report of a chaos run: its seed, its figures, and where a broken run's files are kept."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from random import SystemRandom
from typing import Final

from rich.console import Console
from rich.table import Table

from console.client import Unanswered
from console.screen import make_console
from lab.chaos.figures import Figures
from lab.chaos.run import Plan, Result, run_chaos
from lab.simulate.report import commit
from shared.broker.errors import BrokerNotStarted, ControlPlaneError

SEED_LIMIT: Final = 2**31
_SHOWN_FAULTS: Final = 20

Say = Callable[[str], None]


def run(seconds: float, seed: int | None, connections: int, runs: Sequence[str], *, as_json: bool) -> int:
    """Do the runs, and say what came of them. Returns the exit code."""
    screen, errors = make_console(), make_console(error=True)
    chosen = SystemRandom().randrange(SEED_LIMIT) if seed is None else seed
    folder = Path(tempfile.mkdtemp(prefix="peering-chaos-"))

    def say(sentence: str) -> None:
        errors.print(sentence, soft_wrap=True)

    # aio-pika's connections close themselves when they are collected, which may be in a thread that has no loop.
    warnings.filterwarnings("ignore", "coroutine 'Connection.close' was never awaited", RuntimeWarning)
    # While the supervisor has no descriptors nor have the proxies, which is said by every connection that waits.
    logging.getLogger("asyncio").addFilter(lambda record: "out of system resource" not in record.getMessage())
    say(f"chaos: seed {chosen}, commit {commit()}")
    try:
        for name in runs:
            (folder / name).mkdir()
        results = asyncio.run(_all(seconds, str(chosen), connections, runs, folder, say))
    except (BrokerNotStarted, ControlPlaneError, Unanswered) as error:
        say(f"could not begin: {error} (logs are in {folder})")
        return 1
    wrong = [sentence for result in results for sentence in result.wrong]
    if as_json:
        screen.print_json(json.dumps(_as_json(results, chosen, wrong, folder)))
    else:
        for result in results:
            _print_figures(result.figures, screen)
    for sentence in wrong[:_SHOWN_FAULTS]:
        say(f"BROKEN: {sentence}")
    if wrong:
        say(f"{len(wrong)} faults at seed {chosen}, commit {commit()}; history, stores and logs are in {folder}")
        return 1
    shutil.rmtree(folder)
    if not as_json:
        total = sum(result.figures.faults_in_all for result in results)
        screen.print(f"{total} faults, and all properties held: nothing lost, doubled or out of order, all agree.")
    return 0


async def _all(  # noqa: PLR0913, PLR0917 - one argument for each thing that can be asked for
    seconds: float, seed: str, connections: int, runs: Sequence[str], folder: Path, say: Say
) -> Sequence[Result]:
    results = []
    for name in runs:
        plan = Plan(name, name == "cluster", f"{seed} {name}", seconds, connections)
        results.append(await run_chaos(plan, folder / name, say))
    return results


def _as_json(results: Sequence[Result], seed: int, wrong: Sequence[str], folder: Path) -> dict[str, object]:
    return {
        "seed": seed,
        "commit": commit(),
        "faults": sum(result.figures.faults_in_all for result in results),
        "runs": [result.figures.as_json() for result in results],
        "broken": list(wrong),
        "folder": str(folder) if wrong else None,
    }


def _print_figures(figures: Figures, screen: Console) -> None:
    table = Table(box=None, show_header=False, title=f"run: {figures.run}", title_justify="left")
    early = figures.before_calm
    rows = {
        "faults": f"{figures.faults_in_all}, and {figures.not_felt} more that found nothing to break",
        "": ", ".join(f"{count} {kind}" for kind, count in figures.faults.most_common()),
        "full disks": figures.disk,
        "connections": f"{figures.connections}, of which {figures.deleted} were deleted",
        "handshakes": f"{figures.handshakes}, {early['handshakes']} of them before the faults ended",
        "changes": f"{figures.changes} times an end came to rest in another status",
        "requests": f"{figures.requests} with {figures.commands} commands; {figures.unanswered} never answered",
        "payloads": f"{figures.payloads_accepted} accepted, {figures.payloads_delivered} delivered "
        f"({early['payloads delivered']} before the faults ended), {figures.payloads_dropped} dropped with an end that "
        "was deleted",
        "afterwards": f"all answered after {figures.answered_seconds} s, all agreed {figures.agreed_seconds} s later",
        "set aside": f"{figures.set_aside} dead letters",
        "checked": f"{figures.rows_checked} rows of timelines",
    }
    for name, value in rows.items():
        table.add_row(name, value)
    screen.print(table)
