"""A failure that cannot be repeated cannot be understood, so a world is nothing but its seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from console.commands.options import Later

if TYPE_CHECKING:
    from lab.simulate import telling
else:
    telling = Later("lab.simulate.telling")

SeedsOption = Annotated[int, typer.Option("--seeds", min=1, metavar="N", help="How many worlds.")]
SeedOption = Annotated[int | None, typer.Option("--seed", min=0, help="The first world; drawn by lot if not given.")]
TraceOption = Annotated[bool, typer.Option("--trace", help="Tell the story of one world, line by line.")]
ProcessesOption = Annotated[int, typer.Option("--processes", min=1, max=64, help="How many worlds at a time.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")]


def simulate(
    *,
    seeds: SeedsOption = 1000,
    seed: SeedOption = None,
    trace: TraceOption = False,
    processes: ProcessesOption = 2,
    as_json: JsonOption = False,
) -> None:
    """Let real workers' processors live through seeded worlds of faults, in virtual time.

    Exits 1 if a property was broken, and names the seed and the commit that repeat it.
    """
    raise typer.Exit(telling.run(seeds, seed, processes, trace=trace, as_json=as_json))
