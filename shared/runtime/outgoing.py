"""Outgoing bundles: what a batch says to each peer's worker, in as few AMQP messages as the limits allow.

Bundling as in SCTP (RFC 9260 section 6.10): what is said to one endpoint at one moment leaves together, and nothing
ever waits for company. A declaration says everything, so of several by one interface in one batch only the last is
worth sending.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from shared.broker.messages import OutgoingMessage
from shared.protocol.messages import Data, Declare, Message, NotReady, Reason
from shared.protocol.words import Address
from shared.runtime.peers import PeerId
from shared.wire.bundle import Addressed, Bundle, write_bundle
from shared.wire.request import KINDS

BUNDLE_LIMIT_MESSAGES: Final = 500
"""Messages in one bundle: beyond this the cost of an AMQP message no longer shows."""

BUNDLE_LIMIT_CHARACTERS: Final = 98_304
"""Characters of payloads in one bundle: at up to 6 bytes each in JSON, it stays below what is read at all."""


class OutgoingBundles:
    """The messages of one batch, by the peer's worker that they are for."""

    def __init__(self) -> None:
        """Begin with nothing to say."""
        self._peers: dict[PeerId, dict[tuple[str, str, int], Addressed]] = {}
        self._others = 0
        self._few_words: set[Address] = set()

    def note_words(self, sender: Address, message: Message) -> None:
        """Note whether what is answered may come from a worker of 0.1.0, which says no `peer` when it asks."""
        if isinstance(message, Declare) and message.peer is None:
            self._few_words.add(sender)
        else:
            self._few_words.discard(sender)

    def add(self, source: str, to: Address, message: Message) -> None:
        """Add a message from an interface of this endpoint; a declaration replaces an earlier one."""
        messages = self._peers.setdefault(PeerId(to.endpoint, to.account), {})
        if isinstance(message, NotReady) and message.reason is Reason.REJECTED_BY_PEER and to in self._few_words:
            message = replace(message, reason=Reason.PEER_NOT_CONFIGURED)  # 0.1.0 cannot read the other
        place = 0
        if not isinstance(message, Declare):
            self._others += 1
            place = self._others
        key = (source, to.interface, place)
        messages.pop(key, None)
        messages[key] = Addressed(source, to.interface, message)

    def add_keepalive(self, peer: PeerId) -> None:
        """Send this peer's worker a bundle even if nothing else is said to it: an empty one is a heartbeat."""
        self._peers.setdefault(peer, {})

    @property
    def peers(self) -> list[PeerId]:
        """Every peer's worker that something is said to."""
        return list(self._peers)

    def packed(
        self, endpoint: str, account: str, store_id: int, unread: Mapping[PeerId, int]
    ) -> Iterator[OutgoingMessage]:
        """Write everything, in order, as bundles from this endpoint; who cannot be read (`unread`) is told so."""
        for peer, messages in self._peers.items():
            for portion in _portions(list(messages.values())):
                bundle = Bundle(endpoint, account, peer.endpoint, store_id, portion, unread=unread.get(peer))
                body = write_bundle(bundle)
                yield OutgoingMessage(peer.endpoint, body, KINDS.bundle)


def _portions(messages: list[Addressed]) -> Iterator[list[Addressed]]:
    """Cut messages into pieces that each fit into one bundle; no messages are one empty piece."""
    portion: list[Addressed] = []
    characters = 0
    for addressed in messages:
        weight = len(addressed.message.body) if isinstance(addressed.message, Data) else 0
        full = len(portion) >= BUNDLE_LIMIT_MESSAGES or characters + weight > BUNDLE_LIMIT_CHARACTERS
        if portion and full:
            yield portion
            portion, characters = [], 0
        portion.append(addressed)
        characters += weight
    yield portion
