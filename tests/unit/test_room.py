"""Tests of memory, processes and threads that a stack may have: what does not fit is refused before anything starts."""

import os
import resource
from pathlib import Path

import pytest

from console.stack import room
from console.stack.errors import StackRefused
from console.stack.room import FORKED_MIB, TASKS_BESIDES, TASKS_PER_ENDPOINT, refuse_too_many

MIB = 1024 * 1024


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with 1,100 MiB of free memory and no other limit."""
    monkeypatch.setattr(room, "_PROC", tmp_path / "proc")
    monkeypatch.setattr(room, "_CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    write(tmp_path / "proc/meminfo", f"MemTotal: 9 kB\nMemAvailable: {1_000 * 1024} kB\nSwapFree: {100 * 1024} kB\n")
    return tmp_path


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def allowed(endpoints: int, **more: int) -> bool:
    try:
        refuse_too_many(endpoints, more.get("queues", 0), forked=True)
    except StackRefused:
        return False
    return True


def test_what_fits_into_the_machines_memory_is_not_refused(machine: Path) -> None:
    assert allowed(100)
    assert not allowed(101)
    assert not allowed(100, queues=100)
    with pytest.raises(StackRefused, match=r"^200 endpoints take about 2,200 MiB of memory, and 1,100 MiB are left: "):
        refuse_too_many(200, 0, forked=True)
    with pytest.raises(StackRefused, match=r"^37 endpoints take about 1,110 MiB"):
        refuse_too_many(37, 0, forked=False)
    (machine / "proc/meminfo").unlink()
    assert allowed(1_000_000)


@pytest.mark.parametrize(
    ("line", "folder", "files"),
    [
        ("0::/", "", ("memory.max", "memory.current", "file")),
        ("0::/user/mine", "user/mine", ("memory.max", "memory.current", "file")),
        ("0::/user/mine", "user", ("memory.max", "memory.current", "file")),
        ("4:memory,other:/a", "memory/a", ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_cache")),
        ("4:memory:/docker/unseen", "memory", ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_cache")),
    ],
)
def test_a_control_groups_limit_counts_and_files_make_room(
    line: str, folder: str, files: tuple[str, str, str], machine: Path
) -> None:
    group = machine / "cgroup" / folder
    limit, used, reclaimable = files
    write(machine / "proc/self/cgroup", f"9:systemd:/\n{line}\n")
    write(group / limit, f"{int(30 * FORKED_MIB) * MIB}\n")
    write(group / used, f"{int(25 * FORKED_MIB) * MIB}\n")
    write(group / "memory.stat", f"anon 7\n\nodd\n{reclaimable} {int(5 * FORKED_MIB) * MIB}\n")
    assert allowed(10)
    assert not allowed(11)
    write(group / limit, "max\n")
    assert allowed(100)


def test_more_processes_than_a_control_group_allows_are_refused(machine: Path) -> None:
    write(machine / "proc/self/cgroup", "8:pids:/a\n")
    write(machine / "cgroup/pids/a/pids.max", f"{10 * TASKS_PER_ENDPOINT + TASKS_BESIDES + 5}\n")
    write(machine / "cgroup/pids/a/pids.current", "5\n")
    assert allowed(10)
    with pytest.raises(StackRefused, match=r"^11 endpoints take about 97 processes and threads, and 94 more are allow"):
        refuse_too_many(11, 0, forked=True)


def test_more_processes_than_a_user_may_have_are_refused(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    most, raised = 10 * TASKS_PER_ENDPOINT + TASKS_BESIDES + 2, []
    for thread in (1, 2):
        write(machine / f"proc/1/task/{thread}/stat", "")
    monkeypatch.setattr(os, "geteuid", lambda: 1_000)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (50, most))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: raised.append(limits))
    assert allowed(10)
    assert not allowed(11)
    assert set(raised) == {(most, most)}
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert allowed(11)
