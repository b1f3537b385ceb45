"""Tests of a broker that goes and comes back: a private one, which is killed here."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.broker import control
from shared.broker.address import BrokerAddress
from shared.broker.amqp import Link, connection
from shared.broker.amqp.link import STOP_LIMIT_SECONDS
from shared.broker.container import ContainerBroker
from shared.broker.embedded import ADVICE, PrivateBroker, speaks_amqp
from shared.broker.errors import BrokerNotStarted
from shared.broker.messages import LinkCondition, PublishResult
from shared.broker.names import VHOST, endpoint_queue
from shared.broker.topology import Account, definitions
from shared.broker.watchdog import group_members
from tests.integration.broker_ladder import (
    LIMIT_SECONDS,
    BrokerForTests,
    Heard,
    administrator_definitions,
    consuming,
    linked,
    private_rung,
    saying,
    two_accounts,
)
from tests.waiting import wait_for, wait_for_blocking

BOOT_LIMIT_SECONDS = 90.0


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[BrokerForTests, PrivateBroker]]:
    """A private broker that this file may kill."""
    with private_rung(tmp_path_factory.mktemp("killed")) as running:
        yield running


async def test_nothing_confirmed_is_lost_when_the_broker_is_killed_under_traffic(
    own: tuple[BrokerForTests, PrivateBroker],
) -> None:
    broker, process = own
    two = await two_accounts(broker)
    heard, confirmed, unknown = Heard(), list[bytes](), list[bytes]()
    enough = asyncio.Event()

    async def speak(link: Link, speaker: int) -> None:
        number = 0
        while not enough.is_set():
            body = b"%d/%d" % (speaker, number)
            outcome = await link.publish(saying(two.bobs, body))
            assert outcome in {PublishResult.CONFIRMED, PublishResult.UNKNOWN}
            (confirmed if outcome is PublishResult.CONFIRMED else unknown).append(body)
            number += 1
            if outcome is PublishResult.UNKNOWN:
                await consuming(link)

    async def acknowledge_all(link: Link) -> None:
        seen = 0
        while True:
            await heard.more_than(seen, 20.0)
            seen = len(heard.deliveries)
            await link.acknowledge(heard.deliveries[:seen])

    async with (
        linked(broker.address(two.alice), two.alice.uid, Heard()) as alice,
        linked(broker.address(two.bob), two.bob.uid, heard, [two.to_bob()]) as bob,
        asyncio.TaskGroup() as tasks,
    ):
        for speaker in range(10):
            tasks.create_task(speak(alice, speaker))
        acknowledging = tasks.create_task(acknowledge_all(bob))
        await wait_for(lambda: len(confirmed) > 500, LIMIT_SECONDS)
        process.kill()
        await wait_for(lambda: alice.state.condition is LinkCondition.WAITING, LIMIT_SECONDS)
        await wait_for(lambda: bob.state.condition is LinkCondition.WAITING, LIMIT_SECONDS)
        before = len(confirmed)
        await asyncio.to_thread(process.restart)
        await consuming(alice)
        await consuming(bob)
        await wait_for(lambda: len(confirmed) > before + 500, LIMIT_SECONDS)
        enough.set()
        await wait_for(lambda: set(confirmed) <= set(heard.bodies()), LIMIT_SECONDS)
        acknowledging.cancel()
    assert unknown
    assert {delivery.session for delivery in heard.deliveries} == {1, 2}


async def test_a_queue_that_the_broker_cannot_read_any_more_costs_nobody_the_others(
    own: tuple[BrokerForTests, PrivateBroker],
) -> None:
    """RabbitMQ closes the whole connection of whoever consumes a quorum queue that has lost its process."""
    broker, process = own
    two = await two_accounts(broker)
    from_bob = endpoint_queue(two.bob.uid, two.bobs, two.bob.uid)
    heard = Heard()
    await asyncio.to_thread(break_queue, process, two.to_bob())
    queues = [two.to_bob(), from_bob.name]
    async with linked(broker.address(two.bob), two.bob.uid, heard, queues) as bob:
        ((missing, reason),) = bob.state.missing
        assert missing == two.to_bob()
        assert "INTERNAL_ERROR" in reason
        assert await bob.publish(saying(two.bobs, b"still here")) is PublishResult.CONFIRMED
        await wait_for(lambda: b"still here" in heard.bodies(), LIMIT_SECONDS)
        sessions = bob.state.session
        await control.delete_queue(broker.management_url, two.to_bob())
        await broker.provision([two.alice, two.bob], [(two.alice.uid, two.alices), (two.bob.uid, two.bobs)])
        await wait_for(lambda: not bob.state.missing, 60)
        assert bob.state.session == sessions


def break_queue(process: PrivateBroker, queue: str) -> None:
    """Take a quorum queue's process away from under it, as an accident at its deletion does."""
    name = f'list_to_atom("peering_{queue}")'
    process.rabbitmqctl("eval", f"ok = ra:stop_server(quorum_queues, {{{name}, node()}}).")


