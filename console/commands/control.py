"""The command `provision`, for the broker's administrator: it has credentials of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.commands.options import JsonOption, Later

if TYPE_CHECKING:
    from console.commands import running
    from console.commands.work import control
else:
    running = Later("console.commands.running")
    control = Later("console.commands.work.control")

FileArgument = Annotated[Path, typer.Argument(metavar="TOPOLOGY", help="The topology file, with passwords.")]
ManagementOption = Annotated[
    str,
    typer.Option(
        "--management",
        envvar="PEERING_MANAGEMENT_URL",
        metavar="URL",
        help="http://ADMINISTRATOR:PASSWORD@HOST:15672",
    ),
]


def provision(topology: FileArgument, management: ManagementOption, as_json: JsonOption = False) -> None:  # noqa: FBT002
    """Make the accounts, queues, bindings and limits of a topology on a broker; what is there already stays."""
    running.run_plainly(as_json, control.provision, topology, management)
