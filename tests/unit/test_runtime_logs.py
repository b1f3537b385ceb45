"""Tests of a worker's log where standard error takes nothing: lines are lost, and the worker goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.runtime.background import WAITING_LIMIT_BYTES

LIMIT_SECONDS = 60
LINES = 20
LINE_BYTES = WAITING_LIMIT_BYTES // 8

PROGRAM = f"""
from shared.runtime.logs import LINES, logger
log = logger({{form!r}}, "info", worker="vpc-a")
for number in range({LINES}):
    log.info("line", number=number, text="x" * {LINE_BYTES})
print("still at work", flush=True)
__import__("sys").stdin.read()
log.info("last")
"""


def started(form: str, error: int) -> subprocess.Popen[str]:
    """A program that logs much more than a pipe holds, says that it is still at work, and logs once more when told."""
    command = (sys.executable, "-c", PROGRAM.format(form=form))
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=error, text=True)


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize("error", ["nobody reads it", "its disk is full", "its reader is gone"])
def test_a_log_that_takes_nothing_stops_no_worker(form: str, error: str) -> None:
    reading, writing = os.pipe()
    full = os.open("/dev/full", os.O_WRONLY)
    if error == "its reader is gone":
        os.close(reading)
    with started(form, full if error == "its disk is full" else writing) as program:
        said, _ = program.communicate("\n", timeout=LIMIT_SECONDS)
    for descriptor in {reading, writing, full} - ({reading} if error == "its reader is gone" else set()):
        os.close(descriptor)
    assert (program.returncode, said) == (0, "still at work\n")


def test_what_was_lost_is_counted_in_the_log(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with started("json", writing) as program, (tmp_path / "log").open("wb") as log:
        os.close(writing)
        assert program.stdin is not None
        assert program.stdout is not None
        assert program.stdout.readline() == "still at work\n"
        first = os.read(reading, 1)
        log.write(first)
        while piece := os.read(reading, 65_536):
            log.write(piece)
            if log.tell() > WAITING_LIMIT_BYTES // 2 and not program.stdin.closed:
                program.stdin.close()
    os.close(reading)
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    (lost,) = [line["bytes"] for line in lines if line["event"] == "output lost"]
    kept = sum(line["event"] == "line" for line in lines)
    assert 0 < kept < LINES
    assert lost > (LINES - kept) * LINE_BYTES
    assert lines[-1]["event"] == "last"
