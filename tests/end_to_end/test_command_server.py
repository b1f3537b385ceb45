"""Tests of commands that are forked beside a running `peering up`: nothing tells them from those that are started."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.topology import find_context
from shared.broker.amqp.control import depths
from shared.broker.names import MOST_CONSOLE_SLOTS, console_queue_name
from tests.end_to_end.programs import LIMIT_SECONDS, REPOSITORY, Up, peering_up, surroundings, type_command
from tests.waiting import wait_for, wait_for_blocking

LAUNCHER = (sys.executable, "-P", "-X", "importtime", str(REPOSITORY / "peering_handshake" / "__main__.py"))
NEEDED_BY_THE_WORK = {"typer", "rich", "asyncio", "pydantic", "aio_pika", "httpx", "yaml", "structlog", "typing"}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("forked") / ("as long a name as a socket's path may not have " * 2).strip()
    with peering_up(REPOSITORY / "examples" / "cross-account.yaml", folder) as running:
        yield running


def launch(up: Up, *words: str, **environment: str) -> subprocess.Popen[str]:
    """Type `peering …` in the folder of the `up`, as it is installed: nothing is in PYTHONPATH."""
    around = {**surroundings(PEERING_TOPOLOGY="context.json", **environment), "PYTHONPATH": ""}
    pipe = subprocess.PIPE
    return subprocess.Popen([*LAUNCHER, *words], cwd=up.folder, env=around, stdout=pipe, stderr=pipe, text=True)


def typed(up: Up, *words: str, **environment: str) -> tuple[int, str, set[str]]:
    """Return the exit code, what was printed, and what was imported by the process that was started."""
    with launch(up, *words, **environment) as program:
        out, err = program.communicate(timeout=LIMIT_SECONDS)
    return program.returncode, out, {one[1] for one in re.finditer(r"^import time:.*\| +([\w.]+)$", err, re.MULTILINE)}


def started(up: Up, *words: str) -> subprocess.CompletedProcess[str]:
    return type_command(*words, folder=up.folder, environment={"PEERING_TOPOLOGY": "context.json"})


@pytest.mark.parametrize("words", [("show", "--json"), ("--help",), ("why", "ri-none"), ("show", "--wrong")])
def test_a_command_beside_a_running_up_is_answered_without_importing_what_it_does(
    up: Up, words: tuple[str, ...]
) -> None:
    code, out, imported = typed(up, *words)
    plain = started(up, *words)
    assert (code, out.split()) == (plain.returncode, plain.stdout.replace("python -m console.cli", "peering").split())
    assert "json" in imported
    assert not imported & NEEDED_BY_THE_WORK


def test_shell_completion_imports_no_more(up: Up) -> None:
    code, out, imported = typed(up, _PEERING_COMPLETE="complete_bash", COMP_WORDS="peering sh", COMP_CWORD="1")
    assert (code, out.split()) == (0, ["show"])
    assert not imported & NEEDED_BY_THE_WORK


def test_a_forked_command_has_the_environment_the_folder_and_the_umask_of_whoever_types_it(up: Up) -> None:
    assert started(up, "create", "--endpoint", "vpc-alice", "--id", "ri-drawn").returncode == 0
    before = os.umask(0o027)
    try:
        code, out, imported = typed(up, "trace", "ri-drawn", "-o", "drawn.svg", "--json")
    finally:
        os.umask(before)
    assert (code, json.loads(out)["file"]) == (0, "drawn.svg")
    assert (up.folder / "drawn.svg").stat().st_mode & 0o777 == 0o640
    assert not imported & NEEDED_BY_THE_WORK
    code, out, _ = typed(up, "show", "ri-drawn@vpc-alice", "--json", PEERING_ACCOUNT="bob")
    assert (code, json.loads(out)["code"]) == (1, "NotOwner")


IN_A_SHELL = ("sh", "-c")


@pytest.mark.parametrize(
    "before", ["exec <&-", "exec 2>&-", "ulimit -f 0", "ulimit -n 64", "export TZ=Asia/Tokyo", "umask 777"]
)
def test_whatever_a_shell_has_changed_the_answer_is_that_of_a_command_that_is_started(up: Up, before: str) -> None:
    """Either what was changed is so for the forked command as well, or the command is started."""
    around = {**surroundings(PEERING_TOPOLOGY="context.json"), "PYTHONPATH": ""}
    command = ("trace", "ri-drawn", "-o", "shell.svg")
    answers = []
    for launcher in (LAUNCHER[0], *LAUNCHER[-1:]), (sys.executable, "-m", "console.cli"):
        told = {**around, "PYTHONPATH": str(REPOSITORY)} if launcher[1] == "-m" else around
        line = [*IN_A_SHELL, f'{before}; exec "$@"', "sh", *launcher, *command]
        done = subprocess.run(
            line, cwd=up.folder, env=told, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
        )
        answers.append((done.returncode, done.stdout, done.stderr))
        (up.folder / "shell.svg").unlink(missing_ok=True)
    assert answers[0] == answers[1]


def test_a_hangup_that_the_shell_ignores_ends_nothing(up: Up) -> None:
    assert started(up, "create", "--endpoint", "vpc-alice", "--id", "ri-nohup").returncode == 0
    around = {**surroundings(PEERING_TOPOLOGY="context.json"), "PYTHONPATH": ""}
    line = [*IN_A_SHELL, 'trap "" HUP; exec "$@"', "sh", *LAUNCHER, "wait", "ri-nohup", "--status", "Deleted"]
    with subprocess.Popen([*line, "--timeout", "600"], cwd=up.folder, env=around, stderr=subprocess.DEVNULL) as program:
        try:
            wait_for_blocking(lambda: forked("ri-nohup"), LIMIT_SECONDS)
            program.send_signal(signal.SIGHUP)
            assert started(up, "delete", "ri-nohup").returncode == 0
            assert program.wait(LIMIT_SECONDS) == 0
        finally:
            program.kill()


async def test_twelve_commands_of_one_account_wait_at_once(up: Up) -> None:
    """More than the eight queues for replies with which an account begins."""
    assert started(up, "create", "--endpoint", "vpc-alice", "--id", "ri-twelve").returncode == 0
    queues = [console_queue_name("alice", slot) for slot in range(MOST_CONSOLE_SLOTS)]
    address = find_context(up.folder / "context.json").login("alice")

    async def all_wait() -> bool:
        return sum(one.readers for one in (await depths(address, queues)).values()) >= 12

    words = ("wait", "ri-twelve@vpc-alice", "--status", "Deleted", "--timeout", "600", "--patience", "90")
    waiting = [launch(up, *words) for _ in range(12)]
    try:
        await wait_for(all_wait, LIMIT_SECONDS)
        assert started(up, "delete", "ri-twelve").returncode == 0
        for one in waiting:
            out, _ = await asyncio.to_thread(one.communicate, timeout=LIMIT_SECONDS)
            assert (one.returncode, "Deleted" in out) == (0, True)
    finally:
        for one in waiting:
            one.kill()
            one.communicate()


def forked(interface: str) -> list[int]:
    """The processes of a command that waits for this interface, but for its launcher."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            told = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if told.startswith(b"peering wait ") and interface.encode() in told:
            found.append(int(folder.name))
    return found


