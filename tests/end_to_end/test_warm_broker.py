"""Tests of `peering broker`: it outlives its command for as long as was said, and those that share it can't meet."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from stat import S_IMODE
from typing import Any

import pytest

from console.topology import find_context
from shared.broker.amqp import ConsoleLink
from shared.broker.embedded import speaks_amqp
from shared.broker.errors import BrokerRefused
from tests.end_to_end.programs import LIMIT_SECONDS, REPOSITORY, Terminal, Up, establish, peering_up, running_with
from tests.waiting import wait_for_blocking

CROSS_ACCOUNT = REPOSITORY / "examples" / "cross-account.yaml"


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A terminal in whose folder a broker may be kept warm; it is cold afterwards."""
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.done("broker", "stop")
    is_cold(tmp_path)


def is_cold(folder: Path) -> None:
    wait_for_blocking(lambda: not running_with(str(folder)), LIMIT_SECONDS, what="nothing of the broker is left")


def port_of(told: dict[str, Any]) -> int:
    return int(told["address"].rpartition(":")[2])


async def login_opens(up: Up, world: Up) -> None:
    """Log in as one's Alice where the other is. Raises BrokerRefused."""
    own, other = (find_context(one.folder / "context.json", environment={}) for one in (up, world))
    address, place = own.login("alice"), other.broker
    there = type(address)(place.host, place.port, place.vhost, address.user, address.password)
    link = ConsoleLink(there, account="alice", name="test", on_delivery=print, on_lost=print)
    try:
        await link.open()
    finally:
        await link.close()


async def test_two_share_one_without_meeting_and_nothing_of_theirs_stays(terminal: Terminal, tmp_path: Path) -> None:
    started = terminal.done("broker", "start", "--for", "20m")
    assert speaks_amqp("127.0.0.1", port_of(started))
    assert "password" not in str(started)
    assert terminal.refused("broker", "start") == "StackRefused"
    warm = str(tmp_path / ".peering-broker")
    files = [tmp_path / ".peering-broker", *(tmp_path / ".peering-broker").iterdir()]
    assert {S_IMODE(file.stat().st_mode) & 0o077 for file in files} == {0}
    folders = [tmp_path / "first", tmp_path / "second"]
    with (
        peering_up(CROSS_ACCOUNT, folders[0], "--warm", warm, PEERING_LISTEN="127.0.0.1:0") as first,
        peering_up(CROSS_ACCOUNT, folders[1], PEERING_WARM_BROKER=warm, PEERING_LISTEN="127.0.0.1:0") as second,
    ):
        establish(first)
        assert second.terminal.done("show")["interfaces"] == []
        establish(second)
        second.terminal.done("fault", "add", "hold", "--interface", "ri-one")
        first.terminal.done("suspend", "ri-one")
        first.terminal.both_show("Suspended", "ri-one", "ri-two")
        second.terminal.both_show("Activated", "ri-one", "ri-two")
        shown = terminal.done("broker", "status")
        assert sorted(one["folder"] for one in shown["worlds"]) == sorted(map(str, folders))
        await login_opens(first, first)
        with pytest.raises(BrokerRefused):
            await login_opens(first, second)
    assert terminal.done("broker", "status")["worlds"] == []
    assert terminal.done("broker", "stop")["stopped"] is True
    assert not speaks_amqp("127.0.0.1", port_of(started))
    assert terminal.refused("broker", "status") == "NoWarmBroker"


def test_it_stops_by_itself_when_its_time_is_over(terminal: Terminal, tmp_path: Path) -> None:
    started = terminal.done("broker", "start", "--for", "10s")
    is_cold(tmp_path)
    assert not speaks_amqp("127.0.0.1", port_of(started))
    assert terminal.refused("broker", "status") == "NoWarmBroker"


def test_it_ends_with_its_keeper_however_that_ends(terminal: Terminal, tmp_path: Path) -> None:
    started = terminal.done("broker", "start")
    keeper = int((tmp_path / ".peering-broker" / "lock").read_text())
    os.kill(keeper, signal.SIGKILL)
    is_cold(tmp_path)
    assert not speaks_amqp("127.0.0.1", port_of(started))
    assert terminal.refused("broker", "status") == "NoWarmBroker"
    assert terminal.done("broker", "start", "--for", "5m")["until"] > 0


def test_a_broker_that_is_not_warm_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    said = Terminal(tmp_path).type("up", str(CROSS_ACCOUNT), "--warm", "nowhere")
    assert (said["exit"], said["code"]) == (1, "StackRefused")
    assert "no broker is warm in nowhere: `peering broker start --folder nowhere`" in said["sentence"]
