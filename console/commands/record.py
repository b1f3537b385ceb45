"""The command `record`, which writes what is done as a scenario."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.commands.options import Later, Options, command

if TYPE_CHECKING:
    from console.commands import running
    from console.commands.work import record as work
else:
    running = Later("console.commands.running")
    work = Later("console.commands.work.record")


def _new(file: Path) -> Path:
    if file.exists():
        raise typer.BadParameter(f"{file} is there already.")
    return file


FileArgument = Annotated[Path, typer.Argument(metavar="FILE", callback=_new, help="A new file for the scenario.")]
TitleOption = Annotated[str, typer.Option("--title", metavar="TITLE", help="For people.")]


@command
def record(options: Options, file: FileArgument, *, title: TitleOption = "What was done") -> None:
    """Write what owners and faults do, until Ctrl-C, as a scenario that `peering run` plays."""
    running.run(options, lambda clients, screen: work.record(clients, screen, file, title))
