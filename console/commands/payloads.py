"""The commands for payloads: `send` and `inbox`, which either end may give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from console.commands.options import InterfaceArgument, Later, Options, command

if TYPE_CHECKING:
    from console.commands import running
    from console.commands.work import payloads
else:
    running = Later("console.commands.running")
    payloads = Later("console.commands.work.payloads")

TextArgument = Annotated[
    str, typer.Argument(metavar="TEXT", help="The payload; `-` sends each line of the standard input.")
]
AfterOption = Annotated[int, typer.Option("--after", metavar="ROW", min=0, help="Only what comes after this row.")]
FollowOption = Annotated[bool, typer.Option("--follow", "-f", help="Go on with what arrives, until interrupted.")]
AcknowledgeOption = Annotated[
    bool,
    typer.Option("--acknowledge", help="Let go of what was printed and all before it: no inbox holds it any more."),
]


@command
def send(options: Options, interface: InterfaceArgument, text: TextArgument) -> None:
    """Send a payload; once accepted, it is delivered exactly once and in order."""
    running.run(options, payloads.send, interface, text)


@command
def inbox(
    options: Options,
    interface: InterfaceArgument,
    after: AfterOption = 0,
    follow: FollowOption = False,  # noqa: FBT002 - a flag
    acknowledge: AcknowledgeOption = False,  # noqa: FBT002 - a flag
) -> None:
    """Print the payloads that have arrived."""
    running.run(options, payloads.inbox, interface, after, follow=follow, acknowledge=acknowledge)
