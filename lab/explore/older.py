"""The words of 0.1.0 in today's rules: an end that says and hears no more than an end of then does.

What 0.1.0 does not say: whom an Initiate takes the other for, and what an acceptor claims. What it does not hear: both
of these, what an open end claims anew, and that it is rejected, which today's worker tells it in another word.
"""

from __future__ import annotations

from dataclasses import replace

from lab.explore.machine import StepFunction
from shared.protocol.effects import Effect, Say, Step
from shared.protocol.events import Event, Received
from shared.protocol.interface import Interface
from shared.protocol.messages import Declare, Message, NotReady, Reason


def in_words_of_0_1_0(step: StepFunction) -> StepFunction:
    """The same end, as one of 0.1.0."""

    def older(state: Interface, event: Event) -> Step:
        if isinstance(event, Received):
            event = replace(event, message=_heard(state, event.message))
        after, effects = step(state, event)
        return Step(after, tuple(_said(after, effect) for effect in effects))

    return older


def _heard(state: Interface, message: Message) -> Message:
    if isinstance(message, Declare):
        return replace(message, peer=None, claims=None if state.open else message.claims)
    if isinstance(message, NotReady) and message.reason is Reason.REJECTED_BY_PEER:
        return replace(message, reason=Reason.PEER_NOT_CONFIGURED)
    return message


def _said(state: Interface, effect: Effect) -> Effect:
    if isinstance(effect, Say) and isinstance(effect.message, Declare):
        claims = effect.message.claims if state.role.may_initiate else None
        return replace(effect, message=replace(effect.message, peer=None, claims=claims))
    return effect
