"""Two accounts on a broker that may be harmed: their workers, their consoles, and an administrator's hands."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

import httpx

from shared.broker.container import ContainerBroker
from shared.broker.embedded import PrivateBroker
from shared.broker.names import VHOST, exchange_name
from shared.broker.topology import Account
from shared.runtime.health import fresh as is_fresh
from tests.end_to_end.asking import Console
from tests.end_to_end.stories import End, end
from tests.end_to_end.workers import Crew, Site, WorkerProcess, crew, fresh_id
from tests.integration.broker_ladder import BrokerForTests, fresh
from tests.waiting import wait_for

LIMIT_SECONDS = 90.0

OwnBroker: TypeAlias = PrivateBroker | ContainerBroker


def rabbitmqctl(process: OwnBroker, *words: str) -> None:
    """Run RabbitMQ's own command on a broker, within its container if it has one."""
    if isinstance(process, PrivateBroker):
        process.rabbitmqctl(*words)
        return
    command = ["docker", "exec", process._name, "rabbitmqctl", *words]
    subprocess.run(command, check=True, capture_output=True, timeout=LIMIT_SECONDS)


@dataclass
class Place:
    """Two accounts with an endpoint each, their workers and their consoles."""

    broker: BrokerForTests
    process: OwnBroker
    crew: Crew
    alice: Account
    bob: Account
    alices: Site
    bobs: Site
    consoles: tuple[Console, Console]

    async def provision(self) -> None:
        """Set up both accounts and both endpoints."""
        sites = [(self.alice.uid, self.alices.endpoint), (self.bob.uid, self.bobs.endpoint)]
        await self.broker.provision([self.alice, self.bob], sites)

    def worker(self, site: Site, *flags: str) -> WorkerProcess:
        """Start a worker that keeps a health file."""
        return self.crew.worker(site, "--health-file", str(self.health(site)), *flags).start()

    def health(self, site: Site) -> Path:
        """The health file of a site's worker."""
        return self.crew.folder / f"{site.endpoint}.healthy"

    async def worker_view(self, site: Site) -> dict[str, Any]:
        """What a worker says of itself."""
        console = self.consoles[site is self.bobs]
        return dict(await console.ask(site.endpoint, {"kind": "worker"}, limit_seconds=LIMIT_SECONDS))

    def ends(self) -> tuple[End, End]:
        """A new pair of interfaces."""
        return end(self.consoles[0], self.alices), end(self.consoles[1], self.bobs)

    async def manage(self, method: str, path: str, body: dict[str, Any] | None = None) -> None:
        """Make a call to the management API, as an administrator does by hand."""
        async with httpx.AsyncClient(trust_env=False, timeout=LIMIT_SECONDS) as client:
            answer = await client.request(method, f"{self.broker.management_url}/api/{path}", json=body)
            answer.raise_for_status()

    async def permit(self, account: Account, *, write: str | None = None, read: str | None = None) -> None:
        """Set an account's permissions, as they are provisioned but for what is given."""
        permissions = {
            "configure": "^$",
            "write": f"^{exchange_name(account.uid)}$" if write is None else write,
            "read": rf"^peering\.(q|console)\.{account.uid}\..*$" if read is None else read,
        }
        await self.manage("PUT", f"permissions/{quote(VHOST, safe='')}/{account.uid}", permissions)

    async def rabbitmqctl(self, *words: str) -> None:
        """Run RabbitMQ's own command on the broker, as an operator does."""
        await asyncio.to_thread(rabbitmqctl, self.process, *words)


@asynccontextmanager
async def placed(broker: BrokerForTests, process: OwnBroker, folder: Path) -> AsyncIterator[Place]:
    """Have two provisioned accounts for the length of a block, and nobody at work yet."""
    alice, bob = fresh("alice"), fresh("bob")
    alices, bobs = Site("initiator", fresh_id("vpc"), alice), Site("acceptor", fresh_id("vpc"), bob)
    consoles = (Console(broker.administrator_address, alice), Console(broker.administrator_address, bob))
    with crew(broker, folder, [alice, bob]) as gathered:
        made = Place(broker, process, gathered, alice, bob, alices, bobs, consoles)
        await made.provision()
        try:
            yield made
        finally:
            for console in consoles:
                await console.close()


async def healthy(place: Place, *sites: Site) -> None:
    """Wait until the workers of these sites say that they are well."""
    await wait_for(lambda: all(is_fresh(place.health(site)) for site in sites), LIMIT_SECONDS)


async def unhealthy(place: Place, site: Site) -> None:
    """Wait until the worker of this site says that it is not well."""
    await wait_for(lambda: not is_fresh(place.health(site)), LIMIT_SECONDS)
