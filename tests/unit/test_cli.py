"""Tests of the program `peering`: sentences, exit codes and fields."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console.client import Refused, sending
from console.trace.model import Trace
from shared.wire import views
from tests.unit.console_world import ENDPOINTS
from tests.unit.peering_program import Peering, program


@pytest.fixture
def peering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Peering]:
    yield from program(tmp_path, monkeypatch)


def test_the_cross_account_story(peering: Peering) -> None:
    assert peering("create", "--endpoint", "vpc-a", "--id", "ri-a").stdout == "ri-a: Idle\n"
    refused = peering("initiate", "ri-a", code=1)
    assert refused.stdout == ""
    assert refused.stderr.startswith("refused (PeerNotConfigured): Peer information must be configured")
    peering.connect()
    assert peering("wait", "ri-a", "--status", "activated").stdout == "ri-a: Activated\n"
    shown = peering("show", "ri-b").stdout
    assert "The link exists: ri-b and ri-a are both Activated and name each other." in shown
    assert "Charged: the initiator." in shown
    assert peering("why", "ri-a").stdout == "ri-a is up: both ends are Activated and name each other.\n"
    assert peering("send", "ri-b", "hello").stdout == "ri-b: accepted as number 1\n"
    assert peering("inbox", "ri-a").stdout.endswith("1  hello\n")
    peering("suspend", "ri-b")
    peering("wait", "ri-a", "--status", "Suspended")
    assert peering.json("resume", "ri-a", code=1)["code"] == "HeldByPeer"
    peering("resume", "ri-b")
    peering("wait", "ri-a", "--status", "Activated")
    peering("delete", "ri-a")
    peering("wait", "ri-b", "--status", "Deleted")


def test_the_fields_of_json_are_those_of_the_views(peering: Peering) -> None:
    peering.connect()
    shown = peering.json("show", "ri-a")
    beside = {"other", "link", "sentence", "trouble"}
    assert shown.keys() == set(views.InterfaceView.model_fields) | beside
    assert shown["link"] is True
    assert shown["other"]["interface"] == "ri-b"
    listed = peering.json("show")
    assert [one["interface"] for one in listed["interfaces"]] == ["ri-a", "ri-b"]
    assert listed["silent"] == []
    assert peering.json("worker", "vpc-b").keys() == set(views.WorkerView.model_fields)
    assert len(peering.json("worker")["workers"]) == 3
    rows = peering.json("timeline", "ri-a")["rows"]
    assert rows[0].keys() == set(views.TimelineRow.model_fields)
    assert [row["status"] for row in rows if row["was"] != row["status"]] == ["Idle", "Connecting", "Activated"]
    assert len(peering.json("timeline", "ri-a", "--limit", "2")["rows"]) == 2
    sent = peering.json("send", "ri-a", "x")
    assert sent == {"outcome": "done", "interface": "ri-a", "endpoint": "vpc-a", "count": 1, "first": 1, "last": 1}
    assert peering.json("inbox", "ri-b")["payloads"][0].keys() == set(views.PayloadView.model_fields)
    assert peering.json("wait", "ri-a", "--status", "Activated")["outcome"] == "done"
    assert peering.json("why", "ri-a")["asked_both"] is True


def test_both_ends_of_one_account_establish_by_themselves(peering: Peering) -> None:
    both = peering.json("create", "--both", "--from", "vpc-a", "--to", "vpc-c", "--name", "pair")
    assert (both["outcome"], both["link"]) == ("done", True)
    assert [both[end]["status"] for end in ("initiator", "acceptor")] == ["Activated", "Activated"]
    assert both["initiator"]["charged"] == "nobody"
    assert "The link exists" in peering("create", "--both", "--from", "vpc-a", "--to", "vpc-c").stdout


@pytest.mark.parametrize(
    ("source", "target", "code"),
    [
        ("vpc-a", "vpc-b", "NotOwner"),
        ("vpc-c", "vpc-a", "NotInitiator"),
        ("vpc-a", "vpc-a", "SameEndpoint"),
        ("vbr-a", "vbr-b", "VbrToVbr"),
    ],
)
def test_both_ends_are_refused_where_they_could_not_meet(peering: Peering, source: str, target: str, code: str) -> None:
    answer = peering.json("create", "--both", "--from", source, "--to", target, code=1)
    assert (answer["outcome"], answer["code"]) == ("refused", code)
    assert not peering.json("show", "--deleted")["interfaces"]


def test_the_first_end_is_taken_back_if_the_second_cannot_be_made(peering: Peering) -> None:
    peering.world.silent.add("vpc-a")
    answer = peering.json("create", "--both", "--from", "vpc-a", "--to", "vpc-c", "--patience", "0.1", code=1)
    assert answer["code"] == "WorkerSilent"
    peering.world.silent.clear()
    statuses = [one["status"] for one in peering.json("show", "--deleted")["interfaces"]]
    assert set(statuses) <= {"Deleted"}


def test_one_account_cannot_command_anothers_end(peering: Peering) -> None:
    peering.connect()
    answer = peering.json("suspend", "ri-b@vpc-b", acting="alice", code=1)
    assert (answer["outcome"], answer["code"]) == ("refused", "NotOwner")
    assert peering.json("suspend", "ri-b", acting="alice", code=1)["code"] == "UnknownInterface"
    one_end = peering.json("show", "ri-a", acting="alice")
    assert (one_end["other"], one_end["link"]) == (None, None)
    assert peering.json("show", acting="bob")["interfaces"][0]["interface"] == "ri-b"


def test_several_are_commanded_at_once_and_one_refusal_stops_no_other(peering: Peering) -> None:
    peering.connect()
    before = len(peering.world.requests)
    answer = peering.json("suspend", "ri-a", "ri-zz", "ri-b", code=1)
    assert answer["outcome"] == "refused"
    assert [one["outcome"] for one in answer["results"]] == ["done", "refused", "done"]
    assert len(peering.world.requests) > before
    text = peering("resume", "ri-a", "ri-b", "ri-zz", code=1)
    assert "ri-a: " in text.stdout
    assert "refused (UnknownInterface): ri-zz: " in text.stderr


def test_lines_are_sent_in_order_and_busy_is_waited_out(peering: Peering, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PORTION_PAYLOADS", 7)
    monkeypatch.setattr(sending, "FIRST_BUSY_PAUSE_SECONDS", 0.001)
    answers = iter([3, 0, 7, 7, 7])
    real = sending._until_refused

    def sometimes_busy(given: Any) -> Any:  # noqa: ANN401 - as the function that it stands for
        numbers, refused = real(given)
        taken = next(answers, 7)
        return (numbers, refused) if taken >= len(numbers) else (numbers[:taken], Refused("Busy", "Full."))

    peering.connect()
    monkeypatch.setattr(sending, "_until_refused", sometimes_busy)
    sent = peering.json("send", "ri-a", "-", stdin=b"".join(b"line %d\n" % number for number in range(20)))
    assert sent["count"] == 20
    bodies = [one["body"] for one in peering.json("inbox", "ri-b")["payloads"]]
    assert list(dict.fromkeys(bodies)) == [f"line {number}" for number in range(20)]


def test_an_inbox_is_read_to_its_end_though_its_pages_are_cut_short(peering: Peering) -> None:
    peering.connect()
    bodies = [f"{number} ".ljust(16_000, "x") for number in range(40)]
    peering("send", "ri-a", "-", stdin="\n".join(bodies).encode())
    assert [one["body"] for one in peering.json("inbox", "ri-b")["payloads"]] == bodies


def test_what_was_acknowledged_is_in_no_inbox_any_more(peering: Peering) -> None:
    peering.connect()
    peering("send", "ri-a", "-", stdin=b"one\ntwo\n")
    first, second = peering.json("inbox", "ri-b")["payloads"]
    assert peering.json("inbox", "ri-b", "--after", str(second["row"]), "--acknowledge")["payloads"] == []
    assert [one["body"] for one in peering.json("inbox", "ri-b", "--acknowledge")["payloads"]] == ["one", "two"]
    assert peering.json("inbox", "ri-b")["payloads"] == []
    peering("send", "ri-a", "three")
    (third,) = peering.json("inbox", "ri-b")["payloads"]
    assert (third["body"], third["number"], third["row"]) == ("three", 3, second["row"] + 1)
    assert first["row"] < second["row"]


def test_what_cannot_be_sent_is_told(peering: Peering) -> None:
    peering("create", "--endpoint", "vpc-a", "--id", "ri-a")
    assert peering.json("send", "ri-a", "x", code=1)["code"] == "NotActivated"
    peering("delete", "ri-a")
    peering.world.add(ENDPOINTS[0])
    peering.connect()
    assert peering.json("send", "ri-a", "x" * 20_000, code=1)["sentence"].startswith("Payload 1 has 20000 characters")
    assert "Line 2 of the input is not UTF-8" in peering("send", "ri-a", "-", stdin=b"a\n\xff\n", code=1).stderr


def test_a_connection_is_drawn_from_what_both_ends_remember(peering: Peering, tmp_path: Path) -> None:
    peering.connect()
    peering("wait", "ri-b", "--status", "Activated")
    for ending in (".svg", ".mmd", ".txt", ".json"):
        drawn = peering.json("trace", "ri-b", "-o", str(tmp_path / f"drawn{ending}"))
        assert drawn["interfaces"] == ["ri-a", "ri-b"]
        assert (drawn["lost"], drawn["doubled"]) == (0, 0)
    trace = Trace.model_validate_json((tmp_path / "drawn.json").read_text())
    assert [one.status for one in trace.ends[1].bands] == ["Idle", "Accepting", "Activated"]
    assert [one.label.split(" ")[0] for one in trace.told][:3] == ["Initiate", "Declare", "Declare"]
    assert trace.sentence == "ri-b is up: both ends are Activated and name each other."
    peering("trace", "ri-b", "-o", str(tmp_path / "last.json"), "--last", "2")
    part = Trace.model_validate_json((tmp_path / "last.json").read_text())
    assert sum(len(end.moments) for end in part.ends) == 2
    complaint = peering("trace", "ri-a", "-o", "drawn.png", code=2).stderr
    assert ".svg, .mmd, .txt, .json" in " ".join(complaint.replace("│", " ").split()), "however wide the frame is"


def test_of_anothers_end_only_the_own_half_is_drawn(peering: Peering, tmp_path: Path) -> None:
    peering.connect()
    peering("wait", "ri-b", "--status", "Activated")
    file = tmp_path / "drawn.json"
    said = peering("trace", "ri-a", "-o", str(file), acting="alice")
    assert "ri-b on vpc-b was not asked: its side is what the other end tells." in said.stderr
    trace = Trace.model_validate_json(file.read_text())
    assert [end.asked for end in trace.ends] == [True, False]
    assert [(one.by, one.said_at is None) for one in trace.told][:3] == [(0, False), (1, True), (0, False)]


def test_time_that_is_up_says_how_things_stand(peering: Peering) -> None:
    peering("create", "--endpoint", "vpc-a", "--id", "ri-a")
    text = peering("wait", "ri-a", "--status", "Activated", "--timeout", "0.1", code=1).stderr
    assert text == "ri-a is Idle and not Activated after 0.1 s. Peer information is not configured at this end.\n"
    answer = peering.json("wait", "ri-a", "--status", "Activated", "--timeout", "0.1", code=1)
    assert (answer["status"], answer["code"], answer["reason_code"]) == ("Idle", "TimedOut", "NotConfigured")


def test_interfaces_are_shown_by_status_account_peer_and_name_and_not_more_than_asked_for(peering: Peering) -> None:
    peering.connect()
    peering("create", "--endpoint", "vpc-a", "--id", "ri-x", "--name", "Office")

    def shown(*words: str) -> list[str]:
        return [one["interface"] for one in peering.json("show", *words)["interfaces"]]

    assert shown("--status", "idle") == ["ri-x"]
    assert shown("--account", "bob") == shown("--account", "1002") == ["ri-b"]
    assert shown("--status", "Activated", "--account", "alice") == ["ri-a"]
    assert shown("--peer", "ri-b@vpc-b") == ["ri-a"]
    assert shown("--name", "office") == ["ri-x"]
    assert peering.json("show", "--limit", "1")["more"] is True
    assert peering.json("show", "--limit", "3")["more"] is False
    assert "more than these 1" in peering("show", "--limit", "1").stderr
    assert peering("show", "--name", "nobody").stdout.startswith("No interfaces match on vpc-a")
    peering("show", "ri-a", "--status", "Idle", code=2)


def test_workers_that_are_away_are_named_and_the_others_shown(peering: Peering) -> None:
    peering("create", "--endpoint", "vpc-b", "--id", "ri-b")
    peering.world.silent.add("vpc-a")
    answer = peering.json("show", "--patience", "0.1", code=1)
    assert [one["interface"] for one in answer["interfaces"]] == ["ri-b"]
    assert [(one["endpoint"], one["code"]) for one in answer["silent"]] == [("vpc-a", "WorkerSilent")]
    peering.world.absent.add("vpc-c")
    assert peering("worker", "vpc-c", code=1).stderr.endswith("to vpc-c: the endpoint is not provisioned.\n")


def test_a_broker_that_refuses_is_named_without_its_password(peering: Peering) -> None:
    peering.world.refuses = "amqp://1001@127.0.0.1 refuses the login"
    result = peering("show", "ri-a@vpc-a", code=1)
    assert result.stderr == "amqp://1001@127.0.0.1 refuses the login.\n"
    assert peering.json("show", "ri-a@vpc-a", code=1)["code"] == "BrokerRefused"
