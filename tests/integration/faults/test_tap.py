"""The tap of a wire: nothing is lost by putting it on, taking it off or killing its console, and it proves senders."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from console.client import Unanswered
from console.faults.relay import Relay
from shared.broker.amqp import change
from shared.broker.errors import BrokerRefused
from shared.broker.messages import OutgoingMessage, PublishResult
from shared.broker.names import EndpointQueue
from shared.broker.tap import Tap
from shared.wire.request import KINDS
from tests.end_to_end.programs import PEERING, Up, peering_up, read_until, surroundings
from tests.end_to_end.stories import at_rest, connect, set_aside
from tests.end_to_end.workers import WorkerProcess, fresh_id
from tests.integration.broker_ladder import BrokerForTests, Heard, TwoAccounts, linked
from tests.integration.faults.town import Town, fault, two_ends
from tests.waiting import wait_for, wait_for_blocking

LIMIT_SECONDS = 60.0


async def test_without_a_fault_nothing_passes_through_the_console(town: Town) -> None:
    async with town.faults() as faults, two_ends(town) as (first, second):
        await connect(first, second)
        assert await town.taps() == []
        await faults.add(fault("hold", **{"from": town.start.endpoint}, to=town.beside.endpoint))
        (beside,) = faults._wires.values()
        await first.do("send", body="not this way")
        await wait_for(second.inbox, LIMIT_SECONDS)
        assert len(await town.taps()) == 1
        carried = beside.relay.carried
        await faults.clear()
        assert await town.taps() == []
        await first.do("send", body="nor now")
        await wait_for(second.inbox, LIMIT_SECONDS, until=lambda inbox: len(inbox) == 2)
        assert beside.relay.carried == carried


async def test_payloads_arrive_once_and_in_order_while_their_wire_is_tapped_again_and_again(town: Town) -> None:
    async with town.faults() as faults, two_ends(town) as (first, second):
        await connect(first, second)

        async def send() -> None:
            for number in range(200):
                await first.do("send", body=str(number))

        sending = asyncio.create_task(send())
        while not sending.done():
            await faults.add(fault("hold", interface="ri-nobody", to=town.far.endpoint))
            await faults.clear()
        await sending
        await wait_for(second.inbox, LIMIT_SECONDS, until=lambda inbox: len(inbox) == 200)
        assert await second.inbox() == [str(number) for number in range(200)]


async def test_putting_on_and_taking_off_loses_nothing_of_what_is_said_meanwhile(two: TwoAccounts) -> None:
    queue, heard = EndpointQueue(two.bob.uid, two.bobs, two.alice.uid), Heard()
    said = [b"%d" % number for number in range(2_000)]
    async with (
        linked(two.broker.address(two.alice), two.alice.uid, Heard()) as alice,
        linked(two.broker.address(two.bob), two.bob.uid, heard, [two.to_bob()], prefetch=5_000),
    ):

        async def say() -> list[PublishResult]:
            return [await alice.publish(OutgoingMessage(two.bobs, body, "test")) for body in said]

        saying, rounds = asyncio.create_task(say()), 0
        while not saying.done():
            relay = Relay(Tap(queue), two.broker.administrator_address, enforced=False, judge=lambda *_: [])
            await relay.put_on()
            await relay.take_off()
            rounds += 1
        assert set(await saying) == {PublishResult.CONFIRMED}
        await wait_for(lambda: set(said) - set(heard.bodies()), LIMIT_SECONDS, until=lambda lost: not lost)
    assert rounds >= 2
    assert {one.exchange for one in heard.deliveries} == {queue.exchange}


async def test_a_second_console_is_told_that_the_wire_is_taken(town: Town) -> None:
    way = {"from": town.start.endpoint, "to": town.far.endpoint}
    async with town.faults() as one, town.faults() as other, two_ends(town) as (first, second):
        await one.add(fault("hold", interface=first.interface, **way))
        with pytest.raises(Unanswered, match="tapped by another console"):
            await other.add(fault("cut", **way))
        assert (other.tapped, other.listed()) == ([], [])
        await town.broker.provision([town.start.account, town.far.account], [(town.far.account.uid, town.far.endpoint)])
        assert await other.mend() == [], "and what was bound again beside it leads through it alone"
        await second.create(first)
        await first.create(second, initiate=True)
        await wait_for(one.held, LIMIT_SECONDS)
        await one.clear()
        await at_rest(first, second, "Activated")


async def test_a_console_that_ends_while_a_wire_is_being_made_whole_leaves_it_whole(town: Town) -> None:
    async with town.faults() as faults:
        await faults.add(fault("hold", interface="ri-nobody", to=town.far.endpoint, seconds=0.05))
        await wait_for(lambda: faults.listed()[0].over, LIMIT_SECONDS)
    assert await town.taps() == []


async def test_no_account_can_tap_a_wire_or_read_a_tap(town: Town) -> None:
    tap = Tap(town.wire(town.start, town.far))
    for account in (town.start.account, town.far.account):
        address = town.broker.address(account)
        for steps in (tap.equipment, tap.putting_on[:1], tap.putting_on[1:], tap.removing[2:]):
            with pytest.raises(BrokerRefused):
                await change(address, steps)
    assert await town.taps() == []


async def test_a_tap_proves_nobody_who_was_not_proven(town: Town, far: WorkerProcess) -> None:
    alice, aside = town.start.account, len(far.lines("set aside"))
    async with town.faults() as faults:
        await faults.add(fault("hold", interface="ri-nobody", to=town.far.endpoint))
        async with linked(town.broker.address(alice), alice.uid, Heard()) as link:
            for unproven in (True, False):
                message = OutgoingMessage(town.far.endpoint, b"{}", KINDS.bundle, unproven=unproven)
                await link.publish(message)
        reasons = await set_aside(town.broker, far, aside + 2)
    assert any("does not prove" in reason or "vouch" in reason for reason in reasons)


@contextmanager
def serving(town: Town, folder: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A console of its own, as `peering serve`; killed at the end if it still runs."""
    address = town.broker.administrator_address
    topology = {
        "broker": {"url": f"amqp://{address.host}:{address.port}/{address.vhost}"},
        "accounts": [{"uid": one.uid, "password": one.password or ""} for one in town.context.accounts],
        "endpoints": [
            {"id": s.endpoint, "kind": "vpc", "account": s.account.uid, "region": s.region, "role": s.role}
            for s in town.sites
        ],
    }
    file = folder / "topology.json"
    file.write_text(json.dumps(topology))
    place = str(folder / "console")
    command = [*PEERING, "serve", "--topology", str(file), "--folder", place, "--listen", "127.0.0.1:0", "--json"]
    environment = surroundings(PEERING_MANAGEMENT_URL=town.broker.management_url)
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as program:
        try:
            yield program, read_until(program, event="ready")
        finally:
            program.kill()


