"""Tests of workers of 0.1.0 and of today on one broker: they hold connections, and are brought up to date under load.

The real 0.1.0 is installed beside today's code, from its wheel. Each worker is stopped as 0.1.0 and started as today's
on its store, while owners send, suspend, resume, open and delete. The broker is provisioned by 0.1.0 and by today's.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
import yaml

from shared.broker import control
from tests.end_to_end.asking import Console, RefusedError, console
from tests.end_to_end.programs import LIMIT_SECONDS, PEERING, REPOSITORY
from tests.end_to_end.stories import DEAD_LETTERS_LIMIT, End, both, end
from tests.end_to_end.workers import Site, WorkerProcess, crew, fresh_id
from tests.integration.broker_ladder import BrokerForTests, fresh
from tests.waiting import wait_for

WHEEL: Final = REPOSITORY / "tests/end_to_end/releases/peering_handshake-0.1.0-py3-none-any.whl"
TALKING: Final = 2
PAYLOADS: Final = 5
"""How many payloads more are accepted, at the least, before the restless connection is suspended again."""


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of 0.1.0."""
    folder = tmp_path_factory.mktemp("0.1.0")
    install = ("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-compile", "--target")
    subprocess.run([sys.executable, *install, str(folder), str(WHEEL)], check=True, timeout=LIMIT_SECONDS)
    return folder


@dataclass
class Talk:
    """A connection under load: both ends send all the time, and what was accepted is kept."""

    first: End
    second: End
    sent: dict[str, list[str]] = field(default_factory=dict)

    async def send(self, one: End, over: asyncio.Event) -> None:
        """Send from one end, one payload after the other, until it is over."""
        sent = self.sent.setdefault(one.interface, [])
        while not over.is_set():
            body = f"{one.site.role} {len(sent)}"
            try:
                await one.do("send", body=body)
            except RefusedError as refused:
                if refused.code not in {"NotActivated", "Busy"}:
                    raise
                await one.until(status="Activated")
            else:
                sent.append(body)

    def accepted(self) -> int:
        """How many payloads both workers have accepted."""
        return sum(map(len, self.sent.values()))

    async def check(self) -> None:
        """All that was accepted has arrived, once and in order, in the epochs that there were at the beginning."""
        await both(self.first, self.second, status="Activated", unacknowledged=0, epoch=1, reason=None)
        for one, other in ((self.first, self.second), (self.second, self.first)):
            assert await other.inbox() == self.sent.get(one.interface, [])


async def connected(first: End, second: End) -> None:
    """Create both ends, and initiate the connection at the first."""
    await second.create(first)
    await first.create(second, initiate=True)
    await both(first, second, status="Activated")


async def suspended_and_resumed(by: End, other: End) -> None:
    """Suspend the connection at one end, and resume it there."""
    await by.do("suspend")
    await both(by, other, status="Suspended")
    await by.do("resume")
    await both(by, other, status="Activated")


async def restless(talk: Talk, over: asyncio.Event) -> None:
    """Suspend and resume a connection by turns, with payloads between."""
    ends = [talk.first, talk.second]
    while not over.is_set():
        await suspended_and_resumed(*ends)
        ends.reverse()
        enough = talk.accepted() + PAYLOADS
        await wait_for(lambda: over.is_set() or talk.accepted() >= enough, LIMIT_SECONDS)  # noqa: B023 - awaited here


async def whole_story(first: End, second: End) -> None:
    """Open, suspend from either end, send from either end, and delete."""
    await connected(first, second)
    for one, other in ((first, second), (second, first)):
        await suspended_and_resumed(one, other)
        await one.do("send", body=f"from {one.site.role}")
        await both(first, second, unacknowledged=0)
        assert await other.inbox() == [f"from {one.site.role}"]
    await second.do("delete")
    await both(first, second, status="Deleted")


