"""The refusals of commands that both roles share: a stable code for programs and a sentence for people."""

from __future__ import annotations

from typing import NamedTuple


class Refusal(NamedTuple):
    """A refusal: a stable code, and what it means. A role may add refusals of its own."""

    code: str
    sentence: str


PEER_NOT_CONFIGURED = Refusal("PeerNotConfigured", "Peer information must be configured at this end first.")
INCORRECT_STATUS = Refusal("IncorrectStatus", "The interface's status does not allow this.")
NOBODY_ASKS = Refusal("NobodyAsks", "This end is the one that asks: there is nobody whom it could reject.")
HELD_BY_PEER = Refusal(
    "HeldByPeer", "This end holds nothing: the peer's owner suspended the connection and alone can resume it."
)
PEER_DELETED = Refusal("PeerDeleted", "The peer's owner deleted the other end: this end can only be deleted as well.")
NOT_ACTIVATED = Refusal("NotActivated", "Payloads can be sent only while the connection is Activated.")
SAME_ENDPOINT = Refusal("SameEndpoint", "An interface cannot be connected to its own endpoint.")
VBR_TO_VBR = Refusal("VbrToVbr", "A VBR can be connected only to a VPC.")
PEER_KIND_NOT_ALLOWED = Refusal(
    "PeerKindNotAllowed", "The other end of this connection cannot be an endpoint of that kind."
)
BUSY = Refusal("Busy", "Too many payloads are waiting for the peer's acknowledgement.")
NOT_OWNER = Refusal("NotOwner", "The endpoint belongs to another account.")
UNKNOWN_INTERFACE = Refusal("UnknownInterface", "There is no such interface on this endpoint.")
INTERFACE_EXISTS = Refusal(
    "InterfaceExists", "There is an interface of that id already, and it is not the one described."
)
INTERFACE_DELETED = Refusal(
    "InterfaceDeleted",
    "An interface of that id was deleted here, and still answers its peer that it was: choose another id.",
)
INVALID_REQUEST = Refusal("InvalidRequest", "The request cannot be understood.")
