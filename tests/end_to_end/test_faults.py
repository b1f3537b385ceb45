"""Tests of faults on purpose from outside: `peering fault` and `peering held` beside a running `peering up`."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from console.faults.situation import situation, situations
from tests.end_to_end.programs import (
    LIMIT_SECONDS,
    OWN_BROKER,
    REPOSITORY,
    Terminal,
    Up,
    configured,
    peering_up,
    type_command,
)
from tests.waiting import wait_for_blocking

CROSS_ACCOUNT = REPOSITORY / "examples" / "cross-account.yaml"

SURROUNDINGS = {
    "PEERING_LISTEN": "127.0.0.1:0",
    "PEERING_KEEPALIVE_SECONDS": "1",
    "PEERING_HOLD_SECONDS": "10",
}
"""A silent peer is noticed sooner than usual."""


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with peering_up(CROSS_ACCOUNT, tmp_path_factory.mktemp("faults") / "peering", **SURROUNDINGS) as up:
        yield up


def shows(terminal: Terminal, interface: str) -> str:
    return str(terminal.done("show", interface)["status"])


def test_one_command_holds_the_third_message_so_that_one_end_is_activated_and_the_other_is_not(up: Up) -> None:
    terminal = up.terminal
    configured(terminal, "ri-a", "ri-b")
    words = ("--interface", "ri-a", "--from", "vpc-alice", "--message", "declare")
    made = terminal.done("fault", "add", "hold", *words)
    assert made["sentence"] == "hold every declare of ri-a from vpc-alice to anybody"
    terminal.done("initiate", "ri-a")
    terminal.both_show("Activated", "ri-a")
    wait_for_blocking(lambda: terminal.done("held", "list")["held"], LIMIT_SECONDS, until=lambda held: len(held) >= 3)
    assert shows(terminal, "ri-b") == "Accepting"
    first, second, *_ = terminal.done("held", "list", "--interface", "ri-b")["held"]
    assert first["label"] == second["label"] == "Declare 1.1 up Activated ack 1.1 got 0"
    assert terminal.refused("held", "drop", "999") == "UnknownMessage"
    terminal.done("held", "drop", str(first["number"]))
    assert shows(terminal, "ri-b") == "Accepting"
    terminal.done("held", "reorder", str(second["number"]))
    assert terminal.done("held", "replay", str(second["number"]))["messages"] == [second]
    terminal.both_show("Activated", "ri-b")
    listed = next(one for one in terminal.done("fault", "list")["faults"] if one["number"] == made["number"])
    assert (listed["over"], listed["struck"] >= 3, listed["held"] >= 2) == (False, True, True)
    assert terminal.done("fault", "clear", "--interface", "ri-a")["cleared"] == [made["number"]]
    assert terminal.done("held", "list")["held"] == []


def test_the_same_over_http(up: Up) -> None:
    terminal = up.terminal
    configured(terminal, "ri-c", "ri-d")
    url, own = f"{up.url}/_peering", up.bearer
    drop = {"do": "drop", "interface": "ri-c", "message": "initiate", "which": "1"}
    made = httpx.post(f"{url}/faults", json=drop, headers=own, timeout=LIMIT_SECONDS)
    assert made.status_code == 201, made.text
    number = made.json()["number"]
    terminal.done("initiate", "ri-c")
    terminal.both_show("Activated", "ri-c", "ri-d")
    (struck,) = httpx.get(
        f"{url}/faults/strikes", params={"interface": "ri-d"}, headers=own, timeout=LIMIT_SECONDS
    ).json()
    assert (struck["fault"], struck["dropped"], struck["label"][:12]) == (number, True, "Initiate 1.1")
    assert httpx.delete(f"{url}/faults/{number}", headers=own, timeout=LIMIT_SECONDS).json() == [number]
    assert httpx.delete(f"{url}/faults/{number}", headers=own, timeout=LIMIT_SECONDS).status_code == 404
    wrong = httpx.post(f"{url}/faults", json={"do": "drop"}, headers=own, timeout=LIMIT_SECONDS)
    assert wrong.status_code == 422
    assert (
        httpx.post(
            f"{url}/faults", json={"do": "drop", "to": "vpc-nowhere"}, headers=own, timeout=LIMIT_SECONDS
        ).status_code
        == 409
    )
    assert httpx.post(f"{url}/faults", json=drop, timeout=LIMIT_SECONDS).status_code == 401


def test_a_stopped_worker_is_silent_until_it_goes_on_and_a_killed_one_comes_back(up: Up) -> None:
    terminal = up.terminal
    stopped = terminal.done("fault", "add", "stop", "--worker", "vpc-bob")
    silent = terminal.type("worker", "vpc-bob", "--patience", "2")
    assert (silent["exit"], silent["code"]) == (1, "WorkerSilent")
    terminal.done("fault", "clear", str(stopped["number"]))
    before = terminal.done("worker", "vpc-bob")["pid"]
    killed = terminal.done("fault", "add", "kill", "--worker", "vpc-bob")
    assert (killed["struck"], killed["over"]) == (1, True)
    wait_for_blocking(lambda: terminal.done("worker", "vpc-bob")["pid"], LIMIT_SECONDS, until=lambda pid: pid != before)
    assert terminal.refused("fault", "add", "kill", "--worker", "vpc-nowhere") == "UnknownPlace"


def test_a_reset_clears_every_fault(up: Up) -> None:
    terminal = up.terminal
    terminal.done("fault", "add", "cut", "--from", "vpc-alice", "--to", "vpc-bob", "--both")
    assert httpx.post(f"{up.url}/_peering/reset", headers=up.bearer, timeout=LIMIT_SECONDS).json()["faults"] >= 1
    assert terminal.done("fault", "list")["faults"] == []


def test_a_broker_that_is_killed_keeps_what_is_held_and_the_fault_goes_on(tmp_path: Path) -> None:
    with peering_up(CROSS_ACCOUNT, tmp_path / "peering", **OWN_BROKER, PEERING_LISTEN="127.0.0.1:0") as up:
        terminal = up.terminal
        configured(terminal, "ri-a", "ri-b")
        terminal.done("fault", "add", "hold", "--interface", "ri-a", "--from", "vpc-alice")
        terminal.done("initiate", "ri-a")
        wait_for_blocking(lambda: terminal.done("held", "list")["held"], LIMIT_SECONDS)
        before = terminal.done("held", "list")["held"]
        os.kill(up.pid("broker"), signal.SIGKILL)
        assert up.read_until(name="broker", state="running")["restarts"] == 1

        def held_when_something_is_said() -> list[Any]:
            """What passed while the broker's wires were as provisioned may have opened: then nothing repeats itself."""
            terminal.type("send", "ri-a", "more")
            return list(terminal.done("held", "list")["held"])

        more = wait_for_blocking(
            held_when_something_is_said, LIMIT_SECONDS, until=lambda held: len(held) > len(before) + 2
        )
        assert more[: len(before)] == before
        terminal.done("fault", "clear")
        terminal.both_show("Activated", "ri-a", "ri-b")
        assert terminal.done("held", "list")["held"] == []
    assert up.program.returncode == 0


