"""Tests of the public package: both clients on a real socket, and its models against the simulator's description."""

from __future__ import annotations

import asyncio
import typing
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, assert_type

import httpx
import pytest
import pytest_asyncio

import peering_handshake
from console.client import following
from console.faults.model import Fault, HeldOrder, StandingFault
from console.web.app import described_app, make_app
from console.web.cloud.cloud import cloud_of
from console.web.listening import Listen, bound, url_of
from console.web.serving import serving
from peering_handshake import (
    AsyncEnd,
    AsyncSimulator,
    End,
    PeeringError,
    Refused,
    Simulator,
    TimedOut,
    Unanswered,
    ends,
    faults,
    models,
    simulator,
)
from peering_handshake.starting import topology
from peering_handshake.talking import Call, Spoken
from shared.protocol.words import Status
from tests.unit.console_world import World
from tests.unit.dead_letter_queue import HEARTBEAT, DeadLetterQueue, aside, dead_letter_queue
from tests.unit.web_program import TOKEN, site_in, world_for_consoles


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(following, "LOOK_SECONDS", 0.02)
    yield from world_for_consoles(tmp_path, monkeypatch)


@pytest_asyncio.fixture
async def url(world: World, tmp_path: Path) -> AsyncIterator[str]:
    """A simulator on a real socket, with the broker alone faked."""
    assert world.workers
    with bound(Listen(port=0)) as listening:
        async with site_in(tmp_path) as site, cloud_of(site) as cloud, serving(make_app(site, TOKEN, cloud), listening):
            yield url_of(listening)


def the_story(url: str) -> None:
    with Simulator(url=url, token=TOKEN) as sim:
        a, b = sim.pair("alice", "bob")
        assert (a.endpoint, b.endpoint, a.status()) == ("vpc-a", "vpc-b", "Idle")
        assert "peering initiate" in a.why()
        with pytest.raises(TimedOut, match=r"is Idle and not Activated after 0\.1 s\."):
            a.wait("Activated", timeout=0.1)
        with pytest.raises(Refused) as refused:
            b.initiate()
        assert refused.value.code == "NotInitiator"
        assert_type(a.initiate(), str)
        a.wait("Activated")
        b.wait("Activated")
        assert assert_type(a.send("hello"), int) == 1
        assert [one["body"] for one in b.inbox()] == ["hello"]
        assert b.inbox(after=b.inbox()[-1]["row"]) == []
        assert (a.show()["link"], sim.end(a.name).status()) == (True, "Activated")
        assert {one["interface"] for one in sim.interfaces()} == {a.interface, b.interface}
        assert a.trace("mmd").startswith("sequenceDiagram")
        assert sim.key("alice")["secret"]
        b.suspend()
        b.resume()
        a.delete()
        with pytest.raises(Refused, match="InterfaceDeleted"):
            sim.create("vpc-a", a.interface)
        assert sim.reset()["faults"] == 0
        assert sim.interfaces() == []


async def test_the_synchronous_client_tells_the_story(url: str) -> None:
    await asyncio.to_thread(the_story, url)


async def test_the_asynchronous_client_tells_the_same(url: str) -> None:
    async with AsyncSimulator(url=url, token=TOKEN) as sim:
        a, b = assert_type(await sim.pair("vpc-a", "1002", connected=True), tuple[AsyncEnd, AsyncEnd])
        assert assert_type(await a.send("hello"), int) == 1
        assert [one["body"] for one in await b.inbox()] == ["hello"]
        with pytest.raises(Refused, match="IncorrectStatus"):
            await b.configure(a)
        alone = await sim.create("vpc-b", name="alone")
        with pytest.raises(Refused, match="NotInitiator"):
            await alone.initiate()
        with pytest.raises(Refused, match=r"NoSuchEndpoint: No endpoint of bob runs as the initiator\."):
            await sim.pair("bob", "alice")
        with pytest.raises(Refused, match=r"InvalidRequest: path\.interface"):
            await sim.end("ri-A@vpc-a").status()


@pytest.fixture
def dead(monkeypatch: pytest.MonkeyPatch) -> DeadLetterQueue:
    """Four that lie there: one that would be taken now, one that is no bundle, two of Mallory's."""
    good, bad = aside(HEARTBEAT, "OSError while it was handled"), aside(b"{", "Invalid JSON: …")
    return dead_letter_queue(monkeypatch, [good, bad, *[aside(HEARTBEAT, "nothing", by="1003")] * 2])


