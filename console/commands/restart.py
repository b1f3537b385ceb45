"""The commands for one worker of the running `peering up`: restart it, copy its store, put a copy back."""

from __future__ import annotations

from pathlib import Path
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
    str, typer.Argument(metavar="ENDPOINT", callback=endpoint_id, help="The VPC or VBR whose worker is meant.")
]
RestoredOption = Annotated[
    bool, typer.Option("--restored", help="Its store was put back from a backup: renew every epoch, this once.")
]
CopyArgument = Annotated[
    Path, typer.Argument(metavar="FILE", resolve_path=True, help="The copy: one file, for its owner alone.")
]


def restart(
    endpoint: EndpointArgument,
    topology: TopologyOption = None,
    restored: RestoredOption = False,  # noqa: FBT002 - an option of the command line
    as_json: JsonOption = False,  # noqa: FBT002 - an option of the command line
) -> None:
    """End a worker of the running `peering up`, start it again, and wait until it answers."""
    running.run_plainly(as_json, work.restart, topology, endpoint, restored=restored)


def backup(
    endpoint: EndpointArgument,
    file: CopyArgument,
    topology: TopologyOption = None,
    as_json: JsonOption = False,  # noqa: FBT002 - an option of the command line
) -> None:
    """Copy the store of a worker of the running `peering up` to a file, as it is at this moment, while it goes on."""
    running.run_plainly(as_json, work.backup, topology, endpoint, file)


def restore(
    endpoint: EndpointArgument,
    file: CopyArgument,
    topology: TopologyOption = None,
    as_json: JsonOption = False,  # noqa: FBT002 - an option of the command line
) -> None:
    """Put a copy in the place of a worker's store; its worker is restarted, and begins every epoch anew by itself."""
    running.run_plainly(as_json, work.restore, topology, endpoint, file)
