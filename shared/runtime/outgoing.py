"""What is said to one endpoint at one moment leaves together; nothing ever waits for company.

Bundling as in SCTP (RFC 9260 section 6.10). A declaration says everything, so of several by one interface in
one batch only the last is worth sending.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from shared.protocol.messages import Data, Declare, Message
from shared.protocol.words import Address
from shared.runtime.peers import PeerId
from shared.wire.bundle import Addressed, Bundle, write_bundle
from shared.wire.request import KINDS

BUNDLE_LIMIT_MESSAGES: Final = 500
"""Messages in one bundle: beyond this the cost of an AMQP message no longer shows."""

BUNDLE_LIMIT_CHARACTERS: Final = 98_304
"""Characters of payloads in one bundle: at up to 6 bytes each in JSON, it stays below what is read at all."""


class Parcel(NamedTuple):
    """One AMQP message on its way out; `correlation` ties a reply to its request."""

    routing_key: str
    kind: str
    body: bytes
    correlation: str | None = None
    messages: int = 0


class Outbound:
    """What a batch has to say, sorted by whom it is said to."""

    def __init__(self) -> None:
        """Begin with nothing to say."""
        self._peers: dict[PeerId, dict[tuple[str, str, int], Addressed]] = {}
        self._others = 0

    def say(self, source: str, to: Address, message: Message) -> None:
        """Add a message from an interface of this endpoint."""
        letters = self._peers.setdefault(PeerId(to.endpoint, to.account), {})
        place = 0
        if not isinstance(message, Declare):
            self._others += 1
            place = self._others
        key = (source, to.interface, place)
        letters.pop(key, None)
        letters[key] = Addressed(source, to.interface, message)

    def greet(self, peer: PeerId) -> None:
        """Say nothing in particular: an empty bundle is a sign of life."""
        self._peers.setdefault(peer, {})

    @property
    def addressees(self) -> list[PeerId]:
        """Every peer worker that something is said to."""
        return list(self._peers)

    def parcels(self, endpoint: str, account: str, life: int) -> Iterator[Parcel]:
        """Pack everything, in order, into as few AMQP messages as the limits allow."""
        for peer, letters in self._peers.items():
            for messages in _portions(list(letters.values())):
                body = write_bundle(Bundle(endpoint, account, peer.endpoint, life, messages))
                yield Parcel(peer.endpoint, KINDS.bundle, body, messages=len(messages))


def _portions(letters: list[Addressed]) -> Iterator[list[Addressed]]:
    portion: list[Addressed] = []
    characters = 0
    for letter in letters:
        weight = len(letter.message.body) if isinstance(letter.message, Data) else 0
        full = len(portion) >= BUNDLE_LIMIT_MESSAGES or characters + weight > BUNDLE_LIMIT_CHARACTERS
        if portion and full:
            yield portion
            portion, characters = [], 0
        portion.append(letter)
        characters += weight
    yield portion
