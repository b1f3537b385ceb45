"""Child processes of the benchmark, and their processor time and memory as the kernel counts them.

Linux: the processor clock of another process (clock_getcpuclockid(3)), and its resident memory.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple, Self

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


class Descendant(NamedTuple):
    """A process that another one started, or one of its own did; a worker if its command line is one's."""

    pid: int
    is_worker: bool


def descendants(pid: int) -> list[Descendant]:
    """A process and everything that it has started and that runs."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                parent = int((folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(folder.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return [Descendant(one, _is_worker(one)) for one in found]


def _is_worker(pid: int) -> bool:
    with suppress(OSError):
        return b"--endpoint" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def memory_mib(pid: int) -> tuple[float, float]:
    """Memory that a process has for itself alone, and with its part of what it shares (PSS); none if it has ended."""
    found = {"Pss": 0.0, "Private_Clean": 0.0, "Private_Dirty": 0.0}
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            name, _, amount = line.partition(":")
            if name in found:
                found[name] = int(amount.split()[0]) / _MIB
    return found["Private_Clean"] + found["Private_Dirty"], found["Pss"]


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

    async def read_on(self) -> None:
        """Read on until it ends: a program whose pipe is full stands still."""
        with suppress(BenchFailed):
            while True:
                await self.line()

    def _last_log_line(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return lines[-1] if lines else "it complained of nothing"

    async def tell(self, word: str) -> None:
        """Write a line to it."""
        if self._process.stdin is not None:
            self._process.stdin.write(f"{word}\n".encode())
            await self._process.stdin.drain()

    async def end(self, how: signal.Signals = signal.SIGTERM, limit_seconds: float = STOP_LIMIT_SECONDS) -> int:
        """Ask it to end, wait, and kill it if it does not; return its exit code."""
        if self.runs:
            self._process.send_signal(how)
        try:
            async with asyncio.timeout(limit_seconds):
                return await self._process.wait()
        except TimeoutError:
            self._process.kill()
            return await self._process.wait()
