"""The command that restarts a worker of the running `peering up`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from console.commands.options import JsonOption, Later, TopologyOption, endpoint_id

if TYPE_CHECKING:
    from console.commands import running
    from console.commands.work import restart as work
else:
    running = Later("console.commands.running")
    work = Later("console.commands.work.restart")

EndpointArgument = Annotated[
    str, typer.Argument(metavar="ENDPOINT", callback=endpoint_id, help="The VPC or VBR whose worker is restarted.")
]
RestoredOption = Annotated[
    bool, typer.Option("--restored", help="Its store was put back from a backup: renew every epoch, this once.")
]


def restart(
    endpoint: EndpointArgument,
    topology: TopologyOption = None,
    restored: RestoredOption = False,  # noqa: FBT002 - an option of the command line
    as_json: JsonOption = False,  # noqa: FBT002 - an option of the command line
) -> None:
    """End a worker of the running `peering up`, start it again, and wait until it answers."""
    running.run_plainly(as_json, work.restart, topology, endpoint, restored=restored)