async def test_a_link_that_is_started_before_the_broker_waits_and_then_connects(
    own: tuple[BrokerForTests, PrivateBroker],
) -> None:
    broker, process = own
    two = await two_accounts(broker)
    process.stop()
    heard = Heard()
    async with linked(broker.address(two.bob), two.bob.uid, heard, [two.to_bob()], connect=False) as link:
        await wait_for(lambda: heard.conditions().count(LinkCondition.WAITING) >= 2, LIMIT_SECONDS)
        reasons = [state.reason for state in heard.states if state.condition is LinkCondition.WAITING]
        assert "can't be reached" in reasons[-1]
        assert await link.publish(saying(two.alices)) is PublishResult.UNKNOWN
        await asyncio.to_thread(process.restart)
        await consuming(link)
        assert await link.publish(saying(two.alices)) is PublishResult.CONFIRMED


async def test_a_link_stops_at_once_while_it_waits() -> None:
    heard = Heard()
    async with linked(BrokerAddress("127.0.0.1", 1, VHOST, "u", "p"), "u", heard, connect=False) as link:
        await wait_for(lambda: LinkCondition.WAITING in heard.conditions(), LIMIT_SECONDS)
        async with asyncio.timeout(STOP_LIMIT_SECONDS - 1):
            await link.stop()
    assert heard.conditions()[-1] is LinkCondition.STOPPED


async def test_a_broker_that_stalls_is_left_and_found_again(own: tuple[BrokerForTests, PrivateBroker]) -> None:
    """Stopped, not dead: the connection stays open and nothing moves, which no error ever reports."""
    broker, process = own
    two = await two_accounts(broker)
    assert process.pid is not None
    async with linked(broker.address(two.alice), two.alice.uid, Heard()) as alice:
        os.kill(process.pid, signal.SIGSTOP)
        try:
            outcomes = await asyncio.gather(*(alice.publish(saying(two.bobs)) for _ in range(3)))
            assert outcomes == [PublishResult.UNKNOWN] * 3
            await wait_for(lambda: alice.state.condition is not LinkCondition.CONSUMING, LIMIT_SECONDS)
        finally:
            os.kill(process.pid, signal.SIGCONT)
        await consuming(alice)
        assert await alice.publish(saying(two.bobs)) is PublishResult.CONFIRMED


