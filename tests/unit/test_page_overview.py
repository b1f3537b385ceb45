"""Tests of what the page says of all endpoints, and of workers that are silent meanwhile."""

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from console.web.site import Silent, Site
from tests.unit.console_world import World as Workers
from tests.unit.web_program import site_in, world_for_consoles
from tests.waiting import wait_for


@pytest.fixture
def workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workers]:
    yield from world_for_consoles(tmp_path, monkeypatch)


@pytest_asyncio.fixture
async def site(workers: Workers, tmp_path: Path) -> AsyncIterator[Site]:
    assert workers.workers
    async with site_in(tmp_path) as site:
        yield site


async def test_a_worker_that_was_silent_delays_the_others_once_and_is_heard_again(site: Site, workers: Workers) -> None:
    """The first time it costs `LATE_SECONDS`; after that everybody else is answered much sooner."""

    async def heard() -> tuple[float, list[str]]:
        began = time.monotonic()
        answers = await site.heard()
        return time.monotonic() - began, [one.endpoint for one in answers if isinstance(one, Silent)]

    assert (await heard())[1] == []
    workers.silent.add("vpc-b")
    first, silent = await heard()
    assert silent == ["vpc-b"]
    later = [await heard() for _ in range(4)]
    assert [silent for _, silent in later] == [["vpc-b"]] * 4
    assert min(took for took, _ in later) < first
    workers.silent.discard("vpc-b")
    await wait_for(heard, 60.0, until=lambda found: found[1] == [])
