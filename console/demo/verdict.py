"""The verdict of a story, in a terminal: the article's tables held against what was seen."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from console.demo.checklist import COMPARISON, STATUSES, Checklist
from console.scenario.drawing import Drawing
from console.screen import status_text
from console.statuses import PROCESS


def draw_verdict(drawing: Drawing, checklist: Checklist, seconds: float) -> None:
    """Draw the article's process and its comparison, and count what was seen."""
    missing = list(checklist.missing())
    drawing.rule()
    drawing.print(_process(drawing.grid(), checklist))
    drawing.print(Padding(_comparison(drawing.grid(), checklist), (1, 0)))
    style = "bold red" if missing else "bold green"
    drawing.print(Text(f"{checklist.seen} of {STATUSES} statuses seen, in {seconds:.1f} s", style))
    drawing.print(Group(*(Text(f"✗ not seen: {one}", "red") for one in missing)))


def _process(grid: Table, checklist: Checklist) -> RenderableType:
    grid.add_row(*(Text(head, "bold") for head in ("The article's process", "initiator", "acceptor")))
    for row, one, two in zip(PROCESS, checklist.first, checklist.second, strict=True):
        grid.add_row(row.process, _checked(status_text(row.initiator), one), _checked(status_text(row.acceptor), two))
    return grid


def _comparison(grid: Table, checklist: Checklist) -> RenderableType:
    grid.add_row(Text("The article's comparison", "bold"), "", "")
    for question, shown in checklist.questions.items():
        grid.add_row(question, *(_checked(Text(answer), shown) for answer in COMPARISON[question]))
    return grid


def _checked(text: Text, seen: bool) -> Text:  # noqa: FBT001 - it is the whole question
    mark = Text("✓ ", "green") if seen else Text("✗ ", "red")
    return mark.append_text(text)
