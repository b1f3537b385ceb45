"""A program that can be killed at any line can't promise to stop its broker, so somebody else has to.

The guard is a shell that leads a session of its own, with everything it starts in its process group. Its standard
input is a pipe that only our process holds open: when we end, in whatever way, the kernel closes it and the guard kills
the whole group, itself included. PR_SET_PDEATHSIG would not do: it fires when the *thread* that started the child
ends, and it reaches only the child and not the processes which that child has started.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

_POLL_SECONDS: Final = 0.02
_KILLED_LIMIT_SECONDS: Final = 10.0

_SCRIPT: Final = """
run() { sh -c "exec $1" </dev/null; kill -KILL -$$; }
for command in "$@"; do
  run "$command" &
  read -r _ || break
done
kill -KILL -$$
"""


class Watchdog:
    """Programs that live exactly as long as ours does, and only together: if one ends, all are killed."""

    def __init__(self, commands: Sequence[str], environment: Mapping[str, str], folder: Path, output: Path) -> None:
        """Start the first command, a line for the shell; its output is added to a file."""
        with output.open("ab") as log:
            self._guard = subprocess.Popen(  # noqa: S603 - fixed program; the commands are quoted by the caller
                ["/bin/sh", "-c", _SCRIPT, "peering-guard", *commands],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=folder,
                start_new_session=True,
            )

    def start_next(self) -> None:
        """Start the next command, now that the one before it is ready."""
        if self._guard.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._guard.stdin.write(b"next\n")
                self._guard.stdin.flush()

    def ended(self) -> bool:
        """Whether all is over because one of the programs ended by itself."""
        return self._guard.poll() is not None

    @property
    def group(self) -> int:
        """The process group (and session) of everything that was started."""
        return self._guard.pid

    def kill(self) -> None:
        """SIGKILL everything, and return when nothing of it is left."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.group, signal.SIGKILL)
        if self._guard.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._guard.stdin.close()
        self._guard.wait()
        wait_until_gone(self.group)


def group_members(group: int) -> Sequence[int]:
    """List the living processes of a process group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, process_group, *_ = stat.read_text().rpartition(")")[2].split()
            if int(process_group) == group and state not in "ZX":
                found.append(int(stat.parent.name))
    return found


def wait_until_gone(group: int) -> None:
    """Wait for the kernel to finish a killed process group; raise TimeoutError if it doesn't."""
    deadline = time.monotonic() + _KILLED_LIMIT_SECONDS
    while group_members(group):
        if time.monotonic() > deadline:
            raise TimeoutError(f"process group {group} survives SIGKILL: {group_members(group)}")
        time.sleep(_POLL_SECONDS)
