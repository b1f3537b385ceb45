"""The builders of the commands that an owner may send to a worker: one function for each form of `request.py`."""

from __future__ import annotations

from typing import Final

from shared.protocol.words import LAST_NUMBER
from shared.wire.request import (
    AcknowledgeForm,
    ConfigureForm,
    CreateForm,
    ListForm,
    MatchForm,
    PeerForm,
    PlainForm,
    PlainKind,
    ReadForm,
    SendForm,
    SubscribeForm,
    WorkerForm,
)

PAGE_ROWS: Final = 500
"""How many rows a page has where nobody says otherwise; `request.PAGE_LIMIT` is the most."""


def peer(interface: str, endpoint: str, account: str, region: str) -> PeerForm:
    """Peer information: who an interface's other end is."""
    return {"interface": interface, "endpoint": endpoint, "account": account, "region": region}


def create(interface: str, name: str = "", peer: PeerForm | None = None, *, initiate: bool = False) -> CreateForm:
    """Create an interface: Idle, or with its peer configured, or initiated at once."""
    return {"kind": "create", "interface": interface, "name": name, "peer": peer, "initiate": initiate}


def configure(interface: str, peer: PeerForm) -> ConfigureForm:
    """Set the peer information of an Idle interface."""
    return {"kind": "configure", "interface": interface, "peer": peer}


def reject(interface: str, peer: PeerForm) -> ConfigureForm:
    """Set the peer information of an Idle interface, and reject that peer."""
    return {"kind": "reject", "interface": interface, "peer": peer}


def change(kind: PlainKind, interface: str) -> PlainForm:
    """Initiate, suspend, resume or delete."""
    return {"kind": kind, "interface": interface}


def show(interface: str) -> PlainForm:
    """Ask for an interface's view."""
    return {"kind": "show", "interface": interface}


def send(interface: str, body: str) -> SendForm:
    """Send a payload to the peer."""
    return {"kind": "send", "interface": interface, "body": body}


def listing(
    after: str = "", limit: int = PAGE_ROWS, *, deleted: bool = False, match: MatchForm | None = None
) -> ListForm:
    """List a page of the endpoint's interfaces, after the id named: all, or those that match."""
    form: ListForm = {"kind": "list", "after": after, "limit": limit, "deleted": deleted}
    return {**form, "match": match} if match else form


def inbox(interface: str, after: int = 0, limit: int = PAGE_ROWS) -> ReadForm:
    """Read a page of an interface's inbox, after a row."""
    return {"kind": "inbox", "interface": interface, "after": after, "limit": limit}


def acknowledge(interface: str, through: int) -> AcknowledgeForm:
    """Let go of an interface's payloads through a row of its inbox."""
    return {"kind": "acknowledge", "interface": interface, "through": through}


def timeline(interface: str | None, after: int = 0, limit: int = PAGE_ROWS) -> ReadForm:
    """Read a page of the timeline after a row, of all interfaces where none is named."""
    return {"kind": "timeline", "interface": interface, "after": after, "limit": limit}


def last_of(read: ReadForm, before: int = LAST_NUMBER) -> ReadForm:
    """The same read from the other end: the last rows before one, and how many are earlier than those."""
    return {**read, "before": before}


def subscribe(interface: str | None, after: int | None, seconds: int) -> SubscribeForm:
    """Subscribe to every new row for a while, from the present on where `after` is None."""
    return {"kind": "subscribe", "interface": interface, "after": after, "seconds": seconds}


def worker() -> WorkerForm:
    """Ask the worker about itself."""
    return {"kind": "worker"}
