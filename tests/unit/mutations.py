"""The mutations of valid documents: each is changed in one place.

Mutations of JSON trees, for the tests that fuzz.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

Tree = Any
Place = tuple[str | int, ...]

EDGES = (-(2**63), -1, 0, 1, 2, 2**31, 2**40 - 1, 2**40, 2**40 + 1, 2**53 - 1, 2**53, 2**63, 2**64, 10**400)
WORDS = ("", "ri-a", "vpc-", "up", "declare", "\0", "a\nb", "\x1b[2J", "\u2028", "🙂" * 50, "a" * 20_000, "ri-a\n")

junk: st.SearchStrategy[Tree] = st.one_of(
    st.sampled_from(EDGES),
    st.sampled_from(WORDS),
    st.none() | st.booleans() | st.floats(),
    st.text(max_size=20),
    st.recursive(
        st.none(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
)


def places(tree: Tree, place: Place = ()) -> Iterator[Place]:
    """Name every place in a tree, the tree itself last."""
    children = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, child in children:
        yield from places(child, (*place, key))
    yield place


def mutated(draw: st.DrawFn, tree: Tree) -> Tree:
    """Change one place of a tree: put something else there, leave it out, double it, or add something to it."""
    changed = copy.deepcopy(tree)
    *way, last = draw(st.sampled_from([place for place in places(tree) if place]))
    inside: Tree = changed
    for key in way:
        inside = inside[key]
    match draw(st.sampled_from(("replace", "leave out", "double", "add"))):
        case "leave out":
            del inside[last]
        case "double" if isinstance(inside, list) and isinstance(last, int):
            inside.insert(last, inside[last])
        case "add" if isinstance(inside[last], dict):
            inside[last][draw(st.text(max_size=10) | st.sampled_from(WORDS))] = draw(junk)
        case _:
            inside[last] = draw(junk)
    return changed


@st.composite
def nearly(draw: st.DrawFn, valid: st.SearchStrategy[Tree]) -> bytes:
    """Write a document that was valid before a few places of it, or of its bytes, were changed."""
    tree = draw(valid)
    for _ in range(draw(st.integers(0, 3))):
        if list(places(tree)) != [()]:
            tree = mutated(draw, tree)
    body = bytearray(json.dumps(tree).encode())
    for _ in range(draw(st.sampled_from((0, 0, 0, 1, 2)))):
        body[draw(st.integers(0, len(body) - 1))] = draw(st.integers(0, 255))
    cut = draw(st.none() | st.integers(0, len(body)))
    return bytes(body[:cut])
