"""Tests of the queue of dead letters: what is set aside stays there."""

from shared.broker import control
from shared.broker.declarations import DELIVERY_LIMIT
from tests.integration.broker_ladder import LIMIT_SECONDS, Heard, TwoAccounts, fresh, linked, saying
from tests.waiting import wait_for


async def test_dead_letters_outlast_any_number_of_looks(two: TwoAccounts) -> None:
    heard, name = Heard(), fresh("m").uid
    async with (
        linked(two.broker.address(two.alice), two.alice.uid, Heard()) as alice,
        linked(two.broker.address(two.bob), two.bob.uid, heard, [two.to_bob()]) as bob,
    ):
        await alice.publish(saying(two.bobs, name.encode()))
        await wait_for(lambda: heard.deliveries, LIMIT_SECONDS)
        await bob.set_aside(heard.deliveries[0], "unreadable")
        await bob.acknowledge(heard.deliveries)
    for _ in range(DELIVERY_LIMIT + 5):
        dead = await control.dead_letters(two.broker.management_url, limit=10_000)
        assert [one["payload"] for one in dead].count(name) == 1
