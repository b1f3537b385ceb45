"""The commands `peering situation list` and `peering situation reach`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from console.commands.options import Later, Options, command, endpoint_id

if TYPE_CHECKING:
    from console.commands import running
    from console.commands.work import situations as work
else:
    running = Later("console.commands.running")
    work = Later("console.commands.work.situations")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="One of `peering situation list`.")]
FromOption = Annotated[
    str | None, typer.Option("--from", metavar="ENDPOINT", callback=endpoint_id, help="The initiator's endpoint.")
]
ToOption = Annotated[
    str | None, typer.Option("--to", metavar="ENDPOINT", callback=endpoint_id, help="The acceptor's endpoint.")
]
ForOption = Annotated[
    float | None,
    typer.Option("--for", metavar="SECONDS", min=0.0, help="Hold it so long, then let it heal; else it stays."),
]
TimesOption = Annotated[
    int | None, typer.Option("--times", metavar="N", min=1, max=100, help="How often, for those that have a number.")
]


@command
def situation_list(options: Options) -> None:
    """List the situations that can be reached, with what real automation gets wrong in each."""
    running.run(options, work.show)


@command
def situation_reach(  # noqa: PLR0913 - what can be said of it
    options: Options,
    name: NameArgument,
    *,
    source: FromOption = None,
    to: ToOption = None,
    times: TimesOption = None,
    seconds: ForOption = None,
) -> None:
    """Reach a situation on a fresh connection; without --for it stays, and what heals it is said."""
    running.run(options, lambda clients, screen: work.reach(clients, screen, (name, times), (source, to), seconds))