@pytest.mark.parametrize(
    "name",
    [
        "activated-accepting",
        "doubled-and-reordered",
        "initiate-never-heard",
        "suspended-at-one-end",
        "third-message-lost",
        "peer-unreachable",
        "restored-from-backup",
        "store-lost",
    ],
)
def test_a_situation_is_reached_with_one_command_held_and_healed(up: Up, name: str) -> None:
    terminal = up.terminal
    reached = terminal.done("situation", "reach", name, "--for", "1")
    assert (reached["situation"], reached["healed"], reached["healing"]) == (name, True, [])
    wanted = situation(name).healed.statuses
    assert shows(terminal, reached["initiator"]) == wanted["initiator"]
    assert shows(terminal, reached["acceptor"]) == wanted["acceptor"]


@pytest.mark.parametrize("name", ["recreated", "refused-interface", "resumed-while-held", "store-lost"])
def test_the_file_of_a_situation_is_a_scenario_that_runs(up: Up, name: str) -> None:
    file = REPOSITORY / "console" / "faults" / "situations" / f"{name}.yaml"
    ended = type_command("run", str(file), *up.terminal.options, folder=up.terminal.folder)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    steps = len(situation(name).steps) + 2
    assert f"{steps} of {steps} steps as expected" in ended.stdout


def test_a_situation_takes_one_call_over_http(up: Up) -> None:
    url, own = f"{up.url}/_peering/situations", up.bearer
    assert len(httpx.get(url, headers=own, timeout=LIMIT_SECONDS).json()) == len(situations())
    reached = httpx.post(f"{url}/suspended-at-one-end", json={"seconds": 0.5}, headers=own, timeout=LIMIT_SECONDS)
    assert reached.status_code == 200, reached.text
    assert reached.json()["healed"] is True
    assert shows(up.terminal, reached.json()["acceptor"]) == "Suspended"
    assert httpx.post(f"{url}/no-such-thing", json={}, headers=own, timeout=LIMIT_SECONDS).status_code == 404


def test_a_situation_stays_until_its_faults_are_cleared(up: Up) -> None:
    terminal = up.terminal
    reached = terminal.done("situation", "reach", "activated-accepting", "--from", "vpc-alice")
    first, second = reached["initiator"], reached["acceptor"]
    assert (shows(terminal, first), shows(terminal, second)) == ("Activated", "Accepting")
    why = str(terminal.done("why", second)["sentence"])
    assert f"{second} has waited for" in why
    assert "On purpose: fault" in why
    drawn = terminal.done("trace", first, "-o", str(up.folder / "held.json"))
    assert drawn["outcome"] == "done"
    assert "held half-way by fault" in (up.folder / "held.json").read_text()
    (line,) = reached["healing"]
    terminal.done(*line.split()[1:])
    terminal.both_show("Activated", second)
    assert terminal.refused("situation", "reach", "no-such-thing") == "UnknownSituation"
