"""Where an account ends is the broker's to say: what Mallory asks of it in the name of others, it refuses with a code.

One table of attempts, each on a connection of her own, byte by byte; and all of them again and again while others
connect. What lies on the broker afterwards is what lay there before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

import httpx
import pytest
from pamqp import commands
from pamqp.base import Frame

from shared.broker.names import (
    DEAD_LETTER_EXCHANGE,
    DEAD_LETTER_QUEUE,
    VHOST,
    console_queue_name,
    endpoint_queue,
    exchange_name,
)
from tests.end_to_end.workers import LIMIT_SECONDS
from tests.integration.hostile.bare import Ended, bare, message, properties
from tests.integration.hostile.forged import bundle
from tests.integration.hostile.town import Town, Visit

NOT_ALLOWED, NOT_TRUE = 403, 406
DEFAULT_EXCHANGE = ""


class Attempt(NamedTuple):
    """Something that is not hers to do; `made` are the bytes or the method that try it."""

    code: int
    made: Callable[[Town], bytes | Frame]


def says(exchange: Callable[[Town], str], user: Callable[[Town], str], key: Callable[[Town], str]) -> Attempt:
    """Publish somewhere in some name."""

    def made(town: Town) -> bytes:
        return message(exchange(town), key(town), properties(user(town)), bundle(town))

    return Attempt(NOT_ALLOWED, made)


def her_own(town: Town) -> str:
    return exchange_name(town.uid)


def bobs(town: Town) -> str:
    return exchange_name(town.bob.account.uid)


def from_carol_to_bob(town: Town) -> str:
    return endpoint_queue(town.bob.account.uid, town.bob.endpoint, town.carol.account.uid).name


def bobs_console(town: Town) -> str:
    return console_queue_name(town.bob.account.uid, 0)


ATTEMPTS = {
    "speak as Bob": says(her_own, lambda town: town.bob.account.uid, lambda town: town.bob.endpoint)._replace(
        code=NOT_TRUE
    ),
    "speak through Bob's exchange": says(bobs, lambda town: town.uid, lambda town: town.carol.endpoint),
    "speak into Bob's queue past all exchanges": says(
        lambda _: DEFAULT_EXCHANGE, lambda town: town.uid, from_carol_to_bob
    ),
    "fill the dead deliveries": says(lambda _: DEAD_LETTER_EXCHANGE, lambda town: town.uid, lambda _: ""),
    "speak through an exchange that is not there": says(lambda _: "nowhere", lambda town: town.uid, lambda _: ""),
    "take a delivery out of Bob's queue": Attempt(
        NOT_ALLOWED, lambda town: commands.Basic.Get(queue=from_carol_to_bob(town))
    ),
    "read what she said to Bob": Attempt(NOT_ALLOWED, lambda town: commands.Basic.Get(queue=town.to_bob)),
    "read Bob's queue": Attempt(NOT_ALLOWED, lambda town: commands.Basic.Consume(queue=from_carol_to_bob(town))),
    "read Bob's replies": Attempt(NOT_ALLOWED, lambda town: commands.Basic.Consume(queue=bobs_console(town))),
    "read the dead deliveries": Attempt(NOT_ALLOWED, lambda _: commands.Basic.Get(queue=DEAD_LETTER_QUEUE)),
    "read through an exclusive consumer": Attempt(
        NOT_ALLOWED, lambda town: commands.Basic.Consume(queue=from_carol_to_bob(town), exclusive=True)
    ),
    "empty Bob's queue": Attempt(NOT_ALLOWED, lambda town: commands.Queue.Purge(queue=from_carol_to_bob(town))),
    "delete Bob's queue": Attempt(NOT_ALLOWED, lambda town: commands.Queue.Delete(queue=from_carol_to_bob(town))),
    "delete the dead deliveries": Attempt(NOT_ALLOWED, lambda _: commands.Queue.Delete(queue=DEAD_LETTER_QUEUE)),
    "delete her own queue": Attempt(NOT_ALLOWED, lambda town: commands.Queue.Delete(queue=town.to_mallory)),
    "delete Bob's exchange": Attempt(NOT_ALLOWED, lambda town: commands.Exchange.Delete(exchange=bobs(town))),
    "delete her own exchange": Attempt(NOT_ALLOWED, lambda town: commands.Exchange.Delete(exchange=her_own(town))),
    "declare Bob's queue anew": Attempt(
        NOT_ALLOWED, lambda town: commands.Queue.Declare(queue=from_carol_to_bob(town), durable=True)
    ),
    "declare a queue of hers": Attempt(
        NOT_ALLOWED, lambda town: commands.Queue.Declare(queue=f"peering.q.{town.uid}.mine", durable=True)
    ),
    "declare a queue that the broker names": Attempt(NOT_ALLOWED, lambda _: commands.Queue.Declare(queue="")),
    "declare Bob's exchange anew": Attempt(
        NOT_ALLOWED, lambda town: commands.Exchange.Declare(exchange=bobs(town), exchange_type="fanout")
    ),
    "declare an exchange for another account": Attempt(
        NOT_ALLOWED, lambda _: commands.Exchange.Declare(exchange="peering.x.nobody", durable=True)
    ),
    "bind her queue to Bob's exchange": Attempt(
        NOT_ALLOWED,
        lambda town: commands.Queue.Bind(queue=town.to_mallory, exchange=bobs(town), routing_key=town.carol.endpoint),
    ),
    "bind Bob's queue to her exchange": Attempt(
        NOT_ALLOWED,
        lambda town: commands.Queue.Bind(queue=from_carol_to_bob(town), exchange=her_own(town), routing_key="carol"),
    ),
    "bind her exchange to Bob's": Attempt(
        NOT_ALLOWED, lambda town: commands.Exchange.Bind(destination=her_own(town), source=bobs(town), routing_key="#")
    ),
    "bind the dead deliveries to her exchange": Attempt(
        NOT_ALLOWED,
        lambda town: commands.Queue.Bind(queue=DEAD_LETTER_QUEUE, exchange=her_own(town), routing_key="more"),
    ),
    "unbind Bob's queue": Attempt(
        NOT_ALLOWED,
        lambda town: commands.Queue.Unbind(
            queue=from_carol_to_bob(town), exchange=exchange_name(town.carol.account.uid), routing_key=town.bob.endpoint
        ),
    ),
}


async def tried(town: Town, attempt: Attempt) -> Ended:
    """Try it on a connection of its own, and return how the broker ended that."""
    async with bare(town.address(town.mallory.account)) as client:
        made = attempt.made(town)
        if isinstance(made, bytes):
            await client.send([made])
        else:
            client.say(made)
        return await client.ended()


async def topology(town: Town) -> dict[str, list[str]]:
    """What lies on the broker, as its control plane sees it."""
    found: dict[str, list[str]] = {}
    async with httpx.AsyncClient(base_url=town.broker.management_url, timeout=LIMIT_SECONDS) as client:
        for kind in ("exchanges", "queues", "bindings"):
            answer = await client.get(f"/api/{kind}/{VHOST}", params={"columns": "name,source,destination,routing_key"})
            found[kind] = sorted(str(sorted(one.items())) for one in answer.raise_for_status().json())
    return found


@pytest.mark.parametrize("name", ATTEMPTS)
async def test_it_is_refused_with_a_code_and_a_reason(town: Town, name: str) -> None:
    attempt = ATTEMPTS[name]
    ended = await tried(town, attempt)
    assert ended.code == attempt.code, ended
    assert ("PRECONDITION_FAILED" if attempt.code == NOT_TRUE else "ACCESS_REFUSED") in ended.reason


async def test_all_of_it_harms_nobody_and_leaves_the_broker_as_it_was(here: Visit) -> None:
    before = await topology(here.town)
    attempts = list(ATTEMPTS.values())

    async def attack() -> None:
        for ended in await asyncio.gather(*(tried(here.town, one) for one in attempts)):
            assert ended.code in {NOT_ALLOWED, NOT_TRUE}

    await here.unharmed(attack)
    assert await topology(here.town) == before


async def test_her_password_opens_no_other_account(here: Visit) -> None:
    town = here.town
    wrong = town.address(town.bob.account).as_user(town.bob.account.uid, town.mallory.account.password)
    with pytest.raises(Ended, match="ACCESS_REFUSED"):
        async with bare(wrong):
            pass


async def test_her_account_opens_no_control_plane(town: Town) -> None:
    """The management API is another door; an account without a tag may not even look through it."""
    account, host = town.mallory.account, town.broker.management_url.rpartition("@")[2]
    async with httpx.AsyncClient(
        base_url=f"http://{host}", auth=(account.uid, account.password), timeout=LIMIT_SECONDS
    ) as client:
        for path in ("/api/definitions", f"/api/queues/{VHOST}", "/api/users", "/api/connections"):
            assert (await client.get(path)).status_code == httpx.codes.UNAUTHORIZED, path
        body = {"durable": True, "arguments": {}}
        answer = await client.put(f"/api/queues/{VHOST}/peering.q.more", json=body)
        assert answer.status_code == httpx.codes.UNAUTHORIZED
