"""Tests of faults by message: each does what it says to the messages that it matches, and to no other."""

from __future__ import annotations

from tests.end_to_end.asking import console
from tests.end_to_end.stories import at_rest, connect, end, set_aside
from tests.end_to_end.workers import WorkerProcess
from tests.integration.faults.town import Town, fault, struck, two_ends
from tests.waiting import wait_for


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


async def test_a_doubled_and_a_reordered_declare_do_no_harm(town: Town) -> None:
    async with town.faults() as faults, two_ends(town) as (first, second):
        there = {"interface": first.interface, "from": town.start.endpoint}
        doubled = await faults.add(fault("duplicate", message="initiate", copies=2, which="1", **there))
        late = await faults.add(fault("reorder", message="declare", which="1", delay_seconds=30, **there))
        await second.create(first)
        await first.create(second, initiate=True)
        await at_rest(first, second, "Activated")
        heard = [row["cause"] for row in await second.timeline() if row["cause"].startswith("heard Initiate")]
        assert len(heard) >= 3
        assert [one.struck for one in faults.listed()] == [1, 1]
        assert {one.fault for one in faults.strikes(second.interface)} == {doubled.number, late.number}


async def test_a_corrupted_message_is_set_aside_and_said_again(town: Town, far: WorkerProcess) -> None:
    async with town.faults() as faults, two_ends(town) as (first, second):
        await faults.add(fault("corrupt", interface=first.interface, message="initiate", which="1"))
        await second.create(first)
        await first.create(second, initiate=True)
        await at_rest(first, second, "Activated")
        assert any("JSON" in reason for reason in await set_aside(town.broker, far, 1))


async def test_of_a_hundred_connections_in_one_bundle_one_is_held_and_the_others_come_up(town: Town) -> None:
    async with (
        town.faults() as faults,
        console(town.broker, town.start.account) as alice,
        console(town.broker, town.far.account) as bob,
    ):
        pairs = [(end(alice, town.start), end(bob, town.far)) for _ in range(100)]
        held = pairs[50][0]
        await faults.add(fault("hold", interface=held.interface, to=town.far.endpoint))
        for asking, site, which in ((bob, town.far, 1), (alice, town.start, 0)):
            commands = [
                {"kind": "create", "interface": pair[which].interface, "name": "", "initiate": which == 0}
                | {"peer": pair[1 - which].information}
                for pair in pairs
            ]
            await asking.ask_all(site.endpoint, *commands)
        for one in [*pairs[:50], *pairs[51:]]:
            await one[1].until(status="Activated")
        assert (await held.show())["status"] == "Connecting"
        assert {one.source for one in faults.held()} == {held.interface}
        assert {one.entry.source for one in faults.standing.strikes} == {held.interface}
        await faults.clear()
        await at_rest(*pairs[50], "Activated")


async def test_a_cut_wire_of_one_account_still_passes_what_its_owner_asks(town: Town) -> None:
    async with town.faults() as faults, console(town.broker, town.start.account) as alice:
        first, second = end(alice, town.start), end(alice, town.beside)
        cut = {"from": town.start.endpoint, "to": town.beside.endpoint, "both": True}
        made = await faults.add(fault("cut", **cut))
        await second.create(first)
        await first.create(second, initiate=True)
        await struck(faults, made.number, 2)
        assert (await second.show())["status"] == "Idle"
        assert (await first.show())["status"] == "Connecting"
        await faults.clear()
        await at_rest(first, second, "Activated")


async def test_a_suspension_that_one_end_has_not_heard(town: Town) -> None:
    async with town.faults() as faults, two_ends(town) as (first, second):
        await connect(first, second)
        made = await faults.add(fault("drop", interface=first.interface, intent="suspended"))
        await first.do("suspend")
        await struck(faults, made.number, 3)
        assert (await first.show())["status"] == "Suspending"
        assert (await second.show())["status"] == "Activated"
        await faults.clear(made.number)
        await at_rest(first, second, "Suspended")


async def test_latency_and_loss_as_netem_names_them_are_survived(town: Town) -> None:
    async with town.faults() as faults, two_ends(town) as (first, second):
        way = {"from": town.start.endpoint, "to": town.far.endpoint, "both": True}
        netem = fault("netem", delay_seconds=0.05, jitter_seconds=0.05, loss_percent=40, seed=3, **way)
        made = await faults.add(netem)
        assert len(made.wires) == 2
        await connect(first, second)
        for number in range(20):
            await first.do("send", body=str(number))
        await wait_for(second.inbox, 60.0, until=lambda inbox: len(inbox) == 20)
        assert await second.inbox() == [str(number) for number in range(20)]
        assert any(one.dropped for one in faults.strikes())


async def test_a_fault_ends_by_itself_and_its_wire_with_it(town: Town) -> None:
    async with town.faults() as faults, two_ends(town) as (first, second):
        await faults.add(fault("drop", to=town.far.endpoint, seconds=1.0))
        await connect(first, second)
        await wait_for(lambda: faults.tapped, 30.0, until=lambda tapped: not tapped)
        assert faults.listed()[0].over
        assert await town.taps() == []
