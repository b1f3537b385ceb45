"""`peering-lab bench`: its options."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.commands.options import Later

if TYPE_CHECKING:
    from lab.bench import run
else:
    run = Later("lab.bench.run")


class MeasureName(StrEnum):
    """What can be measured alone."""

    HANDSHAKES = "handshakes"
    LONE = "lone"
    COST = "cost"
    CHANGES = "changes"
    PAYLOADS = "payloads"
    MEMORY = "memory"
    READY = "ready"
    LOOKUPS = "lookups"
    KEEPALIVE = "keepalive"
    FANOUT = "fanout"
    BREAKDOWN = "breakdown"
    SCALE = "scale"
    WORLDS = "worlds"


QuickOption = Annotated[bool, typer.Option("--quick", help="Smaller numbers: about a minute, ratios only.")]
OnlyOption = Annotated[list[MeasureName] | None, typer.Option("--only", help="Measure this; may be repeated.")]
JsonFileOption = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write all figures to this file.")]
SvgOption = Annotated[Path | None, typer.Option("--svg", metavar="FOLDER", help="Draw plots into this folder.")]
EndpointsOption = Annotated[
    int | None, typer.Option("--endpoints", min=1, metavar="N", help="In `scale`, measure this many instead.")
]
AccountsOption = Annotated[
    int, typer.Option("--accounts", min=1, metavar="N", help="The accounts that own these endpoints.")
]


def bench(  # noqa: PLR0913 - options of the command line
    *,
    quick: QuickOption = False,
    only: OnlyOption = None,
    json_file: JsonFileOption = None,
    svg_folder: SvgOption = None,
    endpoints: EndpointsOption = None,
    accounts: AccountsOption = 4,
) -> None:
    """Measure a private broker and two real workers against a plain aio-pika program and FastStream, side by side.

    Run from a clone, after `make setup`. Exits 1 if something could not be measured.
    """
    names = [name.value for name in only or []]
    scale = None if endpoints is None else (endpoints, accounts)
    raise typer.Exit(
        run.bench(
            names,
            quick=quick,
            json_file=json_file,
            svg_folder=svg_folder,
            scale=scale,
        )
    )
