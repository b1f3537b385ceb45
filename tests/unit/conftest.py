"""Fixtures of the tests of the cloud's API: the workers' stand-ins, and the API in front of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.unit.cloud_server import Api, api_in, cloud_world
from tests.unit.console_world import World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    yield from cloud_world(tmp_path, monkeypatch)


@pytest.fixture
async def api(world: World, tmp_path: Path) -> AsyncIterator[Api]:
    async with api_in(world, tmp_path) as made:
        yield made
