"""The web server in a world without a broker: real workers' processors behind a real app, and no socket between."""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx
import pytest

from console.topology import find_context
from console.web.app import make_app
from console.web.cloud.cloud import cloud_of
from console.web.site import Site, open_site
from tests.unit.console_world import ENDPOINTS, TOPOLOGY, World

TOKEN: Final = secrets.token_urlsafe(32)
BEARER: Final = {"Authorization": f"Bearer {TOKEN}"}


@asynccontextmanager
async def site_in(folder: Path) -> AsyncIterator[Site]:
    """A site whose consoles reach the workers of the world that there is."""
    file = folder / "topology.yaml"
    file.write_text(TOPOLOGY)
    async with open_site(find_context(file, environment={}), folder) as site:
        yield site


@asynccontextmanager
async def browser(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app around this site."""
    async with cloud_of(site) as cloud:
        transport = httpx.ASGITransport(make_app(site, TOKEN, cloud))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=BEARER) as client:
            yield client


def world_for_consoles(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world that consoles reach without being told; the caller's fixture ends it."""
    world = World(folder)
    for endpoint in ENDPOINTS:
        world.add(endpoint)

    world.stand_in(monkeypatch)
    yield world
    world.close()
