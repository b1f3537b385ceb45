"""Situations by name: what each is, the steps that reach it, what tells that it is reached, and how it heals."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from string import Template
from typing import Final, Literal

import yaml
from pydantic import Field

from console.client import Refused
from console.faults.steps import ROLES, Action, Expectation
from console.topology import KnownEndpoint
from console.topology.models import Section

FOLDER: Final = files("console.faults.situations")
MOST_TIMES: Final = 100
"""How often a message may be lost by a situation's faults: each loss takes a retransmission timeout, of seconds."""


class SituationStep(Section):
    """A step: what is done, in this order, and what must be seen then."""

    do: tuple[Action, ...] = ()
    expect: Expectation | None = None


class Situation(Section):
    """A named state of disagreement; its steps are written in the words of a scenario's.

    Another interface, `ri-x@initiator`, is a fresh one each time.
    """

    name: str = Field(description="by which it is reached")
    sentence: str = Field(description="what it is, and what real automation gets wrong there")
    times: int | None = Field(
        default=None, ge=1, le=MOST_TIMES, description="how often; in the file $times, and $next for one more"
    )
    supervised: Literal["initiator", "acceptor"] | None = Field(
        default=None, description="whose worker must be this program's to end and to start again"
    )
    steps: tuple[SituationStep, ...]
    reached: Expectation = Field(description="what tells that it is reached, and holds as long as it is held")
    heal: tuple[Action, ...] = Field(default=(), description="what owners do to heal it, once its faults are cleared")
    healed: Expectation = Field(description="what is seen after it")


@cache
def situations() -> tuple[Situation, ...]:
    """Every situation that there is, by name."""
    return tuple(_read(name, text, None) for name, text in _texts().items())


def situation(name: str, times: int | None = None) -> Situation:
    """The situation of this name, `times` for those that have a number. Raises Refused UnknownSituation or NoTimes."""
    texts = _texts()
    if name not in texts:
        raise Refused("UnknownSituation", f"There is no situation {name}; there are {', '.join(texts)}.")
    found = _read(name, texts[name], times)
    if times is not None and found.times is None:
        raise Refused("NoTimes", f"{name} has no number of times.")
    return found


@cache
def _texts() -> dict[str, str]:
    found = sorted(file.name for file in FOLDER.iterdir() if file.name.endswith(".yaml"))
    return {name.removesuffix(".yaml"): (FOLDER / name).read_text(encoding="utf-8") for name in found}


def _read(name: str, text: str, times: int | None) -> Situation:
    written = yaml.safe_load(text).get("times")
    number = times or written
    given = {"name": name, **yaml.safe_load(Template(text).substitute(times=number, next=(number or 0) + 1))}
    return Situation.model_validate({**given, "times": written and number})


def endpoints(known: Sequence[KnownEndpoint], first: str | None, second: str | None) -> tuple[str, str]:
    """An initiator's and an acceptor's endpoint, of two accounts if there are; raises Refused if there are none."""
    starts, waits = (
        [one for one in known if one.role == role and wanted in {None, one.id}]
        for role, wanted in zip(ROLES, (first, second), strict=True)
    )
    pairs = sorted(((a, b) for a in starts for b in waits), key=lambda pair: pair[0].account == pair[1].account)
    if not pairs:
        raise Refused("NoSuchWire", "There is no initiator and acceptor for it here.")
    return pairs[0][0].id, pairs[0][1].id
