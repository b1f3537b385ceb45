"""Tests of `peering up`: what dies comes back, and nothing outlives it."""

import os
import signal
import subprocess
from pathlib import Path

import httpx
import pytest

from console.stack.private_folder import marked_folder
from tests.end_to_end.programs import (
    LIMIT_SECONDS,
    OWN_BROKER,
    PEERING,
    REPOSITORY,
    establish,
    peering_up,
    running_with,
    surroundings,
    type_command,
)
from tests.waiting import wait_for_blocking

CROSS_ACCOUNT = REPOSITORY / "examples" / "cross-account.yaml"


def leaves_nothing(folder: Path) -> None:
    wait_for_blocking(lambda: not running_with(str(folder)), LIMIT_SECONDS, what="no process of this `up` is left")


def test_a_killed_worker_and_a_killed_broker_come_back_and_the_connection_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "peering"
    with peering_up(CROSS_ACCOUNT, folder, **OWN_BROKER) as up:
        assert {one["name"] for one in up.processes} == {"broker", "vpc-alice", "vpc-bob"}
        assert httpx.get(f"{up.url}/_peering/ready", headers=up.bearer, timeout=LIMIT_SECONDS).json()["workers"] == [
            "vpc-alice",
            "vpc-bob",
        ]
        establish(up)
        os.kill(up.pid("vpc-bob"), signal.SIGKILL)
        up.terminal.done("send", "ri-one", "while you were away")
        assert up.read_until(name="vpc-bob", state="running")["restarts"] == 1
        up.terminal.received("ri-two", "while you were away")
        os.kill(up.pid("broker"), signal.SIGKILL)
        assert up.read_until(name="broker", state="running")["restarts"] == 1
        up.terminal.done("suspend", "ri-two")
        up.terminal.both_show("Suspended", "ri-one", "ri-two")
    assert up.program.returncode == 0
    assert not (folder / "context.json").exists()
    leaves_nothing(folder)


def test_a_killed_up_leaves_nothing_running_and_the_next_one_goes_on_where_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "peering"
    with peering_up(CROSS_ACCOUNT, folder, **OWN_BROKER) as up:
        establish(up)
        assert running_with(str(folder))
        up.program.kill()
        up.program.wait()
    leaves_nothing(folder)
    with peering_up(CROSS_ACCOUNT, folder, **OWN_BROKER) as up:
        up.terminal.both_show("Activated", "ri-one", "ri-two")
        up.terminal.done("send", "ri-two", "still there")
        up.terminal.received("ri-one", "still there")
        second = type_command("up", str(CROSS_ACCOUNT), "--folder", str(folder))
        assert second.returncode == 1
        assert f"in use by another `peering up` (process {up.program.pid})" in second.stderr
        modes = {name: oct((folder / name).stat().st_mode & 0o777) for name in ("context.json", "passwords.json")}
        assert modes == {"context.json": "0o600", "passwords.json": "0o600"}
    leaves_nothing(folder)


def test_a_worker_that_refuses_to_start_is_told_and_not_tried_for_ever(tmp_path: Path) -> None:
    folder = tmp_path / "peering"
    marked_folder(folder)
    (folder / "stores").mkdir()
    (folder / "stores" / "vpc-bob.sqlite").write_bytes(b"this is no store " * 1000)
    ended = type_command("up", str(CROSS_ACCOUNT), "--folder", str(folder))
    assert ended.returncode == 1
    assert "the worker of vpc-bob refuses to start (exit 1: " in ended.stderr
    leaves_nothing(folder)


def test_ctrl_c_while_it_starts_leaves_nothing_running(tmp_path: Path) -> None:
    folder = tmp_path / "peering"
    command = [*PEERING, "up", str(CROSS_ACCOUNT), "--folder", str(folder)]
    with subprocess.Popen(
        command, env=surroundings(**OWN_BROKER), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as program:
        wait_for_blocking(lambda: running_with(str(folder / "broker")), LIMIT_SECONDS)
        program.send_signal(signal.SIGINT)
        assert program.wait(LIMIT_SECONDS) == 0
    leaves_nothing(folder)


def test_a_broker_that_is_named_and_absent_is_an_error_with_its_address(tmp_path: Path) -> None:
    topology = tmp_path / "topology.yaml"
    there = "broker:\n  url: amqp://127.0.0.1:1/peering\n"
    topology.write_text(there + CROSS_ACCOUNT.read_text().replace("- uid: alice", "- uid: alice\n    password: one"))
    ended = type_command("up", str(topology), "--folder", str(tmp_path / "peering"))
    assert ended.returncode == 1
    assert "no password is known of bob at amqp://127.0.0.1:1/peering" in ended.stderr


@pytest.mark.parametrize("asked", ["option", "topology"])
def test_a_folder_of_somebodys_files_is_refused_and_stays_as_it_is(tmp_path: Path, asked: str) -> None:
    source, topology = tmp_path / "broker" / "src" / "main.py", tmp_path / "topology.yaml"
    source.parent.mkdir(parents=True)
    source.write_text("print()")
    topology.write_text(CROSS_ACCOUNT.read_text() + (f"folder: {tmp_path}\n" if asked == "topology" else ""))
    option = ("--folder", ".") if asked == "option" else ()
    ended = type_command("up", str(topology), *option, folder=tmp_path)
    assert ended.returncode == 1
    assert "holds files and was not made by this program" in ended.stderr
    assert source.read_text() == "print()"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broker", "topology.yaml"]


@pytest.mark.parametrize(
    ("was", "becomes", "line", "sentence"),
    [
        ("role: initiator", "role: initator", 12, "role"),
        ("    account: bob", "    account: eve", 15, "eve"),
        ("kind: vpc", "kind: vbr", 9, "kind"),
        ("id: vpc-bob", "id: vpc-alice", 13, "twice"),
        ("region: cn-beijing", "reigon: cn-beijing", 16, "reigon"),
    ],
)
def test_an_impossible_topology_is_refused_with_its_line(
    tmp_path: Path, was: str, becomes: str, line: int, sentence: str
) -> None:
    topology = tmp_path / "topology.yaml"
    text = CROSS_ACCOUNT.read_text().replace(was, becomes, 1)
    topology.write_text(text)
    ended = type_command("up", str(topology), "--folder", str(tmp_path / "peering"))
    assert ended.returncode == 2
    assert f"topology.yaml:{line}: " in ended.stderr
    assert sentence in ended.stderr
    assert not (tmp_path / "peering").exists()
