"""Tests of the article, row by row: real workers, real RabbitMQ.

Every worker is a process of its own; each owner asks under the name of its own account. What was said is read from
the durable timelines of both ends. What the article says of the time after that is in `test_article_link.py`.
"""

from __future__ import annotations

import asyncio

import pytest

from tests.end_to_end.asking import Console
from tests.end_to_end.stories import at_rest, connect, end, set_aside
from tests.end_to_end.workers import Answer, Site, WorkerProcess, fresh_id
from tests.integration.article_cast import Cast, refusal_of, said
from tests.integration.broker_ladder import BrokerForTests

# Row: between two VPCs, or a VPC and a VBR.


async def test_vpc_to_vpc_establishes(alice: Console, bob: Console, cast: Cast) -> None:
    first, second = end(alice, cast.start), end(bob, cast.far)
    await connect(first, second)
    assert [(await one.show())["kind"] for one in (first, second)] == ["vpc", "vpc"]


async def test_vbr_to_vpc_establishes(alice: Console, bob: Console, cast: Cast) -> None:
    first, second = end(alice, cast.branch), end(bob, cast.far)
    await connect(first, second)
    assert [(await one.show())["kind"] for one in (first, second)] == ["vbr", "vpc"]


async def test_vbr_to_vbr_is_refused(alice: Console, cast: Cast) -> None:
    branch = end(alice, cast.branch)
    other = {**branch.information, "interface": fresh_id(), "endpoint": fresh_id("vbr")}
    assert await refusal_of(branch, "create", name="", peer=other, initiate=False) == "VbrToVbr"
    assert await refusal_of(branch, "show") == "UnknownInterface"
    await branch.create()
    assert await refusal_of(branch, "configure", peer=other) == "VbrToVbr"


@pytest.mark.parametrize("kind", ["start", "branch", "beside", "far"])
async def test_an_interface_to_its_own_endpoint_is_refused(alice: Console, bob: Console, cast: Cast, kind: str) -> None:
    site: Site = getattr(cast, kind)
    own = end(bob if kind == "far" else alice, site)
    await own.create()
    assert await refusal_of(own, "configure", peer=site.peer(fresh_id())) == "SameEndpoint"


async def test_a_vbr_can_only_be_the_initiator(alice: Console, cast: Cast) -> None:
    """A worker for a VBR in the other role does not start, and no initiating end takes a VBR for its peer."""
    start = end(alice, cast.start)
    await start.create()
    peer = {**start.information, "interface": fresh_id(), "endpoint": cast.branch.endpoint}
    assert await refusal_of(start, "configure", peer=peer) == "PeerKindNotAllowed"
    worker = WorkerProcess(
        Site("acceptor", fresh_id("vbr"), cast.start.account),
        cast.workers[cast.start].address,
        cast.workers[cast.start].folder,
        [],
    ).start()
    assert worker.wait() == 2
    assert "only a VPC can" in worker.log.read_text()


# Row: only the initiator can initiate; the acceptor can only wait.


async def test_initiate_at_the_acceptor_is_refused_and_nothing_is_sent(
    alice: Console, bob: Console, cast: Cast
) -> None:
    first, second = end(alice, cast.start), end(bob, cast.far)
    await first.create(second)
    await second.create(first)
    assert await refusal_of(second, "initiate") == "NotInitiator"
    await connect(end(alice, cast.start), end(bob, cast.far))  # whatever was sent has arrived before this
    assert await said(second) == []
    assert [row["cause"] for row in await first.timeline()] == ["command create"]
    assert [(await one.show())["status"] for one in (first, second)] == ["Idle", "Idle"]


# Row: peer information must be configured on both before initiating.


async def test_an_initiator_without_peer_information_refuses_to_initiate(alice: Console, cast: Cast) -> None:
    first = end(alice, cast.start)
    await first.create()
    assert await refusal_of(first, "initiate") == "PeerNotConfigured"
    assert await first.statuses() == ["Idle"]
    assert await said(first) == []


async def test_an_acceptor_without_peer_information_stays_idle_and_says_why_and_comes_up_once_configured(
    alice: Console, bob: Console, cast: Cast
) -> None:
    first, second = end(alice, cast.start), end(bob, cast.far)
    await second.create()
    await first.create(second, initiate=True)
    shown = await first.until(status="Connecting", reason_code="PeerNotConfigured")
    assert "not configured" in shown["reason"]
    waiting = await second.until(status="Idle", reason_code="StrangerCalled")
    assert first.interface in waiting["reason"]
    await second.do("configure", peer=first.information)
    await at_rest(first, second, "Activated")
    assert await second.statuses() == ["Idle", "Accepting", "Activated"]


