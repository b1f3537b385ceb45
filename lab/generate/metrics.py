"""The page of metrics, from the tables that the code makes them of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from console.web.metrics import ANSWERS, SECONDS
from shared.runtime.condition import COUNTED
from shared.runtime.metrics import HISTOGRAMS, METRICS, UP

_HEAD: Final = """\
# Metrics

Generated from the code by `make docs`. How to scrape them: [watching](watching.md#metrics); alert rules and a
dashboard: [`examples/monitoring`](../examples/monitoring/README.md).

## Of each worker

At `/metrics` of the console's address for all workers, and at a worker's own metrics port for that one. Counters and
histograms begin with the worker's process.

| metric | type | labels | what it is |
|---|---|---|---|
"""
_EVENTS: Final = """
## The events that are counted

`peering_worker_events_total{event="…"}`:

| event | what it is |
|---|---|
"""
_SERVER: Final = """
## Of the web server

At `/metrics` of the console's address alone.

| metric | type | labels | what it is |
|---|---|---|---|
"""


def metrics_page() -> str:
    """Every metric with its type, its labels and what it is, as a page."""
    events = "".join(f"| `{event}` | {means} |\n" for event, means in COUNTED.items())
    return _HEAD + "".join(_workers()) + _EVENTS + events + _SERVER + "".join(_server())


def _workers() -> Iterator[str]:
    yield _row(UP[0], "gauge", ["endpoint"], UP[1])
    for one in METRICS:
        name = f"{one.name}_total" if one.kind == "counter" else one.name
        yield _row(name, one.kind, ["endpoint", *one.labels], one.means)
    for name, means in HISTOGRAMS.values():
        yield _row(name, "histogram", ["endpoint", "role"], means)


def _server() -> Iterator[str]:
    yield _row(f"{ANSWERS[0]}_total", "counter", ANSWERS[2], ANSWERS[1])
    yield _row(SECONDS[0], "histogram", SECONDS[2], SECONDS[1])


def _row(name: str, kind: str, labels: Iterable[str], means: str) -> str:
    return f"| `{name}` | {kind} | {' '.join(f'`{label}`' for label in labels)} | {means} |\n"
