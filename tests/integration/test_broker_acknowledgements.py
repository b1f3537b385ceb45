"""Tests of acknowledgements out of turn: one wrong tag ends a channel."""

from __future__ import annotations

import asyncio

from shared.broker.messages import LinkCondition, PublishResult
from tests.integration.broker_ladder import LIMIT_SECONDS, Heard, TwoAccounts, linked, saying
from tests.waiting import wait_for


async def test_what_is_acknowledged_out_of_turn_does_not_come_again_and_what_was_passed_over_does(
    two: TwoAccounts,
) -> None:
    heard, again = Heard(), Heard()
    address, queues = two.broker.address(two.bob), [two.to_bob()]
    async with linked(two.broker.address(two.alice), two.alice.uid, Heard()) as alice:
        async with linked(address, two.bob.uid, heard, queues) as bob:
            for number in range(8):
                assert await alice.publish(saying(two.bobs, b"%d" % number)) is PublishResult.CONFIRMED
            await heard.more_than(7)
            one = heard.deliveries
            await bob.acknowledge([one[0], one[2], one[5]])
            await bob.acknowledge([one[1], one[5], one[7]])
        async with linked(address, two.bob.uid, again, queues):
            await wait_for(lambda: len(again.deliveries) >= 3, LIMIT_SECONDS)
            assert await alice.publish(saying(two.bobs, b"last")) is PublishResult.CONFIRMED
            await wait_for(lambda: b"last" in again.bodies(), LIMIT_SECONDS)
    assert sorted(again.bodies()) == [b"3", b"4", b"6", b"last"]


async def test_whoever_acknowledges_at_the_same_time_names_no_tag_twice(two: TwoAccounts) -> None:
    """The client library's queue of frames is short, so of many acknowledgements most wait, and some overtake."""
    heard, again = Heard(), Heard()
    count, address, queues = 90, two.broker.address(two.bob), [two.to_bob()]
    async with linked(two.broker.address(two.alice), two.alice.uid, Heard()) as alice:
        async with linked(address, two.bob.uid, heard, queues) as bob:
            saying_all = [alice.publish(saying(two.bobs, b"%d" % number)) for number in range(count)]
            assert set(await asyncio.gather(*saying_all)) == {PublishResult.CONFIRMED}
            await heard.more_than(count - 1)
            pieces = [heard.deliveries[at : at + 1 + at % 3] for at in range(count)]
            await asyncio.gather(*(bob.acknowledge(piece) for piece in [*pieces[1::2], *pieces[::2]]))
            assert await alice.publish(saying(two.bobs, b"last")) is PublishResult.CONFIRMED
            await wait_for(lambda: b"last" in heard.bodies(), LIMIT_SECONDS)
            assert bob.state.session == 1
        async with linked(address, two.bob.uid, again, queues):
            await wait_for(lambda: b"last" in again.bodies(), LIMIT_SECONDS)
    assert again.bodies() == [b"last"]


async def test_an_acknowledgement_that_left_too_late_ends_no_later_session(two: TwoAccounts) -> None:
    heard = Heard()
    address, queues = two.broker.address(two.bob), [two.to_bob()]
    async with (
        linked(two.broker.address(two.alice), two.alice.uid, Heard()) as alice,
        linked(address, two.bob.uid, heard, queues) as bob,
    ):
        assert await alice.publish(saying(two.bobs, b"first")) is PublishResult.CONFIRMED
        await heard.more_than(0)
        first = bob._consumer
        assert first is not None
        bob._end_session("for the sake of the test")
        await wait_for(lambda: bob.state.session == 2 and bob.state.condition is LinkCondition.CONSUMING, LIMIT_SECONDS)
        await first.acknowledge(heard.deliveries[:1])
        await heard.more_than(1)
        await bob.acknowledge(heard.deliveries)
        assert await alice.publish(saying(two.bobs, b"last")) is PublishResult.CONFIRMED
        await wait_for(lambda: b"last" in heard.bodies(), LIMIT_SECONDS)
        assert bob.state.session == 2
