"""The messages of a Byzantine peer: everything that could matter to an end's record, true or not.

The numbers of a forged message are those of the end that hears it, or one more: the rules compare and never calculate,
so that any other number is like one of these.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Final

from lab.explore.state import ENDPOINTS, PEERS, WRONG
from shared.protocol.interface import Interface
from shared.protocol.messages import Claims, Data, Declare, Message, NotReady, Reason
from shared.protocol.words import Activation, Epoch, Intent, Kind, Status

NONCE: Final = 1_000
"""No end of a state ever begins an epoch with it."""

BODY: Final = "0"
"""A payload that nobody accepted."""

_REASONS: Final = (Reason.NOT_OPENED, Reason.NOT_INITIATED, Reason.REJECTED_BY_PEER)


def forged_messages(which: int, end: Interface) -> Iterator[Message]:
    """Everything that could be said to this end; some of it may be true."""
    mine, later = end.epoch, Epoch(end.epoch.number + 1, NONCE)
    known = end.peer_epoch or Epoch(1, NONCE)
    theirs = (known, Epoch(known.number, NONCE + 1), Epoch(known.number + 1, NONCE))
    versions = tuple({max(end.peer_version, 1), end.peer_version + 1})
    yield from _declarations(which, end, theirs, versions)
    for epoch, to_epoch in product((None, *theirs), (mine, Epoch(mine.number, NONCE), later)):
        for answers, reason in product({end.version, end.version + 1}, _REASONS):
            yield NotReady(epoch, to_epoch, answers, reason)
    for epoch, version, own in product(theirs, versions, (max(end.version, 1), end.version + 1)):
        activation = Activation(epoch, version, mine, own)
        for number, base in product(range(max(end.received, 1), end.received + 3), (0, end.received + 1)):
            yield Data(activation, number, base, BODY)


def _declarations(
    which: int, end: Interface, theirs: tuple[Epoch, ...], versions: tuple[int, ...]
) -> Iterator[Message]:
    mine = end.epoch
    spoken_to = (None, mine, Epoch(mine.number, NONCE), Epoch(mine.number + 1, NONCE))
    acknowledged = {0, end.version, end.version + 1}
    registers = product(theirs, versions, Intent, spoken_to, acknowledged, {0, end.sent, end.sent + 1})
    for epoch, version, intent, to_epoch, acknowledges, received in registers:
        said = (epoch, version, intent, to_epoch, acknowledges, received)
        yield Declare(*said, Status.ACTIVATED)
        yield Declare(*said, Status.CONNECTING)
        if to_epoch is None or not end.open or (end.role.may_initiate and to_epoch == mine):
            for claims in _claims(which):
                yield Declare(*said, Status.CONNECTING, claims)
            for peer in WRONG[1 - which]:
                yield Declare(*said, Status.CONNECTING, _claims(which)[0], peer)


def _claims(which: int) -> tuple[Claims, ...]:
    """What the peer truly is, and what it is not in one respect each."""
    peer, kind = PEERS[which], ENDPOINTS[1 - which].kind
    return (
        Claims(peer.interface, peer.endpoint, kind, peer.account, peer.region),
        Claims(peer.interface, peer.endpoint, kind, peer.account, "cn-elsewhere"),
        Claims(peer.interface, "vpc-elsewhere", kind, peer.account, peer.region),
        Claims("ri-elsewhere", peer.endpoint, kind, peer.account, peer.region),
        Claims(peer.interface, peer.endpoint, kind, "mallory", peer.region),
        Claims(peer.interface, peer.endpoint, Kind.VBR, peer.account, peer.region),
    )
