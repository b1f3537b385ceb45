"""The picture of a story in a terminal: what was typed, and what both ends showed, in columns as in the article.

Scenes are printed one below the other, each as wide as the terminal, and stay there: it reads the same in a pipe.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from console.client.plain import plain
from console.faults.command_lines import StoryEnd, TypedLine
from console.scenario.watching import Scene
from console.screen import status_text
from console.stack.own_broker import BROKER
from console.stack.supervised import Report
from shared.protocol.words import Status

WIDEST: Final = 120
_END_SHARE: Final = 0.24
_NARROWEST_END: Final = 16
_BOTH_UP: Final = (Status.ACTIVATED, Status.ACTIVATED)


class Drawing:
    """The picture of a story, drawn on a terminal or into a pipe."""

    def __init__(self, console: Console, ends: tuple[StoryEnd, StoryEnd]) -> None:
        """Columns are as wide as the console allows."""
        self._console = console
        self._ends = ends
        self._width = min(console.width, WIDEST)
        self._established = self._just_drew_line = False
        self._end_width = max(_NARROWEST_END, int(self._width * _END_SHARE))

    def processes(self, reports: Sequence[Report], broker: str, seconds: float) -> None:
        """Say what runs."""
        workers = ", ".join(f"{one.name} (process {one.pid})" for one in reports if one.name != BROKER)
        for line in (f"broker   {broker}", f"workers  {workers}", f"up in    {seconds:.1f} s"):
            self._console.print(Text(plain(line), "dim"), soft_wrap=True)
        self._console.print()

    def columns(self) -> None:
        """Head the columns, one for each end."""
        grid = self.grid()
        grid.add_row(Text("who types what", "dim"), *(Text(one.section.role.upper(), "bold") for one in self._ends))
        grid.add_row("", *(Text(f"{one.owner} · {one.endpoint}") for one in self._ends))
        grid.add_row("", *(Text(one.section.region, "dim") for one in self._ends))
        self.print(grid)

    def scene(self, scene: Scene) -> None:
        """Draw a step that is over."""
        if not self._just_drew_line:
            self.rule()
        self._just_drew_line = False
        grid = self.grid()
        ends = (_end(scene.first, scene.first_notes), _end(scene.second, scene.second_notes))
        grid.add_row(Group(_titled(scene), *(_typed(line, scene.lines) for line in scene.lines)), *ends)
        self.print(grid)
        if not self._established and (scene.first[-1], scene.second[-1]) == _BOTH_UP:
            self._established = self._just_drew_line = True
            self._line_of_no_difference()

    def _line_of_no_difference(self) -> None:
        words = Text("established: from here on there is no difference between the ends", "bold green")
        self._console.print(Rule(words, style="green", characters="═"), width=self._width)

    def grid(self) -> Table:
        """An empty table of the three columns."""
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(width=self._width - 2 * self._end_width - 6, overflow="fold")
        grid.add_column(width=self._end_width, overflow="fold")
        grid.add_column(width=self._end_width, overflow="fold")
        return grid

    def rule(self) -> None:
        """Draw a thin line."""
        self._console.print(Rule(style="dim"), width=self._width)

    def print(self, thing: RenderableType) -> None:
        """Print something as wide as the columns are."""
        self._console.print(thing, width=self._width)


def _typed(line: TypedLine, lines: Sequence[TypedLine]) -> RenderableType:
    """Draw a prompt, a command, and the refusal it met."""
    widest = max(len(one.who) for one in lines)
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(Text(f"{line.who:>{widest}}$", "dim"), Text(plain(line.text)))
    if line.refusal is not None:
        code, _, sentence = line.refusal.partition(": ")
        grid.add_row(Text("✗", "red", justify="right"), Text.assemble((f"{code}: ", "red"), plain(sentence)))
    return Padding(grid, (0, 0, 0, 3))


def _titled(scene: Scene) -> RenderableType:
    """Draw the scene's number and title; a long title stays beside the number."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=2, justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(Text(str(scene.number), "dim"), Text(plain(scene.title), "bold"))
    return grid


def _end(statuses: Sequence[str], notes: Sequence[str]) -> RenderableType:
    """Draw what an end showed, from top to bottom (the first one is where it stood before), and remarks under it."""
    before, *new = statuses
    lines = [status_text(status) for status in new] or [Text(before, "dim")]
    return Group(*lines, *(Text(plain(note), "italic") for note in notes))
