"""The output of commands: tables and sentences for people, JSON for programs, with the same facts in both.

Everything that came from elsewhere is shown as text and never as markup or as control characters.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.status import Status as Spinner
from rich.table import Table
from rich.text import Text

from console.client.plain import plain, plain_json
from console.client.why import payer
from console.statuses import COLOURS
from shared.wire.views import InterfaceView, TimelineRow, WorkerView

PIPE_WIDTH_CHARACTERS: Final = 200
"""Wide enough for every table, where nobody's terminal sets the limit."""

Row = Sequence[RenderableType]


def make_console(*, error: bool = False) -> Console:
    """Make a rich console for stdout or stderr; NO_COLOR and TERM are respected by rich itself."""
    stream = sys.stderr if error else sys.stdout
    width = None if stream.isatty() else PIPE_WIDTH_CHARACTERS
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)


class Screen:
    """The output of a command: JSON or tables on stdout, complaints and progress on stderr."""

    def __init__(self, *, as_json: bool) -> None:
        """Write to the streams that the process has now."""
        self.as_json = as_json
        self.out = make_console()
        self.err = make_console(error=True)

    def data(self, fields: Mapping[str, Any]) -> None:
        """Print one JSON object on a line of its own, at once."""
        sys.stdout.write(plain_json(fields) + "\n")
        sys.stdout.flush()

    def show(self, *things: RenderableType) -> None:
        """Print for people."""
        for thing in things:
            self.out.print(thing, soft_wrap=isinstance(thing, str | Text))

    def tell(self, fields: Mapping[str, Any], *things: RenderableType) -> None:
        """Print fields for programs, or the same for people."""
        if self.as_json:
            self.data(fields)
        else:
            self.show(*things)

    def failed(self, code: str, sentence: str, outcome: str = "failed") -> None:
        """Say that something was refused, or could not be done or asked."""
        if self.as_json:
            self.data({"outcome": outcome, "code": code, "sentence": sentence})
        else:
            self.complain(f"refused ({code}): {sentence}" if outcome == "refused" else sentence)

    def complain(self, sentence: str) -> None:
        """Say something on stderr."""
        self.err.print(Text(plain(sentence, keep="\n")), soft_wrap=True)

    def progress(self, sentence: str) -> Spinner:
        """A line that shows that work goes on; `update` changes it. It is seen on a terminal only."""
        return self.err.status(Text(plain(sentence)), spinner="dots")


def status_text(status: str | None) -> Text:
    """Write a status in its colour."""
    return Text(status or "-", style=COLOURS[status].terminal if status and status in COLOURS else "")


def table(console: Console, columns: Sequence[str], rows: Iterable[Row]) -> RenderableType:
    """Make a table; on a terminal that is too narrow for it, one block a row, so that nothing is cut off."""
    listed = [[cell if not isinstance(cell, str) else Text(plain(cell)) for cell in row] for row in rows]
    drawn = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        drawn.add_column(column, no_wrap=True, overflow="fold")
    for row in listed:
        drawn.add_row(*row)
    needed = Measurement.get(console, console.options.update(width=10_000, max_width=10_000), drawn).maximum
    return drawn if needed <= console.width else _blocks(columns, listed)


def _blocks(columns: Sequence[str], rows: Sequence[Row]) -> RenderableType:
    drawn = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    drawn.add_column(style="bold", no_wrap=True)
    drawn.add_column(overflow="fold")
    for number, row in enumerate(rows):
        if number:
            drawn.add_row("", "")
        for column, cell in zip(columns, row, strict=True):
            drawn.add_row(column, cell)
    return drawn


def facts(pairs: Sequence[tuple[str, RenderableType]]) -> RenderableType:
    """List names and values, one pair a line."""
    return _blocks([name for name, _ in pairs], [[Text(plain(v)) if isinstance(v, str) else v for _, v in pairs]])


def interfaces_table(console: Console, views: Sequence[InterfaceView]) -> RenderableType:
    """List interfaces, one a row."""
    columns = ("interface", "name", "endpoint", "account", "role", "status", "peer", "peer's status", "charged")
    named = any(view.name for view in views)
    kept = [place for place, column in enumerate(columns) if named or column != "name"]
    rows = [_interface_row(view) for view in views]
    return table(console, [columns[place] for place in kept], [[row[place] for place in kept] for row in rows])


def _interface_row(view: InterfaceView) -> Row:
    peer = view.peer
    return (
        view.interface,
        view.name,
        f"{view.endpoint} ({view.region})",
        view.account,
        view.role,
        status_text(view.status),
        "-" if peer is None else f"{peer.interface}@{peer.endpoint}",
        _peer_status(view),
        payer(view),
    )


def _peer_status(view: InterfaceView) -> Text:
    if view.peer is None:
        return Text("-")
    text = status_text(view.peer.status)
    return text if view.peer.reachable is not False else text.append(" (silent)", "red")


def connection_table(console: Console, ends: Sequence[InterfaceView]) -> RenderableType:
    """Show the ends of a connection, side by side: what is known of each, in columns."""
    columns = [_end_column(view) for view in ends]
    rows = [[Text(name, style="bold"), *(column[name] for column in columns)] for name in columns[0]]
    if not any(view.name for view in ends):
        rows = [row for row in rows if str(row[0]) != "name"]
    return table(console, ("", *(view.role for view in ends)), rows)


def _end_column(view: InterfaceView) -> dict[str, RenderableType]:
    return {
        "interface": view.interface,
        "name": view.name,
        "endpoint": f"{view.endpoint} ({view.region})",
        "account": view.account,
        "status": status_text(view.status),
        "peer": "-" if view.peer is None else f"{view.peer.interface}@{view.peer.endpoint}",
        "peer's status": _peer_status(view),
        "suspended by": ", ".join({"own": "this end", "peer": "the peer"}[hold] for hold in view.holds) or "nobody",
        "unacknowledged": str(view.unacknowledged),
    }


def moment(at: float) -> str:
    """Write a time of day for people, with milliseconds."""
    return f"{time.strftime('%H:%M:%S', time.localtime(at))}.{int(at * 1000) % 1000:03d}"


def transition_line(endpoint: str, row: TimelineRow) -> Text:
    """Write one row of a timeline on one line."""
    line = Text(f"{moment(row.at)}  ", style="")
    line.append(f"{row.interface}@{endpoint}  ", "bold")
    if row.was != row.status:
        line.append_text(status_text(row.was)).append(" → ").append_text(status_text(row.status))
    else:
        line.append_text(status_text(row.status))
    return line.append(f"  {plain(row.cause)}", "dim")


def timeline_table(console: Console, rows: Sequence[TimelineRow]) -> RenderableType:
    """List a timeline, one step a row."""
    return table(console, ("row", "at", "was", "status", "cause", "said"), [_timeline_row(row) for row in rows])


def _timeline_row(row: TimelineRow) -> Row:
    said = Text(plain("\n".join(row.said), keep="\n"))
    return (str(row.row), moment(row.at), status_text(row.was), status_text(row.status), row.cause, said)


def workers_table(console: Console, workers: Sequence[WorkerView]) -> RenderableType:
    """List workers, one a row."""
    rows = [
        (
            one.endpoint,
            one.region,
            one.account,
            one.role,
            str(one.pid),
            str(one.timeline),
            ", ".join(f"{count} {status}" for status, count in one.statuses.items()) or "none",
        )
        for one in workers
    ]
    return table(console, ("endpoint", "region", "account", "role", "pid", "timeline", "interfaces"), rows)
