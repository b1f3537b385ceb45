"""Tests of long lines to a pipe: all of each line arrives, whatever a signal interrupts.

Python's unbuffered streams (PYTHONUNBUFFERED, as many container images set it) do not look at how much was taken.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import termios
from functools import partial
from typing import IO

import pytest

from tests.waiting import wait_for_blocking

CHARACTERS = 1_000_000

LOGGING = (
    "from shared.runtime.logs import LINES; LINES.write(b'x' * {n} + b'\\n'); LINES.flush(); LINES._writer.close(60)"
)
TELLING = "from lab.bench.baselines.rendezvous import tell; tell({{'x': 'x' * {n}}})"

PROGRAM = """
import os
import signal
signal.signal(signal.SIGALRM, lambda *_: os.write({signals}, b"!"))
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
{what}
signal.setitimer(signal.ITIMER_REAL, 0.0)
"""


@pytest.mark.parametrize("what", [LOGGING, TELLING], ids=["a log", "a baseline"])
def test_a_long_line_is_whole_however_slowly_it_is_read(what: str) -> None:
    heard, signals = os.pipe()
    program = PROGRAM.format(what=what.format(n=CHARACTERS), signals=signals)
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        (sys.executable, "-c", program),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=(signals,),
    ) as child:
        assert child.stdout is not None
        full = fcntl.fcntl(child.stdout, fcntl.F_GETPIPE_SZ)
        wait_for_blocking(partial(waiting_in, child.stdout), 60, until=lambda size: size == full)
        before = waiting_in(heard)
        wait_for_blocking(lambda: child.poll() is not None or waiting_in(heard) > before, 60)
        said = child.stdout.read()
    os.close(heard)
    os.close(signals)
    assert child.returncode == 0
    assert said.count(b"x") >= CHARACTERS
    assert said.endswith(b"\n")


def waiting_in(pipe: IO[bytes] | int) -> int:
    """How many bytes nobody has read yet."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)
