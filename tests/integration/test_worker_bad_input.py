"""Tests of bad input: a worker sets it aside with the reason and goes on; real broker, real process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel

from shared.broker.names import exchange_name
from shared.wire.encoding import encode
from shared.wire.forms import BODY_LIMIT_BYTES
from shared.wire.request import KINDS
from tests.end_to_end.asking import Console, console
from tests.end_to_end.stories import connect, end, set_aside
from tests.end_to_end.workers import Crew, Site, WorkerProcess, broker_url, crew, fresh_id
from tests.integration.broker_ladder import BrokerForTests, fresh


@dataclass(frozen=True)
class Own:
    """Two owners' workers, for this file alone, because it counts what they log."""

    crew: Crew
    first: WorkerProcess
    second: WorkerProcess

    def bundle(self, **changed: object) -> bytes:
        """Write an empty bundle from the first to the second, apart from what is changed."""
        one, other = self.first.site, self.second.site
        form = {"v": 1, "endpoint": one.endpoint, "account": one.account.uid, "to": other.endpoint, "life": 1}
        return encode({**form, "messages": [], **changed})


@pytest.fixture(scope="module")
def own(broker: BrokerForTests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Own]:
    """Start both workers."""
    alice, bob = fresh("alice"), fresh("bob")
    sites = Site("initiator", fresh_id("vpc"), alice), Site("acceptor", fresh_id("vpc"), bob)
    asyncio.run(broker.provision([alice, bob], [(site.account.uid, site.endpoint) for site in sites]))
    with crew(broker, tmp_path_factory.mktemp("bad-input"), [alice, bob]) as gathered:
        yield Own(gathered, *gathered.start(*sites))


@pytest.fixture
async def alice(broker: BrokerForTests, own: Own) -> AsyncIterator[Console]:
    """The first worker's owner."""
    async with console(broker, own.first.site.account) as asking:
        yield asking


@pytest.fixture
async def bob(broker: BrokerForTests, own: Own) -> AsyncIterator[Console]:
    """The second worker's owner."""
    async with console(broker, own.second.site.account) as asking:
        yield asking


@pytest.fixture
async def hostile(own: Own) -> AsyncIterator[AbstractChannel]:
    """A bare client with the first owner's login, which says what no program of ours would."""
    url = broker_url(own.crew.address, own.first.site.account)
    async with await aio_pika.connect(url) as connection:
        yield await connection.channel()


BAD = {
    "not JSON": (b"\xff\xfenot JSON", "Invalid JSON"),
    "empty": (b"", "Invalid JSON"),
    "deep nesting": (b'{"messages":' + b"[" * 100_000, "Invalid JSON"),
    "too large": (b" " * (BODY_LIMIT_BYTES + 1), f"more than {BODY_LIMIT_BYTES}"),
}
CHANGED: dict[str, tuple[dict[str, Any], str]] = {
    "another version": ({"v": 0}, "v: Input should be 1"),
    "unknown field": ({"extra": 1}, "there is a field that is not known"),
    "unknown kind of message": ({"messages": [{"kind": "greet"}]}, "messages.0"),
    "another account": ({"account": "somebody-else"}, "it claims another account than the broker proves"),
    "another endpoint": ({"to": "vpc-elsewhere"}, "it is meant for another endpoint"),
}


async def test_every_bad_delivery_is_set_aside_with_its_reason_and_a_handshake_goes_on(
    broker: BrokerForTests, own: Own, hostile: AbstractChannel, alice: Console, bob: Console
) -> None:
    """All of them at once, between the messages of a good handshake."""
    account = own.first.site.account.uid
    deliveries = [(name, body, KINDS.bundle, account) for name, (body, _) in BAD.items()]
    deliveries += [(name, own.bundle(**change), KINDS.bundle, account) for name, (change, _) in CHANGED.items()]
    deliveries += [
        ("without user_id", own.bundle(), KINDS.bundle, ""),
        ("unknown type", own.bundle(), "peering.greeting", account),
        ("a stranger's request", b'{"v": 1, "commands": "all"}', KINDS.request, account),
    ]
    before = await bob.counters(own.second.site)
    exchange = await hostile.get_exchange(exchange_name(account), ensure=False)
    handshakes = asyncio.create_task(connect(end(alice, own.first.site), end(bob, own.second.site)))
    for _, body, kind, user in deliveries:
        message = aio_pika.Message(body, type=kind, user_id=user or None, message_id=fresh_id("m"))
        await exchange.publish(message, own.second.site.endpoint)
    await handshakes
    reasons = await set_aside(broker, own.second, len(deliveries))
    wanted = [reason for _, reason in (*BAD.values(), *CHANGED.values())]
    wanted += ["the broker does not prove its sender", "unknown type of message", "request: Field required"]
    assert len(reasons) == len(deliveries)
    for reason in wanted:
        assert any(reason in given for given in reasons), (reason, reasons)
    logged = own.second.lines("set aside")
    assert sorted(line["reason"] for line in logged) == sorted(reasons)
    assert {line["queue"].rpartition(".")[2] for line in logged} == {account}
    after = await bob.counters(own.second.site)
    assert after["rejected_deliveries"] - before["rejected_deliveries"] == len(deliveries)
    assert after["errors"] == 0
    await connect(end(alice, own.first.site), end(bob, own.second.site))


async def test_the_log_has_one_line_per_transition_and_no_secret(own: Own, alice: Console, bob: Console) -> None:
    first, second = end(alice, own.first.site), end(bob, own.second.site)
    await connect(first, second)
    for worker, one, other in ((own.first, first, second), (own.second, second, first)):
        rows = [row for row in await one.timeline() if row["was"] and row["was"] != row["status"]]
        lines = [line for line in worker.lines("transition") if line["interface"] == one.interface]
        told = [(line["from"], line["to"], line["cause"], line["peer"]) for line in lines]
        assert told == [(row["was"], row["status"], row["cause"], other.interface) for row in rows]
        assert {line["level"] for line in lines} == {"info"}
        assert worker.site.account.password not in worker.log.read_text()
