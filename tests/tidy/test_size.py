"""The law of sizes: no file above 300 lines, no function above 50."""

import ast
from collections.abc import Iterable, Iterator

from tests.tidy.sources import Source, assert_none, planted, python

LONGEST_FILE_LINES = 300
LONGEST_FUNCTION_LINES = 50


def long_files(sources: Iterable[Source]) -> Iterator[str]:
    """Find files above the limit."""
    for source in sources:
        lines = len(source.text.splitlines())
        if lines > LONGEST_FILE_LINES:
            yield source.at(1, f"{lines} lines, and {LONGEST_FILE_LINES} is the limit")


def long_functions(sources: Iterable[Source]) -> Iterator[str]:
    """Find functions above the limit, counted from `def` to the last line, docstring included."""
    for source in sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > LONGEST_FUNCTION_LINES:
                    yield source.at(node, f"{node.name} has {lines} lines, of {LONGEST_FUNCTION_LINES}")


def test_law_6_no_file_above_300_lines() -> None:
    assert_none(long_files(python()))


def test_law_6_no_function_above_50_lines() -> None:
    assert_none(long_functions(python()))


def test_a_file_of_301_lines_is_caught() -> None:
    assert list(long_files(planted("a.py", "x = 1\n" * 301)))
    assert not list(long_files(planted("a.py", "x = 1\n" * 300)))


def test_a_function_of_51_lines_is_caught() -> None:
    assert list(long_functions(planted("a.py", "async def f():\n" + "    x = 1\n" * 50)))
    assert list(long_functions(planted("a.py", "class A:\n    def f(self):\n" + "        x = 1\n" * 50)))
    assert not list(long_functions(planted("a.py", "def f():\n" + "    x = 1\n" * 49)))
