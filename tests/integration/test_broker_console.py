"""Tests of the queues for replies: one for each console, given back however it ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from shared.broker.address import BrokerAddress
from shared.broker.amqp import ConsoleLink
from shared.broker.errors import BrokerRefused, BrokerUnreachable, NoFreeSlot
from shared.broker.messages import Delivery, OutgoingMessage, PublishResult
from shared.broker.names import CONSOLE_SLOTS, VHOST, endpoint_queue
from tests.integration.broker_ladder import (
    LIMIT_SECONDS,
    BrokerForTests,
    Heard,
    TwoAccounts,
    fresh,
    linked,
    saying,
)
from tests.waiting import wait_for


@asynccontextmanager
async def console(two: TwoAccounts, heard: list[Delivery], lost: list[str]) -> AsyncIterator[ConsoleLink]:
    """Open a console of Bob's for the length of a block."""
    link = ConsoleLink(
        two.broker.address(two.bob),
        account=two.bob.uid,
        name="test console",
        on_delivery=heard.append,
        on_lost=lost.append,
    )
    await link.open()
    try:
        yield link
    finally:
        await link.close()


async def test_a_command_is_answered_to_the_console_that_asked(two: TwoAccounts) -> None:
    commands, replies, others, lost = Heard(), list[Delivery](), list[Delivery](), list[str]()
    queue = endpoint_queue(two.bob.uid, two.bobs, two.bob.uid).name
    async with (
        linked(two.broker.address(two.bob), two.bob.uid, commands, [queue]) as worker,
        console(two, replies, lost) as asking,
        console(two, others, lost) as other,
    ):
        assert asking.reply_to != other.reply_to
        command = OutgoingMessage(two.bobs, b"show", "command", correlation_id="1", reply_to=asking.reply_to)
        assert await asking.publish(command) is PublishResult.CONFIRMED
        await wait_for(lambda: commands.deliveries, LIMIT_SECONDS)
        heard = commands.deliveries[0]
        answer = OutgoingMessage(heard.reply_to or "", b"shown", "reply", correlation_id=heard.correlation_id)
        assert await worker.publish(answer) is PublishResult.CONFIRMED
        await wait_for(lambda: replies, LIMIT_SECONDS)
    assert (replies[0].body, replies[0].correlation_id, replies[0].user_id) == (b"shown", "1", two.bob.uid)
    assert not others
    assert not lost


async def test_as_many_consoles_as_slots_and_one_more_when_one_has_gone(two: TwoAccounts) -> None:
    links = [
        ConsoleLink(
            two.broker.address(two.bob),
            account=two.bob.uid,
            name="test console",
            on_delivery=lambda _: None,
            on_lost=lambda _: None,
        )
        for _ in range(CONSOLE_SLOTS + 1)
    ]
    try:
        keys = await asyncio.gather(*(link.open() for link in links[:-1]))
        assert len(set(keys)) == CONSOLE_SLOTS
        with pytest.raises(NoFreeSlot, match="in use"):
            await links[-1].open()
        await links[0].close()

        async def open_the_last() -> str:
            return await links[-1].open()

        assert await wait_for(open_the_last, LIMIT_SECONDS, forgive=(NoFreeSlot,)) == keys[0]
    finally:
        await asyncio.gather(*(link.close() for link in links))


async def test_a_console_of_one_shared_user_declares_what_it_needs(broker: BrokerForTests) -> None:
    replies: list[Delivery] = []
    link = ConsoleLink(
        broker.administrator_address, account=None, name="t", on_delivery=replies.append, on_lost=lambda _: None
    )
    reply_to = await link.open()
    assert await link.publish(saying(reply_to, b"to myself")) is PublishResult.CONFIRMED
    await wait_for(lambda: replies, LIMIT_SECONDS)
    await link.close()
    assert await link.publish(saying(reply_to)) is PublishResult.UNKNOWN


async def test_a_console_says_who_is_missing(two: TwoAccounts) -> None:
    def link(address: BrokerAddress, account: str) -> ConsoleLink:
        return ConsoleLink(address, account=account, name="t", on_delivery=lambda _: None, on_lost=lambda _: None)

    with pytest.raises(BrokerUnreachable, match=r"127\.0\.0\.1:1/"):
        await link(BrokerAddress("127.0.0.1", 1, VHOST), "x").open()
    with pytest.raises(BrokerRefused, match="login"):
        await link(two.broker.address(fresh("nobody")), "x").open()
    with pytest.raises(BrokerRefused, match="not provisioned"):
        await link(two.broker.administrator_address, fresh("nobody").uid).open()
