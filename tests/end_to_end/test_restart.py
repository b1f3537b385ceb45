"""Tests of a worker that refuses to start: seen everywhere, and started again once what was wrong is mended."""

import os
import signal
from pathlib import Path

import httpx

from console.topology import find_context
from shared.broker.topology import Account
from tests.end_to_end.programs import LIMIT_SECONDS, OWN_BROKER, REPOSITORY, Terminal, Up, peering_up
from tests.end_to_end.workers import Answer, Site, WorkerProcess
from tests.waiting import wait_for_blocking

CROSS_ACCOUNT = REPOSITORY / "examples" / "cross-account.yaml"


def pid_of(terminal: Terminal, endpoint: str) -> int | None:
    said = terminal.type("worker", endpoint, "--patience", "5")
    return int(said["pid"]) if said["exit"] == 0 else None


def kill(up: Up, endpoint: str) -> None:
    """Kill a worker, and wait until its successor answers."""
    first = wait_for_blocking(lambda: pid_of(up.terminal, endpoint), LIMIT_SECONDS)
    assert first is not None
    os.kill(first, signal.SIGKILL)
    wait_for_blocking(lambda: pid_of(up.terminal, endpoint), LIMIT_SECONDS, until=lambda pid: pid not in {None, first})


def test_a_refused_worker_is_seen_and_restarted_once_it_can_start(tmp_path: Path) -> None:
    folder = tmp_path / ("a folder whose path is longer than that of a socket may be " * 2).strip()
    store = folder / "stores" / "vpc-bob.sqlite"
    with peering_up(CROSS_ACCOUNT, folder) as up:
        for file in store.parent.glob("vpc-bob.sqlite*"):
            file.unlink()
        store.write_bytes(b"this is no store " * 1000)
        os.kill(up.pid("vpc-bob"), signal.SIGKILL)
        up.read_until(name="vpc-bob", state="refused")
        ready = httpx.get(f"{up.url}/_peering/ready", headers=up.bearer, timeout=LIMIT_SECONDS)
        assert ready.status_code == 503
        assert [(one["endpoint"], one["code"]) for one in ready.json()["silent"]] == [("vpc-bob", "WorkerRefused")]
        assert "refuses to start (exit 1: " in ready.json()["silent"][0]["sentence"]
        about = up.terminal.type("worker", "vpc-bob", "--patience", "1")
        assert (about["exit"], about["code"]) == (1, "WorkerSilent")
        assert "Its process refuses to start (exit 1: " in about["sentence"]
        assert up.terminal.refused("restart", "vpc-bob") == "StackRefused"
        for file in store.parent.glob("vpc-bob.sqlite*"):
            file.unlink()
        again = up.terminal.done("restart", "vpc-bob")
        wait_for_blocking(lambda: pid_of(up.terminal, "vpc-bob"), LIMIT_SECONDS, until=again["pid"].__eq__)
        assert up.terminal.refused("restart", "vpc-eve") == "StackError"
    elsewhere = Terminal(tmp_path, ("--topology", str(REPOSITORY / "examples" / "compose.yaml")))
    assert elsewhere.refused("restart", "vpc-bob") == "StackRefused"


def readiness(up: Up) -> list[tuple[str, str]]:
    """The endpoints whose workers do not answer themselves, and why."""
    ready = httpx.get(f"{up.url}/_peering/ready", headers=up.bearer, timeout=LIMIT_SECONDS)
    return [(str(one["endpoint"]), str(one["code"])) for one in ready.json()["silent"]]


def reads_both(ready: list[Answer]) -> bool:
    """Whether the last of these lines of a worker says that it reads both of its queues."""
    return ready != [] and ready[-1]["queues"] == len(("alice", "bob"))


def test_a_worker_whose_place_another_has_taken_is_not_ready(tmp_path: Path) -> None:
    with peering_up(CROSS_ACCOUNT, tmp_path / "peering", **OWN_BROKER) as up:
        wait_for_blocking(lambda: readiness(up), LIMIT_SECONDS, until=lambda silent: silent == [])
        context = find_context(up.folder / "context.json")
        alice = Account("alice", context.login("alice").password or "")
        site = Site("initiator", "vpc-alice", alice, "cn-hangzhou")
        other = WorkerProcess(site, context.broker, tmp_path, ["alice", "bob"]).start()
        try:
            other.wait_for_lines("queue missing", 2)
            assert readiness(up) == []
            up.program.send_signal(
                signal.SIGSTOP
            )  # or its next worker may be there first, and the other goes on waiting
            os.kill(up.pid("vpc-alice"), signal.SIGKILL)
            wait_for_blocking(lambda: other.lines("ready"), LIMIT_SECONDS, until=reads_both)
            up.program.send_signal(signal.SIGCONT)
            taken = ("vpc-alice", "AnotherWorker")
            wait_for_blocking(lambda: readiness(up), LIMIT_SECONDS, until=lambda silent: taken in silent)
        finally:
            up.program.send_signal(signal.SIGCONT)
            other.kill()
        wait_for_blocking(lambda: readiness(up), LIMIT_SECONDS, until=lambda silent: silent == [])
    kept = list(up.folder.rglob("*"))
    assert {"broker.log", "vpc-alice.sqlite.lock", "vpc-alice.sqlite", "vpc-alice.log"} <= {one.name for one in kept}
    assert [one for one in kept if one.lstat().st_mode & 0o077] == []


def epochs(up: Up) -> dict[str, int]:
    """The number of each end's epoch, which is renewed when its store was put back."""
    return {name: int(up.terminal.done("show", name)["epoch"]) for name in ("ri-one", "ri-two")}


def test_a_restored_store_is_said_once_and_of_one_worker(tmp_path: Path) -> None:
    folder = tmp_path / "peering"
    with peering_up(CROSS_ACCOUNT, folder) as up:
        up.terminal.done("create", "--endpoint", "vpc-alice", "--id", "ri-one")
        up.terminal.done("create", "--endpoint", "vpc-bob", "--id", "ri-two")
        one, two = epochs(up).values()
    with peering_up(CROSS_ACCOUNT, folder, "--restored", "vpc-bob", PEERING_RESTORED="true") as up:
        assert epochs(up) == {"ri-one": one, "ri-two": two + 1}
        kill(up, "vpc-bob")
        assert epochs(up) == {"ri-one": one, "ri-two": two + 1}
        up.terminal.done("restart", "vpc-alice", "--restored")
        assert epochs(up) == {"ri-one": one + 1, "ri-two": two + 1}
        kill(up, "vpc-alice")
        assert epochs(up) == {"ri-one": one + 1, "ri-two": two + 1}
        copy = tmp_path / "bob.sqlite"
        assert up.terminal.done("backup", "vpc-bob", str(copy))["bytes"] == copy.stat().st_size
        up.terminal.done("create", "--endpoint", "vpc-bob", "--id", "ri-three")
        assert up.terminal.refused("restore", "vpc-alice", str(copy)) == "StackRefused"
        aside = up.terminal.done("restore", "vpc-bob", str(copy))["aside"]
        assert up.terminal.refused("show", "ri-three@vpc-bob") == "UnknownInterface"
        assert epochs(up) == {"ri-one": one + 1, "ri-two": two + 2}
        kill(up, "vpc-bob")
        assert epochs(up) == {"ri-one": one + 1, "ri-two": two + 2}
        up.terminal.done("restore", "vpc-bob", aside)
        assert up.terminal.done("show", "ri-three")["status"] == "Idle"
        assert epochs(up) == {"ri-one": one + 1, "ri-two": two + 2}
