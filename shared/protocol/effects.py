"""The effects of a step as data: what the worker shall do, refusals included; and `Step`, which carries them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from shared.protocol.interface import Interface
from shared.protocol.messages import Message
from shared.protocol.refusals import Refusal
from shared.protocol.words import Address


@dataclass(frozen=True, slots=True)
class Say:
    """Send this message to that address."""

    to: Address
    message: Message


@dataclass(frozen=True, slots=True)
class Keep:
    """Keep a payload in the outbox until the peer has acknowledged it."""

    number: int
    body: str


@dataclass(frozen=True, slots=True)
class Forget:
    """Remove the payloads up to this number from the outbox."""

    through: int


@dataclass(frozen=True, slots=True)
class Repeat:
    """Send the kept payloads `first` to `last` again, in the activation of the state that this comes with."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Deliver:
    """Put a payload of the peer into the inbox."""

    number: int
    body: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Answer the command with a refusal; nothing was changed."""

    refusal: Refusal
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Ignored:
    """Count an event that changed nothing, for this reason."""

    why: str


Effect = Say | Keep | Forget | Repeat | Deliver | Refused | Ignored


class Step(NamedTuple):
    """One transition: the state after it, and its effects in order."""

    state: Interface
    effects: tuple[Effect, ...] = ()
