"""The asynchronous fixtures of the pytest plugin: the same world, pair and link for tests of pytest-asyncio."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest_asyncio

if TYPE_CHECKING:
    from peering_handshake.ends import AsyncEnd, End
    from peering_handshake.simulator import AsyncSimulator, Simulator


@pytest_asyncio.fixture
async def async_peering_world(peering_world: Simulator) -> AsyncIterator[AsyncSimulator]:
    """The world of `peering_world`, asked asynchronously."""
    from peering_handshake.simulator import AsyncSimulator  # noqa: PLC0415 - whoever tests without it need not load httpx

    url, token = peering_world.access
    async with AsyncSimulator(url=url, token=token) as world:
        yield world


@pytest_asyncio.fixture
async def async_peering_pair(
    peering_pair: tuple[End, End], async_peering_world: AsyncSimulator
) -> tuple[AsyncEnd, AsyncEnd]:
    """The ends of `peering_pair`, asked asynchronously."""
    first, second = peering_pair
    return async_peering_world.end(first.name), async_peering_world.end(second.name)


@pytest_asyncio.fixture
async def async_peering_link(
    peering_link: tuple[End, End], async_peering_world: AsyncSimulator
) -> tuple[AsyncEnd, AsyncEnd]:
    """The ends of `peering_link`, asked asynchronously."""
    first, second = peering_link
    return async_peering_world.end(first.name), async_peering_world.end(second.name)
