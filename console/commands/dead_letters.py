"""The commands of dead letters: `peering dead-letters …`, asked of the console that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from console.commands.options import Later, Options, command

if TYPE_CHECKING:
    from console.commands import running
    from console.commands.work import dead_letters as work
else:
    running = Later("console.commands.running")
    work = Later("console.commands.work.dead_letters")

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="As `peering dead-letters list` names it.")]
OneOrAllArgument = Annotated[str | None, typer.Argument(metavar="ID", help="All, with --all.")]
LimitOption = Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1000, help="The oldest so many.")]
AllOption = Annotated[bool, typer.Option("--all", help="Every one.")]


@command
def dead_letters_list(options: Options, limit: LimitOption = 100) -> None:
    """List the deliveries that were set aside, the oldest first: from whom, for whom, when and why."""
    running.run(options, lambda clients, screen: work.listed(clients, screen, limit))


@command
def dead_letters_show(options: Options, wanted: IdArgument) -> None:
    """Show one, with what it would have been and the beginning of its body."""
    running.run(options, lambda clients, screen: work.shown(clients, screen, wanted))


@command
def dead_letters_replay(options: Options, wanted: IdArgument) -> None:
    """Send one again to the endpoint that it was for, if its sender is proven and it would be taken now."""
    running.run(options, lambda clients, screen: work.replay(clients, screen, wanted))


@command
def dead_letters_drop(options: Options, wanted: OneOrAllArgument = None, *, every: AllOption = False) -> None:
    """Throw one away, with its twins; or all."""
    if every is (wanted is not None):
        raise typer.BadParameter("name one, or say --all.")
    running.run(options, lambda clients, screen: work.drop(clients, screen, wanted))
