"""The command lines of the stories: what is shown as typed, and the request that it stands for, made together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from console.topology import EndpointSection
from shared.wire import commands
from shared.wire.request import CommandForm, PeerForm, PlainKind


class StoryEnd(NamedTuple):
    """An end of the story's connection: its endpoint, and its interface."""

    section: EndpointSection
    interface: str

    @property
    def owner(self) -> str:
        """The account that types."""
        return self.section.account

    @property
    def endpoint(self) -> str:
        """The endpoint that it lives on."""
        return self.section.id

    @property
    def as_peer(self) -> PeerForm:
        """The peer information that the other owner has to be told."""
        return commands.peer(self.interface, self.endpoint, self.owner, self.section.region)


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A command line of an owner, the same as a request, and the code of the refusal that it must meet, if any."""

    owner: str
    text: str
    endpoint: str
    form: CommandForm
    refused: str | None = None


def create(end: StoryEnd) -> CommandLine:
    """An interface, Idle."""
    return _line(end, f"create --endpoint {end.endpoint} --id {end.interface}", commands.create(end.interface))


def create_both(first: StoryEnd, second: StoryEnd) -> tuple[CommandLine, CommandLine]:
    """Both ends of one account, as one command line; the second one's text is empty."""
    text = f"create --both --from {first.endpoint} --to {second.endpoint}"
    initiated = commands.create(first.interface, peer=second.as_peer, initiate=True)
    return (
        _line(second, text, commands.create(second.interface, peer=first.as_peer)),
        CommandLine(first.owner, "", first.endpoint, initiated),
    )


def configure(end: StoryEnd, peer: StoryEnd, refused: str | None = None) -> CommandLine:
    """Tell an end who its peer is."""
    text = (
        f"configure {end.interface} --peer {peer.interface}@{peer.endpoint} "
        f"--peer-account {peer.owner} --peer-region {peer.section.region}"
    )
    return _line(end, text, commands.configure(end.interface, peer.as_peer), refused)


def change(verb: PlainKind, end: StoryEnd, refused: str | None = None) -> CommandLine:
    """A command that needs nothing but the interface."""
    return _line(end, f"{verb} {end.interface}", commands.change(verb, end.interface), refused)


def send(end: StoryEnd, body: str, refused: str | None = None) -> CommandLine:
    """A payload for the peer."""
    return _line(end, f"send {end.interface} '{body}'", commands.send(end.interface, body), refused)


def _line(end: StoryEnd, text: str, form: CommandForm, refused: str | None = None) -> CommandLine:
    return CommandLine(end.owner, f"peering {text}", end.endpoint, form, refused)
