"""The sentences for problems of a topology file: what is wrong, and what would be right."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final, get_args

from pydantic import BaseModel

from console.topology.models import AccountSection, BrokerSection, EndpointSection, Topology

_SECTIONS: Final[dict[str, type[BaseModel]]] = {
    "": Topology,
    "broker": BrokerSection,
    "accounts": AccountSection,
    "endpoints": EndpointSection,
}

_RIGHT: Final[dict[tuple[str, str], str]] = {
    ("accounts", "uid"): "1 to 32 of a-z, 0-9 and '-', such as 1001",
    ("accounts", "name"): "a short printable name",
    ("accounts", "password"): "1 to 128 printable characters",
    ("endpoints", "id"): "vpc-… or vbr-… with 1 to 40 of a-z, 0-9 and '-' after it",
    ("endpoints", "account"): "the uid of one of `accounts`",
    ("endpoints", "region"): "1 to 32 of a-z, 0-9 and '-', such as cn-hangzhou",
    ("broker", "url"): "amqp://host:5672/peering or amqps://host:5671/peering, without credentials",
    ("broker", "management"): "http://host:15672, without credentials",
}

_SHOWN_CHARACTERS: Final = 60


def sentence_of(kind: str, place: tuple[str | int, ...], said: str) -> str:
    """Say what is wrong with one place of a topology, and what would be right; never what was written there.

    `kind` and `said` are the validator's type and message of the error.
    """
    section, key = _section(place), str(place[-1]) if place else ""
    shown = _shown(place)
    match kind:
        case "extra_forbidden":
            return _unknown_key(section, key)
        case "missing":
            return f"`{key}` is missing in {_shown(place[:-1])}; right would be {_right(section, key)}"
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"{shown} must be a mapping with the keys {_keys(section)}"
        case "tuple_type" | "list_type":
            return f"{shown} must be a list; each entry begins with '- '"
        case "value_error":
            return f"{shown}: {said.removeprefix('Value error, ')}"
        case _:
            return f"{shown} must be {_right(section, key)}"


def _section(place: tuple[str | int, ...]) -> str:
    """Return the section that a place is in; the top level's own keys are in none."""
    first = str(place[0]) if place else ""
    inside = len(place) > 1 or first == "broker"
    return first if inside and first in _SECTIONS else ""


def _shown(place: tuple[str | int, ...]) -> str:
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part[:_SHOWN_CHARACTERS]}"
    return f"`{text.lstrip('.')}`" if text else "the topology"


def _keys(section: str) -> str:
    return ", ".join(_SECTIONS[section].model_fields)


def _unknown_key(section: str, key: str) -> str:
    known = list(_SECTIONS[section].model_fields)
    close = get_close_matches(key, known, n=1)
    meant = f"; did you mean {close[0]!r}?" if close else ""
    return f"unknown key {key[:_SHOWN_CHARACTERS]!r}{meant} (keys here: {', '.join(known)})"


def _right(section: str, key: str) -> str:
    if (section, key) in _RIGHT:
        return _RIGHT[section, key]
    if section == "" and key in {"accounts", "endpoints"}:
        return f"a list of mappings with the keys {_keys(key)}"
    field = _SECTIONS[section].model_fields.get(key)
    choices = [choice for choice in get_args(field.annotation) if isinstance(choice, str)] if field else []
    return " or ".join(choices) if choices else "a text"
