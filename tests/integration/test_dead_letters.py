"""Tests of the queue of dead letters: what is set aside stays there."""

import asyncio
import sys
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from console.faults.dead_letters import refusal
from console.faults.login import relay_login
from shared.broker import control
from shared.broker.amqp import Link, visit_dead_letters
from shared.broker.amqp.dead_letters import Speak
from shared.broker.dead_letters import DeadLetter, StoredMessage, read_dead_letter
from shared.broker.declarations import DELIVERY_LIMIT
from shared.broker.messages import OutgoingMessage, PublishResult
from shared.broker.names import DEAD_LETTER_KEY, DEAD_LETTER_QUEUE, exchange_name
from tests.end_to_end.workers import ROOT
from tests.integration.broker_ladder import LIMIT_SECONDS, Heard, TwoAccounts, fresh, linked, saying
from tests.waiting import wait_for

LOOKS = 100
LOOKS_FOR_EVER = """
import asyncio, sys
from shared.broker.address import BrokerAddress
from shared.broker.amqp import visit_dead_letters

async def look(stored, _):
    print(len(stored), flush=True)
    await asyncio.Event().wait()

host, port, vhost, user, password, queue = sys.argv[1:]
asyncio.run(visit_dead_letters(BrokerAddress(host, int(port), vhost, user, password), queue, look))
"""


def text_of(stored: StoredMessage) -> str:
    return stored.body.decode(errors="replace")


@asynccontextmanager
async def set_aside(two: TwoAccounts, *bodies: str) -> AsyncIterator[tuple[Link, Heard]]:
    """Let Bob set aside what Alice says; until the block ends he goes on to hear her."""
    heard = Heard()
    async with (
        linked(two.broker.address(two.alice), two.alice.uid, Heard()) as alice,
        linked(two.broker.address(two.bob), two.bob.uid, heard, [two.to_bob()]) as bob,
    ):
        for body in bodies:
            await alice.publish(saying(two.bobs, body.encode()))
        await wait_for(lambda: len(heard.deliveries), LIMIT_SECONDS, until=len(bodies).__eq__)
        for delivery in heard.deliveries:
            await bob.set_aside(delivery, "unreadable")
        await bob.acknowledge(heard.deliveries)
        yield bob, heard


async def test_dead_letters_outlast_any_number_of_looks(two: TwoAccounts) -> None:
    name = fresh("m").uid
    async with set_aside(two, name):
        pass
    for _ in range(DELIVERY_LIMIT + 5):
        dead = await control.dead_letters(two.broker.management_url, limit=10_000)
        assert [one["payload"] for one in dead].count(name) == 1


async def test_many_looks_lose_nothing_and_double_nothing(two: TwoAccounts) -> None:
    names = [f"{one:02}-{fresh('m').uid}" for one in range(60)]
    async with set_aside(two, *names):
        pass
    mine: list[str] = []  # others set theirs aside here, too

    async def look(stored: Sequence[StoredMessage], _: Speak) -> Collection[int]:
        mine[:] = [body for one in stored if (body := text_of(one)) in names]
        return ()

    async def take(stored: Sequence[StoredMessage], _: Speak) -> Collection[int]:
        return [place for place, one in enumerate(stored) if text_of(one) in names[::2]]

    for _ in range(LOOKS):
        await visit_dead_letters(two.broker.administrator_address, DEAD_LETTER_QUEUE, look)
        assert sorted(mine) == names
    await visit_dead_letters(two.broker.administrator_address, DEAD_LETTER_QUEUE, take)
    await visit_dead_letters(two.broker.administrator_address, DEAD_LETTER_QUEUE, look)
    assert sorted(mine) == names[1::2]


