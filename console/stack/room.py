"""The memory, processes and threads that a stack takes: looked at before anything starts, as far as Linux tells."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from console.stack.errors import StackRefused

FORKED_MIB: Final = 11.0
STARTED_MIB: Final = 30.0
QUEUE_MIB: Final = 0.09
"""What a worker that is forked, one that is started by its command, and a queue of our own broker take at the least.

A queue that nobody reads takes 0.06 to 0.07 MiB; with its reader it was 0.096 of 18,481 and 0.105 of 6,481.
"""

TASKS_PER_ENDPOINT: Final = 3
TASKS_BESIDES: Final = 64
"""A worker is one process of three threads; the broker, its watchdog and this process take a few dozen."""

_PROC: Final = Path("/proc")
_CGROUPS: Final = Path("/sys/fs/cgroup")
_MEMORY_FILES: Final = (
    ("memory.max", "memory.current", "file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_cache"),
)
"""Of a control group, in version 2 and 1: its limit, what it uses, and what of that is files, which make room."""
_MIB: Final = 1024 * 1024


def refuse_too_many(endpoints: int, queues: int, *, forked: bool) -> None:
    """Raise StackRefused if the workers of so many endpoints, and so many queues, don't fit into what is left here."""
    needed = endpoints * (FORKED_MIB if forked else STARTED_MIB) + queues * QUEUE_MIB
    free = min(_free_memory(), default=needed)
    if needed > free:
        raise StackRefused(
            f"{endpoints} endpoints take about {needed:,.0f} MiB of memory, and {max(free, 0):,.0f} MiB are left: "
            "run fewer endpoints, or allow more (`free`, and the limit of the container or control group)"
        )
    tasks = endpoints * TASKS_PER_ENDPOINT + TASKS_BESIDES
    left = min(_free_tasks(), default=tasks)
    if tasks > left:
        raise StackRefused(
            f"{endpoints} endpoints take about {tasks} processes and threads, and {max(left, 0)} more are allowed: "
            "run fewer endpoints, or allow more (`ulimit -Hu`, and the limit of the container or control group)"
        )


def _free_memory() -> Iterator[float]:
    """MiB that are left: to all of the machine, and to each control group of this process."""
    counted = (line.split() for line in _read(_PROC / "meminfo").splitlines())
    if sizes := [int(words[1]) for words in counted if words[0] in {"MemAvailable:", "SwapFree:"}]:
        yield sum(sizes) / 1024
    for group in _groups("memory"):
        lines = (line.partition(" ") for line in _read(group / "memory.stat").splitlines())
        files = {name: size for name, _, size in lines}
        for limit, used, reclaimable in _MEMORY_FILES:
            for left in _left(group / limit, group / used):
                yield (left + int(files.get(reclaimable) or 0)) / _MIB


def _free_tasks() -> Iterator[int]:
    """How many more processes and threads there may be: of this user, and of each control group of this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NPROC, (hard, hard))
    if hard != resource.RLIM_INFINITY and os.geteuid() != 0:  # the kernel holds root to none
        yield hard - _tasks_of(os.getuid())
    for group in _groups("pids"):
        yield from _left(group / "pids.max", group / "pids.current")


def _tasks_of(user: int) -> int:
    """How many processes and threads a user has; one that ends meanwhile counts for none."""
    count = 0
    for process in _PROC.iterdir():
        try:
            if process.name.isdigit() and process.stat().st_uid == user:
                count += sum(1 for _ in (process / "task").iterdir())
        except OSError:
            continue
    return count


def _groups(controller: str) -> Iterator[Path]:
    """The control groups that this process is in, its own first, as far as they are seen from here."""
    for line in _read(_PROC / "self/cgroup").splitlines():
        _, named, path = line.split(":", 2)
        if not named or controller in named.split(","):
            top = _CGROUPS / controller if named else _CGROUPS
            own = top / path.lstrip("/")
            yield from (one for one in (own, *own.parents) if one.is_relative_to(top))


def _left(limit: Path, used: Path) -> Iterator[int]:
    """What a limit leaves; nothing where there is none."""
    most, now = _read(limit).strip(), _read(used).strip()
    if most.isdigit() and now.isdigit():
        yield int(most) - int(now)


def _read(file: Path) -> str:
    """The text of a file; empty where it can't be read."""
    try:
        return file.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
