"""The command `up`: everything that a topology needs, running until Ctrl-C."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.commands.options import JsonOption, Later, ListenOption, SecretsOption

if TYPE_CHECKING:
    from console.commands import running
    from console.commands.work import up as work
    from console.stack import forking
else:
    running = Later("console.commands.running")
    work = Later("console.commands.work.up")
    forking = Later("console.stack.forking")

FileArgument = Annotated[Path, typer.Argument(metavar="TOPOLOGY", help="Accounts and endpoints, as YAML.")]
FolderOption = Annotated[
    Path | None,
    typer.Option("--folder", metavar="FOLDER", help="Where stores, passwords and logs stay; .peering if not given."),
]
RestoredOption = Annotated[
    list[str] | None,
    typer.Option(
        "--restored",
        metavar="ENDPOINT",
        help="This endpoint's store was put back from a backup: it renews every epoch, this once. May be repeated.",
    ),
]
BrokerOption = Annotated[
    str | None,
    typer.Option(
        "--broker",
        metavar="URL",
        help="A RabbitMQ that runs, amqp://HOST:PORT, instead of one of its own. PEERING_BROKER_URL says the same, and "
        "is better for a login: everybody on the machine can read a command line.",
    ),
]
ManagementOption = Annotated[
    str | None,
    typer.Option(
        "--management",
        metavar="URL",
        help="Its management API, http://ADMINISTRATOR:PASSWORD@HOST:PORT: accounts and queues are made there, and "
        "faults on wires. PEERING_MANAGEMENT_URL says the same.",
    ),
]
ScenariosOption = Annotated[
    Path | None,
    typer.Option(
        "--scenarios",
        metavar="FOLDER",
        help="Play its scenarios (*.yaml), by name, on what runs before it is ready. One that breaks ends it.",
    ),
]

WarmOption = Annotated[
    Path | None,
    typer.Option(
        "--warm",
        envvar="PEERING_WARM_BROKER",
        metavar="FOLDER",
        help="Take a virtual host of its own on the warm broker of this folder: see `peering broker start`.",
    ),
]

UntilInputEndsOption = Annotated[
    bool,
    typer.Option(
        "--until-input-ends",
        help="End with standard input as well, which is a pipe of the program that starts it: so it ends with that "
        "program, also when that is killed.",
    ),
]


def up(  # noqa: PLR0913, PLR0917 - options of the command line
    topology: FileArgument,
    folder: FolderOption = None,
    listen: ListenOption = None,
    restored: RestoredOption = None,
    warm: WarmOption = None,
    broker: BrokerOption = None,
    management: ManagementOption = None,
    scenarios: ScenariosOption = None,
    show_secrets: SecretsOption = False,  # noqa: FBT002 - an option of the command line
    until_input_ends: UntilInputEndsOption = False,  # noqa: FBT002 - an option of the command line
    as_json: JsonOption = False,  # noqa: FBT002 - an option of the command line
) -> None:
    """Run a topology: a broker if none is given, a process per endpoint, the page and the cloud's API; until Ctrl-C.

    Processes that die are restarted. --json: one object a line: event (progress, ready, process, stopped), url,
    page (url with the token), token, keys, and name, state, pid, restarts, last of each process that changed.

    The access token is that of PEERING_TOKEN, or made up once for the folder.
    """
    with forking.begun() as fork_server:  # it imports what a worker needs while this process imports the rest
        asked = work.Asked(
            topology,
            folder,
            listen,
            restored or (),
            broker,
            management,
            warm,
            scenarios,
            show_secrets=show_secrets,
            until_input_ends=until_input_ends,
        )
        running.run_plainly(as_json, work.up, asked, fork_server)
