"""The watchdog: kills a program's children when the program ends, in whatever way.

A program that can be killed at any line can't promise to stop its broker. The watchdog is a shell that leads a session
of its own, with everything it starts in its process group. Its standard input is a pipe that only our process holds
open: when we end, the kernel closes it and the watchdog kills the whole group, itself included. PR_SET_PDEATHSIG would
not do: it fires when the *thread* that started the child ends, and it reaches only the child and not the processes
which that child has started.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from shared.broker.polling import wait_until

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
        """Start the first command, a line for the shell; its output is added to a file.

        Whatever the commands write is for its owner alone.
        """
        with os.fdopen(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
            self._shell = subprocess.Popen(  # noqa: S603 - fixed program; the commands are quoted by the caller
                ["/bin/sh", "-c", _SCRIPT, "peering-watchdog", *commands],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=folder,
                start_new_session=True,
                umask=0o077,
            )

    def start_next(self) -> None:
        """Start the next command, now that the one before it is ready."""
        if self._shell.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._shell.stdin.write(b"next\n")
                self._shell.stdin.flush()

    def ended(self) -> bool:
        """Whether all is over because one of the programs ended by itself."""
        return self._shell.poll() is not None

    @property
    def group(self) -> int:
        """The process group (and session) of everything that was started."""
        return self._shell.pid

    def kill(self) -> None:
        """SIGKILL everything, and return when nothing of it is left."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.group, signal.SIGKILL)
        if self._shell.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._shell.stdin.close()
        self._shell.wait()
        wait_until_gone(self.group)


def group_members(group: int) -> Sequence[int]:
    """List the living processes of a process group."""
    processes = (int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit())
    return [pid for pid in processes if is_member(pid, group)]


def is_member(pid: int, group: int) -> bool:
    """Whether a living process is in a process group."""
    try:
        state, _, process_group, *_ = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return int(process_group) == group and state not in "ZX"


def wait_until_gone(group: int) -> None:
    """Wait for the kernel to finish a killed process group; raise TimeoutError if it doesn't."""
    if not wait_until(lambda: not group_members(group), _KILLED_LIMIT_SECONDS):
        raise TimeoutError(f"process group {group} survives SIGKILL: {group_members(group)}")
