"""`peering-lab chaos`: its options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from console.commands.options import Later

if TYPE_CHECKING:
    from lab.chaos import report
else:
    report = Later("lab.chaos.report")

RUNS = {None: ("single", "cluster"), True: ("cluster",), False: ("single",)}

SecondsOption = Annotated[
    float, typer.Option("--seconds", min=1, max=3600, metavar="N", help="How long faults go on, in each run.")
]
SeedOption = Annotated[int | None, typer.Option("--seed", min=0, help="Plans the faults; drawn by lot if not given.")]
ConnectionsOption = Annotated[
    int, typer.Option("--connections", min=3, max=5000, metavar="N", help="How many to begin with.")
]
ClusterOption = Annotated[
    bool | None,
    typer.Option("--cluster/--single", help="Only three nodes, or only one; both if not given."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")]


def chaos(
    *,
    seconds: SecondsOption = 60.0,
    seed: SeedOption = None,
    connections: ConnectionsOption = 300,
    cluster: ClusterOption = None,
    as_json: JsonOption = False,
) -> None:
    """Break real workers and a real RabbitMQ, alone and as a cluster, under load; then check what both ends remember.

    Everything stays on loopback. Exits 1 if a property was broken, and says where history, stores and logs are.
    """
    raise typer.Exit(report.run(seconds, seed, connections, RUNS[cluster], as_json=as_json))
