"""Consent: whether both ends' peer informations agree, in everything that a declaration says of them.

Four things have to agree: what each end is, and what the other's owner said of it. An end that opens says what it is
(its claims); one that asks first says also what its owner said of the other (its peer information), so that the end
that waits can compare both before it opens. Each end compares for itself, and relies on nobody to have done so.

What a peer can lie about: interface, endpoint and account of the sender are proved by the broker (R0), and where they
are claimed otherwise, that is seen here. Its region and what its own owner configured are its own word: by a lie about
these it deceives nobody but the two of this connection, and the other owner named this account himself. Whatever is
not said (`peer` by a worker of 0.1.0) is not compared. A deletion needs nobody's consent.
"""

from __future__ import annotations

from typing import NamedTuple

from shared.protocol.interface import Interface
from shared.protocol.messages import Claims, Declare, Reason
from shared.protocol.words import Intent, Kind, PeerInformation


class Disagreement(NamedTuple):
    """What does not agree, as the owner of this end has to read it and as the owner of the peer has to."""

    here: Reason
    there: Reason


_OWN_REGION = Disagreement(Reason.WRONG_PEER_REGION, Reason.PEER_REGION_MISMATCH)
_OWN = Disagreement(Reason.WRONG_PEER_INFORMATION, Reason.PEER_KIND_MISMATCH)
_PEERS_REGION = Disagreement(Reason.PEER_REGION_MISMATCH, Reason.WRONG_PEER_REGION)
_PEERS = Disagreement(Reason.PEER_KIND_MISMATCH, Reason.WRONG_PEER_INFORMATION)


def disagreement(state: Interface, message: Declare) -> Disagreement | None:
    """What the peer's declaration says otherwise than this end has it; None if nothing, or if one of them is going."""
    if Intent.DELETED in (state.intent, message.intent) and state.open:
        return None
    return _about_peer(state, message) or _about_this_end(state, message)


def noted(state: Interface, reason: Reason) -> Interface:
    """The record with the reason why it is not up; the same record if it holds that one already."""
    return state if state.reason is reason else state.but(reason=reason)


def _about_peer(state: Interface, message: Declare) -> Disagreement | None:
    """What this end's peer information says of the peer, against what the peer claims to be."""
    claims, peer = message.claims, state.peer
    if claims is None or peer is None:
        return None
    if claims.region != peer.region:
        return _OWN_REGION
    wanted = Claims(peer.interface, peer.endpoint, claims.kind, peer.account, peer.region)
    return _OWN if claims != wanted or Kind.of(claims.endpoint) is not claims.kind else None


def _about_this_end(state: Interface, message: Declare) -> Disagreement | None:
    """What the peer's peer information says of this end, against what this end is."""
    said, own = message.peer, state.endpoint
    if said is None:
        return None
    if said.region != own.region:
        return _PEERS_REGION
    return _PEERS if said != PeerInformation(state.id, own.id, own.account, own.region) else None
