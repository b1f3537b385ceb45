"""A pipe takes less than it is offered when a signal comes, and what it did not take must not be lost.

Python's unbuffered streams (PYTHONUNBUFFERED, as many container images set it) do not look at how much was taken.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import termios
import time
from typing import IO

import pytest

CHARACTERS = 1_000_000

LOGGING = "from shared.runtime.logs import LINES; LINES.write(b'x' * {n} + b'\\n'); LINES.flush()"
TELLING = "from bench.rendezvous import tell; tell({{'x': 'x' * {n}}})"

PROGRAM = """
import signal
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
{what}
signal.setitimer(signal.ITIMER_REAL, 0.0)
"""
SOME_SIGNALS_SECONDS = 0.05


@pytest.mark.parametrize("what", [LOGGING, TELLING], ids=["a log", "a baseline"])
def test_a_long_line_is_whole_however_slowly_it_is_read(what: str) -> None:
    command = (sys.executable, "-c", PROGRAM.format(what=what.format(n=CHARACTERS)))
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as child:
        assert child.stdout is not None
        full = fcntl.fcntl(child.stdout, fcntl.F_GETPIPE_SZ)
        while waiting_in(child.stdout) < full:
            assert child.poll() is None
            time.sleep(0.01)
        time.sleep(SOME_SIGNALS_SECONDS)
        said = child.stdout.read()
    assert child.returncode == 0
    assert said.count(b"x") >= CHARACTERS
    assert said.endswith(b"\n")


def waiting_in(pipe: IO[bytes]) -> int:
    """How many bytes nobody has read yet."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)
