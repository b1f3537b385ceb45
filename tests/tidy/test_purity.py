"""The law of purity: the protocol and both handshakes have no clock, no chance, no waiting, no exceptions."""

import ast
from collections.abc import Iterable, Iterator

from tests.tidy.layers import FIRST_PARTY, HARMLESS, IMPURE, imports, is_pure, is_third_party, top
from tests.tidy.sources import Source, assert_none, planted, python

BUILT_IN_EFFECTS = frozenset({"open", "print", "input", "eval", "exec", "compile", "breakpoint", "__import__"})

WAITING = (ast.Await, ast.AsyncFor, ast.AsyncFunctionDef, ast.AsyncWith)


def impure_imports(sources: Iterable[Source]) -> Iterator[str]:
    """Find imports of clocks, randomness, waiting, the outside, or anything that is not Python's own."""
    for source in filter(is_pure, sources):
        for node, module, name in imports(source):
            package = top(module)
            if package in IMPURE and (module, name) not in HARMLESS:
                yield source.at(node, f"{module} is not pure")
            elif is_third_party(package):
                yield source.at(node, f"{module} is not of the standard library")
            elif package in FIRST_PARTY:
                inside = module if name == "" else f"{module}.{name}"
                if not f"{inside}.".startswith("shared.protocol."):
                    yield source.at(node, f"{inside} is not the protocol")


def effects(sources: Iterable[Source]) -> Iterator[str]:
    """Find waiting and built-in functions that touch the world."""
    for source in filter(is_pure, sources):
        for node in ast.walk(source.tree):
            if isinstance(node, WAITING):
                yield source.at(node, "waits")
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BUILT_IN_EFFECTS:
                yield source.at(node, f"calls {node.func.id}")
            elif isinstance(node, ast.Global | ast.Nonlocal):
                yield source.at(node, "keeps something between two calls")


def raises(sources: Iterable[Source]) -> Iterator[str]:
    """Find exceptions: what is illegal is answered with an effect."""
    for source in filter(is_pure, sources):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Raise):
                yield source.at(node, "raises; refuse, or ignore with a reason")


def test_law_4_pure_files_import_no_clock_no_randomness_and_no_waiting() -> None:
    assert_none(impure_imports(python()))


def test_law_4_pure_files_neither_wait_nor_touch_the_world() -> None:
    assert_none(effects(python()))


def test_law_4_illegal_input_is_an_effect_never_an_exception() -> None:
    assert_none(raises(python()))


def test_an_impure_import_is_caught() -> None:
    for line in (
        "import time",
        "from datetime import datetime",
        "import os.path",
        "from uuid import uuid4",
        "import pydantic",
        "from shared.wire import decode",
        "from shared import wire",
        "from ..store import File",
        "from acceptor import handshake",
    ):
        assert list(impure_imports(planted("shared/protocol/link.py", line))), line
    assert list(impure_imports(planted("initiator/handshake.py", "import random\n")))
    assert not list(impure_imports(planted("initiator/__main__.py", "import random\n")))


def test_a_pure_import_passes() -> None:
    for line in (
        "from dataclasses import dataclass",
        "from datetime import timedelta",
        "from shared.protocol.link import step",
        "from shared import protocol",
        "from .words import Status",
        "from . import words",
    ):
        assert not list(impure_imports(planted("shared/protocol/link.py", line))), line


def test_waiting_and_effects_are_caught() -> None:
    assert list(effects(planted("shared/protocol/link.py", "async def step(): ...\n")))
    assert list(effects(planted("acceptor/handshake.py", "def step():\n    print(1)\n")))
    assert list(effects(planted("acceptor/handshake.py", "def step():\n    global seen\n    seen = 1\n")))
    assert not list(effects(planted("acceptor/handshake.py", "def step():\n    return state.open(1)\n")))


def test_a_raise_is_caught() -> None:
    assert list(raises(planted("shared/protocol/link.py", "def step():\n    raise ValueError\n")))
    assert not list(raises(planted("shared/wire/read.py", "def read():\n    raise ValueError\n")))
