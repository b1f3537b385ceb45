"""Whoever is served out of turn is acknowledged out of turn, and the broker ends a channel over one wrong tag."""

from __future__ import annotations

from shared.broker.messages import Outcome
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
                assert await alice.publish(saying(two.bobs, b"%d" % number)) is Outcome.CONFIRMED
            await heard.more_than(7)
            one = heard.deliveries
            await bob.acknowledge([one[0], one[2], one[5]])
            await bob.acknowledge([one[1], one[5], one[7]])
        async with linked(address, two.bob.uid, again, queues):
            await wait_for(lambda: len(again.deliveries) >= 3, LIMIT_SECONDS)
            assert await alice.publish(saying(two.bobs, b"last")) is Outcome.CONFIRMED
            await wait_for(lambda: b"last" in again.bodies(), LIMIT_SECONDS)
    assert sorted(again.bodies()) == [b"3", b"4", b"6", b"last"]
