"""Tests of many endpoints on one machine: they start, and the last of them connects with the first."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import pytest

from console.client.clients import Clients, Located
from console.stack.stack import running
from console.topology import AccountSection, EndpointSection, Topology
from shared.broker.topology import USER_CONNECTIONS
from shared.wire import commands
from shared.wire.request import CommandForm
from tests.waiting import wait_for

LIMIT_SECONDS = 120.0
ENDPOINTS = 40


def topology(accounts: int) -> Topology:
    """So many endpoints of so many accounts, the first an initiator and the last an acceptor."""
    owners = [f"account-{number}" for number in range(accounts)]
    return Topology(
        accounts=tuple(AccountSection(uid=owner) for owner in owners),
        endpoints=tuple(
            EndpointSection.model_validate(
                {"id": f"vpc-{number}", "kind": "vpc", "account": owner, "region": "cn-hangzhou", "role": role}
            )
            for number, (owner, role) in enumerate(
                islice(zip(cycle(owners), cycle(("initiator", "acceptor")), strict=False), ENDPOINTS)
            )
        ),
    )


@asynccontextmanager
async def started(asked: Topology, folder: Path) -> AsyncIterator[Clients]:
    async with running(asked, folder, lambda _: None, environment={}) as stack:
        assert not [report for report in stack.supervisor.reports if report.restarts]
        async with Clients(stack.context, LIMIT_SECONDS) as clients:
            yield clients


async def connects(clients: Clients, first: EndpointSection, last: EndpointSection) -> None:
    """Create both ends and initiate; both become Activated."""
    a, b = "ri-first", "ri-last"
    to_first = commands.peer(a, first.id, first.account, first.region)
    to_last = commands.peer(b, last.id, last.account, last.region)
    asked: list[tuple[EndpointSection, CommandForm]] = [
        (last, commands.create(b, peer=to_first)),
        (first, commands.create(a, peer=to_last, initiate=True)),
    ]
    for endpoint, command in asked:
        await clients.one(endpoint.id, command)
    for interface, endpoint in ((a, first), (b, last)):
        shown = partial(status, clients, Located(interface, endpoint.id))
        await wait_for(shown, LIMIT_SECONDS, until=lambda seen: seen == "Activated")


async def status(clients: Clients, place: Located) -> str:
    return (await clients.view(place)).status


@pytest.mark.timeout(400)
@pytest.mark.parametrize("accounts", [1, ENDPOINTS], ids=["of one account", "of an account each"])
async def test_forty_endpoints_start(tmp_path: Path, accounts: int) -> None:
    """Forty workers of one account have more connections than an account without endpoints may have."""
    asked = topology(accounts)
    assert accounts > 1 or 2 * len(asked.endpoints) > USER_CONNECTIONS
    async with started(asked, tmp_path / "peering") as clients:
        answers = await asyncio.gather(*(clients.worker(one.id) for one in asked.endpoints))
        assert [answer.endpoint for answer in answers] == [one.id for one in asked.endpoints]
        await connects(clients, asked.endpoints[0], asked.endpoints[-1])