def with_dead_letters(url: str) -> None:
    with Simulator(url=url, token=TOKEN) as sim:
        good, bad, forged, _ = assert_type(sim.dead_letters(), list[models.DeadLetterView])
        assert [(one["sender"], one["endpoint"], one["set_aside_by"]) for one in (good, forged)] == [
            ("1001", "vpc-b", "1002"),
            ("1001", "vpc-b", "1003"),
        ]
        assert sim.dead_letters(limit=1) == [good]
        assert (good["replay"], bad["replay"], forged["replay"]) == (None, "StillUnreadable", "NotItsReceiver")
        assert (bad["code"], bad["body"], sim.dead_letter(bad["id"])["body"]) == ("NotJson", None, "{")
        for one in (bad, forged):
            with pytest.raises(Refused, match=str(one["replay"])):
                sim.replay_dead_letter(one["id"])
        assert sim.replay_dead_letter(good["id"])["would_be"] == "a bundle of vpc-a: a sign of life"
        assert assert_type(sim.drop_dead_letter(forged["id"]), int) == 2
        with pytest.raises(Refused, match="UnknownDeadLetter"):
            sim.drop_dead_letter(good["id"])
        assert (sim.drop_dead_letters(), sim.dead_letters()) == (1, [])


async def test_dead_letters_are_read_replayed_and_dropped(url: str, dead: DeadLetterQueue) -> None:
    await asyncio.to_thread(with_dead_letters, url)
    ((sender, message),) = dead.said
    assert (sender, message.routing_key, message.body) == ("1001", "vpc-b", HEARTBEAT)


async def test_dead_letters_are_asked_for_asynchronously(url: str, dead: DeadLetterQueue) -> None:
    async with AsyncSimulator(url=url, token=TOKEN) as sim:
        one, *_ = assert_type(await sim.dead_letters(), list[models.DeadLetterView])
        assert (await sim.dead_letter(one["id"]))["body"] == HEARTBEAT.decode()
        await sim.replay_dead_letter(one["id"])
        assert (await sim.drop_dead_letters(), dead.lying, len(dead.said)) == (3, [], 1)


async def test_payloads_that_were_read_are_let_go(url: str) -> None:
    async with AsyncSimulator(url=url, token=TOKEN) as sim:
        a, b = await sim.pair("alice", "bob", connected=True)
        for number in range(5):
            await a.send(str(number))
        await b.wait("Activated")
        first, *_, last = await b.inbox()
        assert assert_type(await b.acknowledge(first["row"]), int) == 1
        assert [one["body"] for one in await b.inbox()] == ["1", "2", "3", "4"]
        assert await b.acknowledge(last["row"]) == 4
        assert (await b.inbox(), await b.acknowledge(last["row"])) == ([], 0)
        with pytest.raises(Refused, match="UnknownInterface"):
            await sim.end("ri-nobody@vpc-b").acknowledge(1)


async def test_events_are_what_happens_from_then_on(url: str) -> None:
    async with AsyncSimulator(url=url, token=TOKEN) as sim:
        a, _ = await sim.pair("alice", "bob")
        seen: list[str] = []
        async with asyncio.timeout(60):
            listening = sim.line.listen({"interface": a.name})
            async for name, data in listening:
                if name == "watching":
                    await a.initiate()
                else:
                    seen.append(data["status"])
                if {"Accepting", "Activated"} <= set(seen):
                    break
            await typing.cast("Any", listening).aclose()
        assert "Connecting" in seen


async def test_who_is_not_there_or_does_not_admit_is_told_apart(url: str, world: World) -> None:
    async with AsyncSimulator(url=url, token="wrong" * 8) as sim:
        with pytest.raises(Refused, match="NotAdmitted: refused: the access token is missing"):
            await sim.endpoints()
    async with AsyncSimulator(url=url, token=TOKEN) as sim:
        world.absent.add("vpc-b")
        with pytest.raises(Unanswered, match="NoRoute"):
            await sim.interfaces()
    with bound(Listen(port=0)) as unused:
        nowhere = url_of(unused)
    async with AsyncSimulator(url=nowhere, token=TOKEN) as sim:
        with pytest.raises(Unanswered, match="NoSimulator: No simulator answers at"):
            await sim.endpoints()


