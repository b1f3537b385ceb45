"""The answers of `/_peering`, as the dictionaries that they are; docs/openapi.json describes every field.

A simulator that is newer than this package may answer more fields than are named here.
"""

from __future__ import annotations

from typing import Literal, TypedDict

Status = Literal[
    "Idle", "Connecting", "Accepting", "Activated", "Suspending", "Suspended", "Activating", "Deleting", "Deleted"
]
"""What an end shows; Connecting is an initiator's, Accepting an acceptor's."""


class AccessKey(TypedDict):
    """An access key of the cloud's API: a secret."""

    id: str
    secret: str


class AccountHere(TypedDict):
    """An account that the simulator acts for."""

    account: str
    name: str
    key: AccessKey | None


class EndpointHere(TypedDict):
    """An endpoint: a VPC or VBR, in one role."""

    endpoint: str
    kind: str
    account: str
    region: str | None
    role: str | None


class PeerView(TypedDict):
    """The peer of an interface, as far as the interface knows it."""

    interface: str
    endpoint: str
    account: str
    region: str
    reachable: bool | None
    status: str | None


class InterfaceView(TypedDict):
    """An interface: one end of one peering connection."""

    interface: str
    name: str
    endpoint: str
    kind: Literal["vpc", "vbr"]
    account: str
    region: str
    role: str
    status: str
    peer: PeerView | None
    holds: list[Literal["own", "peer"]]
    charged: Literal["nobody", "this end", "the peer"]
    reason: str | None
    reason_code: str | None
    unacknowledged: int
    epoch: int
    version: int


class BothEnds(TypedDict):
    """A connection, seen from one of its ends; `link` is None if the other end was not asked."""

    own: InterfaceView
    other: InterfaceView | None
    link: bool | None
    sentence: str
    unasked: str | None


class Connected(TypedDict):
    """Both ends of a connection that was made in one call."""

    initiator: InterfaceView
    acceptor: InterfaceView
    link: bool | None
    sentence: str


class Explained(TypedDict):
    """Why a connection is up or not."""

    interface: str
    endpoint: str
    status: str
    link: bool | None
    asked_both: bool
    sentence: str


class PayloadView(TypedDict):
    """A payload in an inbox; `at` is in seconds since 1970, `row` its place in the inbox."""

    row: int
    at: float
    number: int
    body: str


class Happened(TypedDict):
    """A step of an interface: what happened, what it changed, and what was said because of it.

    `at` is in seconds since 1970, `row` the place in its worker's timeline.
    """

    row: int
    at: float
    interface: str
    was: str
    status: str
    cause: str
    said: list[str]
    endpoint: str


class StandingFault(TypedDict):
    """A fault, and what has come of it; `since` is in seconds since 1970."""

    number: int
    sentence: str
    since: float
    struck: int
    held: int
    over: bool
    interface: str | None
    wires: list[str]


class HeldMessage(TypedDict):
    """A message that stands half-way; `since` is in seconds since 1970."""

    number: int
    fault: int
    source: str
    target: str
    source_endpoint: str
    target_endpoint: str
    label: str
    since: float


class DeadLetterView(TypedDict):
    """A delivery that was set aside; docs/dead-letters.md has the codes. `body` is there of one that is asked for.

    `replay` is the code of the refusal to replay it, None if it can be.
    """

    id: str
    at: str | None
    sender: str | None
    endpoint: str | None
    proven: bool
    set_aside_by: str | None
    code: str
    reason: str
    type: str
    size_bytes: int
    would_be: str
    replay: str | None
    body: str | None


class MadeWorld(TypedDict):
    """A world that was made: its name, and its access token, a secret."""

    world: str
    token: str
