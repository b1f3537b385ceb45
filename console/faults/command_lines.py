"""The command lines of situations and scenarios: what is shown as typed, made together with its request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from console.client import Unanswered
from console.topology import Context, EndpointSection
from shared.wire import commands
from shared.wire.request import CommandForm, PeerForm, PlainKind


class StoryBroke(Unanswered):
    """The error that something did not happen as a situation or scenario says; the sentence says what."""

    default_code = "NotReached"


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


@dataclass(frozen=True, slots=True)
class TypedLine:
    """A command as it was typed, and the refusal that it met, if any."""

    who: str
    text: str
    refusal: str | None = None


def story_end(context: Context, name: str) -> StoryEnd:
    """An end by its whole name. Raises StoryBroke for an endpoint that is not there."""
    interface, _, endpoint = name.partition("@")
    known = context.endpoint(endpoint)
    if known is None or known.region is None or known.role is None:
        there = ", ".join(one.id for one in context.endpoints)
        raise StoryBroke(f"{name}: there is no endpoint {endpoint} in {context.source}, which has {there}")
    section = EndpointSection.model_validate(
        {"id": known.id, "kind": known.kind, "account": known.account, "region": known.region, "role": known.role}
    )
    return StoryEnd(section, interface)


def create(end: StoryEnd, name: str = "") -> CommandLine:
    """An interface, Idle."""
    text = f"create --endpoint {end.endpoint} --id {end.interface}{name and f' --name {name}'}"
    return _line(end, text, commands.create(end.interface, name))


def create_both(first: StoryEnd, second: StoryEnd, name: str = "") -> tuple[CommandLine, CommandLine]:
    """Both ends of one account, as one command line; the second one's text is empty."""
    text = f"create --both --from {first.endpoint} --to {second.endpoint}"
    initiated = commands.create(first.interface, name, second.as_peer, initiate=True)
    return (
        _line(second, text, commands.create(second.interface, name, first.as_peer)),
        CommandLine(first.owner, "", first.endpoint, initiated),
    )


def configure(end: StoryEnd, peer: StoryEnd) -> CommandLine:
    """Tell an end who its peer is."""
    text = (
        f"configure {end.interface} --peer {peer.interface}@{peer.endpoint} "
        f"--peer-account {peer.owner} --peer-region {peer.section.region}"
    )
    return _line(end, text, commands.configure(end.interface, peer.as_peer))


def change(verb: PlainKind, end: StoryEnd) -> CommandLine:
    """A command that needs nothing but the interface."""
    return _line(end, f"{verb} {end.interface}", commands.change(verb, end.interface))


def send(end: StoryEnd, body: str) -> CommandLine:
    """A payload for the peer."""
    return _line(end, f"send {end.interface} '{body}'", commands.send(end.interface, body))


def _line(end: StoryEnd, text: str, form: CommandForm) -> CommandLine:
    return CommandLine(end.owner, f"peering {text}", end.endpoint, form)
