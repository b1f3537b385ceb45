"""The items of a batch: everything that one transaction takes up, as a tagged union."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from shared.runtime.peers import PeerId
from shared.runtime.timers import Expired
from shared.wire.bundle import Bundle
from shared.wire.request import RequestForm


class IncomingBundle(NamedTuple):
    """A bundle of a peer's worker; `place` is that of its delivery in the batch."""

    place: int
    sender: str
    bundle: Bundle


class IncomingNewer(NamedTuple):
    """A bundle of a peer's worker of a newer version than is read here."""

    place: int
    peer: PeerId
    version: int


class IncomingRequest(NamedTuple):
    """A request of the endpoint's owner; `place` is that of its delivery in the batch."""

    place: int
    request: RequestForm
    reply_to: str


class Restatement(NamedTuple):
    """An interface that is to declare itself once more, though no timer of its own says so."""

    interface: str


class Resync(NamedTuple):
    """An interface whose peer works on another store than before, and has to be asked anew."""

    interface: str


class Resynced(NamedTuple):
    """A peer's new store id, to be kept now that every interface that it concerns has asked the peer anew."""

    peer: PeerId
    store_id: int


Item: TypeAlias = IncomingBundle | IncomingNewer | IncomingRequest | Expired | Restatement | Resync | Resynced


def split(item: Item) -> list[Item]:
    """Divide an item into its smallest parts: one message each."""
    if not isinstance(item, IncomingBundle) or len(item.bundle.messages) <= 1:
        return [item]
    return [item._replace(bundle=item.bundle._replace(messages=[one])) for one in item.bundle.messages]
