"""Why a connection is not up, as far as one end knows: a stable code and a sentence.

A status says what; only both ends' records together say why, and this is one end's half of it.
"""

from __future__ import annotations

from typing import NamedTuple

from shared.broker.names import OPEN_ACCOUNT
from shared.protocol.interface import Interface
from shared.protocol.messages import Reason
from shared.protocol.words import Intent, Status
from shared.runtime.condition import Condition
from shared.runtime.peers import PeerId, Peers
from shared.wire.versions import FORMAT_VERSION
from shared.wire.views import NEWER_PROTOCOL, QUEUE_UNREAD

REASONS: dict[Reason, str] = {
    Reason.PEER_NOT_CONFIGURED: "The peer's owner has not configured this interface as its peer.",
    Reason.PEER_REGION_MISMATCH: "The peer's owner configured another region for this end.",
    Reason.PEER_KIND_MISMATCH: "The peer's owner configured something else for this end than what it is.",
    Reason.WRONG_PEER_REGION: "This end's peer information names another region than the peer's.",
    Reason.WRONG_PEER_INFORMATION: "This end's peer information says something else of the peer than what it is.",
    Reason.NOT_INITIATED: "The peer is Idle: its owner has not initiated the connection.",
    Reason.NOT_OPENED: "The peer is Idle: it has to be asked anew.",
    Reason.NO_ANSWER: "The peer did not answer.",
    Reason.PEER_REJECTED: "This end's owner rejected the peer.",
    Reason.REJECTED_BY_PEER: "The peer's owner rejected this end.",
}


class Why(NamedTuple):
    """Why a connection is not up, as a stable code and a sentence."""

    code: str
    sentence: str


def explain(state: Interface, peers: Peers, now: float, condition: Condition | None = None) -> Why | None:
    """Why this end is not Activated, or hears nothing of its peer; None if there is nothing to explain."""
    status = state.status
    if status is Status.DELETED:
        return _deleted(state)
    if (newer := _newer(state, peers)) is not None:
        return newer
    if (deafness := _unread(state, condition)) is not None:
        return deafness
    if status is Status.IDLE:
        return _idle(state)
    if (silence := _silence(state, peers, now)) is not None:
        return silence
    if state.reason is not None:
        return Why(state.reason, REASONS[state.reason])
    if status is Status.SUSPENDED:
        return Why("Held", f"Suspended by {_holders(state)}.")
    if status.stable:
        return None
    return Why("WaitingForPeer", "Waiting for the peer to acknowledge.")


def _newer(state: Interface, peers: Peers) -> Why | None:
    """Which of the two workers speaks a version that the other does not read; None if neither does."""
    if state.peer is None:
        return None
    peer = PeerId(state.peer.endpoint, state.peer.account)
    speaks = "speaks a newer protocol, version"
    if (version := peers.unread.get(peer)) is not None:
        here = f"this worker reads {FORMAT_VERSION} and has to be brought up to date"
        return Why(NEWER_PROTOCOL, f"The worker of {peer.endpoint} {speaks} {version}: {here}.")
    if (version := peers.unread_there.get(peer)) is not None:
        there = f"the worker of {peer.endpoint} does not read it and has to be brought up to date"
        return Why(NEWER_PROTOCOL, f"This end's worker {speaks} {version}: {there}.")
    return None


def _deleted(state: Interface) -> Why:
    """Who deleted it."""
    if state.intent is Intent.DELETED:
        return Why("Deleted", "This end was deleted by its owner.")
    return Why("PeerDeleted", "The peer's owner deleted the other end.")


def _idle(state: Interface) -> Why:
    """Why nothing has been opened."""
    if state.caller is not None:
        interface, endpoint, account = state.caller
        wanted = "no peer" if state.peer is None else f"{state.peer.interface} on {state.peer.endpoint}"
        return Why(
            "StrangerCalled",
            f"{interface} on {endpoint} of account {account} asked to connect, but {wanted} is configured here.",
        )
    if state.peer is None:
        return Why("NotConfigured", "Peer information is not configured at this end.")
    if state.reason is not None:
        rejects = state.reason is Reason.PEER_REJECTED
        return Why(state.reason, f"{'' if rejects else 'Gave up or waits again. '}{REASONS[state.reason]}")
    if state.role.may_initiate:
        return Why("NotInitiated", "The connection has not been initiated.")
    return Why("Waiting", "Waiting for the peer to initiate the connection.")


def _unread(state: Interface, condition: Condition | None) -> Why | None:
    """Why what the peer says is not read here; None if it is."""
    if state.peer is None or condition is None:
        return None
    reason = condition.unread.get(state.peer.account) or condition.unread.get(OPEN_ACCOUNT)
    if reason is None and condition.senders and state.peer.account not in condition.senders:
        reason = "it was not told to accept anything from that account (`peers`, or --accept-from)."
    if reason is None:
        return None
    return Why(QUEUE_UNREAD, f"The worker of this end cannot read what {state.peer.account} says to it: {reason}")


def _silence(state: Interface, peers: Peers, now: float) -> Why | None:
    """Why nothing is heard from the peer; None if something is, or may still be."""
    if state.peer is None:
        return None
    peer = PeerId(state.peer.endpoint, state.peer.account)
    known = peers.known.get(peer)
    if known is not None and not known.routed:
        return Why("NoRoute", f"The broker has no queue that leads from here to {peer.endpoint}.")
    if peers.reachable(peer, now) is False:
        silent = peers.silent_for(peer, now)
        since = "since this worker started" if silent is None else f"for {silent:.0f} s"
        return Why("PeerUnreachable", f"Nothing was heard from {peer.endpoint} {since}.")
    return None


def _holders(state: Interface) -> str:
    """Whose suspensions keep it down."""
    own, peer = state.intent is Intent.SUSPENDED, state.peer_intent is Intent.SUSPENDED
    if own and peer:
        return "both ends"
    return "this end's owner" if own else "the peer's owner"
