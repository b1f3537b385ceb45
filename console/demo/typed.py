"""What the story shows as typed and what it really asks are made together, or one day they would differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from console.topology import EndpointSection
from shared.wire.request import CommandForm, PeerForm


class Cast(NamedTuple):
    """One end of the story's connection: whose it is, where, and its interface."""

    section: EndpointSection
    interface: str

    @property
    def owner(self) -> str:
        """Who types."""
        return self.section.account

    @property
    def endpoint(self) -> str:
        """Where it lives."""
        return self.section.id

    @property
    def as_peer(self) -> PeerForm:
        """What the other owner has to be told of it."""
        return {
            "interface": self.interface,
            "endpoint": self.section.id,
            "account": self.section.account,
            "region": self.section.region,
        }


@dataclass(frozen=True, slots=True)
class Typed:
    """A command line of an owner, the same as a request, and the code of the refusal that it must meet, if any."""

    owner: str
    text: str
    endpoint: str
    form: CommandForm
    refused: str | None = None


def create(end: Cast) -> Typed:
    """An interface, Idle."""
    form: CommandForm = {"kind": "create", "interface": end.interface, "name": "", "peer": None, "initiate": False}
    return Typed(end.owner, f"peering create --endpoint {end.endpoint} --id {end.interface}", end.endpoint, form)


def create_both(first: Cast, second: Cast) -> tuple[Typed, Typed]:
    """Both ends of one account, as one command line; the second one's text is empty."""

    def form(end: Cast, peer: Cast, *, initiate: bool) -> CommandForm:
        return {
            "kind": "create",
            "interface": end.interface,
            "name": "",
            "peer": peer.as_peer,
            "initiate": initiate,
        }

    text = f"peering create --both --from {first.endpoint} --to {second.endpoint}"
    return (
        Typed(second.owner, text, second.endpoint, form(second, first, initiate=False)),
        Typed(first.owner, "", first.endpoint, form(first, second, initiate=True)),
    )


def configure(end: Cast, peer: Cast, refused: str | None = None) -> Typed:
    """Tell an end who its peer is."""
    text = (
        f"peering configure {end.interface} --peer {peer.interface}@{peer.endpoint} "
        f"--peer-account {peer.owner} --peer-region {peer.section.region}"
    )
    form: CommandForm = {"kind": "configure", "interface": end.interface, "peer": peer.as_peer}
    return Typed(end.owner, text, end.endpoint, form, refused)


def change(verb: Literal["initiate", "suspend", "resume", "delete"], end: Cast, refused: str | None = None) -> Typed:
    """A command that needs nothing but the interface."""
    return Typed(
        end.owner,
        f"peering {verb} {end.interface}",
        end.endpoint,
        {"kind": verb, "interface": end.interface},
        refused,
    )


def send(end: Cast, body: str, refused: str | None = None) -> Typed:
    """A payload for the peer."""
    text = f"peering send {end.interface} '{body}'"
    return Typed(end.owner, text, end.endpoint, {"kind": "send", "interface": end.interface, "body": body}, refused)