async def brought_up_to_date(worker: WorkerProcess, asking: Console) -> None:
    """Stop a worker of 0.1.0, and start today's on its store."""
    assert "heard_messages" in await asking.counters(worker.site)
    assert await asyncio.to_thread(worker.stop) == 0
    worker.programs = REPOSITORY
    worker.start()
    (migrated,) = await asyncio.to_thread(worker.wait_for_lines, "store migrated")
    await asyncio.to_thread(worker.wait_for_lines, "ready", 2)
    assert migrated["copy"] == f"{worker.store}.format-1"
    assert "received_messages" in await asking.counters(worker.site)


async def provisioned(folder: Path, topology: Path, broker: BrokerForTests) -> None:
    """Have the `peering` of a version provision the broker."""
    command = [*PEERING, "provision", str(topology), "--management", broker.management_url, "--json"]
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=subprocess.PIPE)
    async with asyncio.timeout(LIMIT_SECONDS):
        said, _ = await process.communicate()
    assert process.returncode == 0, said


def topology_of(sites: Sequence[Site], path: Path) -> Path:
    """Write the topology file that both versions read."""
    accounts = [{"uid": site.account.uid, "password": site.account.password} for site in sites]
    endpoints = [
        {"id": site.endpoint, "kind": "vpc", "account": site.account.uid, "region": site.region, "role": site.role}
        for site in sites
    ]
    path.write_text(yaml.safe_dump({"accounts": accounts, "endpoints": endpoints}))
    return path


async def set_aside(broker: BrokerForTests, workers: Sequence[WorkerProcess]) -> list[str]:
    """Why something of these workers' was set aside."""
    found = [str(line["reason"]) for worker in workers for line in worker.lines("set aside")]
    for one in await control.dead_letters(broker.management_url, DEAD_LETTERS_LIMIT):
        headers = one["properties"]["headers"]
        if any(f".{worker.site.endpoint}.from." in str(headers.get("x-peering-queue")) for worker in workers):
            found.append(str(headers.get("x-peering-reason")))
    return found


@pytest.mark.parametrize("first_of_all", ["initiator", "acceptor"])
async def test_workers_are_brought_up_to_date_one_by_one_under_load(
    broker: BrokerForTests, old: Path, tmp_path: Path, first_of_all: str
) -> None:
    alice, bob = fresh("alice"), fresh("bob")
    sites = Site("initiator", fresh_id("vpc"), alice), Site("acceptor", fresh_id("vpc"), bob)
    topology = topology_of(sites, tmp_path / "topology.yaml")
    await provisioned(old, topology, broker)
    with crew(broker, tmp_path, [alice, bob]) as gathered:
        workers = [gathered.worker(site) for site in sites]
        for worker in workers:
            worker.programs = old
            worker.start()
        async with console(broker, alice) as mine, console(broker, bob) as theirs:
            asking = {"initiator": mine, "acceptor": theirs}

            def pair() -> tuple[End, End]:
                return end(mine, sites[0]), end(theirs, sites[1])

            talks = [Talk(*pair()) for _ in range(TALKING + 1)]
            held = pair()
            await asyncio.gather(*(connected(one.first, one.second) for one in talks), connected(*held))
            await held[1].do("suspend")
            over = asyncio.Event()
            async with asyncio.TaskGroup() as load:
                for talk in talks:
                    load.create_task(talk.send(talk.first, over))
                    load.create_task(talk.send(talk.second, over))
                load.create_task(restless(talks[0], over))
                await whole_story(*pair())
                for worker in sorted(workers, key=lambda one: one.site.role != first_of_all):
                    await brought_up_to_date(worker, asking[worker.site.role])
                    await asyncio.gather(whole_story(*pair()), provisioned(REPOSITORY, topology, broker))
                    await both(*held, status="Suspended")
                over.set()
            await held[1].do("resume")
            await both(*held, status="Activated", epoch=1)
            for talk in talks:
                await talk.check()
            assert all(talk.accepted() > PAYLOADS for talk in talks)
        assert await set_aside(broker, workers) == []
    assert all(worker.store.with_name(f"{worker.store.name}.format-1").exists() for worker in workers)
