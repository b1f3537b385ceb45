"""The two step functions with a memo: equal records, messages and events are one object each.

Going through all orders meets the same end in front of the same message thousands of times. Equal records,
messages and events are made one object here, so that they are told apart by identity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar, cast

from acceptor.handshake import step as acceptor_step
from initiator.handshake import step as initiator_step
from shared.protocol.effects import Effect, Say, Step
from shared.protocol.events import Event, Received
from shared.protocol.interface import Interface
from shared.protocol.messages import Message, Reason
from shared.protocol.words import Address

T = TypeVar("T")

StepFunction = Callable[[Interface, Event], Step]
Steps = tuple[StepFunction, StepFunction]

SHIPPED: Steps = (initiator_step, acceptor_step)


class Machine:
    """The two ends' step functions, and every answer that they gave."""

    def __init__(self, steps: Steps = SHIPPED) -> None:
        self._steps = steps
        self._one: dict[object, object] = {}
        self._known: set[int] = set()
        self._heard: dict[tuple[Address, int, int], Received] = {}
        self._taken: dict[tuple[int, int, int], tuple[Event, Step]] = {}

    def step(self, which: int, end: Interface, event: Event) -> Step:
        """What this end does; what it keeps only for people's eyes is left out, since no rule reads it.

        Of the reason why it is not up, the rules read whether there is one, while it is open, and otherwise whether it
        is that its owner rejected the peer.
        """
        end, event = self.one(end), event if isinstance(event, Received) else self.one(event)
        key = (which, id(end), id(event))
        taken = self._taken.get(key)
        if taken is None:
            state, effects = self._steps[which](end, event)
            state = self.one(state.but(peer_status=None, caller=None, reason=_only_whether(state)))
            taken = event, Step(state, tuple(self._effect(effect) for effect in effects))
            self._taken[key] = taken  # with its event, which must live as long as its id is a key
        return taken[1]

    def received(self, sender: Address, message: Message, nonce: int) -> Received:
        """The event of hearing this, one object for equal ones; the message must be one that a step said."""
        key = (sender, id(message), nonce)
        heard = self._heard.get(key)
        if heard is None:
            heard = self._heard[key] = Received(sender, message, nonce)
        return heard

    def one(self, value: T) -> T:
        """The one object that stands for all equal ones."""
        if id(value) in self._known:
            return value
        kept = self._one.setdefault(value, value)
        self._known.add(id(kept))
        return cast("T", kept)

    def _effect(self, effect: Effect) -> Effect:
        return replace(effect, message=self.one(effect.message)) if isinstance(effect, Say) else effect


def _only_whether(state: Interface) -> Reason | None:
    if state.open:
        return None if state.reason is None else Reason.NOT_OPENED
    return state.reason if state.reason is Reason.PEER_REJECTED else None
