"""Tests of the client: how long it asks, and what it says when it gives up."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from console.client import (
    BrokerError,
    Client,
    NoRoute,
    NotUnderstood,
    Refused,
    Unanswered,
    WorkerSilent,
    done,
    following,
)
from console.client.clients import Clients, Located
from console.topology import AccountSection, Context
from shared.broker.address import BrokerAddress
from shared.wire.commands import change, create, worker
from shared.wire.views import TimelineRow
from tests.unit.console_world import ENDPOINTS, FakeConnection, World
from tests.waiting import wait_for

ADDRESS = BrokerAddress("broker.example", 5672, "peering", "1001", "secret")
WORKER = worker()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(following, "LOOK_SECONDS", 0.02)
    made = World(tmp_path)
    made.stand_in(monkeypatch)
    for endpoint in ENDPOINTS:
        made.add(endpoint)
    yield made
    made.close()


def client(world: World, *, enforced: bool = True, limit: float = 1.0) -> Client:
    return Client(
        ADDRESS,
        "1001",
        enforced=enforced,
        dial=lambda deliver, lost: FakeConnection(world, "1001", deliver, lost),
        connect_limit_seconds=limit,
    )


def clients(world: World) -> Clients:
    """The clients of one account's owner, who knows two endpoints."""
    account = AccountSection(uid="1001", password=ADDRESS.password)
    known = tuple(one for one in ENDPOINTS if world.owners[one.id] == account.uid)
    return Clients(Context("a test", ADDRESS, (account,), known, shared_login=False, acting=account.uid), 5.0)


async def test_answers_come_in_the_order_of_the_commands(world: World) -> None:
    async with client(world) as one:
        answers = await one.ask("vpc-a", [create("ri-1"), change("initiate", "ri-1"), WORKER])
    assert [answer["outcome"] for answer in answers] == ["done", "refused", "done"]
    with pytest.raises(Refused, match="PeerNotConfigured"):
        done(answers[1])


async def test_a_lost_reply_is_asked_for_again_by_the_same_id(world: World) -> None:
    world.lose_replies = 2
    async with client(world) as one:
        assert done((await one.ask("vpc-a", [create("ri-1")]))[0])["interface"] == "ri-1"
    assert len(world.requests) == 3
    assert len(set(world.requests)) == 1


async def test_many_requests_can_be_under_way(world: World) -> None:
    async with client(world) as one:
        answers = await asyncio.gather(*(one.ask("vpc-a", [create(f"ri-{n}")]) for n in range(50)))
    assert [done(answer[0])["interface"] for answer in answers] == [f"ri-{n}" for n in range(50)]


async def test_an_endpoint_that_is_not_provisioned_is_told_from_a_worker_that_is_away(world: World) -> None:
    world.silent.add("vpc-c")
    async with client(world) as one:
        with pytest.raises(NoRoute, match="no queue from account 1001 to vpc-zz: the endpoint is not provisioned"):
            await one.ask("vpc-zz", [WORKER], 5)
        with pytest.raises(WorkerSilent, match=r"vpc-c did not answer within 0\.1 s"):
            await one.ask("vpc-c", [WORKER], 0.1)


async def test_in_open_mode_a_worker_may_still_come(world: World) -> None:
    world.absent.add("vpc-a")
    async with client(world, enforced=False) as one:
        with pytest.raises(NoRoute, match="its worker never ran here"):
            await one.ask("vpc-a", [WORKER], 0.1)
        asked = asyncio.create_task(one.ask("vpc-a", [WORKER], 5))
        await asyncio.sleep(0)
        world.absent.clear()
        assert done((await asked)[0])["endpoint"] == "vpc-a"


async def test_a_broker_that_refuses_or_is_not_there_is_named(world: World) -> None:
    world.refuses = "broker.example refuses the login"
    with pytest.raises(BrokerError, match=r"^broker.example refuses the login\.$") as caught:
        await client(world).__aenter__()
    assert caught.value.code == "BrokerRefused"
    world.refuses, world.unreachable = "", "nobody listens"
    with pytest.raises(BrokerError, match=r"^nobody listens\.$") as caught:
        await client(world, limit=0.05).__aenter__()
    assert caught.value.code == "BrokerUnreachable"


async def test_a_question_outlives_its_connection(world: World) -> None:
    world.silent.add("vpc-a")
    async with client(world) as one:
        asked = asyncio.create_task(one.ask("vpc-a", [create("ri-1")], 5))
        await wait_for(lambda: world.requests, 60)
        world.silent.clear()
        world.connections[0].cut()
        assert done((await asked)[0])["status"] == "Idle"
    assert len(world.connections) == 2
    assert len(set(world.requests)) == 1


