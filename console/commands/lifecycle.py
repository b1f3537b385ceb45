"""The commands that change an interface, in the order in which they are usually given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from console.commands.options import (
    InterfaceArgument,
    InterfacesArgument,
    Later,
    Options,
    command,
    endpoint_id,
    interface_id,
    peer_name,
    word,
)

if TYPE_CHECKING:
    from console.client import pairs, wanted
    from console.commands import running
    from console.commands.work import lifecycle
else:
    running = Later("console.commands.running")
    pairs = Later("console.client.pairs")
    wanted = Later("console.client.wanted")
    lifecycle = Later("console.commands.work.lifecycle")

NAME_LIMIT_CHARACTERS = 128


def name_text(text: str) -> str:
    """Check an interface's name for people."""
    if len(text) > NAME_LIMIT_CHARACTERS or not text.isprintable():
        raise typer.BadParameter(f"a name has at most {NAME_LIMIT_CHARACTERS} printable characters.")
    return text


EndpointOption = Annotated[
    str | None, typer.Option("--endpoint", metavar="ID", callback=endpoint_id, help="Endpoint it lives on.")
]
NameOption = Annotated[str, typer.Option("--name", callback=name_text, help="A name for people.")]
IdOption = Annotated[
    str | None,
    typer.Option("--id", metavar="RI", callback=interface_id, help="Its id; chosen at random if not given."),
]
FromOption = Annotated[
    str | None,
    typer.Option("--from", metavar="ID", callback=endpoint_id, help="With --both: the endpoint that initiates."),
]
ToOption = Annotated[
    str | None,
    typer.Option("--to", metavar="ID", callback=endpoint_id, help="With --both: the endpoint that accepts."),
]
BothOption = Annotated[
    bool, typer.Option("--both", help="Create both ends, of one account; they establish by themselves.")
]
BothTimeoutOption = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", min=0.1, help="With --both: how long to wait for Activated.")
]
PeerOption = Annotated[str, typer.Option("--peer", metavar="RI@ENDPOINT", callback=peer_name, help="The other end.")]
PeerAccountOption = Annotated[
    str | None,
    typer.Option(
        "--peer-account", metavar="UID", callback=word, help="Its owner; may be left out if the topology knows."
    ),
]
PeerRegionOption = Annotated[
    str | None,
    typer.Option(
        "--peer-region", metavar="REGION", callback=word, help="Its region; the topology's, else this end's own."
    ),
]


@command
def create(  # noqa: PLR0913, PLR0917 - a command line has as many options as it has
    options: Options,
    endpoint: EndpointOption = None,
    name: NameOption = "",
    interface: IdOption = None,
    both: BothOption = False,  # noqa: FBT002 - a flag
    source: FromOption = None,
    target: ToOption = None,
    timeout: BothTimeoutOption = 30.0,
) -> None:
    """Create an interface, Idle; with --both, both ends of one account's connection, which establish by themselves."""
    if both:
        if source is None or target is None or endpoint is not None or interface is not None:
            raise typer.BadParameter("--both goes with --from ID and --to ID, and without --endpoint and --id.")
        running.run(options, lifecycle.create_pair, pairs.Pair(source, target, name, timeout))
    if endpoint is None or source is not None or target is not None:
        raise typer.BadParameter("Give --endpoint ID; or --both with --from ID and --to ID.")
    running.run(options, lifecycle.create, endpoint, name, interface)


@command
def configure(
    options: Options,
    interface: InterfaceArgument,
    peer: PeerOption,
    account: PeerAccountOption = None,
    region: PeerRegionOption = None,
) -> None:
    """Tell an Idle interface who its peer is; both ends must know each other before they can connect."""
    running.run(
        options,
        lambda clients, screen: lifecycle.configure(
            clients, screen, interface, wanted.WantedPeer(peer, account, region)
        ),
    )


@command
def initiate(options: Options, interfaces: InterfacesArgument) -> None:
    """Initiate connections; only an interface of the initiator can, and only with peer information."""
    running.run(options, lifecycle.change, "initiate", interfaces)


@command
def suspend(options: Options, interfaces: InterfacesArgument) -> None:
    """Suspend connections from either end; each suspension is that end's own hold."""
    running.run(options, lifecycle.change, "suspend", interfaces)


@command
def resume(options: Options, interfaces: InterfacesArgument) -> None:
    """Give up this end's hold; the connection is activated again when no hold remains."""
    running.run(options, lifecycle.change, "resume", interfaces)


@command
def delete(options: Options, interfaces: InterfacesArgument) -> None:
    """Delete this end, which tears the connection down at both."""
    running.run(options, lifecycle.change, "delete", interfaces)