@pytest.mark.parametrize("wrong", ["interface", "endpoint", "account", "region"])
async def test_an_acceptor_with_other_peer_information_stays_idle_and_says_why_and_comes_up_once_configured(
    alice: Console, bob: Console, cast: Cast, wrong: str
) -> None:
    first, second = end(alice, cast.start), end(bob, cast.far)
    others = {"interface": fresh_id(), "endpoint": fresh_id("vpc"), "account": "somebody", "region": "cn-beijing"}
    await second.do("create", name="", peer={**first.information, wrong: others[wrong]}, initiate=False)
    await first.create(second, initiate=True)
    reason = "PeerRegionMismatch" if wrong == "region" else "PeerNotConfigured"
    await first.until(status="Connecting", reason_code=reason)
    assert (await second.show())["status"] == "Idle"
    await second.do("configure", peer=first.information)
    await at_rest(first, second, "Activated")


async def test_an_initiator_that_names_another_region_stays_connecting_and_says_why_and_can_be_deleted(
    alice: Console, bob: Console, cast: Cast
) -> None:
    first, second = end(alice, cast.start), end(bob, cast.far)
    await second.create(first)
    await first.do("create", name="", peer={**second.information, "region": "cn-mars"}, initiate=True)
    shown = await first.until(status="Connecting", reason_code="WrongPeerRegion")
    assert "names another region" in shown["reason"]
    await second.until(status="Idle", reason_code="PeerRegionMismatch")
    assert await second.statuses() == ["Idle"]
    await first.do("delete")
    assert (await first.show())["status"] == "Deleted"


async def test_an_initiator_that_names_another_account_stays_connecting_and_can_be_deleted(
    alice: Console, bob: Console, cast: Cast
) -> None:
    """Whoever has the endpoint answers, and is not believed: its account is proved to be another."""
    first, second = end(alice, cast.start), end(bob, cast.far)
    await second.create(first)
    await first.do("create", name="", peer={**second.information, "account": "somebody"}, initiate=True)
    await second.until(status="Idle", reason_code="PeerKindMismatch")
    assert (await first.show())["status"] == "Connecting"
    assert await second.statuses() == ["Idle"]
    await first.do("delete")
    assert (await first.show())["status"] == "Deleted"


# Row: same account: both ends created at the same time, initiated and established automatically.


async def test_same_account_both_ends_created_at_the_same_time_establish_by_themselves(
    alice: Console, cast: Cast
) -> None:
    first, second = end(alice, cast.start), end(alice, cast.beside)
    await asyncio.gather(first.create(second, initiate=True), second.create(first))
    await at_rest(first, second, "Activated")


# Row: different accounts: initiated by hand; one account can't command or read the other's ends.


async def test_different_accounts_establish_by_hand(alice: Console, bob: Console, cast: Cast) -> None:
    first, second = end(alice, cast.start), end(bob, cast.far)
    await first.create()
    await second.create()
    await first.do("configure", peer=second.information)
    await second.do("configure", peer=first.information)
    assert [(await one.show())["status"] for one in (first, second)] == ["Idle", "Idle"]
    assert (await first.do("initiate"))["status"] == "Connecting"
    await at_rest(first, second, "Activated")


async def test_one_account_cannot_command_or_read_the_ends_of_another(
    broker: BrokerForTests, alice: Console, bob: Console, cast: Cast
) -> None:
    first, second = end(alice, cast.start), end(bob, cast.far)
    await connect(first, second)
    worker = cast.workers[cast.far]
    before = len(worker.lines("set aside"))
    forged: list[Answer] = [
        {"kind": "suspend", "interface": second.interface},
        {"kind": "delete", "interface": second.interface},
        {"kind": "show", "interface": second.interface},
        {"kind": "inbox", "interface": second.interface, "after": 0, "limit": 10},
    ]
    told = len(alice.heard)
    for account in (None, cast.far.account.uid):
        with pytest.raises(TimeoutError):
            await alice.ask_all(cast.far.endpoint, *forged, limit_seconds=0.5, account=account)
    reasons = await set_aside(broker, worker, before + 2)
    assert "a request of an account that does not own this endpoint" in reasons
    assert "it claims another account than the broker proves" in reasons
    assert len(alice.heard) == told
    assert (await second.show())["status"] == "Activated"
    assert await second.statuses() == ["Idle", "Accepting", "Activated"]
