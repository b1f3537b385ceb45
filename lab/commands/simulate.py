"""`peering-lab simulate`: its options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from console.commands.options import Later

if TYPE_CHECKING:
    from lab.simulate import report
else:
    report = Later("lab.simulate.report")

SeedsOption = Annotated[int, typer.Option("--seeds", min=1, metavar="N", help="How many runs.")]
SeedOption = Annotated[int | None, typer.Option("--seed", min=0, help="The first seed; drawn by lot if not given.")]
TraceOption = Annotated[bool, typer.Option("--trace", help="Print the log of one run, line by line.")]
ProcessesOption = Annotated[int, typer.Option("--processes", min=1, max=64, help="How many runs at a time.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")]


def simulate(
    *,
    seeds: SeedsOption = 1000,
    seed: SeedOption = None,
    trace: TraceOption = False,
    processes: ProcessesOption = 2,
    as_json: JsonOption = False,
) -> None:
    """Run real workers' processors under seeded faults, in virtual time.

    Exits 1 if a property was broken, and names the seed and the commit that repeat it.
    """
    raise typer.Exit(report.run(seeds, seed, processes, trace=trace, as_json=as_json))