async def test_a_look_that_is_broken_off_gives_all_back(two: TwoAccounts) -> None:
    name = fresh("m").uid
    async with set_aside(two, name):
        pass

    async def fail(stored: Sequence[StoredMessage], _: Speak) -> Collection[int]:
        assert name in {text_of(one) for one in stored}
        raise RuntimeError("broken off")

    for _ in range(2):
        with pytest.raises(RuntimeError, match="broken off"):
            await visit_dead_letters(two.broker.administrator_address, DEAD_LETTER_QUEUE, fail)

    async def there() -> bool:
        dead = await control.dead_letters(two.broker.management_url, limit=10_000)
        return name in {one["payload"] for one in dead}

    await wait_for(there, LIMIT_SECONDS)


async def test_a_look_that_is_killed_gives_all_back(two: TwoAccounts) -> None:
    names = [fresh("m").uid for _ in range(20)]
    async with set_aside(two, *names):
        pass
    place = two.broker.administrator_address
    login = (place.host, str(place.port), place.vhost, place.user or "", place.password or "", DEAD_LETTER_QUEUE)
    looking = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LOOKS_FOR_EVER, *login, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert looking.stdout is not None
    assert int(await looking.stdout.readline()) >= len(names), "it holds all of them"
    looking.kill()
    await looking.wait()

    async def there() -> list[str]:
        dead = await control.dead_letters(two.broker.management_url, limit=10_000)
        return sorted(one["payload"] for one in dead if one["payload"] in names)

    await wait_for(there, LIMIT_SECONDS, until=sorted(names).__eq__)


async def test_what_is_said_again_comes_as_from_its_sender(two: TwoAccounts) -> None:
    name = fresh("m").uid
    place = two.broker.administrator_address
    context: Any = SimpleNamespace(shared_login=False, broker=place)
    address = await relay_login(context, two.broker.management_url)
    async with set_aside(two, name) as (bob, heard):

        async def say_again(stored: Sequence[StoredMessage], speak: Speak) -> Collection[int]:
            (at,) = (at for at, one in enumerate(stored) if one.body == name.encode())
            dead = read_dead_letter(stored[at], place.vhost)
            assert dead.queue is not None
            assert (dead.set_aside_by, dead.queue.name) == (two.bob.uid, two.to_bob())
            message = OutgoingMessage(dead.queue.routing_key, dead.delivery.body, "again")
            assert await speak(dead.queue.sender, message) is PublishResult.CONFIRMED
            return [at]

        await visit_dead_letters(address, DEAD_LETTER_QUEUE, say_again)
        await wait_for(lambda: len(heard.deliveries), LIMIT_SECONDS, until=(2).__eq__)
        first, second = heard.deliveries
        await bob.acknowledge(heard.deliveries)
    same = [(one.queue, one.exchange, one.user_id, one.body) for one in (first, second)]
    assert same[0] == same[1]


async def test_what_a_stranger_writes_into_it_stops_no_look(two: TwoAccounts) -> None:
    """Mallory names Alice as the sender and Bob as who set it aside; the broker says that it was Mallory."""
    name = fresh("m").uid
    claims = {"x-peering-queue": two.to_bob(), "x-peering-exchange": exchange_name(two.alice.uid)}
    claims |= {"x-peering-user": two.alice.uid, "x-peering-reason": "nothing"}
    async with linked(two.broker.address(two.alice), two.alice.uid, Heard()) as mallory:
        for headers in (claims, {f"long-{one}": "x" * 500 for one in range(100)}):
            said = OutgoingMessage(DEAD_LETTER_KEY, name.encode(), "test", headers=headers)
            assert await mallory.publish(said) is PublishResult.CONFIRMED
    seen: list[DeadLetter] = []

    async def look(stored: Sequence[StoredMessage], _: Speak) -> Collection[int]:
        place = two.broker.administrator_address
        seen[:] = [read_dead_letter(one, place.vhost) for one in stored if one.body == name.encode()]
        return ()

    await visit_dead_letters(two.broker.administrator_address, DEAD_LETTER_QUEUE, look)
    claimed, unread = seen
    assert (claimed.set_aside_by, unread.set_aside_by) == (two.alice.uid, two.alice.uid)
    refused = [refusal(one, enforced=True) for one in seen]
    assert [one.code for one in refused if one is not None] == ["NotItsReceiver", "UnknownOrigin"]
