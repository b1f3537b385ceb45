"""Tests of dead letters: the true reason, and no other delivery that suffers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.protocol.effects import Step
from shared.protocol.events import Event, Received
from shared.protocol.interface import Interface
from shared.runtime.deliveries import UNPROVEN, IncomingDelivery
from shared.wire.encoding import encode
from shared.wire.forms import BODY_LIMIT_BYTES
from shared.wire.request import KINDS
from tests.bodies import form_of
from tests.unit.runtime_bench import STEPS, Bench, bench, carried, connected, talk


@pytest.fixture
def a(tmp_path: Path) -> Iterator[Bench]:
    """An end that may initiate."""
    with bench(tmp_path, "initiator", "a") as made:
        yield made


@pytest.fixture
def b(tmp_path: Path) -> Iterator[Bench]:
    """An end that can only wait."""
    with bench(tmp_path, "acceptor", "b") as made:
        yield made


def bundle(**changed: object) -> bytes:
    """Write an empty bundle from A to B, apart from what is changed."""
    form = {"v": 1, "endpoint": "vpc-a", "account": "a", "to": "vpc-b", "life": 1, "messages": []}
    return encode(form | changed)


def request(**changed: object) -> bytes:
    """Write a question of B's owner, apart from what is changed."""
    form = {"v": 1, "request": "0" * 32, "account": "b", "endpoint": "vpc-b", "commands": [{"kind": "worker"}]}
    return json.dumps(form | changed).encode()


