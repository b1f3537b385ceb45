"""A step never does anything: it says what should be done, and refusing is one of those things."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from shared.protocol.interface import Interface
from shared.protocol.messages import Message
from shared.protocol.refusals import Refusal
from shared.protocol.words import Address


@dataclass(frozen=True, slots=True)
class Say:
    """Send this message."""

    to: Address
    message: Message


@dataclass(frozen=True, slots=True)
class Keep:
    """Keep a payload of ours until the peer has acknowledged it."""

    number: int
    body: str


@dataclass(frozen=True, slots=True)
class Forget:
    """The peer has every payload of ours up to this number: drop them."""

    through: int


@dataclass(frozen=True, slots=True)
class Repeat:
    """Say the kept payloads `first` to `last` again, in the activation of the state they come with."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Deliver:
    """Put a payload of the peer's into the inbox."""

    number: int
    body: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A command was refused and changed nothing."""

    refusal: Refusal
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Ignored:
    """A message changed nothing, for this reason."""

    why: str


Effect = Say | Keep | Forget | Repeat | Deliver | Refused | Ignored


class Step(NamedTuple):
    """One transition: the state after it, and what the world should do about it, in order."""

    state: Interface
    effects: tuple[Effect, ...] = ()
