"""The output of a benchmark run: the table on the screen, and the file of figures that is kept."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from lab.bench.results import Results, ScalePoint, percentile
from lab.bench.table import Row

PERCENTILES: Final = (1, 10, 25, 50, 75, 90, 99, 100)
DECIMALS: Final = 6
"""Microseconds: what a clock says beyond them is noise that makes every file differ."""


AT_THIS_SIZE: Final = "not at this size"
NOT_JUDGED: Final = "-"


@dataclass(frozen=True, slots=True)
class Machine:
    """What the absolute figures depend on."""

    processor: str
    cores: int
    system: str
    python: str
    load: float

    @classmethod
    def here(cls) -> Machine:
        """This one, and how busy it was before the run: load average over a minute."""
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        system = f"{platform.system()} {platform.release()}"
        name = models[0] if models else platform.machine()
        return cls(name, os.cpu_count() or 1, system, platform.python_version(), os.getloadavg()[0])


def document(results: Results, rows: Sequence[Row], machine: Machine, failures: dict[str, str]) -> dict[str, Any]:
    """Everything a run found, to be kept; of latencies their percentiles, without the samples."""
    return {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": asdict(machine),
        "rows": [asdict(row) for row in rows],
        "failures": failures,
        "results": asdict(results, dict_factory=_without_samples),
    }


def _without_samples(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(fields)
    if samples := found.pop("milliseconds", None):
        found |= {"samples": len(samples), **{f"p{one}": percentile(samples, one) for one in PERCENTILES}}
    return found


def write(file: Path, kept: dict[str, Any]) -> None:
    """Write the document."""
    file.parent.mkdir(parents=True, exist_ok=True)
    short = json.loads(json.dumps(kept), parse_float=lambda digits: round(float(digits), DECIMALS))
    file.write_text(json.dumps(short, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def show(rows: Sequence[Row], console: Console) -> None:
    """Print the table, in lines of at most 80 columns. An aim is the ratio's where there is one, else the figure's."""
    shown = Table(box=SIMPLE_HEAD, padding=0, pad_edge=False, show_edge=False)
    for name in ("measure", "ours", "baseline", "ratio", "aim", "met"):
        shown.add_column(name, justify="left" if name in {"measure", "met"} else "right", no_wrap=True)
    for row in rows:
        measure, ours, baseline, ratio, aim, met = cells(row)
        shown.add_row(measure, ours, baseline, ratio, _brief(aim), NOT_JUDGED if met == AT_THIS_SIZE else met)
    console.print(shown)
    if any(row.aim and row.met is None for row in rows):
        console.print(f"{NOT_JUDGED} {AT_THIS_SIZE}", style="dim")


SCALE: Final = (
    "endpoints",
    "accounts",
    "boot, s",
    "ready, s",
    "start, ms",
    "private, MiB",
    "PSS, MiB",
    "all, GiB",
    "queues",
    "connections",
    "idle, %",
)


def scale_cells(point: ScalePoint) -> tuple[str, ...]:
    """A size of the table *scale*, in words."""
    return (
        f"{point.endpoints:,}",
        f"{point.accounts:,}",
        figure(point.boot_seconds),
        figure(point.ready_seconds),
        figure(point.worker_cpu_seconds * 1_000),
        figure(point.private_mib),
        figure(point.pss_mib),
        figure(point.whole_mib / 1_024),
        f"{point.queues:,}",
        f"{point.connections:,}",
        figure(point.idle_core_share * 100),
    )


def show_scale(points: Sequence[ScalePoint], console: Console) -> None:
    """Print the table *scale*, a size a column, in lines of at most 80 columns."""
    if not points:
        return
    shown = Table(box=SIMPLE_HEAD, padding=0, pad_edge=False, show_edge=False)
    columns = [scale_cells(point) for point in points]
    shown.add_column(SCALE[0], no_wrap=True)
    for column in columns:
        shown.add_column(column[0], justify="right", no_wrap=True)
    for place, name in list(enumerate(SCALE))[1:]:
        shown.add_row(name, *(column[place] for column in columns))
    console.print(shown)


def _brief(aim: str) -> str:
    """An aim without its unit: `≥ 10` for `at least 10 times plain`."""
    words = aim.replace("at least", "≥").replace("at most", "≤").split()
    return " ".join(words[:2])


def cells(row: Row) -> tuple[str, str, str, str, str, str]:
    """A row in words: measure, ours, baseline, ratio, aim, met."""
    met = "" if not row.aim else {None: AT_THIS_SIZE, True: "yes", False: "no"}[row.met]
    return (
        row.measure,
        f"{figure(row.ours)} {row.unit}",
        "" if row.baseline is None else f"{figure(row.baseline)} {row.unit}",
        "" if row.ratio is None else figure(row.ratio),
        row.aim,
        met,
    )


def figure(value: float) -> str:
    """Three figures that count, and no more than that."""
    digits = max(0, 3 - len(str(int(value))))
    return f"{value:,.{digits}f}"
