"""Properties of two stored records: those of the model, and those that only stores and restarts can break."""

from __future__ import annotations

from collections.abc import Iterable

from lab.explore.properties import acknowledged, confirmed, hold_respected, same_activation
from lab.explore.state import Budget, ModelState, Store
from shared.protocol.interface import Interface
from shared.protocol.words import Intent, Status


def broken(mine: Interface, other: Interface) -> str | None:
    """What is wrong between two ends that may be each other's peers; None if nothing is."""
    if not (_names(mine, other) and _names(other, mine)):
        return consented(mine, other) or consented(other, mine)
    state = ModelState(
        stores=(Store(mine), Store(other)),
        said=(frozenset(), frozenset()),
        sent=(0, 0),
        budget=Budget(),
        nonce=0,
        history=frozenset(),
    )
    for holds in (acknowledged, confirmed, same_activation, hold_respected):
        if wrong := holds(state):
            return wrong
    return known(mine, other) or known(other, mine)


def consented(mine: Interface, other: Interface) -> str | None:
    """An end is past its opening only with a peer that names it as well."""
    past = mine.acknowledged > 0 and mine.open and mine.peer_epoch == other.epoch
    if past and _names(mine, other) and not _names(other, mine):
        return f"{mine.id} is {mine.status} with {other.id}, which does not name it as its peer"
    return None


def _names(mine: Interface, other: Interface) -> bool:
    return mine.peer is not None and mine.peer.interface == other.id and mine.peer.endpoint == other.endpoint.id


def known(mine: Interface, other: Interface) -> str | None:
    """What others heard of an end's present epoch, this end's store knows: commit, then speak."""
    if other.peer_epoch != mine.epoch:
        return None
    if other.peer_version > mine.version:
        return f"{other.id} heard version {other.peer_version} of {mine.id}, which is at {mine.version}"
    if other.received > mine.sent:
        return f"{other.id} received payload {other.received} of {mine.id}, which sent {mine.sent}"
    return None


def delivers_after_hold(receiver: Interface, sender: Interface) -> str | None:
    """After my suspension or deletion is confirmed, the peer delivers nothing more of mine."""
    resting = sender.intent is not Intent.UP and sender.acknowledged_by_peer and sender.peer_epoch == receiver.epoch
    if resting and receiver.peer_epoch == sender.epoch:
        return f"{receiver.id} delivers a payload of {sender.id}, whose {sender.status} it has confirmed"
    return None


def in_order(places: Iterable[int], *, whole: bool, allowed_returns: int) -> bool:
    """Whether payloads, by their place in what was accepted, arrived in order.

    Nothing twice and, if `whole`, nothing left out. A sender that was put back from a copy may begin again from
    what the copy remembers, once each time.
    """
    returns, last = 0, -1
    for place in places:
        if whole and place != last + 1:
            return False
        returns += place <= last
        last = place
    return returns <= allowed_returns


def agreed(mine: Interface, other: Interface) -> bool:
    """Whether two ends have come to rest together, once nothing holds them down any more."""
    statuses = {mine.status, other.status}
    if statuses in ({Status.IDLE, Status.DELETED}, {Status.DELETED}):
        return True
    if any(end.status is Status.DELETED and end.peer is None for end in (mine, other)):
        return True  # its owner named nobody, so there was nobody to tell
    if statuses != {Status.ACTIVATED} or mine.unacknowledged or other.unacknowledged:
        return False
    return mine.activation is not None and mine.activation.mirrored == other.activation
