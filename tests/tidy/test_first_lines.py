"""The law of first lines: a docstring's first line says what the thing is or does, and is no maxim.

Measured on the 267 modules of version 0.1.0 outside of tests, of which most opened with a maxim: 251 first lines are
caught. Of the first 72 that were written in their place, 2 had to be worded anew.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from tests.tidy.sources import Source, assert_none, planted, python

IN_GENERAL = re.compile(r"(?:An?|What|Who|Each|Every|Everything|To)\b")
"""A module is *the* something: a line that begins like this speaks of things in general."""

ABOUT_NOBODY = re.compile(r"(?:Nobody|Nothing|Everybody|Somebody|Anybody|Whoever|Whatever|There|If|It|Not)\b")
PEOPLE = re.compile(r"\b(?:nobody|somebody|everybody|anybody|whoever)\b", re.IGNORECASE)
REASON = re.compile(r", (?:so(?! that)|because)\b")
"""Why comes after the first line."""

CLAUSE = re.compile(r"[:;,.](?: |$)|\b(?:that|which|who|whose|where|what|when|as|if|how|why|whether)\b", re.IGNORECASE)
STATEMENT = re.compile(
    r"\b(?:is|are|was|were|has|have|had|must|may|might|can|cannot|can't|could|should|would|will|won't|do|does|don't"
    r"|doesn't|needs?|says?|tells?|gets?|comes?|goes|knows?|shows?|costs|means?|proves?|becomes?|begins?|belongs?)\b",
    re.IGNORECASE,
)
"""A verb in front of the first clause: the line does not name something but states something about it."""


def first_lines(source: Source) -> Iterator[tuple[int, bool, str]]:
    """Yield where, whether it is a module's, and the line; of tests the modules alone, of the rest what is public."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Module):
            if text := ast.get_docstring(node):
                yield 1, True, text.partition("\n")[0]
        elif isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            public = not (source.is_test or node.name.startswith("_"))
            if public and (text := ast.get_docstring(node)):
                yield node.lineno, False, text.partition("\n")[0]


def objection(line: str, *, module: bool) -> str | None:
    """What is wrong with a first line; None if nothing is."""
    if not line.endswith("."):
        return "does not end on its line, with a period"
    if found := ABOUT_NOBODY.match(line) or REASON.search(line):
        return f"is a maxim or a reason ({found.group().strip(', ')})"
    if not module:
        return None
    if found := IN_GENERAL.match(line) or PEOPLE.search(line):
        return f"speaks of things in general ({found.group()})"
    if found := STATEMENT.search(CLAUSE.split(line, maxsplit=1)[0]):
        return f"states something, instead of naming it ({found.group()})"
    return None


def maxims(sources: Iterable[Source]) -> Iterator[str]:
    """Find first lines that do not say what the thing is or does."""
    for source in sources:
        for number, is_module, line in first_lines(source):
            if wrong := objection(line, module=is_module):
                yield source.at(number, f"its first line {wrong}: {line}")


def test_law_6_first_lines_say_what_a_thing_is_or_does() -> None:
    assert_none(maxims(python()))


def test_a_maxim_is_caught() -> None:
    for line in (
        "The worker could be killed between any two lines of this file, and nobody would ever know.",
        "A message is proven by where it lies, so every name is derived here.",
        "Asking twice is how a client is sure: it repeats itself.",
        "Everything a batch changes is collected here first.",
        "Only the control plane may change what lies on the broker.",
        "The store's thread",
    ):
        assert list(maxims(planted("shared/store/thread.py", f'"""{line}"""\n'))), line
    for line in ("Nothing happens before `run`.", "Kept apart, because it takes time.", "One file per worker; its"):
        assert list(maxims(planted("a.py", f'"""The file."""\nclass A:\n    """{line}"""\n'))), line


def test_a_name_passes() -> None:
    for line in (
        "The store's thread: every call to the database happens there, in order.",
        "Peer information as a person gives it, completed from the context.",
        "`peering-lab generate`: write, or check, the documents that are generated from the code.",
        "The tables of the cloud's API, which are looked up often.",
    ):
        assert not list(maxims(planted("a.py", f'"""{line}"""\n'))), line
    inside = 'class A:\n    """A queue that a worker declares."""\n    def f(self):\n        """Whether it is so."""\n'
    assert not list(maxims(planted("a.py", f'"""The file."""\n{inside}')))
    assert not list(
        maxims(planted("tests/unit/test_a.py", '"""Tests of a."""\ndef test_a():\n    """Nobody cares."""\n'))
    )
