"""The habits of tests: none sleeps for luck or is skipped, and no handler anywhere swallows every error."""

import ast
from collections.abc import Iterable, Iterator

from tests.tidy.layers import imports
from tests.tidy.sources import Source, assert_none, planted, python

MAY_SLEEP = "tests/waiting.py"
CLOCKS = frozenset({"time", "asyncio"})
SKIPS = frozenset(
    {f"pytest.mark.{name}" for name in ("skip", "skipif", "xfail")}
    | {f"pytest.{name}" for name in ("skip", "xfail", "importorskip")}
)
EVERYTHING = frozenset({"Exception", "BaseException"})


def sleeps(sources: Iterable[Source]) -> Iterator[str]:
    """Find sleeping tests. `asyncio.sleep(0)` passes: it gives way to others and waits for nothing."""
    for source in sources:
        if not source.is_test or source.path == MAY_SLEEP:
            continue
        for statement, module, name in imports(source):
            if module in CLOCKS and name == "sleep":
                yield source.at(statement, f"imports {module}.sleep; use tests.waiting")
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and _is_sleep(node.func) and not _is_giving_way(node):
                yield source.at(node, "sleeps; wait for a condition with tests.waiting")


def _is_sleep(function: ast.expr) -> bool:
    match function:
        case ast.Attribute(value=ast.Name(id=module), attr="sleep"):
            return module in CLOCKS
        case _:
            return False


def _is_giving_way(call: ast.Call) -> bool:
    match call:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="asyncio")), args=[ast.Constant(value=0)]):
            return True
        case _:
            return False


def swallows(sources: Iterable[Source]) -> Iterator[str]:
    """Find handlers that catch all and say nothing."""
    for source in sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ExceptHandler):
                if node.type is None:
                    yield source.at(node, "catches whatever comes; name what is expected")
                elif _catches_everything(node.type) and all(map(_says_nothing, node.body)):
                    yield source.at(node, "swallows every error")
            elif isinstance(node, ast.Call) and _suppresses_everything(node):
                yield source.at(node, "suppresses every error")


def _catches_everything(caught: ast.expr) -> bool:
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(isinstance(name, ast.Name) and name.id in EVERYTHING for name in names)


def _suppresses_everything(call: ast.Call) -> bool:
    return ast.unparse(call.func).endswith("suppress") and any(map(_catches_everything, call.args))


def _says_nothing(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass | ast.Continue | ast.Break) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def skips(sources: Iterable[Source]) -> Iterator[str]:
    """Find tests that are left out, or are expected to fail."""
    for source in sources:
        for node in ast.walk(source.tree) if source.is_test else ():
            if isinstance(node, ast.Attribute) and ast.unparse(node) in SKIPS:
                yield source.at(node, f"{ast.unparse(node)}: a test runs and passes, or goes")


def test_no_test_sleeps_for_luck() -> None:
    assert_none(sleeps(python()))


def test_no_handler_swallows_every_error() -> None:
    assert_none(swallows(python()))


def test_no_test_is_skipped() -> None:
    assert_none(skips(python()))


def test_a_sleeping_test_is_caught() -> None:
    for text in ("time.sleep(1)", "time.sleep(0)", "await asyncio.sleep(0.1)", "await asyncio.sleep(pause)"):
        assert list(sleeps(planted("tests/unit/test_a.py", f"async def f():\n    {text}\n"))), text
    assert list(sleeps(planted("tests/unit/test_a.py", "from asyncio import sleep\n")))
    assert not list(sleeps(planted("tests/unit/test_a.py", "async def f():\n    await asyncio.sleep(0)\n")))
    assert not list(sleeps(planted("shared/runtime/worker.py", "time.sleep(1)\n")))


def test_a_swallowing_handler_is_caught() -> None:
    handled = "try:\n    f()\nexcept{}:\n    {}\n"
    assert list(swallows(planted("a.py", handled.format("", "log()"))))
    assert list(swallows(planted("a.py", handled.format(" Exception", "pass"))))
    assert list(swallows(planted("a.py", handled.format(" (ValueError, BaseException) as e", "..."))))
    assert list(swallows(planted("a.py", "with contextlib.suppress(Exception):\n    f()\n")))
    assert not list(swallows(planted("a.py", handled.format(" Exception", "log()"))))
    assert not list(swallows(planted("a.py", handled.format(" KeyError", "pass"))))


def test_a_skipped_test_is_caught() -> None:
    assert list(skips(planted("tests/unit/test_a.py", "@pytest.mark.skipif(True)\ndef test_a(): ...\n")))
    assert list(skips(planted("tests/unit/test_a.py", "def test_a():\n    pytest.skip('no broker')\n")))
    assert not list(skips(planted("tests/unit/test_a.py", "def test_a():\n    pytest.fail('no broker')\n")))
