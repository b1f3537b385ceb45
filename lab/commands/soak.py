"""`peering-lab soak`: its options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from console.commands.options import Later

if TYPE_CHECKING:
    from lab.soak import report
else:
    report = Later("lab.soak.report")

SecondsOption = Annotated[float, typer.Option("--seconds", min=6, max=86_400, metavar="N", help="How long.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")]


def soak(*, seconds: SecondsOption = 3600.0, as_json: JsonOption = False) -> None:
    """Keep two workers under steady load, and see whether their memory, files or queues grow.

    Exits 1 if the last third of the run takes more than the middle one.
    """
    raise typer.Exit(report.run(seconds, as_json=as_json))
