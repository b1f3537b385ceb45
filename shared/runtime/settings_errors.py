"""The complaints about a worker's settings, in the words of its flags and environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError

_SAID: Final[Mapping[str, str]] = {
    "Field required": "it is needed",
    "String should match pattern ": "it must match ",
    "Input should ": "it should ",
    "Value error, ": "",
}
"""The beginnings of the library's sentences, and what they are for people."""


def problems(error: ValidationError) -> list[str]:
    """Say everything that is wrong, each under the names it could be set by, and never what was given."""
    return [
        _named(one["loc"], _plain(one["msg"]))
        for one in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def _named(place: tuple[int | str, ...], problem: str) -> str:
    """A problem, after the names that its setting has."""
    if not place:
        return problem
    field = str(place[0])
    return f"--{field.replace('_', '-')} (or PEERING_{field.upper()}): {problem}"


def _plain(message: str) -> str:
    """The library's sentence, as people say it."""
    for beginning, said in _SAID.items():
        if message.startswith(beginning):
            return said + message.removeprefix(beginning)
    return message
