"""The end that Mallory plays by hand, to have a connection that can be abused.

The shipped functions decide what she says; she carries it herself, and so can say all of it again at any later time.
"""

from __future__ import annotations

from initiator.handshake import INITIATOR, step
from shared.protocol.effects import Say
from shared.protocol.events import Event, Initiate, Received
from shared.protocol.interface import Interface
from shared.protocol.messages import Data, Message
from shared.protocol.words import Activation, Address, Endpoint, Epoch, Kind, PeerInformation, Status
from shared.wire.bundle import Addressed, Bundle, read_bundle, write_bundle
from tests.end_to_end.stories import End
from tests.end_to_end.workers import LIMIT_SECONDS, fresh_id
from tests.integration.hostile.town import Visit
from tests.waiting import wait_for

STORE_ID = 1


class Puppet:
    """One interface of Mallory's, without a worker."""

    def __init__(self, here: Visit, peer: End) -> None:
        """Name that interface of Bob's as the peer; nothing is said yet."""
        self._here, self._town = here, here.town
        site = here.town.mallory
        named = PeerInformation(peer.interface, peer.site.endpoint, peer.site.account.uid, peer.site.region)
        self.state = Interface(
            id=fresh_id(),
            endpoint=Endpoint(site.endpoint, Kind.VPC, site.account.uid, site.region),
            role=INITIATOR,
            epoch=Epoch(1, 1),
            peer=named,
        )
        self.peer = named
        self.said: list[bytes] = []

    async def connect(self) -> None:
        """Initiate, and listen until both ends are Activated."""
        await self.does(Initiate())
        await wait_for(self.hears, LIMIT_SECONDS, until=lambda _: self.state.status is Status.ACTIVATED)

    async def does(self, event: Event) -> None:
        """Let something happen to this interface, and say what follows."""
        self.state, effects = step(self.state, event)
        for effect in effects:
            if isinstance(effect, Say):
                await self.says(effect.message)

    async def says(self, message: Message) -> None:
        """Say anything, as this interface."""
        self.said.append(self.delivery(message))
        refused = self._here.mallory.nacks
        await self._here.mallory.publish(self.said[-1])
        assert self._here.mallory.nacks == refused

    def delivery(self, *messages: Message, endpoint: str | None = None, source: str | None = None) -> bytes:
        """Write messages to the peer, in this interface's name unless another is given."""
        own = self._town.mallory
        addressed = [Addressed(source or self.state.id, self.peer.interface, message) for message in messages]
        bundle = Bundle(endpoint or own.endpoint, own.account.uid, self.peer.endpoint, STORE_ID, addressed)
        return self._town.delivery(write_bundle(bundle))

    async def hears(self) -> bytes | None:
        """Take the next delivery of Bob's, if there is one, and let this interface hear what is for it."""
        body = await self._here.mallory.take(self._town.to_mallory)
        if body is not None:
            bundle = read_bundle(body)
            for source, target, message in bundle.messages:
                if target == self.state.id:
                    await self.does(Received(Address(source, bundle.endpoint, bundle.account), message, nonce=2))
        return body

    def payload(self, number: int, body: str) -> Data:
        """Write a payload in the present activation."""
        activation = self.state.activation
        assert isinstance(activation, Activation)
        return Data(activation, number, 0, body)
