"""The commands of faults on purpose: `peering fault …` and `peering held …`, asked of the console that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from console.commands.options import Later, Options, command, endpoint_id, interface_id

if TYPE_CHECKING:
    from console.commands import running
    from console.commands.work import faults as work
else:
    running = Later("console.commands.running")
    work = Later("console.commands.work.faults")

DEEDS: Final = (
    "drop",
    "delay",
    "duplicate",
    "reorder",
    "hold",
    "corrupt",
    "cut",
    "netem",
    "kill",
    "stop",
    "continue",
    "lose",
    "backup",
    "restore",
)


def deed(text: str) -> str:
    """Check what a fault does."""
    if text not in DEEDS:
        raise typer.BadParameter(f"a fault does one of {', '.join(DEEDS)}, not {text[:40]!r}.")
    return text


_WHOSE: Final = "Whose messages"
_WHICH: Final = "Which of them"
_HOW: Final = "How often, how long, how late"

DoArgument = Annotated[
    str,
    typer.Argument(
        metavar="DO",
        callback=deed,
        help="To messages: drop, delay, duplicate, reorder, hold, corrupt. To whole wires: cut, netem (--delay, "
        "--jitter, --loss). To workers (--worker): kill, stop, continue; to their stores: lose, backup, restore.",
    ),
]
FromOption = Annotated[
    str | None, typer.Option("--from", metavar="PLACE", help="Endpoint or account.", rich_help_panel=_WHOSE)
]
ToOption = Annotated[
    str | None, typer.Option("--to", metavar="PLACE", help="Endpoint or account.", rich_help_panel=_WHOSE)
]
BothOption = Annotated[bool, typer.Option("--both", help="The other direction as well.", rich_help_panel=_WHOSE)]
OfOption = Annotated[
    str | None,
    typer.Option(
        "--interface", metavar="RI", callback=interface_id, help="From or to this interface.", rich_help_panel=_WHOSE
    ),
]
NextOption = Annotated[
    str | None,
    typer.Option(
        "--next-of",
        metavar="ACCOUNT",
        help="Of the next connection that this account makes, whatever its id.",
        rich_help_panel=_WHOSE,
    ),
]
WorkerOption = Annotated[
    str | None,
    typer.Option(
        "--worker", metavar="ENDPOINT", callback=endpoint_id, help="Whose worker or store.", rich_help_panel=_WHOSE
    ),
]
MessageOption = Annotated[
    str | None,
    typer.Option("--message", metavar="KIND", help="initiate, declare, not_ready, data.", rich_help_panel=_WHICH),
]
StatusOption = Annotated[
    str | None,
    typer.Option("--status", metavar="STATUS", help="Declarations of an end that shows it.", rich_help_panel=_WHICH),
]
IntentOption = Annotated[
    str | None, typer.Option("--intent", metavar="INTENT", help="up, suspended, deleted.", rich_help_panel=_WHICH)
]
VersionOption = Annotated[
    int | None, typer.Option("--of-version", metavar="N", min=1, help="The sender's version.", rich_help_panel=_WHICH)
]
WhichOption = Annotated[
    str | None,
    typer.Option(
        "--which",
        metavar="N|N-M|N-",
        help="Of those of a connection that match: 1 the first, 2-4, 3- from the third on.",
        rich_help_panel=_WHICH,
    ),
]
TimesOption = Annotated[
    int | None, typer.Option("--times", metavar="N", min=1, help="So often, and no more.", rich_help_panel=_HOW)
]
SecondsOption = Annotated[
    float | None, typer.Option("--seconds", metavar="SECONDS", help="For so long.", rich_help_panel=_HOW)
]
PercentOption = Annotated[
    float | None, typer.Option("--percent", metavar="PERCENT", help="With this probability.", rich_help_panel=_HOW)
]
SeedOption = Annotated[
    int | None, typer.Option("--seed", metavar="N", help="What the draws follow from.", rich_help_panel=_HOW)
]
DelayOption = Annotated[
    float | None, typer.Option("--delay", metavar="SECONDS", help="delay, netem; 1 s.", rich_help_panel=_HOW)
]
JitterOption = Annotated[
    float | None, typer.Option("--jitter", metavar="SECONDS", help="More or less than that.", rich_help_panel=_HOW)
]
LossOption = Annotated[
    float | None, typer.Option("--loss", metavar="PERCENT", help="netem: so much is lost.", rich_help_panel=_HOW)
]
CopiesOption = Annotated[
    int | None, typer.Option("--copies", metavar="N", min=1, help="duplicate: so many more.", rich_help_panel=_HOW)
]
NumberArgument = Annotated[
    int | None, typer.Argument(metavar="NUMBER", help="One fault; all, or those of --interface, if not given.")
]
NumbersArgument = Annotated[
    list[int] | None, typer.Argument(metavar="NUMBER...", help="Held messages; all if none is given.")
]
InterfaceOption = Annotated[
    str | None,
    typer.Option("--interface", metavar="RI", callback=interface_id, help="Only those of this interface."),
]


@command
def fault_add(  # noqa: PLR0913 - the words of a fault
    options: Options,
    do: DoArgument,
    *,
    source: FromOption = None,
    to: ToOption = None,
    both: BothOption = False,
    interface: OfOption = None,
    next_of: NextOption = None,
    worker: WorkerOption = None,
    message: MessageOption = None,
    status: StatusOption = None,
    intent: IntentOption = None,
    version: VersionOption = None,
    which: WhichOption = None,
    times: TimesOption = None,
    seconds: SecondsOption = None,
    percent: PercentOption = None,
    seed: SeedOption = None,
    delay: DelayOption = None,
    jitter: JitterOption = None,
    loss: LossOption = None,
    copies: CopiesOption = None,
) -> None:
    """Make something go wrong on purpose; it stands when this returns, until it is cleared or used up."""
    wanted: dict[str, Any] = {"do": do, "from": source, "to": to, "both": both or None, "interface": interface}
    wanted |= {"next_of": next_of, "worker": worker, "message": message, "status": status, "intent": intent}
    wanted |= {"version": version, "which": which, "times": times, "seconds": seconds, "percent": percent}
    wanted |= {"seed": seed, "delay_seconds": delay, "jitter_seconds": jitter, "loss_percent": loss, "copies": copies}
    given = {name: value for name, value in wanted.items() if value is not None}
    running.run(options, lambda clients, screen: work.add(clients, screen, given))


@command
def fault_list(options: Options) -> None:
    """List the faults that were made and not cleared, with how often each has struck."""
    running.run(options, work.show)


@command
def fault_clear(options: Options, number: NumberArgument = None, interface: InterfaceOption = None) -> None:
    """Clear faults; what they hold goes on. All of them: also mend what a console that was killed has left."""
    running.run(options, lambda clients, screen: work.clear(clients, screen, number, interface))


@command
def held_list(options: Options, interface: InterfaceOption = None) -> None:
    """List the messages that stand half-way, in the order in which they would go on."""
    running.run(options, lambda clients, screen: work.held(clients, screen, interface))


@command
def held_release(options: Options, numbers: NumbersArgument = None, interface: InterfaceOption = None) -> None:
    """Let held messages go on, in the order in which they are named."""
    running.run(options, lambda clients, screen: work.order(clients, screen, "release", numbers or [], interface))


@command
def held_drop(options: Options, numbers: NumbersArgument = None, interface: InterfaceOption = None) -> None:
    """Let held messages be lost."""
    running.run(options, lambda clients, screen: work.order(clients, screen, "drop", numbers or [], interface))


@command
def held_replay(options: Options, numbers: NumbersArgument = None, interface: InterfaceOption = None) -> None:
    """Send a copy of held messages, and keep holding them."""
    running.run(options, lambda clients, screen: work.order(clients, screen, "replay", numbers or [], interface))


@command
def held_reorder(options: Options, numbers: NumbersArgument = None) -> None:
    """Have held messages stand in this order, before all others, from now on."""
    running.run(options, lambda clients, screen: work.order(clients, screen, "reorder", numbers or [], None))
