"""Planting a bug: a function is compiled anew from its own text with one change.

A text that is not there any more is an error: then the bug has to be thought of anew.
"""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any, Final, NamedTuple

import acceptor.handshake
import initiator.handshake
from lab.explore.machine import Steps
from lab.explore.state import Budget

HOUSE: Final = frozenset({"shared", "initiator", "acceptor", "console", "peering_handshake", "lab"})


class NotThere(Exception):
    """The text that a bug changes is not in its function any more, or more than once."""


class Edit(NamedTuple):
    """In this function of this module (`Class.member` for a method), write something else for each of these."""

    module: ModuleType
    function: str
    changes: Mapping[str, str]


class Bug(NamedTuple):
    """A planted bug: what is left out, how, in which bound and how far it is looked for, and the property it breaks."""

    name: str
    edits: tuple[Edit, ...]
    budget: Budget
    breaks: str
    configured: tuple[bool, bool] = (True, True)
    limit_states: int = 9_000


@contextmanager
def planted(bug: Bug) -> Iterator[Steps]:
    """Put the bug wherever the function is used, for the length of a block. Gives the two ends' steps with it.

    Raises NotThere.
    """
    with ExitStack() as undone:
        for edit in bug.edits:
            owner, name = _owner(edit)
            member = inspect.getattr_static(owner, name)
            spoilt = _written(edit, member)
            for place in [owner] if isinstance(owner, type) else list(_users(name, member)):
                undone.callback(setattr, place, name, member)
                setattr(place, name, spoilt)
        yield initiator.handshake.step, acceptor.handshake.step


def _owner(edit: Edit) -> tuple[Any, str]:
    *path, name = edit.function.split(".")
    owner: Any = edit.module
    for part in path:
        owner = getattr(owner, part)
    return owner, name


def _written(edit: Edit, member: Any) -> Any:  # noqa: ANN401 - a function or a property, both are put back as found
    function: Any = member.fget if isinstance(member, property) else member
    text = textwrap.dedent(inspect.getsource(function))
    for old, new in edit.changes.items():
        if text.count(old) != 1:
            raise NotThere(f"{edit.function} has not exactly one {old!r}: think of the bug anew")
        text = text.replace(old, new)
    found: dict[str, Any] = {}
    exec(f"from __future__ import annotations\n{text}", vars(edit.module), found)  # noqa: S102 - a bug is code
    return found[edit.function.rpartition(".")[2]]


def _users(name: str, function: object) -> Iterator[ModuleType]:
    """Every module that knows the function by this name."""
    for path, module in tuple(sys.modules.items()):
        if path.partition(".")[0] in HOUSE and vars(module).get(name) is function:
            yield module
