"""Tests of keeping our own broker alive, whatever keeps it from booting."""

import asyncio
import subprocess
from pathlib import Path
from typing import cast

import pytest

from console.stack import own_broker
from console.stack.own_broker import OwnBroker, keep_alive, say_if_long, start
from console.stack.supervised import State
from shared.broker.embedded import PrivateBroker
from shared.broker.errors import BrokerNotStarted
from tests.waiting import wait_for

ERRORS = [
    OSError(24, "Too many open files"),
    RuntimeError("can't start new thread"),
    BrokerNotStarted("RabbitMQ ended while it started.\nand its log"),
    subprocess.TimeoutExpired("docker", 30),
    TimeoutError("process group 1 survives SIGKILL"),
]


class Broker:
    """A broker that is gone, and boots once all its errors have happened."""

    def __init__(self, errors: list[Exception]) -> None:
        """Raise these errors, one a boot."""
        self.errors = errors
        self.alive = False

    def restart(self) -> None:
        """Boot, if no error is left."""
        if self.errors:
            raise self.errors.pop(0)
        self.alive = True


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    monkeypatch.setattr(own_broker, "_LOOK_EVERY_SECONDS", 0.001)
    monkeypatch.setattr(own_broker, "is_alive", lambda own: own.alive)
    return Broker(list(ERRORS))


async def test_whatever_may_pass_is_waited_for_and_said(broker: Broker) -> None:
    said: list[tuple[State, str]] = []
    keeping = asyncio.create_task(keep_alive(cast("OwnBroker", broker), lambda *change: said.append(change)))
    await wait_for(lambda: broker.alive and said[-1][0] is State.RUNNING, 60)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    reasons = [reason for _, reason in said]
    assert [reason for reason in reasons if reason != "ended"] == [
        "[Errno 24] Too many open files",
        "can't start new thread",
        "RabbitMQ ended while it started.",
        "Command 'docker' timed out after 30 seconds",
        "process group 1 survives SIGKILL",
    ]


async def test_a_mistake_of_ours_ends_the_task_with_it(broker: Broker) -> None:
    broker.errors = [ZeroDivisionError("nobody foresaw this")]
    with pytest.raises(ZeroDivisionError):
        await keep_alive(cast("OwnBroker", broker), lambda *_: None)


@pytest.mark.parametrize(
    ("queues", "said"),
    [
        (1_000, []),
        (1_233, ["queues: 1,233, and RabbitMQ takes about 10 seconds to make so many"]),
        (6_481, ["queues: 6,481, and RabbitMQ takes about 60 seconds to make so many"]),
        (18_481, ["queues: 18,481, and RabbitMQ takes about 3 minutes to make so many"]),
    ],
)
def test_how_long_a_broker_makes_queues_is_said_where_that_is_long(queues: int, said: list[str]) -> None:
    heard: list[str] = []
    say_if_long({"queues": [{}] * queues}, heard.append)
    assert heard == said


async def test_it_is_said_before_the_broker_boots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []

    def boot(*_: object) -> None:
        assert [one.partition(":")[0] for one in heard] == ["broker", "queues"]
        raise BrokerNotStarted("it has no room")

    monkeypatch.setattr(PrivateBroker, "available", lambda: True)
    monkeypatch.setattr(PrivateBroker, "start", boot)
    with pytest.raises(BrokerNotStarted, match="it has no room"):
        await start(tmp_path / "broker", {"queues": [{}] * 2_000}, heard.append)
