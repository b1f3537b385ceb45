"""Child processes of the benchmark, and their processor time and memory as the kernel counts them.

Linux: the processor clock of another process (clock_getcpuclockid(3)), and its resident memory.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from console.stack.die_with_parent import dying_with_parent
from lab.bench.results import BenchFailed

STOP_LIMIT_SECONDS: Final = 20.0
_CPU_CLOCK: Final = 2
_MIB: Final = 1024.0


def cpu_seconds(pid: int | None) -> float:
    """Processor time that a process has used since it began, all threads, in user and in system mode."""
    if pid is None:
        raise BenchFailed("that process does not run")
    return time.clock_gettime((~pid << 3) | _CPU_CLOCK)


def resident_mib(pid: int) -> float:
    """Resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    for line in status.splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / _MIB
    raise BenchFailed(f"process {pid} has no memory: it has ended")


class Child:
    """One program of ours, which ends with us at the latest."""

    def __init__(self, process: asyncio.subprocess.Process, name: str, log: Path) -> None:
        """Prefer `Child.start`."""
        self._process, self._name, self._log = process, name, log

    @classmethod
    async def start(cls, name: str, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Self:
        """Start a program; what it complains of goes into a file of its name. Talk to it over its pipes."""
        file = folder / f"{name}.log"
        with file.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *dying_with_parent(tuple(command)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env={**os.environ, **environment},
                start_new_session=True,
                limit=64 * 1024 * 1024,
            )
        return cls(process, name, file)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    async def line(self) -> str:
        """Its next line. Raises BenchFailed if it has ended."""
        if self._process.stdout is None or not (line := await self._process.stdout.readline()):
            raise BenchFailed(f"{self._name} ended before its time: {self._last_log_line()}")
        return line.decode().rstrip("\n")

    def _last_log_line(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return lines[-1] if lines else "it complained of nothing"

    async def tell(self, word: str) -> None:
        """Write a line to it."""
        if self._process.stdin is not None:
            self._process.stdin.write(f"{word}\n".encode())
            await self._process.stdin.drain()

    async def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, wait, and kill it if it does not; return its exit code."""
        if self.runs:
            self._process.send_signal(how)
        try:
            async with asyncio.timeout(STOP_LIMIT_SECONDS):
                return await self._process.wait()
        except TimeoutError:
            self._process.kill()
            return await self._process.wait()
