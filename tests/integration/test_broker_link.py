"""Tests of the link that a worker holds to its broker."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from shared.broker import control
from shared.broker.amqp import Link
from shared.broker.amqp.publisher import MAX_BODY_BYTES
from shared.broker.declarations import DELIVERY_LIMIT, open_declarations
from shared.broker.messages import Delivery, LinkCondition, OutgoingMessage, PublishResult
from shared.broker.names import DEAD_LETTER_KEY, OPEN_ACCOUNT, endpoint_queue
from tests.integration.broker_ladder import (
    LIMIT_SECONDS,
    BrokerForTests,
    Heard,
    TwoAccounts,
    fresh,
    linked,
    refused,
    saying,
)
from tests.waiting import wait_for

NOWHERE = "peering.q.nobody.nothing.from.none"


async def test_a_publish_is_confirmed_and_arrives_with_all_that_it_says(two: TwoAccounts) -> None:
    alices, bobs = Heard(), Heard()
    message = OutgoingMessage(two.bobs, b"body", "kind", correlation_id="c", reply_to="console.1", headers={"h": "v"})
    async with (
        linked(two.broker.address(two.alice), two.alice.uid, alices) as alice,
        linked(two.broker.address(two.bob), two.bob.uid, bobs, [two.to_bob()]),
    ):
        assert await alice.publish(message) is PublishResult.CONFIRMED
        await wait_for(lambda: bobs.deliveries, LIMIT_SECONDS)
    (delivery,) = bobs.deliveries
    assert (delivery.queue, delivery.exchange) == (two.to_bob(), f"peering.x.{two.alice.uid}")
    assert delivery.user_id == two.alice.uid
    assert (delivery.type, delivery.body, delivery.reply_to) == ("kind", b"body", "console.1")
    assert (delivery.correlation_id, delivery.redelivered) == ("c", False)
    assert delivery.message_id


async def test_what_no_queue_is_bound_for_is_unroutable(two: TwoAccounts) -> None:
    async with linked(two.broker.address(two.alice), two.alice.uid, Heard()) as alice:
        outcomes = await asyncio.gather(
            *(alice.publish(saying(key)) for key in ["vpc-nowhere", two.bobs, "vpc-nowhere", two.bobs] * 10)
        )
    assert outcomes == [PublishResult.UNROUTABLE, PublishResult.CONFIRMED] * 20


async def test_a_body_that_would_close_the_channel_is_refused_before(two: TwoAccounts) -> None:
    async with linked(two.broker.address(two.alice), two.alice.uid, Heard()) as alice:
        assert await alice.publish(saying(two.bobs, bytes(MAX_BODY_BYTES + 1))) is PublishResult.REFUSED
        assert await alice.publish(saying(two.bobs, bytes(MAX_BODY_BYTES))) is PublishResult.CONFIRMED


async def test_ten_thousand_messages_on_three_queues_keep_the_order_of_their_tags(two: TwoAccounts) -> None:
    senders = [two.alice, two.bob, fresh("carol")]
    await two.broker.provision(senders, [(two.bob.uid, two.bobs)])
    queues = [endpoint_queue(two.bob.uid, two.bobs, sender.uid).name for sender in senders]
    heard, total = Heard(), 10_000

    async def speak(link: Link, numbers: range) -> None:
        for first in range(numbers.start, numbers.stop, 200):
            batch = range(first, min(first + 200, numbers.stop))
            await asyncio.gather(*(link.publish(saying(two.bobs, b"%d" % number)) for number in batch))

    addresses = [(two.broker.address(sender), sender.uid) for sender in senders]
    async with (
        linked(*addresses[1], heard, queues, prefetch=total) as bob,
        linked(*addresses[0], Heard()) as alice,
        linked(*addresses[2], Heard()) as carol,
    ):
        thirds = [range(3334), range(3334, 6667), range(6667, total)]
        await asyncio.gather(*(speak(link, third) for link, third in zip([alice, bob, carol], thirds, strict=True)))
        await wait_for(lambda: len(heard.deliveries) >= total, 60.0)
    assert [delivery.tag for delivery in heard.deliveries] == list(range(1, total + 1))
    for queue, third in zip(queues, thirds, strict=True):
        said = [int(delivery.body) for delivery in heard.deliveries if delivery.queue == queue]
        assert said == list(third)


async def test_what_is_acknowledged_on_any_queue_does_not_come_again_and_the_rest_does(
    two: TwoAccounts,
) -> None:
    heard, again = Heard(), Heard()
    queues = [two.to_bob(), endpoint_queue(two.bob.uid, two.bobs, two.bob.uid).name]
    address = two.broker.address(two.bob)
    async with linked(two.broker.address(two.alice), two.alice.uid, Heard()) as alice:
        async with linked(address, two.bob.uid, heard, queues) as bob:
            for number in range(10):
                speaker = alice if number % 2 else bob
                assert await speaker.publish(saying(two.bobs, b"%d" % number)) is PublishResult.CONFIRMED
                await heard.more_than(number)
            await bob.acknowledge(heard.deliveries[:7])
            await bob.acknowledge(heard.deliveries[:7])
            await bob.acknowledge(heard.deliveries[3:4])
        async with linked(address, two.bob.uid, again, queues):
            await wait_for(lambda: len(again.deliveries) >= 3, LIMIT_SECONDS)
            assert await alice.publish(saying(two.bobs, b"last")) is PublishResult.CONFIRMED
            await wait_for(lambda: b"last" in again.bodies(), LIMIT_SECONDS)
    assert sorted(again.bodies()) == [b"7", b"8", b"9", b"last"]
    assert [delivery.redelivered for delivery in again.deliveries] == [True, True, True, False]


async def test_an_acknowledgement_of_an_earlier_session_is_ignored(two: TwoAccounts) -> None:
    heard, again = Heard(), Heard()
    address, queues = two.broker.address(two.bob), [two.to_bob()]
    async with linked(two.broker.address(two.alice), two.alice.uid, Heard()) as alice:
        await alice.publish(saying(two.bobs))
    async with linked(address, two.bob.uid, heard, queues) as bob:
        await wait_for(lambda: heard.deliveries, LIMIT_SECONDS)
        bob._end_session("a test ends this session")
        await wait_for(lambda: len(heard.deliveries) == 2, LIMIT_SECONDS)
        first, second = heard.deliveries
        assert (first.session, second.session, second.redelivered) == (1, 2, True)
        await bob.acknowledge([first])
    async with linked(address, two.bob.uid, again, queues) as bob:
        await wait_for(lambda: again.deliveries, LIMIT_SECONDS)
        await bob.acknowledge(again.deliveries)


async def test_of_two_workers_one_reads_and_the_other_takes_over(two: TwoAccounts) -> None:
    first, second = Heard(), Heard()
    address, queues = two.broker.address(two.bob), [two.to_bob()]
    async with linked(two.broker.address(two.alice), two.alice.uid, Heard()) as alice, AsyncExitStack() as reserve:
        async with linked(address, two.bob.uid, first, queues):
            await reserve.enter_async_context(linked(address, two.bob.uid, second, queues))
            for number in range(20):
                await alice.publish(saying(two.bobs, b"%d" % number))
            await wait_for(lambda: len(first.deliveries) == 20, LIMIT_SECONDS)
            assert not second.deliveries
        await wait_for(lambda: len(second.deliveries) == 20, LIMIT_SECONDS)
    assert second.bodies() == first.bodies()


async def test_a_missing_queue_is_reported_and_stops_no_other_and_is_read_when_it_comes(two: TwoAccounts) -> None:
    heard, dave = Heard(), fresh("dave")
    later = endpoint_queue(two.bob.uid, two.bobs, dave.uid).name
    async with (
        linked(two.broker.address(two.bob), two.bob.uid, heard, [later, NOWHERE, two.to_bob()]) as bob,
        linked(two.broker.address(two.alice), two.alice.uid, Heard()) as alice,
    ):
        assert {queue for queue, _ in bob.state.missing} == {later, NOWHERE}
        await alice.publish(saying(two.bobs))
        await wait_for(lambda: heard.deliveries, LIMIT_SECONDS)
        await two.broker.provision([dave, two.bob], [(two.bob.uid, two.bobs)])
        await wait_for(lambda: later not in dict(bob.state.missing), LIMIT_SECONDS)
        async with linked(two.broker.address(dave), dave.uid, Heard()) as link:
            await link.publish(saying(two.bobs, b"from dave"))
            await wait_for(lambda: b"from dave" in heard.bodies(), LIMIT_SECONDS)
        assert [queue for queue, _ in bob.state.missing] == [NOWHERE]
    assert bob.state.session == 1


async def test_a_deleted_queue_ends_the_session_and_the_others_are_read_again(two: TwoAccounts) -> None:
    heard, gone = Heard(), endpoint_queue(two.bob.uid, two.bobs, two.bob.uid).name
    async with (
        linked(two.broker.address(two.bob), two.bob.uid, heard, [gone, two.to_bob()]) as bob,
        linked(two.broker.address(two.alice), two.alice.uid, Heard()) as alice,
    ):
        await control.delete_queue(two.broker.management_url, gone)
        await wait_for(lambda: [queue for queue, _ in bob.state.missing] == [gone], LIMIT_SECONDS)
        await wait_for(lambda: bob.state.condition is LinkCondition.CONSUMING, LIMIT_SECONDS)
        await alice.publish(saying(two.bobs))
        await wait_for(lambda: heard.deliveries, LIMIT_SECONDS)
    assert any(gone in state.reason for state in heard.states if state.condition is LinkCondition.WAITING)


async def test_what_is_set_aside_lies_in_the_dead_letters_with_the_reason(two: TwoAccounts) -> None:
    heard = Heard()
    async with (
        linked(two.broker.address(two.alice), two.alice.uid, Heard()) as alice,
        linked(two.broker.address(two.bob), two.bob.uid, heard, [two.to_bob()]) as bob,
    ):
        await alice.publish(saying(two.bobs, b"\xff" * 100_000))
        await wait_for(lambda: heard.deliveries, LIMIT_SECONDS)
        assert await bob.set_aside(heard.deliveries[0], "unreadable: byte 0") is PublishResult.CONFIRMED
        await bob.acknowledge(heard.deliveries)
    dead = await control.dead_letters(two.broker.management_url, limit=10_000)
    (dead_letter,) = [one for one in dead if one["properties"]["headers"].get("x-peering-queue") == two.to_bob()]
    assert dead_letter["properties"]["headers"]["x-peering-reason"] == "unreadable: byte 0"
    assert dead_letter["properties"]["headers"]["x-peering-user"] == two.alice.uid
    assert dead_letter["properties"]["user_id"] == two.bob.uid
    assert dead_letter["payload_bytes"] == 65_536
    assert dead_letter["routing_key"] == DEAD_LETTER_KEY


async def test_a_message_that_kills_its_reader_every_time_goes_to_the_dead_letters(two: TwoAccounts) -> None:
    heard = Heard()
    async with linked(two.broker.address(two.alice), two.alice.uid, Heard()) as alice:
        await alice.publish(saying(two.bobs, b"poison " + two.bob.uid.encode()))
    for seen in range(DELIVERY_LIMIT + 1):
        async with linked(two.broker.address(two.bob), two.bob.uid, heard, [two.to_bob()], prefetch=1):
            await heard.more_than(seen)

    async def poisoned() -> list[str]:
        found = await control.dead_letters(two.broker.management_url, limit=10_000)
        return [one["payload"] for one in found if two.bob.uid in one["payload"]]

    assert len(await wait_for(poisoned, LIMIT_SECONDS)) == 1


async def test_a_callback_that_fails_loses_nothing(two: TwoAccounts) -> None:
    taken: list[bytes] = []

    def fail_once(delivery: Delivery) -> None:
        if not taken:
            taken.append(b"failed")
            raise LookupError("a bug")
        taken.append(delivery.body)

    async with linked(two.broker.address(two.alice), two.alice.uid, Heard()) as alice:
        await alice.publish(saying(two.bobs))
    bob = linked(two.broker.address(two.bob), two.bob.uid, Heard(), [two.to_bob()], on_delivery=fail_once)
    async with bob:
        await wait_for(lambda: taken == [b"failed", b"hello"], LIMIT_SECONDS)


async def test_stop_lets_what_is_here_be_finished(two: TwoAccounts) -> None:
    heard, again, outcomes = Heard(), Heard(), list[PublishResult]()
    address, queues = two.broker.address(two.bob), [two.to_bob()]
    async with linked(two.broker.address(two.alice), two.alice.uid, Heard()) as alice:
        await alice.publish(saying(two.bobs))
        async with linked(address, two.bob.uid, heard, queues) as bob:
            await wait_for(lambda: heard.deliveries, LIMIT_SECONDS)

            async def drain() -> None:
                outcomes.append(await bob.publish(saying(two.alices, b"answer")))
                await bob.acknowledge(heard.deliveries)

            await bob.stop(drain)
            assert bob.state.condition is LinkCondition.STOPPED
            assert await bob.publish(saying(two.alices)) is PublishResult.UNKNOWN
        await alice.publish(saying(two.bobs, b"second"))
        async with linked(address, two.bob.uid, again, queues):
            await wait_for(lambda: again.deliveries, LIMIT_SECONDS)
    assert outcomes == [PublishResult.CONFIRMED]
    assert again.bodies() == [b"second"]


async def test_one_shared_user_without_accounts_declares_what_it_needs(broker: BrokerForTests) -> None:
    heard, endpoint = Heard(), fresh("vpc").uid
    queue = endpoint_queue(OPEN_ACCOUNT, endpoint, OPEN_ACCOUNT).name
    declarations = open_declarations([endpoint])
    async with linked(broker.administrator_address, None, heard, [queue], declarations=declarations) as link:
        assert await link.publish(saying(endpoint)) is PublishResult.CONFIRMED
        await wait_for(lambda: heard.deliveries, LIMIT_SECONDS)
        assert await link.set_aside(heard.deliveries[0], "only a test") is PublishResult.CONFIRMED
    assert heard.deliveries[0].exchange == "peering.x.open"
    await control.delete_queue(broker.management_url, queue)


@pytest.mark.parametrize("prefetch", [1, 3])
async def test_prefetch_bounds_what_is_out_without_acknowledgement(two: TwoAccounts, prefetch: int) -> None:
    heard = Heard()
    async with (
        linked(two.broker.address(two.alice), two.alice.uid, Heard()) as alice,
        linked(two.broker.address(two.bob), two.bob.uid, heard, [two.to_bob()], prefetch=prefetch) as bob,
    ):
        for number in range(7):
            await alice.publish(saying(two.bobs, b"%d" % number))
        await wait_for(lambda: len(heard.deliveries) == prefetch, LIMIT_SECONDS)
        while len(heard.deliveries) < 7:
            seen = len(heard.deliveries)
            await bob.acknowledge(heard.deliveries)
            await heard.more_than(seen)
            assert len(heard.deliveries) <= seen + prefetch
    assert heard.bodies() == [b"%d" % number for number in range(7)]


async def test_a_queue_without_permission_stops_no_other(two: TwoAccounts) -> None:
    heard = Heard()
    async with (
        linked(two.broker.address(two.bob), two.bob.uid, heard, [two.to_bob(), two.to_alice()]) as bob,
        linked(two.broker.address(two.alice), two.alice.uid, Heard()) as alice,
    ):
        assert [queue for queue, _ in bob.state.missing] == [two.to_alice()]
        await alice.publish(saying(two.bobs))
        await wait_for(lambda: heard.deliveries, LIMIT_SECONDS)


async def test_declaring_without_the_right_to_is_refused(two: TwoAccounts) -> None:
    forbidden = open_declarations(["vpc-forbidden"])
    assert "declare" in await refused(two.broker.address(two.bob), two.bob.uid, Heard(), declarations=forbidden)