BAD: dict[str, tuple[IncomingDelivery, str]] = {
    "unproven": (IncomingDelivery(UNPROVEN, "a", bundle()), "the broker does not prove its sender"),
    "unknown type": (IncomingDelivery("peering.greeting", "a", bundle()), "unknown type of message"),
    "no type": (IncomingDelivery(None, "a", bundle()), "unknown type of message"),
    "another account": (IncomingDelivery(KINDS.bundle, "eve", bundle()), "another account than the broker proves"),
    "another endpoint": (IncomingDelivery(KINDS.bundle, "a", bundle(to="vpc-c")), "meant for another endpoint"),
    "empty": (IncomingDelivery(KINDS.bundle, "a", b""), "Invalid JSON"),
    "not JSON": (IncomingDelivery(KINDS.bundle, "a", b"\xff\x00"), "Invalid JSON"),
    "a list": (IncomingDelivery(KINDS.bundle, "a", b"[]"), "should be an object"),
    "no version": (IncomingDelivery(KINDS.bundle, "a", bundle(v=0)), "v: "),
    "newer, for another endpoint": (IncomingDelivery(KINDS.bundle, "a", bundle(v=2, to="vpc-c")), "another endpoint"),
    "newer, of another account": (IncomingDelivery(KINDS.bundle, "eve", bundle(v=2)), "another account"),
    "unknown field": (IncomingDelivery(KINDS.bundle, "a", bundle(extra=1)), "there is a field that is not known"),
    "unknown kind": (IncomingDelivery(KINDS.bundle, "a", bundle(messages=[{"kind": "greet"}])), "messages.0"),
    "deep nesting": (IncomingDelivery(KINDS.bundle, "a", b"[" * 100_000), "Invalid JSON"),
    "too large": (IncomingDelivery(KINDS.bundle, "a", bundle() + b" " * BODY_LIMIT_BYTES), "more than"),
    "not the owner": (
        IncomingDelivery(KINDS.request, "a", request(account="a"), "console.0"),
        "does not own this endpoint",
    ),
    "no reply_to": (IncomingDelivery(KINDS.request, "b", request()), "without reply_to"),
    "unknown command": (
        IncomingDelivery(KINDS.request, "b", request(commands=[{"kind": "x"}]), "console.0"),
        "commands.0",
    ),
    "no commands": (IncomingDelivery(KINDS.request, "b", request(commands=[]), "console.0"), "commands"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_delivery_is_set_aside_with_the_reason_and_a_good_one_in_the_same_batch_is_heard(
    a: Bench, b: Bench, name: str
) -> None:
    bad, reason = BAD[name]
    b.ask(b.create("ri-b", a.information("ri-a")))
    opened = a.run(a.asking(a.create("ri-a", b.information("ri-b"), initiate=True)))
    outcome = b.run(bad, *carried(opened, a), bad)
    assert [place for place, _ in outcome.rejected] == [0, 2]
    assert reason in outcome.rejected[0][1]
    assert b.processor.counters["rejected_deliveries"] == 2
    talk(b, a, outcome)
    assert [end.show(name)["status"] for end, name in ((a, "ri-a"), (b, "ri-b"))] == ["Activated", "Activated"]


def test_of_a_bundle_only_the_messages_that_cannot_be_read_are_set_aside(a: Bench, b: Bench) -> None:
    (delivery,) = initiations(a, b, "one", "bad", "two")
    form = form_of(delivery.body)
    form["messages"][1]["version"] = 0
    outcome = b.run(delivery._replace(body=encode(form)))
    ((place, reason),) = outcome.rejected
    assert (place, "messages.1.declare.version" in reason) == (0, True)
    assert form_of(outcome.rejected_parts[0]) == form | {"messages": [form["messages"][1]]}
    assert b.processor.counters["rejected_deliveries"] == 1
    talk(b, a, outcome)
    shown = {name: b.show(name)["status"] for name in ("ri-one", "ri-bad", "ri-two")}
    assert shown == {"ri-one": "Activated", "ri-bad": "Idle", "ri-two": "Activated"}


def faulty(state: Interface, event: Event) -> Step:
    """Handle all interfaces but one, whose messages bring out a bug."""
    if state.id == "ri-bad" and isinstance(event, Received):
        raise ZeroDivisionError("a bug in handling this one")
    return STEPS["acceptor"](state, event)


def initiations(a: Bench, b: Bench, *names: str) -> list[IncomingDelivery]:
    """Create both ends of connections, and have all of them initiated in one bundle."""
    commands: list[dict[str, Any]] = []
    for name in names:
        b.ask(b.create(f"ri-{name}", a.information(f"ri-a{name}")))
        commands.append(a.create(f"ri-a{name}", b.information(f"ri-{name}"), initiate=True))
    return carried(a.run(a.asking(*commands)), a)


def test_a_bug_in_handling_one_connection_does_not_stop_the_others(tmp_path: Path, a: Bench) -> None:
    with bench(tmp_path, "acceptor", "b", step=faulty) as b:
        outcome = b.run(*initiations(a, b, "one", "bad", "two"), b.asking(b.create("ri-new")))
        assert [str(one.error) for one in outcome.errors] == ["a bug in handling this one"]
        assert outcome.rejected == [(0, "ZeroDivisionError while it was handled")]
        assert b.processor.counters["rejected_deliveries"] == 1
        assert b.ask({"kind": "worker"})[0]["result"]["rejections"] == {"OwnError": 1}
        talk(b, a, outcome)
        shown = {name: b.show(name)["status"] for name in ("ri-one", "ri-bad", "ri-two", "ri-new")}
        assert shown == {"ri-one": "Activated", "ri-bad": "Idle", "ri-two": "Activated", "ri-new": "Idle"}
        assert b.processor.counters["errors"] >= 1


def test_a_bundle_with_many_faults_is_set_aside_once(tmp_path: Path, a: Bench) -> None:
    def all_but_one_faulty(state: Interface, event: Event) -> Step:
        if state.id != "ri-good":
            raise ZeroDivisionError(state.id)
        return STEPS["acceptor"](state, event)

    with bench(tmp_path, "acceptor", "b") as b:
        deliveries = initiations(a, b, "one", "two", "good")
    with bench(tmp_path, "acceptor", "b", step=all_but_one_faulty, nonce=2) as b:
        outcome = b.run(*deliveries)
        assert outcome.rejected == [(0, "ZeroDivisionError while it was handled")]
        assert b.processor.counters["rejected_deliveries"] == 1
        assert sum(one.what == "a delivery" for one in outcome.errors) == 2
        assert b.show("ri-good")["status"] == "Accepting"


def test_messages_are_counted_once_even_if_a_batch_is_replayed(tmp_path: Path, a: Bench) -> None:
    with bench(tmp_path, "acceptor", "b", step=faulty) as b:
        b.run(*initiations(a, b, "one"), *initiations(a, b, "two", "bad"))
        assert b.processor.counters["received_messages"] == 2


def test_a_stranger_learns_nothing_that_it_did_not_say(a: Bench, b: Bench) -> None:
    connected(a, b)
    a.ask(a.create("ri-x", b.information("ri-b"), initiate=True))
    outcome = b.run(*carried(a.outcomes[-1], a))
    messages = [m for message in outcome.outgoing for m in form_of(message.body)["messages"]]
    assert [(m["kind"], m["epoch"], m["reason"]) for m in messages] == [("not_ready", None, "PeerNotConfigured")]
