"""Two accounts' workers, and a console that administers the broker: the ground of all tests of faults."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from console.client.clients import Clients
from console.faults.faults import Faults, shown
from console.faults.model import Fault, StandingFault
from console.topology import AccountSection, Context, KnownEndpoint
from shared.broker.address import BrokerAddress
from shared.broker.amqp import depths
from shared.broker.names import EndpointQueue
from shared.broker.tap import Tap
from tests.end_to_end.asking import console
from tests.end_to_end.stories import End, end
from tests.end_to_end.workers import Site
from tests.integration.broker_ladder import BrokerForTests
from tests.waiting import wait_for

PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Town:
    """Who lives here: an initiator and an acceptor of Alice's, an acceptor of Bob's."""

    broker: BrokerForTests
    start: Site
    beside: Site
    far: Site

    @property
    def sites(self) -> tuple[Site, ...]:
        """All of them."""
        return (self.start, self.beside, self.far)

    @property
    def context(self) -> Context:
        """The same as a console knows it."""
        accounts = {site.account.uid: site.account for site in self.sites}
        address = self.broker.administrator_address
        return Context(
            "the test",
            BrokerAddress(address.host, address.port, address.vhost),
            tuple(AccountSection(uid=one.uid, password=one.password) for one in accounts.values()),
            tuple(
                KnownEndpoint(one.endpoint, one.endpoint[:3], one.account.uid, one.region, one.role)
                for one in self.sites
            ),
            shared_login=False,
        )

    def wire(self, sender: Site, receiver: Site) -> EndpointQueue:
        """The wire on which one hears the other."""
        return EndpointQueue(receiver.account.uid, receiver.endpoint, sender.account.uid)

    @asynccontextmanager
    async def faults(self) -> AsyncIterator[Faults]:
        """A console that can make faults, for the length of a block; afterwards none stands and nothing is tapped."""
        async with Clients(self.context, PATIENCE_SECONDS) as clients:
            made = Faults(clients, administrator=self.broker.management_url)
            try:
                yield made
            finally:
                await made.close()
                assert not made.tapped

    async def taps(self) -> list[str]:
        """Which wires have a tap on the broker."""
        wires = {Tap(self.wire(a, b)).name: self.wire(a, b) for a in self.sites for b in self.sites}
        found = await depths(self.broker.administrator_address, wires)
        return [shown(wires[name]) for name in found]


@asynccontextmanager
async def two_ends(town: Town) -> AsyncIterator[tuple[End, End]]:
    """An interface of Alice's and one of Bob's, not created yet."""
    async with console(town.broker, town.start.account) as alice, console(town.broker, town.far.account) as bob:
        yield end(alice, town.start), end(bob, town.far)


def fault(do: str, **fields: Any) -> Fault:  # noqa: ANN401 - whatever a fault has
    """A fault as a program asks for it."""
    return Fault.model_validate({"do": do, **fields})


async def struck(faults: Faults, number: int, times: int) -> StandingFault:
    """Wait until a fault has struck so often."""
    found = await wait_for(
        lambda: next(one for one in faults.listed() if one.number == number),
        30.0,
        until=lambda one: one.struck >= times,
    )
    assert found.struck >= times
    return found
