"""The plots of docs/performance.md, drawn with matplotlib.

The one file that needs matplotlib (`pip install -e lab`). The same results give the same bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lab.bench.results import ByConnections, Lone, Results
from lab.bench.table import quickest

OURS: Final = "#0b6e99"
BASELINE: Final = "#c25b12"
THIRD: Final = "#5b7f2b"
SIZE_INCHES: Final = (7.0, 3.8)
SETTINGS: Final[Any] = {
    "svg.hashsalt": "peering",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def draw(results: Results, folder: Path) -> list[Path]:
    """Draw every plot that the results have figures for; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn: list[Path] = []
    with mpl.rc_context(SETTINGS):
        if results.by_connections is not None:
            drawn.append(_save(_by_connections(results.by_connections), folder / "by-connections.svg"))
            drawn.append(_save(_cost(results.by_connections), folder / "cost.svg"))
        if results.lone is not None:
            drawn.append(_save(_distribution(results.lone, results), folder / "latency.svg"))
    return drawn


def _save(figure: Figure, file: Path) -> Path:
    figure.savefig(file, format="svg", bbox_inches="tight", metadata={"Date": None})
    return file


def _axes(title: str, across: str, up: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=SIZE_INCHES)
    axes = figure.subplots()
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    return figure, axes


def _by_connections(found: ByConnections) -> Figure:
    figure, axes = _axes("Throughput and latency against number of connections", "connections present", "handshakes/s")
    counts = [point.connections for point in found.points]
    axes.plot(counts, [point.handshakes.per_second for point in found.points], "o-", color=OURS)
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.yaxis.label.set_color(OURS)
    other = axes.twinx()
    other.grid(visible=False)
    other.plot(counts, [point.lone.p50 for point in found.points], "s-", color=BASELINE, label="p50")
    other.plot(counts, [point.lone.p99 for point in found.points], "s--", color=BASELINE, label="p99")
    other.set_ylabel("lone handshake, ms", color=BASELINE)
    other.set_ylim(bottom=0)
    other.legend(loc="lower right", frameon=False)
    return figure


def _cost(found: ByConnections) -> Figure:
    figure, axes = _axes("What a further handshake costs", "connections present", "processor time, µs")
    counts = [point.connections for point in found.points]
    for name, costs, colour in (
        ("both workers", [point.cpu_microseconds for point in found.points], OURS),
        ("RabbitMQ", [point.broker_cpu_microseconds for point in found.points], THIRD),
    ):
        axes.plot(counts, costs, "o-", color=colour, label=name)
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    return figure


def _distribution(lone: Lone, results: Results) -> Figure:
    title = "How long a lone handshake takes: share of handshakes that took at most so long"
    figure, axes = _axes(title, "ms", "share")
    curves = [("ours, durable at both ends", lone.ends, OURS)]
    for name, found, colour in (
        ("plain, remembers nothing", results.plain, BASELINE),
        ("FastStream", results.faststream, THIRD),
    ):
        best = quickest(found)
        if best is not None:
            curves.append((name, best, colour))
    for name, latency, colour in curves:
        ordered = sorted(latency.milliseconds)
        axes.step(ordered, [(place + 1) / len(ordered) for place in range(len(ordered))], color=colour, label=name)
    axes.set_xlim(0, 2.5 * max(latency.p50 for _, latency, _ in curves))
    axes.legend(loc="lower right", frameon=False)
    return figure
