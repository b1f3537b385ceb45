"""A fault does to the messages that it matches what it says, and to no other."""

from __future__ import annotations

from tests.end_to_end.stories import at_rest
from tests.integration.faults.town import Town, fault, struck, two_ends


async def test_the_third_message_is_lost_exactly_twice_and_then_the_link_comes_up(town: Town) -> None:
    async with town.faults() as faults, two_ends(town) as (first, second):
        made = await faults.add(
            fault(
                "drop",
                interface=first.interface,
                **{"from": town.start.endpoint},
                to=town.far.endpoint,
                message="declare",
                which="1-2",
            )
        )
        await second.create(first)
        await first.create(second, initiate=True)
        await first.until(status="Activated")
        assert (await second.show())["status"] == "Accepting"
        await at_rest(first, second, "Activated")
        (listed,) = faults.listed()
        assert (listed.number, listed.struck, listed.over) == (made.number, 2, True)
        said = [line for row in await first.timeline() for line in row["said"] if line.startswith("Declare")]
        assert len(said) == 3
        assert [one.dropped for one in faults.strikes(first.interface)] == [True, True]
    assert await town.taps() == []


async def test_a_held_initiate_is_never_heard_until_it_is_released(town: Town) -> None:
    async with town.faults() as faults, two_ends(town) as (first, second):
        made = await faults.add(fault("hold", next_of=town.start.account.uid, message="initiate"))
        await second.create(first)
        await first.create(second, initiate=True)
        listed = await struck(faults, made.number, 2)
        assert listed.interface == first.interface
        assert (await first.show())["status"] == "Connecting"
        assert [row["cause"] for row in await second.timeline()] == ["command create"]
        await faults.clear()
        await at_rest(first, second, "Activated")
    assert await town.taps() == []
