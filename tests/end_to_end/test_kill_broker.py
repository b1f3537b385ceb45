"""Tests with a broker that dies by `kill -9`: nothing is lost, and no hand is needed.

Always a private broker, because it is killed here.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.broker.embedded import PrivateBroker
from tests.end_to_end.asking import Console, console
from tests.end_to_end.stories import End, at_rest, both, connect, end
from tests.end_to_end.workers import LIMIT_SECONDS, Site, WorkerProcess, crew, fresh_id
from tests.integration.broker_ladder import BrokerForTests, fresh, private_rung
from tests.waiting import wait_for

IMPATIENT = ("--keepalive-seconds", "0.4", "--hold-seconds", "1.5")
LATER_STATUSES = ["Activated", "Suspending", "Suspended", "Activating", "Activated"]


@dataclass(frozen=True)
class Own:
    """A broker that may be killed, and the processes of two owners on it."""

    broker: BrokerForTests
    process: PrivateBroker
    first: WorkerProcess
    second: WorkerProcess


@dataclass(frozen=True)
class Ends:
    """A fresh connection between the two workers."""

    first: End
    second: End


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Own]:
    """Run a broker and a worker in each role."""
    alice, bob = fresh("alice"), fresh("bob")
    sites = Site("initiator", fresh_id("vpc"), alice), Site("acceptor", fresh_id("vpc"), bob)
    with private_rung(tmp_path_factory.mktemp("broker")) as (broker, process):
        asyncio.run(broker.provision([alice, bob], [(site.account.uid, site.endpoint) for site in sites]))
        with crew(broker, tmp_path_factory.mktemp("workers"), [alice, bob]) as gathered:
            workers = [gathered.worker(site, *IMPATIENT).start() for site in sites]
            yield Own(broker, process, *workers)


@pytest.fixture
async def alice(own: Own) -> AsyncIterator[Console]:
    """The first worker's owner."""
    async with console(own.broker, own.first.site.account) as asking:
        yield asking


@pytest.fixture
async def bob(own: Own) -> AsyncIterator[Console]:
    """The second worker's owner."""
    async with console(own.broker, own.second.site.account) as asking:
        yield asking


@pytest.fixture
def ends(own: Own, alice: Console, bob: Console) -> Ends:
    """Name the two ends of a connection that is not there yet."""
    return Ends(end(alice, own.first.site), end(bob, own.second.site))


STEPS = {"opening": "initiate", "suspending": "suspend", "resuming": "resume", "sending": "send"}


async def take(step: str, first: End) -> None:
    """Give the command of one step."""
    await first.do(STEPS[step], **({"body": "payload"} if step == "sending" else {}))


async def finished(step: str, first: End, second: End) -> None:
    """Wait until a step has come to rest at both ends."""
    await at_rest(first, second, "Suspended" if step == "suspending" else "Activated")


async def test_the_broker_is_killed_in_the_middle_of_each_step(own: Own, alice: Console, bob: Console) -> None:
    """Four connections, each half way through another step: the second worker is held still while the broker dies."""
    ends = {step: (end(alice, own.first.site), end(bob, own.second.site)) for step in STEPS}
    for step, (first, second) in ends.items():
        await second.create(first)
        await first.create(second)
        for earlier in list(STEPS)[: list(STEPS).index(step)]:
            await take(earlier, first)
            await finished(earlier, first, second)
    own.second.signal(signal.SIGSTOP)
    for step, (first, _) in ends.items():
        await take(step, first)
    await asyncio.to_thread(own.process.kill)
    await asyncio.to_thread(own.process.restart)
    own.second.signal(signal.SIGCONT)
    for step, (first, second) in ends.items():
        await finished(step, first, second)
        for later in list(STEPS)[list(STEPS).index(step) + 1 :]:
            await take(later, first)
            await finished(later, first, second)
        await both(first, second, unacknowledged=0, reason=None, epoch=1)
        assert await second.inbox() == ["payload"]
        assert await first.statuses() == ["Idle", "Connecting", *LATER_STATUSES]
        assert await second.statuses() == ["Idle", "Accepting", *LATER_STATUSES]


