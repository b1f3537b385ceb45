"""The commands that only look, and change nothing."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer

from console.commands.options import (
    InterfaceArgument,
    Later,
    Options,
    SomeInterfaceArgument,
    command,
    endpoint_id,
)
from shared.protocol.words import Status

if TYPE_CHECKING:
    from console.client import history, listing
    from console.commands import running
    from console.commands.work import looking, waiting
    from console.commands.work import trace as drawing
    from shared.wire.request import MatchForm
else:
    history = Later("console.client.history")
    listing = Later("console.client.listing")
    running = Later("console.commands.running")
    looking = Later("console.commands.work.looking")
    waiting = Later("console.commands.work.waiting")
    drawing = Later("console.commands.work.trace")


def status_word(text: str | None) -> str | None:
    """Check a status, however it was spelt."""
    if text is None:
        return None
    found = next((status for status in Status if status.lower() == text.lower()), None)
    if found is None:
        raise typer.BadParameter(f"there is no status {text[:40]!r}; there are {', '.join(Status)}.")
    return found


_AGO: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([smhd]?)")
_SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_CLOCK: Final = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?")

DRAWINGS: Final = (".svg", ".mmd", ".txt", ".json")


def drawing_file(file: Path | None) -> Path | None:
    """Check the name of a file to draw into."""
    if file is not None and file.suffix not in DRAWINGS:
        raise typer.BadParameter(f"the file's name says what is drawn: it ends in {', '.join(DRAWINGS)}.")
    return file


def since_time(text: str) -> float:
    """Read a time as seconds since 1970: so long ago, a time of day that is over, or a date and time."""
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return time.time() - float(ago[1]) * _SECONDS[ago[2]]
    now = datetime.now().astimezone()
    try:
        if _CLOCK.fullmatch(text):
            at = datetime.combine(now.date(), clock.fromisoformat(text), now.tzinfo)
            return (at if at <= now else at - timedelta(days=1)).timestamp()
        return datetime.fromisoformat(text).astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        right = "90 (seconds ago), 15m, 2h, 3d, a time such as 18:30, or a date and time such as 2026-01-31T18:30"
        raise typer.BadParameter(f"{text[:40]!r} is no time; right would be {right}.") from None


DeletedOption = Annotated[bool, typer.Option("--deleted", help="List deleted interfaces too.")]
StatusOption = Annotated[
    str, typer.Option("--status", metavar="STATUS", callback=status_word, help="The status to wait for.")
]
ShownStatusOption = Annotated[
    str | None, typer.Option("--status", metavar="STATUS", callback=status_word, help="Only those that show it.")
]
AccountOption = Annotated[
    str | None, typer.Option("--account", metavar="ACCOUNT", help="Only those of this account: uid or name.")
]
PeerPartOption = Annotated[
    str | None,
    typer.Option("--peer", metavar="TEXT", help="Only those with this in the peer's interface, endpoint or account."),
]
NamePartOption = Annotated[
    str | None, typer.Option("--name", metavar="TEXT", help="Only those with this in their name.")
]
ShownLimitOption = Annotated[
    int | None,
    typer.Option("--limit", metavar="ROWS", min=1, help="At most so many; 200 if not given, with --json all."),
]
TimeoutOption = Annotated[float, typer.Option("--timeout", metavar="SECONDS", min=0.1, help="How long to wait.")]
AllOption = Annotated[bool, typer.Option("--all", help="Also steps that change no status.")]
AfterOption = Annotated[int, typer.Option("--after", metavar="ROW", min=0, help="Only what comes after this row.")]
LimitOption = Annotated[
    int | None, typer.Option("--limit", metavar="ROWS", min=1, help="Read on from the first row, at most so many.")
]
OutputOption = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        callback=drawing_file,
        help="Where to draw: .svg a picture, "
        ".mmd a Mermaid sequence diagram, .txt plain text, .json the story as data.",
    ),
]
LastRowsOption = Annotated[
    int | None,
    typer.Option("--last", metavar="ROWS", min=1, help="Only so many of the latest rows; 100 if not given."),
]
LastMomentsOption = Annotated[
    int | None,
    typer.Option("--last", metavar="MOMENTS", min=1, help="Only so many of the latest moments; 400 if not given."),
]
SinceOption = Annotated[
    float | None,
    typer.Option(
        "--since",
        metavar="TIME",
        parser=since_time,
        help="Only what is not older: 90 (seconds ago), 15m, 2h, 3d, 18:30, or 2026-01-31T18:30.",
    ),
]
EndpointArgument = Annotated[
    str | None, typer.Argument(metavar="ENDPOINT", callback=endpoint_id, help="One endpoint; all if not given.")
]


@command
def show(  # noqa: PLR0913, PLR0917 - a command line has as many options as it has
    options: Options,
    interface: SomeInterfaceArgument = None,
    status: ShownStatusOption = None,
    account: AccountOption = None,
    peer: PeerPartOption = None,
    name: NamePartOption = None,
    limit: ShownLimitOption = None,
    deleted: DeletedOption = False,  # noqa: FBT002 - a flag
) -> None:
    """Show interfaces, or one connection with both its ends: whether the link exists, and who is charged."""
    given = {"status": status, "peer": peer, "name": name}
    match = cast("MatchForm", {field: value for field, value in given.items() if value})
    if interface is None:
        wanted = listing.Wanted(match, account=account, deleted=deleted, limit=limit)
        running.run(options, looking.show_all, wanted)
    elif match or account or limit:
        raise typer.BadParameter("one interface is shown whole: name it, or say which are wanted, not both.")
    else:
        running.run(options, looking.show_one, interface)


@command
def why(options: Options, interface: InterfaceArgument) -> None:
    """Say in one sentence why a connection is up or not, from what both ends know."""
    running.run(options, looking.explain, interface)


@command
def wait(options: Options, interface: InterfaceArgument, status: StatusOption, timeout: TimeoutOption = 60.0) -> None:
    """Wait until an interface shows a status; exit code 1 if it does not in time."""
    running.run(options, waiting.wait, interface, status, timeout)


@command
def watch(
    options: Options,
    interface: SomeInterfaceArgument = None,
    everything: AllOption = False,  # noqa: FBT002 - a flag
) -> None:
    """Print every transition at all endpoints at hand as it happens, or those of one connection."""
    running.run(options, waiting.watch, interface, everything=everything)


@command
def timeline(  # noqa: PLR0913, PLR0917 - a command line has as many options as it has
    options: Options,
    interface: InterfaceArgument,
    after: AfterOption = 0,
    limit: LimitOption = None,
    last: LastRowsOption = None,
    since: SinceOption = None,
) -> None:
    """Print what has happened to an interface, from its worker's durable record: the last rows, or those after one."""
    if (after or limit is not None) and (last is not None or since is not None):
        raise typer.BadParameter("--after and --limit read on from a row, --last and --since back from the end.")
    if after or limit is not None:
        running.run(options, looking.timeline_after, interface, after, limit)
    else:
        running.run(options, looking.timeline, interface, history.Part(last, since))


@command
def trace(
    options: Options,
    interface: InterfaceArgument,
    output: OutputOption,
    last: LastMomentsOption = None,
    since: SinceOption = None,
) -> None:
    """Draw who said what to whom, when, what it changed, what was lost or said again, and where the ends disagreed."""
    running.run(options, drawing.trace, interface, output, history.Part(last, since))


@command
def worker(options: Options, endpoint: EndpointArgument = None) -> None:
    """Ask workers about themselves: process, store, interfaces by status, counters."""
    running.run(options, looking.workers, endpoint)