def test_a_fault_on_a_way_names_its_ends_and_the_interface() -> None:
    sim: Any = object()
    way = End(sim, "ri-a", "vpc-a") >> End(sim, "ri-b", "vpc-b")
    call = next(faults.FaultTalks.drop.talk(faults.FaultTalks(), way, status="Activated", times=2))
    asked = Fault.model_validate(call.arguments["json"])
    assert asked.sentence == "drop every message (Activated) of ri-a from vpc-a to vpc-b"
    assert asked.times == 2
    call = next(faults.FaultTalks.hold.talk(faults.FaultTalks(), way, next_of="alice"))
    assert Fault.model_validate(call.arguments["json"]).interface is None
    order = next(faults.FaultTalks.order.talk(faults.FaultTalks(), "release", 3, 4))
    assert HeldOrder.model_validate(order.arguments["json"]).numbers == [3, 4]


SCHEMAS = described_app().openapi()["components"]["schemas"]
MODELS = {
    name: model
    for name, model in vars(models).items()
    if typing.is_typeddict(model) and model.__module__ == models.__name__
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_has_the_fields_of_its_description(name: str) -> None:
    fields = set(typing.get_type_hints(MODELS[name]))
    assert fields <= set(SCHEMAS[name]["required"]), "each is always there"
    left_out = set(SCHEMAS[name]["properties"]) - fields
    assert left_out <= ({"fault"} if name == StandingFault.__name__ else set())


def test_the_words_of_faults_and_statuses_are_those_of_the_simulator() -> None:
    known = {field.alias or name for name, field in Fault.model_fields.items()}
    assert set(typing.get_type_hints(faults.Which)) == known - {"do", "from", "to", "interface", "worker"}
    assert set(typing.get_args(models.Status)) == {status.value for status in Status}


def spoken() -> Iterator[tuple[str, Call]]:
    """The first call of every talk."""
    sim = simulator.Simulator(url="http://127.0.0.1:1")
    line: Any = object()
    sim.line = line
    end = End(line, "ri-a", "vpc-a")
    for owner in (end, faults.Faults(line), sim):
        for kind in type(owner).__mro__:
            for name, talk in vars(kind).items():
                if isinstance(talk, Spoken):
                    code = talk.talk.__code__
                    needed = code.co_argcount - 1 - len(talk.talk.__defaults__ or ())
                    values: dict[str, Any] = {"way": end >> end, "peer": end, "status": "Activated", "do": "kill"}
                    given = [values.get(one, "vpc-a") for one in code.co_varnames[1 : 1 + needed]]
                    yield f"{kind.__name__}.{name}", next(talk.talk(owner, *given))


def test_every_call_is_one_that_the_simulator_describes() -> None:
    paths = described_app().openapi()["paths"]
    known = {(method.upper(), path.replace("{interface}", "ri-a@vpc-a")) for path in paths for method in paths[path]}
    known |= {(method, path.replace("{verb}", verb)) for method, path in known for verb in ends_verbs()}
    known |= {(method, path.replace("{name}", "vpc-a").replace("{wanted}", "vpc-a")) for method, path in known}
    calls = dict(spoken())
    assert len(calls) >= 34
    assert {name: one for name, one in calls.items() if (one.method, f"/_peering{one.path}") not in known} == {}


def ends_verbs() -> list[str]:
    return ["initiate", "suspend", "resume", "delete"]


def test_a_topology_gives_every_account_an_end_of_each_role() -> None:
    made = topology(["alice", "bob"])
    assert [(one["id"], one["role"]) for one in made["endpoints"]] == [
        ("vpc-alice", "initiator"),
        ("vpc-alice-in", "acceptor"),
        ("vpc-bob", "initiator"),
        ("vpc-bob-in", "acceptor"),
    ]


def test_every_method_says_what_it_does_and_errors_are_one_tree() -> None:
    for kind in (ends.EndTalks, faults.FaultTalks, simulator.SimulatorTalks):
        assert [name for name, one in vars(kind).items() if isinstance(one, Spoken) and not one.__doc__] == []
    assert issubclass(Refused, PeeringError)
    assert httpx.__name__ == "httpx"


def test_each_public_name_is_imported_when_it_is_used_and_no_other_is_there() -> None:
    named = {name: getattr(peering_handshake, name).__name__ for name in peering_handshake.__all__}
    assert named == {name: name for name in peering_handshake.__all__}
    assert set(peering_handshake.__all__) <= set(dir(peering_handshake))
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        getattr(peering_handshake, "Nothing")  # noqa: B009 - a name that type checkers refuse
