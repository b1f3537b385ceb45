"""The commands `broker start`, `broker status` and `broker stop`: a RabbitMQ that stays warm between commands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from console.commands.options import JsonOption, Later

if TYPE_CHECKING:
    from console.commands import running
    from console.commands.work import broker as work
else:
    running = Later("console.commands.running")
    work = Later("console.commands.work.broker")

_TIME: Final = re.compile(r"([1-9][0-9]{0,4})([smh])")
_UNITS: Final = {"s": 1, "m": 60, "h": 3_600}
_LONGEST_SECONDS: Final = 24 * _UNITS["h"]


def _lasting(text: str) -> str:
    """Check a time such as 90m, a day at the most."""
    found = _TIME.fullmatch(text)
    if found is None or _seconds(text) > _LONGEST_SECONDS:
        raise typer.BadParameter("a time is a number and s, m or h, such as 90m, and 24h at the most")
    return text


def _seconds(text: str) -> int:
    return int(text[:-1]) * _UNITS[text[-1]]


FolderOption = Annotated[
    Path | None,
    typer.Option("--folder", metavar="FOLDER", help="Where the broker keeps its files; .peering-broker if not given."),
]
ForOption = Annotated[
    str,
    typer.Option("--for", metavar="TIME", callback=_lasting, help="After this it stops by itself: 90s, 30m, 24h."),
]


def broker_start(lasting: ForOption = "1h", folder: FolderOption = None, as_json: JsonOption = False) -> None:  # noqa: FBT002
    """Start a private RabbitMQ that outlives this command, for a limited time, and say until when.

    `peering up`, `demo` and `run` take a virtual host of their own on it if PEERING_WARM_BROKER names its folder.
    """
    running.run_plainly(as_json, work.start, folder, _seconds(lasting))


def broker_status(folder: FolderOption = None, as_json: JsonOption = False) -> None:  # noqa: FBT002
    """Show where the warm broker is, what runs on it, and until when it stays. Exits 1 if none runs."""
    running.run_plainly(as_json, work.status, folder)


def broker_stop(folder: FolderOption = None, as_json: JsonOption = False) -> None:  # noqa: FBT002
    """Stop the warm broker, whatever runs on it; it is no error if none runs."""
    running.run_plainly(as_json, work.stop, folder)
