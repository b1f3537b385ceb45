"""Tests of what goes wrong beside a supervised program: its log, its start, its reports. It ends no program."""

import asyncio
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from console.stack.errors import SupervisionEnded
from console.stack.supervised import Program, Report, RestartPolicy, State
from console.stack.supervisor import Supervisor
from lab.chaos.disks import clear, fill, limit_files, small_disks
from tests.end_to_end.test_supervisor import HASTE, IGNORES, LIMIT_SECONDS, WAITS, is_alive, program, up
from tests.waiting import wait_for

TALKS = """
import time
print("up", flush=True)
while 1:
    print("x" * 1000, flush=True)
    time.sleep(0.001)
"""


async def running(supervisor: Supervisor, times: int = 0) -> Report:
    await wait_for(
        lambda: supervisor.report("one"),
        LIMIT_SECONDS,
        until=lambda report: report.state is State.RUNNING and report.restarts >= times,
    )
    return supervisor.report("one")


def take_all_space(disk: Path, *, mounted: bool) -> None:
    """Fill the small disk; who may mount none lets this process write no file beyond its present length."""
    if mounted:
        fill(disk)
    else:
        limit_files(os.getpid(), (disk / "one.log").stat().st_size)


def give_space_back(disk: Path, *, mounted: bool) -> None:
    if mounted:
        clear(disk)
    else:
        limit_files(os.getpid(), None)


async def test_a_full_log_disk_costs_lines_and_no_program(tmp_path: Path) -> None:
    with small_disks([tmp_path / "disk"]) as mounted:
        log = tmp_path / "disk" / "one.log"
        async with Supervisor(policy=HASTE) as supervisor:
            supervisor.start(Program("one", (sys.executable, "-I", "-c", TALKS), log))
            first = await up(supervisor, log)
            take_all_space(tmp_path / "disk", mounted=mounted)
            full = log.stat().st_size
            supervisor.send("one", signal.SIGKILL)
            second = await running(supervisor, times=1)
            assert second.pid != first.pid
            assert second.last == "killed by SIGKILL"
            assert log.stat().st_size - full < 8192, "there was no room for more"
            give_space_back(tmp_path / "disk", mounted=mounted)
            await wait_for(log.read_bytes, LIMIT_SECONDS, until=lambda text: b'"event": "output lost"' in text)
            assert supervisor.report("one") == second


def link(log: Path) -> None:
    log.symlink_to(log.with_name("victim"))


@pytest.mark.parametrize("put", [link, os.mkfifo, Path.mkdir])
async def test_what_lies_in_a_logs_place_is_neither_followed_nor_waited_for(
    tmp_path: Path, put: Callable[[Path], None]
) -> None:
    log, victim = tmp_path / "one.log", tmp_path / "victim"
    victim.write_text("mine")
    put(log)
    async with Supervisor(policy=HASTE) as supervisor:
        supervisor.start(program(tmp_path, TALKS))
        first = await running(supervisor)
        supervisor.send("one", signal.SIGKILL)
        assert (await running(supervisor, times=1)).pid != first.pid
    assert victim.read_text() == "mine"


