"""Many runs in several processes, and what they came to, printed."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from random import SystemRandom

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from lab.simulate.simulation import simulate

CHUNK_SEEDS = 25
SECONDS_PER_HOUR = 3600
SEED_LIMIT = 2**31


@dataclass(slots=True)
class Figures:
    """What many runs came to together."""

    seeds: int = 0
    virtual_seconds: float = 0.0
    events: int = 0
    worst_settled_seconds: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    figures: Counter[str] = field(default_factory=Counter)
    covered: set[tuple[str, str]] = field(default_factory=set)
    broken: dict[int, str] = field(default_factory=dict)

    def add(self, other: Figures) -> None:
        """Take in what other runs came to."""
        self.seeds += other.seeds
        self.virtual_seconds += other.virtual_seconds
        self.events += other.events
        self.worst_settled_seconds = max(self.worst_settled_seconds, other.worst_settled_seconds)
        self.faults += other.faults
        self.figures += other.figures
        self.covered |= other.covered
        self.broken |= other.broken


def simulate_seeds(first: int, count: int, *, stores_last: bool = False) -> Figures:
    """Simulate the runs of consecutive seeds; where `stores_last`, no store is lost or put back."""
    total = Figures()
    for seed in range(first, first + count):
        one = simulate(seed, stores_last=stores_last)
        broken = {} if one.broken is None else {seed: one.broken}
        covered = set(one.coverage)
        total.add(Figures(1, one.seconds, one.events, one.settled_seconds, one.faults, one.figures, covered, broken))
    return total


def run(seeds: int, seed: int | None, processes: int, *, trace: bool, as_json: bool) -> int:
    """Simulate, and say what happened. Returns the exit code."""
    screen = Console(highlight=False)
    first = SystemRandom().randrange(SEED_LIMIT) if seed is None else seed
    if trace:
        findings = simulate(first, verbose=True)
        screen.print("\n".join(findings.lines), markup=False, soft_wrap=True)
        return 0 if findings.broken is None else 1
    total = _all(first, seeds, processes, screen, quiet=as_json)
    screen.print_json(json.dumps(_as_json(total, first))) if as_json else _print_report(total, first, screen)
    return 1 if total.broken else 0


def _all(first: int, seeds: int, processes: int, screen: Console, *, quiet: bool) -> Figures:
    total = Figures()
    starts = range(first, first + seeds, CHUNK_SEEDS)
    counts = [min(CHUNK_SEEDS, first + seeds - start) for start in starts]
    with (
        ProcessPoolExecutor(processes) as pool,
        Progress(console=screen, transient=True, disable=quiet or not screen.is_terminal) as progress,
    ):
        task = progress.add_task("runs", total=seeds)
        for figures in pool.map(simulate_seeds, starts, counts):
            total.add(figures)
            progress.update(task, completed=total.seeds)
    return total


def _as_json(total: Figures, first: int) -> dict[str, object]:
    return {
        "first_seed": first,
        "seeds": total.seeds,
        "commit": commit(),
        "virtual_hours": round(total.virtual_seconds / SECONDS_PER_HOUR, 2),
        "events": total.events,
        "worst_settled_seconds": round(total.worst_settled_seconds, 1),
        "faults": dict(total.faults.most_common()),
        "figures": dict(total.figures.most_common()),
        "covered": len(total.covered),
        "broken": {str(seed): why for seed, why in total.broken.items()},
    }


def _print_report(total: Figures, first: int, screen: Console) -> None:
    table = Table(box=None, show_header=False)
    hours = total.virtual_seconds / SECONDS_PER_HOUR
    rows = {
        "runs": f"{total.seeds:,} (seeds {first} to {first + total.seeds - 1})",
        "virtual time": f"{hours:,.1f} hours, {total.events:,} events",
        "faults": ", ".join(f"{count:,} {name}" for name, count in total.faults.most_common()),
        "what happened": ", ".join(f"{count:,} {name}" for name, count in total.figures.most_common()),
        "agreed after": f"{total.worst_settled_seconds:.0f} virtual seconds at the latest",
        "covered": f"{len(total.covered)} pairs of a status and an event",
    }
    for name, value in rows.items():
        table.add_row(name, value)
    screen.print(table)
    for seed, why in total.broken.items():
        screen.print(f"BROKEN at seed {seed}, commit {commit()}: {why}", markup=False)
        screen.print(f"  peering-lab simulate --seed {seed} --trace")
    if not total.broken:
        screen.print("All properties held.")


def commit() -> str:
    """The commit that this is, or that it is none."""
    try:
        asked = ["git", "describe", "--always", "--dirty"]
        return subprocess.run(asked, capture_output=True, text=True, check=True, timeout=5).stdout.strip()  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return "unknown"
