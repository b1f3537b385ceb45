"""Tests of keeping our own broker alive, whatever keeps it from booting."""

import asyncio
import subprocess
from typing import cast

import pytest

from console.stack import own_broker
from console.stack.own_broker import OwnBroker, keep_alive
from console.stack.supervised import State
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
