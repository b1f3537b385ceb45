"""Who mistypes a setting thinks in flags and environment variables, not in fields and validators."""

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


def faults(error: ValidationError) -> list[str]:
    """Say everything that is wrong, each under the names it could be set by, and never what was given."""
    return [
        _named(fault["loc"], _plain(fault["msg"]))
        for fault in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def _named(place: tuple[int | str, ...], fault: str) -> str:
    if not place:
        return fault
    field = str(place[0])
    return f"--{field.replace('_', '-')} (or PEERING_{field.upper()}): {fault}"


def _plain(message: str) -> str:
    for beginning, said in _SAID.items():
        if message.startswith(beginning):
            return said + message.removeprefix(beginning)
    return message
