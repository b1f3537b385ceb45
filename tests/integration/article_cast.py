"""The two owners and their workers that every row of the article is tried with, started once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from tests.end_to_end.asking import Console, RefusedError, console
from tests.end_to_end.stories import End
from tests.end_to_end.workers import Site, WorkerProcess, crew, fresh_id
from tests.integration.broker_ladder import BrokerForTests, fresh


@dataclass(frozen=True)
class Cast:
    """Two owners' endpoints, with a worker each: Alice's three in one region, Bob's one in another."""

    start: Site
    branch: Site
    beside: Site
    far: Site
    workers: dict[Site, WorkerProcess]


@pytest.fixture(scope="session")
def cast(broker: BrokerForTests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    """Start the workers of the article's tests."""
    alice, bob = fresh("alice"), fresh("bob")
    sites = (
        Site("initiator", fresh_id("vpc"), alice),
        Site("initiator", fresh_id("vbr"), alice),
        Site("acceptor", fresh_id("vpc"), alice),
        Site("acceptor", fresh_id("vpc"), bob, "cn-shanghai"),
    )
    asyncio.run(broker.provision([alice, bob], [(site.account.uid, site.endpoint) for site in sites]))
    with crew(broker, tmp_path_factory.mktemp("article"), [alice, bob]) as gathered:
        yield Cast(*sites, dict(zip(sites, gathered.start(*sites), strict=True)))


@pytest.fixture
async def alice(broker: BrokerForTests, cast: Cast) -> AsyncIterator[Console]:
    """Alice, who owns all endpoints but one."""
    async with console(broker, cast.start.account) as asking:
        yield asking


@pytest.fixture
async def bob(broker: BrokerForTests, cast: Cast) -> AsyncIterator[Console]:
    """Bob, who owns the far endpoint."""
    async with console(broker, cast.far.account) as asking:
        yield asking


async def refusal_of(end: End, kind: str, **fields: object) -> str:
    """Do what must be refused, and return the code."""
    with pytest.raises(RefusedError) as refused:
        await end.do(kind, **fields)
    return refused.value.code


async def said(end: End) -> list[str]:
    """Read everything this end ever said to its peer."""
    return [line for row in await end.timeline() for line in row["said"]]