async def test_both_workers_are_killed_at_once(own: Own, ends: Ends) -> None:
    first, second = ends.first, ends.second
    await second.create(first)
    own.second.signal(signal.SIGSTOP)
    await first.create(second, initiate=True)
    for worker in (own.first, own.second):
        worker.kill()
    for worker in (own.first, own.second):
        worker.start()
    await at_rest(first, second, "Activated")
    await first.do("send", body="payload")
    await first.do("suspend")
    for worker in (own.first, own.second):
        worker.kill()
    for worker in (own.first, own.second):
        worker.start()
    await at_rest(first, second, "Suspended")
    await first.do("resume")
    await at_rest(first, second, "Activated")
    await both(first, second, unacknowledged=0)
    assert await second.inbox() == ["payload"]
    assert await first.statuses() == ["Idle", "Connecting", *LATER_STATUSES]
    assert await second.statuses() == ["Idle", "Accepting", *LATER_STATUSES]


async def test_all_are_killed_at_once_and_workers_that_start_before_the_broker_wait_for_it(
    own: Own, ends: Ends
) -> None:
    first, second = ends.first, ends.second
    await connect(first, second)
    await first.do("suspend")
    for worker in (own.first, own.second):
        worker.kill()
    await asyncio.to_thread(own.process.kill)
    waited = len(own.first.lines("broker"))
    for worker in (own.first, own.second):
        worker.start()
    lines = await asyncio.to_thread(own.first.wait_for_lines, "broker", waited + 2)
    assert "can't be reached" in lines[-1]["reason"]
    await asyncio.to_thread(own.process.restart)
    await at_rest(first, second, "Suspended")
    await first.do("resume")
    await at_rest(first, second, "Activated")


async def test_sigterm_ends_a_worker_that_waits_for_the_broker(own: Own, tmp_path: Path) -> None:
    lonely = WorkerProcess(
        Site("initiator", fresh_id("vpc"), own.first.site.account), own.broker.administrator_address, tmp_path, []
    )
    lonely.address = type(lonely.address)("127.0.0.1", 1, "peering")
    lonely.start()
    try:
        await asyncio.to_thread(lonely.wait_for_lines, "broker")
        assert await asyncio.to_thread(lonely.stop) == 0
    finally:
        lonely.kill()


async def test_sigterm_drains_and_nothing_is_lost(own: Own, ends: Ends) -> None:
    first, second = ends.first, ends.second
    await connect(first, second)
    sends = [asyncio.create_task(first.do("send", body=f"payload {number}")) for number in range(100)]
    await wait_for(lambda: any(send.done() for send in sends), LIMIT_SECONDS)
    assert await asyncio.to_thread(own.first.stop) == 0
    assert own.first.lines()[-1]["event"] == "stopped"
    own.first.start()
    numbers = [(await send)["number"] for send in sends]
    assert sorted(numbers) == list(range(1, 101))
    await both(first, second, unacknowledged=0)
    expected = [f"payload {numbers.index(number)}" for number in sorted(numbers)]
    assert await second.inbox() == expected


async def test_a_silent_worker_is_shown_as_unreachable_and_changes_no_status(own: Own, ends: Ends) -> None:
    first, second = ends.first, ends.second
    await connect(first, second)
    await first.until(reason=None)
    before = len(own.first.lines("peer unreachable"))
    own.second.signal(signal.SIGSTOP)
    try:
        shown = await first.until(reason_code="PeerUnreachable", status="Activated")
        assert shown["peer"]["reachable"] is False
        assert own.second.site.endpoint in shown["reason"]
        lines = await asyncio.to_thread(own.first.wait_for_lines, "peer unreachable", before + 1)
        assert lines[-1]["peer"] == own.second.site.endpoint
    finally:
        own.second.signal(signal.SIGCONT)
    shown = await first.until(reason=None, status="Activated")
    assert shown["peer"]["reachable"] is True
    assert await first.statuses() == ["Idle", "Connecting", "Activated"]
    await asyncio.to_thread(own.first.wait_for_lines, "peer reachable")
