"""The checks of what is written for people: docstrings, promises, links, names of machines."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath

from tests.tidy.sources import ROOT, Source, assert_none, files, planted, python, texts

LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)>\s]+)>?(?:\s+\"[^\"]*\")?\)|^\[[^\]]+\]:\s+(\S+)", re.MULTILINE)
FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|#")

# Written in parts, so that this file does not break what it checks.
PROMISE = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME)\b(?!\([a-z][\w-]*\))")
MACHINE = re.compile(r"(?<![\w.-])/(?:wo" + r"rk|ro" + r"ot|home/[a-z]+)/")
SCRATCH = re.compile(r"(?<![\w.-])/t" + r"mp/\w")
REGISTRY = re.compile("index" + "-url|python" + "hosted")


def without_docstring(sources: Iterable[Source]) -> Iterator[str]:
    """Find modules that do not begin with a docstring."""
    for source in sources:
        if not ast.get_docstring(source.tree):
            yield source.at(1, "opens without a docstring: why is it there?")


def promises(sources: Iterable[Source]) -> Iterator[str]:
    """Find work put off to nobody; with an owner in parentheses it is somebody's."""
    for source in sources:
        for number, line in enumerate(source.text.splitlines(), 1):
            if PROMISE.search(line):
                yield source.at(number, f"puts work off to nobody: {line.strip()}")


def machine_names(sources: Iterable[Source]) -> Iterator[str]:
    """Find paths of the machine it was written on, and the host that packages came from there."""
    for source in sources:
        for number, line in enumerate(source.text.splitlines(), 1):
            if MACHINE.search(line) or REGISTRY.search(line) or (SCRATCH.search(line) and not source.is_test):
                yield source.at(number, f"is true on one machine only: {line.strip()}")


def _exists(path: str) -> bool:
    return path == "." or path in files() or any(file.startswith(f"{path}/") for file in files())


def dead_links(sources: Iterable[Source], exists: Callable[[str], bool] = _exists) -> Iterator[str]:
    """Find relative links of Markdown files to what the repository does not hold."""
    for source in sources:
        if not source.path.endswith(".md"):
            continue
        prose = FENCED.sub(lambda code: "\n" * code.group().count("\n"), source.text)
        for link in LINK.finditer(prose):
            target = (link.group(1) or link.group(2)).partition("#")[0]
            if ELSEWHERE.match(link.group(1) or link.group(2)):
                continue
            if not exists(_from_root(source, target)):
                yield source.at(prose.count("\n", 0, link.start()) + 1, f"links to nothing: {target}")


def _from_root(source: Source, target: str) -> str:
    parts: list[str] = [] if target.startswith("/") else list(source.folders)
    for part in PurePosixPath(target.lstrip("/")).parts:
        if part != "..":
            parts.append(part)
        elif parts:
            parts.pop()
        else:
            return target  # out of the repository: what a clone doesn't hold
    return "/".join(parts) or "."


def test_every_module_opens_with_a_docstring() -> None:
    assert_none(without_docstring(python()))


def test_no_work_is_put_off_to_nobody() -> None:
    assert_none(promises(texts()))


def test_nothing_names_the_machine_it_was_written_on() -> None:
    assert_none(machine_names(texts()))


def test_every_relative_link_of_every_markdown_file_resolves() -> None:
    assert (ROOT / "README.md").is_file()
    assert_none(dead_links(texts()))


def test_a_missing_docstring_is_caught() -> None:
    for text in ("", "import os\n", "x = 'a'\n", "# why\nx = 1\n", "1\n"):
        assert list(without_docstring(planted("a.py", text))), text
    assert not list(without_docstring(planted("a.py", '"""Why."""\n')))


def test_work_put_off_to_nobody_is_caught() -> None:
    for word in ("TO" + "DO", "FIX" + "ME"):
        assert list(promises(planted("a.py", f"x = 1  # {word}: later\n")))
        assert not list(promises(planted("a.py", f"x = 1  # {word}(mia): later\n")))


def test_the_name_of_a_machine_is_caught() -> None:
    scratch = "/t" + "mp/broker"
    for path in ("/wo" + "rk/main", "/ro" + "ot/.cache", "/home/" + "mia/peering", scratch):
        assert list(machine_names(planted("console/cli.py", f"x = '{path}'\n"))), path
    assert not list(machine_names(planted("tests/unit/test_a.py", f"x = '{scratch}'\n")))
    assert not list(machine_names(planted("README.md", "see docs/work/plan and ./root/x\n")))


def test_a_dead_link_is_caught() -> None:
    def exists(path: str) -> bool:
        return path in {"docs/wire.md", "tests", "."}

    for link in ("[a](wrong.md)", "![a](docs/no.svg)", "[a](../outside.md)", "[a]: gone.md", "[a](/no.md)"):
        assert list(dead_links(planted("README.md", f"text\n\n{link}\n"), exists)), link
    for link in ("[a](docs/wire.md#top)", "[a](tests/)", "[a](https://a.b/c)", "[a](#here)", "[a](./)"):
        assert not list(dead_links(planted("README.md", f"{link}\n"), exists)), link
    assert not list(dead_links(planted("docs/a.md", "[a](wire.md) [b](../tests)\n"), exists))
    assert not list(dead_links(planted("README.md", "```\n[a](wrong.md)\n```\n"), exists))
