"""The command `serve`: the page and the cloud's API for workers that run elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.commands.options import JsonOption, Later, ListenOption, SecretsOption, TopologyOption

if TYPE_CHECKING:
    from console.commands import running
    from console.commands.work import serve as work
else:
    running = Later("console.commands.running")
    work = Later("console.commands.work.serve")

FolderOption = Annotated[
    Path | None,
    typer.Option("--folder", metavar="FOLDER", help="Where it keeps what workers don't hold; .peering if not given."),
]


def serve(
    topology: TopologyOption = None,
    listen: ListenOption = None,
    folder: FolderOption = None,
    show_secrets: SecretsOption = False,  # noqa: FBT002 - an option of the command line
    as_json: JsonOption = False,  # noqa: FBT002 - an option of the command line
) -> None:
    """Serve the cloud's router-interface API and the page, for workers that run elsewhere; until Ctrl-C.

    --json: one object a line: event (ready, stopped), url; when ready also page (url with the token), token, keys,
    warnings.
    """
    running.run_plainly(as_json, work.serve, topology, listen, folder, openly=show_secrets)
