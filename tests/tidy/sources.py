"""The files that the laws are about: what git would carry, and not whatever lies on a disk."""

import ast
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Source:
    """One text file: its path from the root of the repository, and what is in it."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed file; only for Python files."""
        return ast.parse(self.text, self.path)

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders it lies in, outermost first."""
        return PurePosixPath(self.path).parts[:-1]

    @property
    def name(self) -> str:
        """Its last part."""
        return PurePosixPath(self.path).name

    @property
    def is_python(self) -> bool:
        """Whether it is Python."""
        return self.path.endswith(".py")

    @property
    def is_test(self) -> bool:
        """Whether it is a test or a helper of tests."""
        return self.folders[:1] == ("tests",)

    def at(self, line: int | ast.expr | ast.stmt | ast.ExceptHandler, complaint: str) -> str:
        """Give the complaint the form that editors turn into a link."""
        return f"{self.path}:{line if isinstance(line, int) else line.lineno}: {complaint}"


def planted(path: str, text: str) -> list[Source]:
    """Make a violation that a law must catch."""
    return [Source(path, text)]


@cache
def files() -> tuple[str, ...]:
    """Every path that is tracked, or is new and not ignored. Deleted ones are left out."""
    listed = subprocess.run(
        # A clone may belong to somebody else than the user that runs the tests, as in a container.
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return tuple(sorted({path for path in listed.split("\0") if path and (ROOT / path).is_file()}))


@cache
def texts() -> tuple[Source, ...]:
    """Every file that is text."""
    return tuple(_readable(files()))


@cache
def python() -> tuple[Source, ...]:
    """Every Python file."""
    return tuple(source for source in texts() if source.is_python)


def _readable(paths: Iterable[str]) -> Iterator[Source]:
    for path in paths:
        try:
            yield Source(path, (ROOT / path).read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            continue


def assert_none(complaints: Iterable[str]) -> None:
    """Fail with every complaint on a line of its own."""
    found = list(complaints)
    assert not found, "\n" + "\n".join(found)
