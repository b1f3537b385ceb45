"""Tests of the command handler: a request repeated, and a refusal that leaves no trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.broker.amqp.publisher import MAX_BODY_BYTES
from shared.runtime import command_handler
from shared.store.payloads import Payloads
from shared.wire.forms import PAYLOAD_LIMIT_CHARACTERS
from shared.wire.request import KINDS
from shared.wire.views import LARGE_STORE, LARGE_STORE_BYTES, WorkerView
from tests.unit.runtime_bench import REPLY_TO, Bench, answers, bench, connected, said, talk

REQUEST = "0" * 32


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


def plain(kind: str, interface: str) -> dict[str, Any]:
    return {"kind": kind, "interface": interface}


def code(answer: dict[str, Any]) -> str | None:
    found: str | None = answer.get("code")
    return found


@pytest.mark.parametrize("role", ["initiator", "acceptor"])
def test_a_creation_whose_initiation_is_refused_creates_nothing(tmp_path: Path, role: str) -> None:
    with bench(tmp_path, role, "x") as x:
        peer = {"interface": "ri-y", "endpoint": "vpc-y", "account": "y", "region": "cn-hangzhou"}
        wanted = x.create("ri-x", None if role == "initiator" else peer, initiate=True)
        assert code(x.ask(wanted)[0]) == ("PeerNotConfigured" if role == "initiator" else "NotInitiator")
        assert code(x.ask(plain("show", "ri-x"))[0]) == "UnknownInterface"
        assert x.ask({"kind": "timeline", "interface": None, "after": 0, "limit": 9})[0]["result"]["rows"] == []


def test_creating_the_same_twice_is_creating_it_once(a: Bench, b: Bench) -> None:
    wanted = a.create("ri-a", b.information("ri-b"), name="mine")
    assert a.ask(wanted) == a.ask(wanted)
    assert code(a.ask(a.create("ri-a", b.information("ri-c"), name="mine"))[0]) == "InterfaceExists"
    assert code(a.ask(a.create("ri-a", b.information("ri-b"), name="other"))[0]) == "InterfaceExists"


def test_the_id_of_a_deleted_interface_is_not_given_again(a: Bench, b: Bench) -> None:
    connected(a, b)
    again = a.create("ri-a", b.information("ri-b"))
    assert a.ask(again)[0]["result"]["status"] == "Activated"
    deletion = a.run(a.asking(plain("delete", "ri-a")))
    assert code(a.ask(again)[0]) == "InterfaceDeleted"
    talk(a, b, deletion)
    assert (a.show("ri-a")["status"], b.show("ri-b")["status"]) == ("Deleted", "Deleted")
    assert code(a.ask(again)[0]) == "InterfaceDeleted"
    assert code(a.ask(a.create("ri-a"))[0]) == "InterfaceDeleted"
    assert b.ask(b.create("ri-b", a.information("ri-a")))[0]["outcome"] == "done", "its owner has not deleted this one"


def test_a_request_that_comes_twice_is_done_once_and_answered_twice(a: Bench, b: Bench) -> None:
    connected(a, b)
    send = {"kind": "send", "interface": "ri-a", "body": "once"}
    first = a.ask(send, request=REQUEST)
    assert a.ask(send, request=REQUEST) == first
    assert a.show("ri-a")["unacknowledged"] == 1
    assert first[0]["result"] == {"interface": "ri-a", "number": 1}


def test_a_request_that_comes_twice_in_one_batch_is_done_once(a: Bench, b: Bench) -> None:
    connected(a, b)
    delivery = a.asking({"kind": "send", "interface": "ri-a", "body": "once"}, request=REQUEST)
    outcome = a.run(delivery, delivery._replace(reply_to="console.5"))
    replies = [message for message in outcome.outgoing if message.type == KINDS.reply]
    assert [message.routing_key for message in replies] == [REPLY_TO, "console.5"]
    assert replies[0].body == replies[1].body
    assert len(said(outcome)) == 1


def test_a_request_that_was_answered_before_a_restart_is_answered_alike_after_it(tmp_path: Path) -> None:
    with bench(tmp_path, "initiator", "a") as a:
        first = a.ask(a.create("ri-a"), request=REQUEST)
        a.ask({"kind": "delete", "interface": "ri-a"})
    with bench(tmp_path, "initiator", "a", nonce=2) as a:
        assert a.ask(a.create("ri-a"), request=REQUEST) == first


def test_one_refused_command_does_not_stop_the_next(a: Bench) -> None:
    replies = a.ask(plain("suspend", "ri-no"), a.create("ri-a"), plain("initiate", "ri-a"), plain("show", "ri-a"))
    assert [code(one) for one in replies] == ["UnknownInterface", None, "PeerNotConfigured", None]
    assert replies[3]["result"]["status"] == "Idle"


@pytest.mark.parametrize("kind", ["initiate", "suspend", "resume", "delete", "show"])
def test_an_interface_that_is_not_there_is_unknown(a: Bench, kind: str) -> None:
    assert code(a.ask(plain(kind, "ri-no"))[0]) == "UnknownInterface"


@pytest.mark.parametrize("character", ["x", "\x01", "\N{GRINNING FACE}"])
def test_an_inbox_of_any_size_is_read_in_pages_that_can_be_sent(a: Bench, character: str) -> None:
    a.ask(a.create("ri-a"))
    body = character * PAYLOAD_LIMIT_CHARACTERS
    a.store.begin()
    for number in range(1, 301):
        Payloads(a.store._db).deliver("ri-a", 0.0, number, body)
    a.store.commit()
    numbers: list[int] = []
    after = 0
    while True:
        outcome = a.run(a.asking({"kind": "inbox", "interface": "ri-a", "after": after, "limit": 1000}))
        (message,) = [one for one in outcome.outgoing if one.type == KINDS.reply]
        assert len(message.body) <= MAX_BODY_BYTES
        result = answers(message)[0]["result"]
        if not result["payloads"]:
            break
        numbers += [payload["number"] for payload in result["payloads"]]
        after = result["next"]
    assert numbers == list(range(1, 301))


def test_payloads_are_acknowledged_in_pages_and_nobody_elses(a: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_handler, "PAGE_LIMIT", 2)
    a.ask(a.create("ri-a"), a.create("ri-b"))
    a.store.begin()
    for number in range(1, 4):
        a.store.payloads.deliver("ri-a", 0.0, number, "body")
        a.store.payloads.deliver("ri-b", 0.0, number, "body")
    a.store.commit()
    through = {"kind": "acknowledge", "interface": "ri-a", "through": 5}
    unknown = {**through, "interface": "ri-no"}
    first, second, third, nobody = a.ask(through, through, through, unknown)
    assert [one["result"]["removed"] for one in (first, second, third)] == [2, 1, 0]
    assert [one["result"]["more"] for one in (first, second, third)] == [True, False, False]
    assert code(nobody) == "UnknownInterface"
    assert [len(a.store.payloads.inbox(name, 0, 10)) for name in ("ri-a", "ri-b")] == [0, 3]


def test_an_answer_that_is_too_large_to_be_sent_is_a_refusal(a: Bench) -> None:
    a.ask(*(a.create(f"ri-{number}", name="\x01" * 128) for number in range(200)))
    listing = {"kind": "list", "after": "", "limit": 1000, "deleted": False}
    replies = a.ask(*[listing] * 100)
    assert {code(one) for one in replies} == {"TooMuch"}
    assert len(a.ask(listing)[0]["result"]["interfaces"]) == 200


def test_a_listing_goes_on_after_its_last_interface(a: Bench) -> None:
    a.ask(*(a.create(f"ri-{number}") for number in range(5)), plain("delete", "ri-3"))
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        page = a.ask({"kind": "list", "after": after, "limit": 2, "deleted": False})[0]["result"]
        seen += [one["interface"] for one in page["interfaces"]]
        after = page["next"]
    assert seen == ["ri-0", "ri-1", "ri-2", "ri-4"]


@pytest.mark.parametrize(
    ("match", "found"),
    [
        ({"status": "Connecting"}, ["ri-1"]),
        ({"status": "Idle"}, ["ri-0", "ri-2"]),
        ({"name": "OFF"}, ["ri-0", "ri-1"]),
        ({"name": "%"}, []),
        ({"peer": "ri-b@vpc-b"}, ["ri-1"]),
        ({"peer": "BOB"}, ["ri-1"]),
        ({"text": "ri-2"}, ["ri-2"]),
        ({"text": "connecting"}, ["ri-1"]),
        ({"text": "vpc-b"}, ["ri-1"]),
        ({"status": "Idle", "name": "office"}, ["ri-0"]),
    ],
)
def test_a_listing_holds_what_matches(a: Bench, match: dict[str, str], found: list[str]) -> None:
    peer = {"interface": "ri-b", "endpoint": "vpc-b", "account": "bob", "region": "r"}
    a.ask(
        a.create("ri-0", name="Office"),
        {"kind": "create", "interface": "ri-1", "name": "backoffice", "peer": peer, "initiate": True},
        a.create("ri-2"),
    )
    page = a.ask({"kind": "list", "after": "", "limit": 9, "deleted": False, "match": match})[0]["result"]
    assert [one["interface"] for one in page["interfaces"]] == found


def test_a_watcher_is_told_every_row_once_until_its_time_is_over(a: Bench) -> None:
    watch = {"kind": "subscribe", "interface": None, "after": 0, "seconds": 10}
    a.run(a.asking(watch, request=REQUEST))
    rows: list[int] = []
    for number in range(3):
        outcome = a.run(a.asking(a.create(f"ri-{number}")), after=4)
        told = [one for one in outcome.outgoing if one.type == KINDS.observations]
        assert all((one.routing_key, one.correlation_id) == (REPLY_TO, REQUEST) for one in told)
        rows += [row["row"] for one in told for row in json.loads(one.body)["rows"]]
    assert rows == [1, 2]
    assert said(a.run()) == []


def test_a_worker_tells_of_itself(a: Bench) -> None:
    a.ask(a.create("ri-a"))
    told = a.ask({"kind": "worker"})[0]["result"]
    assert (told["endpoint"], told["role"], told["statuses"], told["life"]) == ("vpc-a", "initiator", {"Idle": 1}, 1)


def test_a_worker_tells_the_size_of_its_store_and_warns_of_a_large_one(a: Bench) -> None:
    view = WorkerView.model_validate(a.ask({"kind": "worker"})[0]["result"])
    assert (view.store_bytes >= 4096, view.lacks) == (True, [])
    assert view.model_copy(update={"store_bytes": LARGE_STORE_BYTES + 1}).lacks == [LARGE_STORE]
