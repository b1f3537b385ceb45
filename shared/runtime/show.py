"""Views of interfaces: copies for their owners, made when asked for, never kept, never consulted."""

from __future__ import annotations

from typing import Literal

from shared.protocol.interface import Interface
from shared.protocol.words import Intent
from shared.runtime.condition import Condition
from shared.runtime.explain import explain
from shared.runtime.peers import PeerId, Peers
from shared.wire.views import InterfaceView, PeerView

Payer = Literal["nobody", "this end", "the peer"]


def view(state: Interface, peers: Peers, now: float, condition: Condition | None = None) -> InterfaceView:
    """An interface as its owner may see it."""
    why = explain(state, peers, now, condition)
    holds: list[Literal["own", "peer"]] = []
    if state.intent is Intent.SUSPENDED:
        holds.append("own")
    if state.open and state.peer_intent is Intent.SUSPENDED:
        holds.append("peer")
    own = state.endpoint
    return InterfaceView(
        interface=state.id,
        name=state.name,
        endpoint=own.id,
        kind=own.kind.value,
        account=own.account,
        region=own.region,
        role=state.role.name,
        status=state.status,
        peer=_peer(state, peers, now),
        holds=holds,
        charged=charged(state),
        reason=None if why is None else why.sentence,
        reason_code=None if why is None else why.code,
        unacknowledged=state.unacknowledged,
        epoch=state.epoch.number,
        version=state.version,
    )


def charged(state: Interface) -> Payer:
    """Who pays (article: nobody within a region; between regions one role, whichever end that is)."""
    if state.peer is None or state.peer.region == state.endpoint.region:
        return "nobody"
    return "this end" if state.role.pays_between_regions else "the peer"


def _peer(state: Interface, peers: Peers, now: float) -> PeerView | None:
    """What this end knows of the other one."""
    if state.peer is None:
        return None
    return PeerView(
        interface=state.peer.interface,
        endpoint=state.peer.endpoint,
        account=state.peer.account,
        region=state.peer.region,
        reachable=peers.reachable(PeerId(state.peer.endpoint, state.peer.account), now),
        status=state.peer_status,
    )
