"""Tests of workers that are forked: each is a process of its own in every way that a started one is."""

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.stack.stack import Stack, running
from console.topology import load
from tests.end_to_end.programs import REPOSITORY
from tests.waiting import wait_for

CROSS_ACCOUNT = REPOSITORY / "examples" / "cross-account.yaml"
LIMIT_SECONDS = 120.0
ENDPOINTS = ("vpc-alice", "vpc-bob")

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    async with running(load(CROSS_ACCOUNT), tmp_path / "peering", lambda _: None, environment={}) as stack:
        yield stack


def pid_of(stack: Stack, endpoint: str) -> int:
    report = stack.report(endpoint)
    assert report is not None
    assert report.pid is not None
    return report.pid


def told(pid: int, what: str) -> str:
    return Path(f"/proc/{pid}/{what}").read_text()


def opened(pid: int, descriptor: int) -> str:
    return str(Path(f"/proc/{pid}/fd/{descriptor}").readlink())


def is_running(pid: int) -> bool:
    """Whether a process runs; one that was killed may stay in the table until somebody asks how it ended."""
    try:
        return told(pid, "stat").rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def parent_of(pid: int) -> int:
    return int(told(pid, "stat").rpartition(")")[2].split()[1])


async def test_forked_workers_are_processes_of_their_own(stack: Stack) -> None:
    """By its name in `ps`, its session, its parent, its descriptors, and without a secret that others can read."""
    one, other = (pid_of(stack, endpoint) for endpoint in ENDPOINTS)
    assert parent_of(one) == parent_of(other) == os.getpid()
    for pid, endpoint, role in zip((one, other), ENDPOINTS, ("initiator", "acceptor"), strict=True):
        assert told(pid, "cmdline").rstrip("\0").startswith(f"python -m {role} --endpoint {endpoint} --account ")
        assert os.getsid(pid) == pid
        assert "PEERING_BROKER" not in told(pid, "environ")
        assert opened(pid, 0) == "/dev/null"
        assert opened(pid, 1) == opened(pid, 2)
    assert opened(one, 1) != opened(other, 1)


def fork_server() -> int:
    """The fork server of this process."""
    (found,) = [
        int(folder.name)
        for folder in Path("/proc").glob("[0-9]*")
        if is_running(int(folder.name))
        and parent_of(int(folder.name)) == os.getpid()
        and "fork-server" in told(int(folder.name), "cmdline")
    ]
    return found


async def test_a_forked_worker_that_is_killed_comes_back_alone(stack: Stack) -> None:
    one, other = (pid_of(stack, endpoint) for endpoint in ENDPOINTS)
    os.kill(one, signal.SIGKILL)
    await wait_for(lambda: stack.supervisor.report("vpc-alice").restarts, LIMIT_SECONDS)
    report = await wait_for(
        lambda: stack.supervisor.report("vpc-alice"), LIMIT_SECONDS, until=lambda seen: seen.pid is not None
    )
    assert report.pid != one
    assert report.last == "killed by SIGKILL"
    assert (pid_of(stack, "vpc-bob"), stack.supervisor.report("vpc-bob").restarts) == (other, 0)


async def test_a_fork_server_that_is_killed_harms_no_worker_and_comes_back(stack: Stack) -> None:
    """It is started again when the next worker is wanted."""
    one, other = (pid_of(stack, endpoint) for endpoint in ENDPOINTS)
    killed = fork_server()
    os.kill(killed, signal.SIGKILL)
    await wait_for(lambda: not is_running(killed), LIMIT_SECONDS)
    assert is_running(one)
    os.kill(one, signal.SIGKILL)
    await wait_for(
        lambda: stack.supervisor.report("vpc-alice"),
        LIMIT_SECONDS,
        until=lambda seen: seen.restarts > 0 and seen.pid is not None,
    )
    assert fork_server() != killed
    assert parent_of(pid_of(stack, "vpc-alice")) == os.getpid()
    assert (pid_of(stack, "vpc-bob"), stack.supervisor.report("vpc-bob").restarts) == (other, 0)
