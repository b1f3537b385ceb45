"""One benchmark run: what is measured, in which order, and how it is printed and kept.

What was not measured in the same run cannot be divided, so a run measures whatever its rows are divided by, too.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console

from console.commands.options import Later
from console.stack.own_broker import OwnBroker
from lab.bench import report
from lab.bench.baseline_runs import (
    measure_durable,
    measure_faststream,
    measure_plain,
    measure_plain_payloads,
    measure_stock,
)
from lab.bench.breakdown import measure_breakdown
from lab.bench.bulk import measure_bulk
from lab.bench.by_connections import measure_by_connections
from lab.bench.fanout import measure_fanout
from lab.bench.lone import measure_lone
from lab.bench.payloads import measure_payloads
from lab.bench.results import BenchFailed, Results
from lab.bench.scale import measure_scale
from lab.bench.sizes import FULL, QUICK, ScaleSize, Sizes
from lab.bench.table import table
from lab.bench.testbed import Testbed, opened_testbed, start_broker
from lab.bench.worlds import measure_worlds
from shared.broker.amqp import silence_client_library
from shared.broker.errors import BrokerNotStarted

if TYPE_CHECKING:
    from lab.bench import plots
else:
    plots = Later("lab.bench.plots")  # matplotlib takes a second to import, and most runs draw nothing

Say = Callable[[str], None]

NEEDS: Final = {
    "handshakes": ("plain", "stock", "durable", "faststream", "bulk"),
    "lone": ("plain", "stock", "durable", "faststream", "lone"),
    "cost": ("by_connections",),
    "changes": ("bulk",),
    "payloads": ("plain_payloads", "payloads"),
    "memory": ("by_connections",),
    "ready": ("by_connections",),
    "lookups": ("by_connections",),
    "keepalive": ("by_connections",),
    "fanout": ("bulk", "fanout"),
    "breakdown": ("breakdown",),
    "scale": ("scale",),
    "worlds": ("worlds",),
}
"""What can be asked for by name, and what must be measured for it."""

MEASURES: Final[dict[str, Callable[[Testbed, Sizes], Awaitable[object]]]] = {
    "plain": measure_plain,
    "stock": measure_stock,
    "durable": measure_durable,
    "faststream": measure_faststream,
    "plain_payloads": measure_plain_payloads,
    "bulk": measure_bulk,
    "lone": measure_lone,
    "payloads": measure_payloads,
    "breakdown": measure_breakdown,
    "by_connections": measure_by_connections,
    "scale": measure_scale,
    "worlds": measure_worlds,
}
"""How each part is measured; only the fan-out needs what another found."""

ORDER: Final = (
    "durable",
    "plain",
    "lone",
    "bulk",
    "plain",
    "durable",
    "stock",
    "faststream",
    "plain_payloads",
    "payloads",
    "breakdown",
    "fanout",
    "by_connections",
    "worlds",
    "scale",
)
"""The plain program before ours and after, because a machine that is slower or faster by then was so for either."""


def bench(
    only: Sequence[str],
    *,
    quick: bool,
    json_file: Path | None,
    svg_folder: Path | None,
    scale: tuple[int, int] | None = None,
) -> int:
    """Measure, print the table, keep what was found; return an exit code: 1 if anything could not be measured."""
    console = Console()
    sizes = QUICK if quick else FULL
    if scale is not None:
        sizes = replace(sizes, scale=(ScaleSize(*scale),))
    machine = report.Machine.here()
    results = Results()
    wanted = {part for name in only or NEEDS for part in NEEDS[name]}
    silence_client_library()
    folder = Path(tempfile.mkdtemp(prefix="peering-bench-"))
    try:
        failures = _measure(folder, sizes, wanted, results, lambda word: console.print(word, style="dim"))
    except BrokerNotStarted as error:
        console.print(f"The broker did not start: {error}", style="red")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    rows = table(results, full=sizes.full)
    report.show(rows, console)
    report.show_scale(results.scale, console)
    for name, reason in failures.items():
        console.print(f"{name} could not be measured: {reason}", style="red")
    if results.breakdown is not None:
        _show_breakdown(results.breakdown.layers, console)
    if json_file is not None:
        report.write(json_file, report.document(results, rows, machine, failures))
    if svg_folder is not None:
        for file in plots.draw(results, svg_folder):
            console.print(f"drawn: {file}", style="dim")
    return 1 if failures else 0


def _show_breakdown(layers: dict[str, float], console: Console) -> None:
    whole = sum(layers.values())
    parts = ", ".join(f"{layer} {spent:.0f} µs" for layer, spent in layers.items())
    console.print(f"Processor time per handshake: {whole:.0f} µs: {parts}")


def _measure(folder: Path, sizes: Sizes, wanted: Collection[str], results: Results, say: Say) -> dict[str, str]:
    broker, owners, passwords = start_broker(folder, sizes.acceptors if "fanout" in wanted else ())
    try:
        return asyncio.run(_all(folder, sizes, set(wanted), results, say, broker, owners, passwords))
    finally:
        broker.stop()


async def _all(  # noqa: PLR0913, PLR0917 - one call, from the function above
    folder: Path,
    sizes: Sizes,
    wanted: set[str],
    results: Results,
    say: Say,
    broker: OwnBroker,
    owners: dict[str, str],
    passwords: dict[str, str],
) -> dict[str, str]:
    failures: dict[str, str] = {}
    async with opened_testbed(folder, broker, owners, passwords) as testbed:
        for name in ORDER:
            if name not in wanted:
                continue
            say(f"measuring {name.replace('_', ' ')} …")
            try:
                found = await _one(name, testbed, sizes, results)
                setattr(results, name, joined(getattr(results, name), found))
            except* BenchFailed as group:
                failures[name] = "; ".join(str(error) for error in _leaves(group))
    return failures


def joined(earlier: object, found: object) -> object:
    """What was measured before, and again: baselines are joined, each type of queue with itself."""
    if not (isinstance(earlier, list) and isinstance(found, list) and earlier):
        return found
    return [one + again for one, again in zip(earlier, found, strict=True)]


def _leaves(group: BaseExceptionGroup[BenchFailed]) -> list[BenchFailed]:
    found: list[BenchFailed] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


def _one(name: str, testbed: Testbed, sizes: Sizes, results: Results) -> Awaitable[object]:
    if name == "fanout":
        if results.bulk is None:
            raise BenchFailed("fanout has nothing to be compared with")
        return measure_fanout(testbed, sizes, results.bulk.handshakes)
    return MEASURES[name](testbed, sizes)
