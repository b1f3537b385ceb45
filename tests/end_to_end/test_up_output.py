"""Tests of the output of `peering up`: its processes are looked after whether or not it is read."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.programs import (
    LIMIT_SECONDS,
    PEERING,
    REPOSITORY,
    Terminal,
    peering_up,
    read_until,
    running_with,
    surroundings,
)
from tests.waiting import wait_for_blocking

CROSS_ACCOUNT = REPOSITORY / "examples" / "cross-account.yaml"
SMALLEST_PIPE_BYTES = 4096


def pid_of(terminal: Terminal) -> int | None:
    """The process of bob's worker, as it says itself; None while it does not answer."""
    said = terminal.type("worker", "vpc-bob", "--patience", "5")
    return int(said["pid"]) if said["exit"] == 0 else None


def comes_back(terminal: Terminal) -> None:
    first = wait_for_blocking(lambda: pid_of(terminal), LIMIT_SECONDS)
    assert first is not None
    os.kill(first, signal.SIGKILL)
    wait_for_blocking(lambda: pid_of(terminal), LIMIT_SECONDS, until=lambda pid: pid not in {None, first})


def test_a_reader_that_went_away_stops_nothing(tmp_path: Path) -> None:
    with peering_up(CROSS_ACCOUNT, tmp_path / "peering") as up:
        assert up.program.stdout is not None
        up.program.stdout.close()
        comes_back(up.terminal)
        comes_back(up.terminal)
        up.program.stdout = None
    assert up.program.returncode == 0


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_output_that_nobody_reads_stops_nothing(tmp_path: Path, form: tuple[str, ...]) -> None:
    folder = tmp_path / "peering"
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, SMALLEST_PIPE_BYTES)
    os.write(writing, b"x" * SMALLEST_PIPE_BYTES)
    command = [*PEERING, "up", str(CROSS_ACCOUNT), "--folder", str(folder), *form]
    try:
        with subprocess.Popen(command, env=surroundings(), stdout=writing, stderr=writing) as program:
            try:
                wait_for_blocking((folder / "context.json").exists, LIMIT_SECONDS)
                terminal = Terminal(folder, ("--topology", str(folder / "context.json")))
                wait_for_blocking(lambda: pid_of(terminal), LIMIT_SECONDS)
                comes_back(terminal)
            finally:
                program.terminate()
                program.wait(LIMIT_SECONDS)
        assert program.returncode == 0
    finally:
        os.close(reading)
        os.close(writing)


FORGETS_BOB = """
from console.cli import main
from console.commands.work.up import Board
from console.stack.supervised import State

changed = Board.changed

def fails(board, report):
    if report.name == "vpc-bob" and report.state is State.PAUSING:
        raise ZeroDivisionError("nobody foresaw this")
    changed(board, report)

Board.changed = fails
main()
"""


def test_a_supervising_task_that_dies_ends_up_with_its_reason(tmp_path: Path) -> None:
    folder = tmp_path / "peering"
    command = [sys.executable, "-c", FORGETS_BOB, "up", str(CROSS_ACCOUNT), "--folder", str(folder), "--json"]
    with subprocess.Popen(command, env=surroundings(), stdout=subprocess.PIPE, text=True) as program:
        try:
            ready = read_until(program, event="ready")
            os.kill(next(one["pid"] for one in ready["processes"] if one["name"] == "vpc-bob"), signal.SIGKILL)
            said = read_until(program, outcome="failed")
            assert said["code"] == "SupervisionEnded"
            assert "the supervision of vpc-bob ended: ZeroDivisionError: nobody foresaw this" in said["sentence"]
            assert program.wait(LIMIT_SECONDS) == 1
        finally:
            program.kill()
    wait_for_blocking(lambda: not running_with(str(folder)), LIMIT_SECONDS, what="no process of this `up` is left")
