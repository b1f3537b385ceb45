"""`peering-lab explore`: its options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.commands.options import Later

if TYPE_CHECKING:
    from lab.explore import report
else:
    report = Later("lab.explore.report")

BugsOption = Annotated[bool, typer.Option("--bugs", help="Plant one bug after another, and say what catches each.")]
QuickOption = Annotated[bool, typer.Option("--quick", help="Only the bounds that take seconds.")]
ProcessesOption = Annotated[int, typer.Option("--processes", min=1, max=64, help="How many bounds at a time.")]
SaveOption = Annotated[
    Path | None,
    typer.Option(
        "--save",
        metavar="FOLDER",
        help="Where each violation is saved as a scenario; the current folder if not given. With --bugs only if given.",
    ),
]
ReplayOption = Annotated[Path | None, typer.Option("--replay", metavar="FILE", help="Go through a scenario again.")]
ShippedOption = Annotated[
    bool, typer.Option("--shipped", help="With --replay: on the shipped functions, without the scenario's bug.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")]


def explore(  # noqa: PLR0913 - each is an option
    *,
    bugs: BugsOption = False,
    quick: QuickOption = False,
    processes: ProcessesOption = 2,
    save: SaveOption = None,
    replay: ReplayOption = None,
    shipped: ShippedOption = False,
    as_json: JsonOption = False,
) -> None:
    """Go through every order of events of the handshake, within bounds, on the functions that are shipped.

    Exits 1 if a property was broken, or a planted bug was not caught by the property that it breaks.
    """
    if replay is not None:
        raise typer.Exit(report.rerun(replay, shipped=shipped, as_json=as_json))
    raise typer.Exit(report.run(bugs=bugs, quick=quick, processes=processes, save=save, as_json=as_json))
