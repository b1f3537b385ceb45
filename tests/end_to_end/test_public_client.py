"""Tests of the public package on a simulator that it starts itself: real workers and a private RabbitMQ."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from peering_handshake import AsyncSimulator, NotStarted, Refused, Simulator, starting
from tests.waiting import wait_for_blocking

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(400)]

LIMIT_SECONDS = 90.0


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PEERING_CONSOLE_URL", "PEERING_CONSOLE_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def started() -> Iterator[Simulator]:
    with Simulator(accounts=["alice", "bob"]) as sim:
        yield sim


def test_the_third_message_is_lost_twice_and_the_link_comes_up_all_the_same(started: Simulator) -> None:
    sim = started
    a, b = sim.pair("alice", "bob")
    sim.faults.drop(a >> b, status="Activated", times=2)
    a.initiate()
    a.wait("Activated", timeout=LIMIT_SECONDS)
    b.wait("Activated", timeout=LIMIT_SECONDS)
    (fault,) = sim.faults.listed(a) or sim.faults.listed()
    assert (fault["struck"], fault["over"]) == (2, True)
    assert "lost" in a.trace("txt") or "drop" in a.trace("txt")
    assert a.why().startswith(f"{a.interface} is up")


def test_what_is_held_is_seen_and_released(started: Simulator) -> None:
    a, b = started.pair("bob", "alice")
    fault = started.faults.hold(a >> b, message="initiate")
    a.initiate()
    wait_for_blocking(lambda: started.faults.held(a), LIMIT_SECONDS, until=bool)
    assert (a.status(), b.status()) == ("Connecting", "Idle")
    assert "On purpose: fault" in a.why()
    started.faults.clear(fault["number"])
    b.wait("Activated", timeout=LIMIT_SECONDS)
    with pytest.raises(Refused, match="UnknownFault"):
        started.faults.clear(fault["number"])


async def test_the_same_simulator_is_asked_by_url_and_asynchronously(started: Simulator) -> None:
    async with AsyncSimulator(url=started.access.url, token=started.access.token) as sim:
        reached = await sim.situation("third-message-lost")
        assert (await reached.initiator.status(), await reached.acceptor.status()) == ("Activated", "Accepting")
        assert reached.healing
        assert (await sim.reset())["interfaces"] >= 2
        assert await sim.faults.listed() == []
        a, b = await sim.pair("alice", "bob", connected=True, timeout=LIMIT_SECONDS)
        assert (await b.show())["link"] is True
        assert await a.delete() in {"Deleting", "Deleted"}


def test_where_only_the_client_is_installed_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = (*starting.PROGRAM[:1], "-S", *starting.PROGRAM[1:])  # no site-packages
    monkeypatch.setattr(starting, "PROGRAM", bare)
    with pytest.raises(NotStarted, match=r"pip install 'peering-handshake\[server\]'"), Simulator():
        pytest.fail("there is no program")


def test_what_cannot_start_says_why() -> None:
    with pytest.raises(NotStarted, match="`peering up` did not start"), Simulator(accounts=["not a uid"]):
        pytest.fail("there is no such account")
