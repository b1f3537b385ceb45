"""What is said to one endpoint at one moment leaves together; nothing ever waits for company.

Bundling as in SCTP (RFC 9260 section 6.10). A declaration says everything, so of several by one interface in
one batch only the last is worth sending.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from shared.broker.messages import OutgoingMessage
from shared.protocol.messages import Data, Declare, Message
from shared.protocol.words import Address
from shared.runtime.peers import PeerId
from shared.wire.bundle import Addressed, Bundle, write_bundle
from shared.wire.request import KINDS

BUNDLE_LIMIT_MESSAGES: Final = 500
"""Messages in one bundle: beyond this the cost of an AMQP message no longer shows."""

BUNDLE_LIMIT_CHARACTERS: Final = 98_304
"""Characters of payloads in one bundle: at up to 6 bytes each in JSON, it stays below what is read at all."""


class OutgoingBundles:
    """What a batch has to say, sorted by whom it is said to."""

    def __init__(self) -> None:
        """Begin with nothing to say."""
        self._peers: dict[PeerId, dict[tuple[str, str, int], Addressed]] = {}
        self._others = 0

    def add(self, source: str, to: Address, message: Message) -> None:
        """Add a message from an interface of this endpoint."""
        messages_of_peer = self._peers.setdefault(PeerId(to.endpoint, to.account), {})
        place = 0
        if not isinstance(message, Declare):
            self._others += 1
            place = self._others
        key = (source, to.interface, place)
        messages_of_peer.pop(key, None)
        messages_of_peer[key] = Addressed(source, to.interface, message)

    def add_keepalive(self, peer: PeerId) -> None:
        """Say nothing in particular: an empty bundle is a sign of life."""
        self._peers.setdefault(peer, {})

    @property
    def peers(self) -> list[PeerId]:
        """Every peer worker that something is said to."""
        return list(self._peers)

    def packed(self, endpoint: str, account: str, life: int) -> Iterator[OutgoingMessage]:
        """Pack everything, in order, into as few AMQP messages as the limits allow."""
        for peer, messages_of_peer in self._peers.items():
            for messages in _portions(list(messages_of_peer.values())):
                body = write_bundle(Bundle(endpoint, account, peer.endpoint, life, messages))
                yield OutgoingMessage(peer.endpoint, body, KINDS.bundle)


def _portions(messages_of_peer: list[Addressed]) -> Iterator[list[Addressed]]:
    portion: list[Addressed] = []
    characters = 0
    for addressed in messages_of_peer:
        weight = len(addressed.message.body) if isinstance(addressed.message, Data) else 0
        full = len(portion) >= BUNDLE_LIMIT_MESSAGES or characters + weight > BUNDLE_LIMIT_CHARACTERS
        if portion and full:
            yield portion
            portion, characters = [], 0
        portion.append(addressed)
        characters += weight
    yield portion