@pytest.mark.usefixtures("hears_ctrl_c")
@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_a_forked_command_gets_the_signals_of_its_launcher_and_ends_with_it(up: Up, sent: int, code: int) -> None:
    interface = f"ri-waiting{sent}"
    assert started(up, "create", "--endpoint", "vpc-alice", "--id", interface).returncode == 0
    with launch(up, "wait", interface, "--status", "Activated", "--timeout", "600") as program:
        try:
            wait_for_blocking(lambda: forked(interface), LIMIT_SECONDS)
            program.send_signal(sent)
            program.communicate(timeout=LIMIT_SECONDS)
        finally:
            program.kill()
    assert program.returncode == code
    wait_for_blocking(lambda: forked(interface), LIMIT_SECONDS, until=lambda left: left == [])


def test_a_command_server_that_was_killed_is_started_again(up: Up) -> None:
    assert typed(up, "show", "--json")[0] == 0
    for pid in server_of(up):
        os.kill(pid, signal.SIGKILL)

    def answered() -> bool:
        code, _, imported = typed(up, "show", "--json")
        assert code == 0
        return not imported & NEEDED_BY_THE_WORK

    wait_for_blocking(answered, LIMIT_SECONDS)


def server_of(up: Up) -> list[int]:
    children = Path(f"/proc/{up.program.pid}/task/{up.program.pid}/children").read_text().split()
    return [int(one) for one in children if b"command server" in Path(f"/proc/{one}/cmdline").read_bytes()]
