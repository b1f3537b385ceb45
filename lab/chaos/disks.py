"""Full disks and missing file descriptors for real processes.

Two ways. A small file system in memory (tmpfs, where the program may mount one) in which a filler takes all the space:
the store hears ENOSPC. And a limit to the length of files (RLIMIT_FSIZE), set on the running worker from outside, which
takes no privilege: every write that matters fails with EFBIG, at once.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

DISK_MEGABYTES: Final = 96
"""Several times what a run of the longest kind writes."""

_MOUNT_LIMIT_SECONDS: Final = 10.0
_PIECE_BYTES: Final = 1 << 20
_FILLER: Final = "filler"
_MEMORY_FILES: Final = "tmpfs"


def fill(folder: Path) -> None:
    """Take all the space that is left on a small disk."""
    with contextlib.suppress(OSError), (folder / _FILLER).open("ab", buffering=0) as filler:
        while True:
            os.posix_fallocate(filler.fileno(), os.fstat(filler.fileno()).st_size, _PIECE_BYTES)
    with contextlib.suppress(OSError), (folder / _FILLER).open("ab", buffering=0) as filler:
        while filler.write(b"\0" * resource.getpagesize()):
            pass


def clear(folder: Path) -> None:
    """Give the space back."""
    (folder / _FILLER).unlink(missing_ok=True)


def limit_files(pid: int, length_bytes: int | None) -> None:
    """Let this process write no file beyond a length; None lifts the limit. One that has ended is left alone."""
    with contextlib.suppress(ProcessLookupError):
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        soft = hard if length_bytes is None else length_bytes
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


def limit_descriptors(pid: int, *, none_left: bool) -> None:
    """Let this process open nothing more, or as much as it may at all. One that has ended is left alone."""
    with contextlib.suppress(ProcessLookupError):
        _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (0 if none_left else hard, hard))


@contextmanager
def small_disks(folders: Sequence[Path]) -> Iterator[bool]:
    """Make each of these folders a small disk; yields whether that could be done. Their files stay afterwards."""
    with ExitStack() as mounted:
        for folder in folders:
            folder.mkdir(parents=True, mode=0o700)
            if not _mount(folder):
                yield False
                return
            mounted.callback(_unmount, folder)
        yield True


def _mount(folder: Path) -> bool:
    program = shutil.which("mount")
    options = f"size={DISK_MEGABYTES}m,mode=0700"
    return program is not None and _done(program, "-t", _MEMORY_FILES, "-o", options, _MEMORY_FILES, str(folder))


def _unmount(folder: Path) -> None:
    """Take the disk away, and leave what was on it in its place."""
    kept = folder.with_name(f"{folder.name}.kept")
    shutil.copytree(folder, kept, ignore=shutil.ignore_patterns(_FILLER))
    program = shutil.which("umount") or "umount"
    if not _done(program, str(folder)):
        _done(program, "-l", str(folder))
    folder.rmdir()
    kept.rename(folder)


def _done(*command: str) -> bool:
    limit = _MOUNT_LIMIT_SECONDS
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        ended = subprocess.run(command, capture_output=True, timeout=limit, check=False)  # noqa: S603 - fixed programs
        return ended.returncode == 0
    return False
