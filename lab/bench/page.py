"""The tables of docs/performance.md, written from the file of a kept run.

`python -m lab.bench.page DOCUMENT.json PAGE.md` puts the tables of a kept run between the page's marks.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lab.bench.report import SCALE, cells, scale_cells
from lab.bench.results import ScalePoint
from lab.bench.table import Row

MARKS = ("<!-- {}: written by `make bench` -->", "<!-- end of {} -->")


def written(page: str, kept: Mapping[str, Any]) -> str:
    """The page with the tables of this run. Raises ValueError if it has no place for one."""
    parts = {"measures": _measures, "breakdown": _breakdown, "machine": _machine, "scale": _scale}
    for name, part in parts.items():
        start, end = (mark.format(name) for mark in MARKS)
        pattern = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
        if not pattern.search(page):
            raise ValueError(f"the page has no place for {name}: {start} … {end}")
        text = "\n".join([start, *part(kept), end])
        page = pattern.sub(lambda _, text=text: text, page)  # type: ignore[misc]
    return page


def _table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _measures(kept: Mapping[str, Any]) -> Iterator[str]:
    head = ("measure", "ours", "baseline", "ratio", "aim", "met")
    yield from _table(head, (cells(Row(**row)) for row in kept["rows"]))
    for name, reason in kept["failures"].items():
        yield f"\n`{name}` could not be measured: {reason}"


def _scale(kept: Mapping[str, Any]) -> Iterator[str]:
    points = [ScalePoint(**point) for point in kept["results"]["scale"]]
    yield from _table(SCALE, map(scale_cells, points)) if points else ["Not measured in this run."]


def _breakdown(kept: Mapping[str, Any]) -> Iterator[str]:
    found = kept["results"]["breakdown"]
    if found is None:
        yield "Not measured in this run."
        return
    layers: dict[str, float] = found["layers"]
    whole = sum(layers.values())
    rows = ((name, f"{spent:.1f} µs", f"{spent / whole:.0%}") for name, spent in layers.items())
    yield from _table(("where", "processor time per handshake", "share"), rows)


def _machine(kept: Mapping[str, Any]) -> Iterator[str]:
    here = kept["machine"]
    yield (
        f"Run of {kept['made']}: {here['cores']} cores ({here['processor']}), {here['system']}, "
        f"Python {here['python']}; load average before the run {here['load']:.1f}."
    )


def main() -> None:
    """Rewrite the page."""
    kept, page = Path(sys.argv[1]), Path(sys.argv[2])
    found = written(page.read_text(encoding="utf-8"), json.loads(kept.read_text(encoding="utf-8")))
    page.write_text(found, encoding="utf-8")


if __name__ == "__main__":
    main()
