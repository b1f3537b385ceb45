"""`kill -9` at any line loses nothing, doubles nothing and needs no hand: here at every line where it could.

The whole life of a connection is told once per test: opening, suspending, resuming, sending from either end. One of
its two workers kills itself in the middle of one step and is started again by itself; six workers at a time, each
at another point of the same step. The other end's worker lives through all of it and never notices more than a delay.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from shared.broker.topology import Account
from tests.end_to_end.asking import console
from tests.end_to_end.dying import Point
from tests.end_to_end.stories import End, at_rest, both, end
from tests.end_to_end.workers import Crew, Site, WorkerProcess, crew, fresh_id
from tests.integration.broker_ladder import BrokerForTests, fresh
from tests.waiting import wait_for

STEPS = {
    "initiator": [
        "create and initiate",
        "hear that the peer accepts",
        "hear that the peer is up",
        "suspend",
        "hear that the peer suspends",
        "hear that the peer is suspended",
        "resume",
        "hear that the peer activates",
        "hear that the peer is active",
        "send",
        "hear that it arrived",
        "hear a payload",
    ],
    "acceptor": [
        "create",
        "hear that the peer initiates",
        "hear that the peer is up",
        "hear that the peer suspends",
        "hear that the peer is suspended",
        "hear that the peer activates",
        "hear that the peer is active",
        "send",
        "hear that it arrived",
        "hear a payload",
    ],
}
"""What each batch of the story handles, in order; the acceptor hears what the initiator was told."""

OPENINGS = {"initiator": "Connecting", "acceptor": "Accepting"}
LATER_STATUSES = ["Activated", "Suspending", "Suspended", "Activating", "Activated"]


@dataclass(frozen=True)
class Stage:
    """Both owners, and the two workers that never die."""

    broker: BrokerForTests
    crew: Crew
    owners: dict[str, Account]
    survivors: dict[str, Site]


@pytest.fixture(scope="module")
def stage(broker: BrokerForTests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Start a survivor in each role."""
    owners = {role: fresh(role) for role in STEPS}
    survivors = {role: Site(role, fresh_id("vpc"), owner) for role, owner in owners.items()}
    places = [(site.account.uid, site.endpoint) for site in survivors.values()]
    asyncio.run(broker.provision([*owners.values()], places))
    with crew(broker, tmp_path_factory.mktemp("kill"), [*owners.values()]) as gathered:
        gathered.start(*survivors.values())
        yield Stage(broker, gathered, owners, survivors)


@pytest.mark.parametrize(
    ("role", "number"),
    [
        pytest.param(role, n, id=f"{role}: {n} {name}")
        for role, names in STEPS.items()
        for n, name in enumerate(names, 1)
    ],
)
async def test_a_worker_that_is_killed_at_this_step_goes_on(stage: Stage, role: str, number: int) -> None:
    other = "acceptor" if role == "initiator" else "initiator"
    sites = {point: Site(role, fresh_id("vpc"), stage.owners[role]) for point in Point}
    places = [(site.account.uid, site.endpoint) for site in sites.values()]
    await stage.broker.provision([*stage.owners.values()], places)
    async with (
        console(stage.broker, stage.owners[role]) as mine,
        console(stage.broker, stage.owners[other]) as theirs,
        asyncio.TaskGroup() as stories,
    ):
        for point, site in sites.items():
            worker = stage.crew.worker(site)
            dying, survivor = end(mine, site), end(theirs, stage.survivors[other])
            stories.create_task(killed(worker, point, number, dying, survivor), name=point)


async def killed(worker: WorkerProcess, point: Point, number: int, dying: End, survivor: End) -> None:
    """Tell the whole story with a worker that dies in it."""
    worker.start(["tests.end_to_end.dying", dying.site.role, point, str(number)])
    revival = asyncio.create_task(revive(worker))
    try:
        await story(dying, survivor)
        await revival
        await agree(dying, survivor)
    finally:
        revival.cancel()
        worker.kill()


async def revive(worker: WorkerProcess) -> None:
    """Start the shipped worker in the place of the one that has killed itself."""
    process = worker._running()
    assert await wait_for(process.poll, 60, until=lambda code: code is not None, what="its death") == -9
    worker.start()


async def story(dying: End, survivor: End) -> None:
    """Live a whole life; each step begins when the one before has come to rest at both ends."""
    first, second = (dying, survivor) if dying.site.role == "initiator" else (survivor, dying)
    await second.create(first)
    await first.create(second, initiate=True)
    await at_rest(first, second, "Activated")
    await first.do("suspend")
    await at_rest(first, second, "Suspended")
    await first.do("resume")
    await at_rest(first, second, "Activated")
    await dying.do("send", body="from the one that dies")
    await both(first, second, unacknowledged=0)
    await survivor.do("send", body="from the one that lives")
    await both(first, second, unacknowledged=0)


async def agree(dying: End, survivor: End) -> None:
    """Nothing was lost, nothing happened twice, and both ends tell the same story."""
    await at_rest(dying, survivor, "Activated")
    for one in (dying, survivor):
        shown = await one.show()
        assert (shown["epoch"], shown["unacknowledged"], shown["reason"]) == (1, 0, None)
        assert await one.statuses() == ["Idle", OPENINGS[one.site.role], *LATER_STATUSES]
    assert await survivor.inbox() == ["from the one that dies"]
    assert await dying.inbox() == ["from the one that lives"]