async def test_a_broker_that_went_away_is_named_when_time_is_up(world: World) -> None:
    async with client(world) as one:
        world.unreachable = "nobody listens any more"
        world.connections[0].cut()
        with pytest.raises(BrokerError, match="nobody listens any more"):
            await one.ask("vpc-a", [WORKER], 0.1)


async def test_what_no_worker_would_understand_is_not_sent(world: World) -> None:
    async with client(world) as one:
        with pytest.raises(NotUnderstood, match="interface"):
            await one.ask("vpc-a", [create("RI 1")])
    assert not world.requests


async def test_an_owner_whose_password_is_not_known_here_is_told_how_to_give_it() -> None:
    nobody = Context("a test", ADDRESS, (AccountSection(uid="1001"),), ENDPOINTS[:1], shared_login=False, acting="1001")
    with pytest.raises(NotUnderstood, match=r"name it as ri-a@ENDPOINT; where a password is lacking, set PEERING_PASS"):
        await Clients(nobody, 5.0).locate("ri-a")


async def rows(source: AsyncIterator[TimelineRow], count: int) -> list[TimelineRow]:
    found: list[TimelineRow] = []
    async for row in source:
        found.append(row)
        if len(found) == count:
            break
    return found


async def test_a_subscription_begins_at_the_present(world: World) -> None:
    async with client(world) as one:
        await one.ask("vpc-a", [create("ri-before")])
        first = asyncio.create_task(rows(one.subscribe("vpc-a"), 1))
        await wait_for(lambda: world.requests, 60, until=lambda seen: len(seen) > 1)
        await one.ask("vpc-a", [create("ri-after")])
        assert [row.interface for row in await first] == ["ri-after"]


@pytest.mark.parametrize("ring", [True, False])
async def test_a_subscription_has_no_gap_and_no_double(world: World, ring: bool) -> None:  # noqa: FBT001
    world.ring_bells = ring
    async with client(world) as one, asyncio.timeout(60):

        async def write() -> None:
            for number in range(40):
                await one.ask("vpc-a", [create(f"ri-{number}")])
                if number % 10 == 5:
                    world.connections[-1].cut()

        writing = asyncio.create_task(write())
        found = await rows(one.subscribe("vpc-a", after=0), 40)
        await writing
    assert [row.row for row in found] == list(range(1, 41))
    assert [row.interface for row in found] == [f"ri-{number}" for number in range(40)]


async def test_a_subscription_to_one_interface_hears_of_no_other(world: World) -> None:
    async with client(world) as one, asyncio.timeout(60):
        await one.ask("vpc-a", [create("ri-1"), create("ri-2")])
        found = await rows(one.subscribe("vpc-a", "ri-2", after=0), 1)
    assert [row.interface for row in found] == ["ri-2"]


async def test_a_lost_store_is_read_from_its_beginning(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "RENEW_SECONDS", 0.01)
    async with client(world) as one, asyncio.timeout(60):
        await one.ask("vpc-a", [create("ri-1"), create("ri-2")])
        source = one.subscribe("vpc-a", after=0)
        assert [(await anext(source)).interface for _ in range(2)] == ["ri-1", "ri-2"]
        world.add(ENDPOINTS[0])
        await one.ask("vpc-a", [create("ri-3")])
        assert (await anext(source)).interface == "ri-3"


async def test_a_subscription_begins_with_its_error(world: World) -> None:
    async with client(world) as one:
        with pytest.raises(NoRoute):
            await anext(one.subscribe("vpc-zz"))


async def test_an_interface_is_found_where_it_is(world: World) -> None:
    async with clients(world) as all_of_them:
        await all_of_them.one("vpc-c", create("ri-1"))
        assert await all_of_them.locate("ri-1") == Located("ri-1", "vpc-c")
        assert await all_of_them.locate("ri-1@vpc-zz") == Located("ri-1", "vpc-zz")
        with pytest.raises(Refused, match="UnknownInterface"):
            await all_of_them.locate("ri-2")
        await all_of_them.one("vpc-a", create("ri-1"))
        with pytest.raises(Refused, match=r"AmbiguousInterface: .*ri-1@vpc-a, ri-1@vpc-c"):
            await all_of_them.locate("ri-1")


async def test_a_worker_that_is_away_hides_no_interface_of_another(world: World) -> None:
    world.silent.add("vpc-a")
    async with clients(world) as all_of_them:
        await all_of_them.one("vpc-c", create("ri-1"))
        assert await all_of_them.locate("ri-1") == Located("ri-1", "vpc-c")
        all_of_them.patience_seconds = 0.1
        with pytest.raises(Unanswered, match="vpc-a did not answer"):
            await all_of_them.locate("ri-2")


async def test_an_answer_that_claims_another_user_is_not_believed(world: World) -> None:
    world.owners["vpc-a"] = "1001"
    async with client(world) as one:
        one.account = "1003"
        with pytest.raises(WorkerSilent):
            await one.ask("vpc-a", [WORKER], 0.1)
