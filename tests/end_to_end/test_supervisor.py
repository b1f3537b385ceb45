"""Tests of the supervisor with real processes: which come back, stay away, or die with it."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from console.stack.supervised import Program, Report, RestartPolicy, State
from console.stack.supervisor import Supervisor
from console.stack.workers import common_settings
from tests.waiting import wait_for, wait_for_blocking

LIMIT_SECONDS = 60.0
HASTE = RestartPolicy(
    first_pause_seconds=0.01, longest_pause_seconds=0.05, stable_after_seconds=60, drain_limit_seconds=0.5
)


def program(tmp_path: Path, source: str, name: str = "one", **environment: str) -> Program:
    return Program(name, (sys.executable, "-I", "-c", source), tmp_path / f"{name}.log", environment)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def of_process(report: Report, what: str) -> str:
    return Path(f"/proc/{report.pid}/{what}").read_text()


WAITS = "import signal; print('up', flush=True); signal.pause()"
IGNORES = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True)\nwhile 1: signal.pause()"
)


async def up(supervisor: Supervisor, log: Path, times: int = 1) -> Report:
    await wait_for(lambda: log.exists() and log.read_text().count("up\n") >= times, LIMIT_SECONDS)
    return supervisor.reports[0]


async def test_a_killed_program_comes_back(tmp_path: Path) -> None:
    async with Supervisor(policy=HASTE) as supervisor:
        supervisor.start(program(tmp_path, WAITS))
        first = await up(supervisor, tmp_path / "one.log")
        supervisor.send("one", signal.SIGKILL)
        second = await up(supervisor, tmp_path / "one.log", times=2)
        assert second.state is State.RUNNING
        assert second.restarts == 1
        assert second.pid != first.pid
        assert second.last == "killed by SIGKILL"


@pytest.mark.parametrize("source", [WAITS, IGNORES])
async def test_one_program_is_ended_and_the_others_go_on(tmp_path: Path, source: str) -> None:
    async with Supervisor(policy=HASTE) as supervisor:
        supervisor.start(program(tmp_path, WAITS))
        supervisor.start(program(tmp_path, source, "two"))
        first = await up(supervisor, tmp_path / "one.log")
        await up(supervisor, tmp_path / "two.log")
        second = supervisor.report("two")
        await supervisor.end("two")
        assert [one.name for one in supervisor.reports] == ["one"]
        assert first.pid is not None
        assert second.pid is not None
        assert (is_alive(first.pid), is_alive(second.pid)) == (True, False)
        supervisor.start(program(tmp_path, WAITS, "two"))
        await up(supervisor, tmp_path / "two.log", times=2)


async def test_a_program_that_ends_by_itself_comes_back(tmp_path: Path) -> None:
    async with Supervisor(policy=HASTE) as supervisor:
        supervisor.start(program(tmp_path, "print('up', flush=True)"))
        await up(supervisor, tmp_path / "one.log", times=5)


async def test_wrong_usage_is_not_tried_again(tmp_path: Path) -> None:
    async with Supervisor(policy=HASTE) as supervisor:
        supervisor.start(program(tmp_path, "import sys; print('no such region'); sys.exit(2)"))
        await wait_for(lambda: supervisor.report("one").state is State.REFUSED, LIMIT_SECONDS)
        report = supervisor.report("one")
        assert report.restarts == 0
        assert report.last == "exit 2: no such region"


async def test_a_refusal_is_believed_the_third_time(tmp_path: Path) -> None:
    async with Supervisor(policy=HASTE) as supervisor:
        supervisor.start(program(tmp_path, "import sys; print('store in use'); sys.exit(1)"))
        await wait_for(lambda: supervisor.report("one").state is State.REFUSED, LIMIT_SECONDS)
        assert supervisor.report("one").restarts == 2
        assert supervisor.report("one").last == "exit 1: store in use"


async def test_what_does_not_finish_is_killed_after_the_limit(tmp_path: Path) -> None:
    async with Supervisor(policy=HASTE) as supervisor:
        supervisor.start(program(tmp_path, IGNORES))
        report = await up(supervisor, tmp_path / "one.log")
    assert report.pid is not None
    assert not is_alive(report.pid)
    assert supervisor.report("one").state is State.STOPPED


async def test_stopping_in_the_middle_of_a_pause_does_not_wait_for_it(tmp_path: Path) -> None:
    policy = RestartPolicy(first_pause_seconds=3600, longest_pause_seconds=3600)
    async with asyncio.timeout(LIMIT_SECONDS), Supervisor(policy=policy) as supervisor:
        supervisor.start(program(tmp_path, "pass"))
        await wait_for(lambda: supervisor.report("one").state is State.PAUSING, LIMIT_SECONDS)
        await wait_for(lambda: supervisor.report("one").last == "exit 0", LIMIT_SECONDS)


async def test_a_program_cannot_be_started_twice(tmp_path: Path) -> None:
    async with Supervisor(policy=HASTE) as supervisor:
        supervisor.start(program(tmp_path, WAITS))
        with pytest.raises(ValueError, match="already"):
            supervisor.start(program(tmp_path, WAITS))


async def test_secrets_travel_in_the_environment_and_are_not_shown(tmp_path: Path) -> None:
    one = program(tmp_path, "import os, signal; print('up', flush=True); signal.pause()", PEERING_BROKER="secret-word")
    assert "secret-word" not in repr(one)
    async with Supervisor(policy=HASTE) as supervisor:
        supervisor.start(one)
        report = await up(supervisor, tmp_path / "one.log")
        assert "secret-word" not in of_process(report, "cmdline")
        assert "PEERING_BROKER=secret-word" in of_process(report, "environ")


async def test_variables_that_were_meant_for_others_do_not_reach_a_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PEERING_MANAGEMENT_URL", "http://administrator:secret-word@127.0.0.1")
    monkeypatch.setenv("PEERING_RESTORED", "true")
    monkeypatch.setenv("PEERING_LOG_LEVEL", "debug")
    monkeypatch.setenv("UNRELATED", "kept")
    async with Supervisor(policy=HASTE) as supervisor:
        supervisor.start(program(tmp_path, WAITS, **common_settings(os.environ)))
        told = of_process(await up(supervisor, tmp_path / "one.log"), "environ")
    assert "UNRELATED=kept" in told
    assert "PEERING_LOG_LEVEL=debug" in told
    assert "secret-word" not in told
    assert "PEERING_RESTORED" not in told


SUPERVISES = """
import asyncio, signal, sys
from pathlib import Path
from console.stack.supervised import Program
from console.stack.supervisor import Supervisor

async def main() -> None:
    async with Supervisor(lambda report: print(report.pid, flush=True)) as supervisor:
        supervisor.start(Program("one", (sys.executable, "-I", "-c", sys.argv[1]), Path(sys.argv[2])))
        await asyncio.Event().wait()

asyncio.run(main())
"""


def test_programs_die_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SUPERVISES, IGNORES, str(tmp_path / "one.log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        pid = int(supervisor.stdout.readline())
        wait_for_blocking((tmp_path / "one.log").exists, LIMIT_SECONDS)
        assert is_alive(pid)
        os.kill(supervisor.pid, signal.SIGKILL)
        wait_for_blocking(lambda: not is_alive(pid), LIMIT_SECONDS)