async def test_a_broker_that_stalls_is_left_by_a_link_that_says_nothing(
    own: tuple[BrokerForTests, PrivateBroker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection that consumes hears no heartbeat, and takes the other one with it, which has none."""
    broker, process = own
    two = await two_accounts(broker)
    assert process.pid is not None
    monkeypatch.setattr(connection, "HEARTBEAT_SECONDS", 1)
    async with linked(broker.address(two.alice), two.alice.uid, Heard()) as alice:
        os.kill(process.pid, signal.SIGSTOP)
        try:
            await wait_for(lambda: alice.state.condition is not LinkCondition.CONSUMING, LIMIT_SECONDS)
        finally:
            os.kill(process.pid, signal.SIGCONT)
        await consuming(alice)
        assert await alice.publish(saying(two.bobs)) is PublishResult.CONFIRMED


def test_a_stopped_broker_leaves_nothing_running_and_its_files_are_its_owners_alone(tmp_path: Path) -> None:
    mask = os.umask(0)
    try:
        broker = PrivateBroker.start(tmp_path, administrator_definitions())
    finally:
        os.umask(mask)
    group = broker.group
    assert group is not None
    modes = {path.relative_to(tmp_path).as_posix(): path.lstat().st_mode & 0o077 for path in tmp_path.rglob("*")}
    assert {"broker.log", "output.log", "definitions.json", "data"} <= set(modes)
    assert not any(modes.values()), f"others may read {[name for name, bits in modes.items() if bits]}"
    assert speaks_amqp(broker.host, broker.amqp_port)
    assert broker.pid in group_members(group)
    broker.stop()
    assert group_members(group) == []
    assert (broker.pid, broker.group) == (None, None)
    assert not speaks_amqp(broker.host, broker.amqp_port)


PROGRAM = """
import sys
from pathlib import Path
from shared.broker.{module} import {name}
from tests.integration.broker_ladder import administrator_definitions
broker = {name}.start(Path(sys.argv[1]), administrator_definitions())
print(broker.{shown}, broker.amqp_port, flush=True)
sys.stdin.read()
"""


def killed_program(program: str, folder: Path) -> list[int]:
    """Run a program that starts a broker, kill it with SIGKILL, and return what it printed before."""
    with subprocess.Popen(
        [sys.executable, "-c", program, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        printed = [int(word) for word in running.stdout.readline().split()]
        running.kill()
    return printed


def test_a_broker_lets_clients_in_that_has_more_queues_than_a_third_of_its_descriptors(tmp_path: Path) -> None:
    """RabbitMQ before 4.0 reckons with three for each quorum queue, and lets nobody in beyond what it may have."""
    accounts = [Account(f"account-{number}", "secret") for number in range(20)]
    endpoints = [(one.uid, f"vpc-{number}") for number, one in enumerate(accounts)]
    document = definitions(accounts, endpoints, salt=b"salt")
    quorum = sum(one["arguments"].get("x-queue-type") == "quorum" for one in document["queues"])
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3 * quorum - 100, before[1]))
    try:
        with PrivateBroker.start(tmp_path / "crowd", document) as running:
            assert speaks_amqp(running.host, running.amqp_port)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_killed_program_leaves_no_broker_behind(tmp_path: Path) -> None:
    program = PROGRAM.format(module="embedded", name="PrivateBroker", shown="group")
    group, port = killed_program(program, tmp_path)
    wait_for_blocking(lambda: group_members(group) == [], LIMIT_SECONDS)
    assert not speaks_amqp("127.0.0.1", port)


def test_a_broker_that_can_not_start_says_why(tmp_path: Path) -> None:
    broken = administrator_definitions() | {"queues": "nonsense"}
    with pytest.raises(BrokerNotStarted, match="ended while it started"):
        PrivateBroker.start(tmp_path, broken)


def test_a_missing_program_is_named_with_the_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.broker.embedded.find_programs", lambda: None)
    assert not PrivateBroker.available()
    with pytest.raises(BrokerNotStarted) as missing:
        PrivateBroker.start(tmp_path, administrator_definitions())
    assert str(missing.value) == ADVICE


if ContainerBroker.available():

    def test_a_container_restarts_with_its_data_and_leaves_nothing_behind(tmp_path: Path) -> None:
        with ContainerBroker.start(tmp_path, administrator_definitions()) as broker:
            assert broker.pid
            broker.kill()
            assert not speaks_amqp(broker.host, broker.amqp_port)
            broker.restart()
            assert speaks_amqp(broker.host, broker.amqp_port)
        assert not speaks_amqp(broker.host, broker.amqp_port)

    def test_a_killed_program_leaves_no_container_behind(tmp_path: Path) -> None:
        program = PROGRAM.format(module="container", name="ContainerBroker", shown="pid")
        _, port = killed_program(program, tmp_path)
        wait_for_blocking(lambda: not speaks_amqp("127.0.0.1", port), LIMIT_SECONDS)
