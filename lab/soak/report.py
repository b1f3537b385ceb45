"""The report of a soak run: its figures, and what has grown."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

from rich.table import Table

from console.client import ClientError
from console.screen import make_console
from console.stack.errors import StackError
from lab.soak.run import Sample, Soaked, growth, soak
from shared.broker.errors import BrokerNotStarted, ControlPlaneError


def run(seconds: float, *, as_json: bool) -> int:
    """Do the run, and say what came of it. Returns the exit code."""
    screen, errors = make_console(), make_console(error=True)
    with tempfile.TemporaryDirectory(prefix="peering-soak-") as folder:
        try:
            soaked = asyncio.run(soak(seconds, Path(folder) / "up", errors.print))
        except (BrokerNotStarted, ControlPlaneError, StackError, ClientError, TimeoutError) as error:
            errors.print(f"broke off: {error}")
            return 1
    wrong = growth(soaked.samples)
    if as_json:
        screen.print_json(json.dumps(_figures(seconds, soaked, wrong)))
    else:
        table = Table(*Sample._fields)
        for third in _thirds(soaked):
            table.add_row(*(f"{value:,.1f}" for value in third))
        screen.print(table, f"{soaked.payloads:,} payloads, {soaked.suspensions:,} suspensions; the most of each third")
    for sentence in wrong:
        errors.print(f"GROWN: {sentence}")
    return 1 if wrong else 0


def _thirds(soaked: Soaked) -> list[Sample]:
    """The most that was seen in each third."""
    third = len(soaked.samples) // 3
    parts = (soaked.samples[:third], soaked.samples[third:-third], soaked.samples[-third:]) if third else ()
    return [Sample(*(max(values) for values in zip(*part, strict=True))) for part in parts]


def _figures(seconds: float, soaked: Soaked, wrong: list[str]) -> dict[str, Any]:
    thirds = [{name: round(value, 1) for name, value in one._asdict().items()} for one in _thirds(soaked)]
    done = {"payloads": soaked.payloads, "suspensions": soaked.suspensions}
    return {"seconds": seconds, **done, "thirds": thirds, "grown": wrong}