@contextmanager
def no_more_descriptors() -> Iterator[None]:
    """Let this process open nothing more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_start_that_fails_is_tried_again(tmp_path: Path) -> None:
    async with Supervisor(policy=HASTE) as supervisor:
        supervisor.start(program(tmp_path, WAITS))
        await up(supervisor, tmp_path / "one.log")
        with no_more_descriptors():
            supervisor.send("one", signal.SIGKILL)
            await wait_for(lambda: supervisor.report("one").restarts >= 3, LIMIT_SECONDS)
            report = supervisor.report("one")
            assert (report.state, report.pid) == (State.PAUSING, None)
            assert report.last == "could not be started: Too many open files"
        await running(supervisor, times=4)


async def test_a_program_that_left_its_output_to_a_child_is_not_shown_as_running(tmp_path: Path) -> None:
    leaves = "import subprocess; subprocess.Popen(['sleep', '3600']); print('up', flush=True)"
    seen: list[Report] = []
    policy = RestartPolicy(first_pause_seconds=3600)
    async with Supervisor(seen.append, policy=policy) as supervisor:
        supervisor.start(program(tmp_path, leaves))
        await wait_for(lambda: seen[-1].state if seen else None, LIMIT_SECONDS, until=lambda s: s is State.PAUSING)
        assert supervisor.report("one").pid is None
    kill_children_of(seen[0])


def kill_children_of(report: Report) -> None:
    assert report.pid is not None
    os.killpg(report.pid, signal.SIGKILL)


async def test_a_supervising_task_that_ends_by_an_error_ends_the_block_with_its_reason(tmp_path: Path) -> None:
    seen: list[Report] = []

    def on_change(report: Report) -> None:
        seen.append(report)
        if report.name == "two" and report.state is State.PAUSING:
            raise ZeroDivisionError("nobody foresaw this")

    async def supervising() -> None:
        async with Supervisor(on_change, HASTE) as supervisor:
            supervisor.start(program(tmp_path, IGNORES))
            supervisor.start(program(tmp_path, WAITS, "two"))
            await up(supervisor, tmp_path / "one.log")
            await up(supervisor, tmp_path / "two.log")
            supervisor.send("two", signal.SIGKILL)
            await asyncio.Event().wait()

    with pytest.raises(SupervisionEnded, match="the supervision of two ended: ZeroDivisionError: nobody foresaw this"):
        await supervising()
    assert not any(is_alive(report.pid) for report in seen if report.pid is not None)


async def test_what_ends_the_supervisor_from_outside_stays_what_it_is(tmp_path: Path) -> None:
    supervisor = Supervisor(policy=HASTE)

    async def supervising() -> None:
        async with asyncio.timeout(0.5), supervisor:
            supervisor.start(program(tmp_path, WAITS))
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await supervising()
    assert supervisor.report("one").state is State.STOPPED


async def test_a_program_that_refuses_is_tried_again_seldom_and_at_once_when_asked(tmp_path: Path) -> None:
    allowed = tmp_path / "allowed"
    source = f"import os, signal, sys\nif not os.path.exists({str(allowed)!r}): sys.exit('no')\nsignal.pause()"
    policy = RestartPolicy(first_pause_seconds=0.01, longest_pause_seconds=0.01, refused_pause_seconds=3600)
    async with Supervisor(policy=policy) as supervisor:
        supervisor.start(program(tmp_path, source))
        report = await asyncio.wait_for(supervisor.refusal(["one"]), LIMIT_SECONDS)
        assert (report.state, report.last) == (State.REFUSED, "exit 1: no")
        await supervisor.restart("one")
        await wait_for(lambda: supervisor.report("one").restarts == 5, LIMIT_SECONDS)
        await asyncio.wait_for(supervisor.refusal(["one"]), LIMIT_SECONDS)
        allowed.touch()
        await supervisor.restart("one")
        await running(supervisor)


async def test_a_refusal_that_has_passed_needs_nobody(tmp_path: Path) -> None:
    allowed = tmp_path / "allowed"
    source = f"import os, signal, sys\nif not os.path.exists({str(allowed)!r}): sys.exit('no')\nsignal.pause()"
    policy = RestartPolicy(first_pause_seconds=0.01, longest_pause_seconds=0.01, refused_pause_seconds=0.05)
    async with Supervisor(policy=policy) as supervisor:
        supervisor.start(program(tmp_path, source))
        await asyncio.wait_for(supervisor.refusal(["one"]), LIMIT_SECONDS)
        allowed.touch()
        await wait_for(lambda: supervisor.report("one").state is State.RUNNING, LIMIT_SECONDS)


@pytest.mark.parametrize("source", [WAITS, IGNORES])
async def test_a_restart_ends_the_old_process_and_starts_another_without_a_pause(tmp_path: Path, source: str) -> None:
    policy = RestartPolicy(first_pause_seconds=3600, drain_limit_seconds=0.5)
    async with Supervisor(policy=policy) as supervisor:
        supervisor.start(program(tmp_path, source))
        first = await up(supervisor, tmp_path / "one.log")
        await supervisor.restart("one")
        second = await running(supervisor, times=1)
        assert first.pid is not None
        assert not is_alive(first.pid)
        assert second.pid != first.pid
