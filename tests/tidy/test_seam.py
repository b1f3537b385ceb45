"""The law of the seam: where the roles end is one line, the same in both handshakes.

Both handshakes end in the same call into `shared/protocol/link.py`; what stands before it is the opening.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from tests.tidy.sources import Source, assert_none, planted, python

HANDSHAKES = ("initiator/handshake.py", "acceptor/handshake.py")
SEAM = "return link.step(state, event)"
OPENING = frozenset({"Initiate()", "Due(", "Received("})
"""What a role may treat in its own way: being told to initiate, waiting for an answer, the first message."""


def seams(sources: Iterable[Source]) -> Iterator[str]:
    """Find handshakes whose `step` is not: cases of the opening, then the call of the link."""
    for source in sources:
        if source.path not in HANDSHAKES:
            continue
        step = next((node for node in source.tree.body if _is(node, "step")), None)
        if not isinstance(step, ast.FunctionDef):
            yield source.at(1, "has no step")
            continue
        if [argument.arg for argument in step.args.args] != ["state", "event"]:
            yield source.at(step, "step takes a state and an event")
        yield from _parts(source, step)
        yield from _other_calls(source, step)


def _parts(source: Source, step: ast.FunctionDef) -> Iterator[str]:
    body = step.body[1:] if ast.get_docstring(step) else step.body
    if not body or ast.unparse(body[-1]) != SEAM:
        yield source.at(step.body[-1], f"step does not end in: {SEAM}")
    if len(body) != 2 or not isinstance(body[0], ast.Match):
        yield source.at(step, "step is one match of the opening, and then the seam")
        return
    for case in body[0].cases:
        pattern = ast.unparse(case.pattern)
        if not pattern.startswith(tuple(OPENING)):
            yield source.at(case.pattern.lineno, f"a case that is not of the opening: {pattern}")
        if case.guard is None and pattern != "Initiate()":
            yield source.at(case.pattern.lineno, f"a case without a condition hides the link: {pattern}")


def _other_calls(source: Source, step: ast.FunctionDef) -> Iterator[str]:
    """The link is met in the seam alone, and no function beside `step` takes any event it likes."""
    for node in ast.walk(source.tree):
        if (
            isinstance(node, ast.Attribute)
            and ast.unparse(node.value) == "link"
            and node.lineno != step.body[-1].lineno
        ):
            yield source.at(node, f"a second way into the link: {ast.unparse(node)}")
        if isinstance(node, ast.ImportFrom) and node.module == "shared.protocol.link":
            yield source.at(node, "imports a part of the link")


def _is(node: ast.stmt, name: str) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == name


GOOD = '''
def step(state, event):
    """Why."""
    match event:
        case Initiate():
            return _initiate(state)
        case Due(timer=Timer.CONNECT) if state.opening:
            return _give_up(state)
    return link.step(state, event)
'''


def test_law_3_both_handshakes_end_in_the_same_call() -> None:
    assert {source.path for source in python()} >= set(HANDSHAKES)
    assert_none(seams(python()))


def test_a_handshake_in_its_place_passes() -> None:
    assert not list(seams(planted(HANDSHAKES[0], GOOD)))
    assert not list(seams(planted("console/handshake.py", "x = 1\n")))


def test_another_way_out_is_caught() -> None:
    for old, new in (
        ("return link.step(state, event)", "return link.step(state, other)"),
        ("return link.step(state, event)", "return link.after_transition(state, state, ())"),
        ("return _initiate(state)", "return link.step(initiated(state), event)"),
        ("case Initiate():", "case Suspend():"),
        (" if state.opening", ""),
        ("def step(state, event):", "def step(state, event, clock):"),
        ("def step(", "def advance("),
        ("    match event:", "    if state.open:\n        return link.step(state, event)\n    match event:"),
        ("def step(state, event):", "from shared.protocol.link import after_transition\ndef step(state, event):"),
    ):
        assert GOOD.count(old) == 1
        assert list(seams(planted(HANDSHAKES[1], GOOD.replace(old, new)))), new
