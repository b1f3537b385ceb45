"""The safety properties of the opening: who is let in, who is believed, and who is rejected.

Each function returns None where its property holds, or what is wrong. Each is broken by at least one planted bug.
"""

from __future__ import annotations

from lab.explore.state import ADDRESSES, ENDPOINTS, PEERS, ModelState, StoreFault
from lab.explore.transitions import Transition
from shared.protocol.events import Received
from shared.protocol.interface import Interface
from shared.protocol.messages import Declare, NotReady, Reason
from shared.protocol.words import Intent, Kind, PeerInformation, Status


def admitted(before: ModelState, transition: Transition) -> str | None:
    """An end that can only wait opens to nobody but who is what its owner configured, and takes this end for it is."""
    old, new, event = before.ends[transition.which], transition.state.ends[transition.which], transition.event
    if old.open or not new.open or old.role.may_initiate or old.peer is None or isinstance(event, StoreFault):
        return None
    said = event.message if isinstance(event, Received) and isinstance(event.message, Declare) else None
    if said is not None and said.claims is not None and _agrees(transition.which, old, said):
        return None
    return f"{old.id} opened to {said}"


def followed(before: ModelState, transition: Transition) -> str | None:
    """An open end records nothing of a peer that says it is, or takes this end for, something else."""
    old, new, event = before.ends[transition.which], transition.state.ends[transition.which], transition.event
    if not (old.open and new.open and isinstance(event, Received) and isinstance(event.message, Declare)):
        return None
    if Intent.DELETED in (old.intent, event.message.intent) or _agrees(transition.which, old, event.message):
        return None
    register = (old.peer_epoch, old.peer_version, old.peer_intent)
    if register == (new.peer_epoch, new.peer_version, new.peer_intent) and new.acknowledged <= old.acknowledged:
        return None
    return f"{old.id} believed {event.message}"


def _agrees(which: int, end: Interface, said: Declare) -> bool:
    """Whether all that is said of both ends is as this end has it."""
    claims, own, region = said.claims, ADDRESSES[which], ENDPOINTS[which].region
    if said.peer is not None and said.peer != PeerInformation(*own, region):
        return False
    if claims is None:
        return True
    kind = Kind.of(claims.endpoint)
    claimed = PeerInformation(claims.interface, claims.endpoint, claims.account, claims.region)
    return claimed == end.peer and kind is claims.kind


def rejection(before: ModelState, transition: Transition) -> str | None:
    """Who was rejected opens nothing until its owner is configured, and who hears so of what it asks now gives up."""
    old, new, event = before.ends[transition.which], transition.state.ends[transition.which], transition.event
    if old.status is Status.IDLE and old.reason is Reason.PEER_REJECTED and isinstance(event, Received):
        return None if new.reason is old.reason and not new.open else f"{old.id} forgot that its peer is rejected"
    said = event.message if isinstance(event, Received) and event.sender == ADDRESSES[1 - transition.which] else None
    if not (isinstance(said, NotReady) and said.reason is Reason.REJECTED_BY_PEER):
        return None
    asked = (said.to_epoch, said.answers) == (old.epoch, old.version)
    if old.role.may_initiate and old.opening and old.peer == PEERS[transition.which] and asked is new.open:
        return f"{old.id} is {new.status} after it heard {said}"
    return None
