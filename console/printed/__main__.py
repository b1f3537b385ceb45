"""A stale copy is worse than none: `python -m console.printed --check` finds it, `--write` repairs it."""

from __future__ import annotations

import sys
from pathlib import Path

from console.printed.registry import stale, write

USAGE = "usage: python -m console.printed --write | --check\n"


def main(arguments: list[str]) -> int:
    """Write what is printed from the code, or name what is stale. Returns the exit code."""
    repository = Path.cwd()
    if arguments == ["--write"]:
        for path in write(repository):
            sys.stdout.write(f"{path}\n")
        return 0
    if arguments == ["--check"]:
        old = stale(repository)
        for path in old:
            sys.stdout.write(f"{path} is stale: make docs\n")
        return 1 if old else 0
    sys.stderr.write(USAGE)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