async def test_a_console_that_is_killed_while_it_holds_loses_nothing(town: Town, tmp_path: Path) -> None:
    async with two_ends(town) as (first, second):
        with serving(town, tmp_path) as (program, ready):
            own = {"Authorization": f"Bearer {ready['token']}"}
            async with httpx.AsyncClient(
                base_url=f"{ready['url']}/_peering", headers=own, timeout=LIMIT_SECONDS
            ) as console:
                hold = {"do": "hold", "interface": first.interface, "to": town.far.endpoint, "message": "initiate"}
                assert (await console.post("/faults", json=hold, timeout=60)).status_code == 201
                await second.create(first)
                await first.create(second, initiate=True)

                async def held() -> int:
                    return len((await console.get("/held")).json())

                await wait_for(held, LIMIT_SECONDS, until=lambda count: count >= 2)
            os.kill(program.pid, signal.SIGKILL)
            program.wait()
        assert len(await town.taps()) >= 1
        assert (await second.show())["status"] == "Idle"
        with serving(town, tmp_path) as (program, ready):
            assert f"{town.start.account.uid}→{town.far.endpoint}" in ready["mended"]
            await at_rest(first, second, "Activated")
            program.terminate()
            program.wait()
        heard = [row["cause"] for row in await second.timeline() if row["cause"].startswith("heard Initiate")]
        assert len(heard) >= 2, "all that was held has arrived"
    assert await town.taps() == []


@pytest.fixture
def shared(broker: BrokerForTests, tmp_path: Path) -> Iterator[Up]:
    """A stack with one login for all accounts."""
    address = broker.administrator_address
    file, names = tmp_path / "topology.yaml", (fresh_id("vpc"), fresh_id("vpc"))
    file.write_text(
        "accounts: [{uid: alice}, {uid: bob}]\nendpoints:\n"
        f"  - {{id: {names[0]}, kind: vpc, account: alice, region: cn-x, role: initiator}}\n"
        f"  - {{id: {names[1]}, kind: vpc, account: bob, region: cn-y, role: acceptor}}\n"
    )
    url = f"amqp://{address.user}:{address.password}@{address.host}:{address.port}/{address.vhost}"
    with peering_up(file, tmp_path / "peering", PEERING_BROKER_URL=url, PEERING_LISTEN="127.0.0.1:0") as up:
        yield up


def test_with_one_login_for_all_a_message_is_held_as_well(shared: Up) -> None:
    terminal = shared.terminal
    first, second = (one["name"] for one in shared.processes)
    terminal.done("create", "--endpoint", first, "--id", "ri-a")
    terminal.done("create", "--endpoint", second, "--id", "ri-b")
    terminal.done("configure", "ri-a", "--peer", f"ri-b@{second}")
    terminal.done("configure", "ri-b", "--peer", f"ri-a@{first}")
    made = terminal.done("fault", "add", "hold", "--next-of", "bob", "--message", "declare", "--to", second)
    assert made["wires"] == [f"open→{second}"]
    terminal.done("initiate", "ri-a")
    terminal.both_show("Activated", "ri-a")
    wait_for_blocking(lambda: terminal.done("held", "list")["held"], LIMIT_SECONDS)
    assert terminal.done("show", "ri-b")["status"] == "Accepting"
    terminal.done("fault", "clear")
    terminal.both_show("Activated", "ri-b")
