"""Everything a batch changes is collected here first, because until the commit none of it has happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from shared.broker.messages import OutgoingMessage
from shared.protocol.effects import Deliver, Effect, Forget, Keep, Refused, Repeat, Say, Step
from shared.protocol.events import Due, Event, Received, Restate
from shared.protocol.interface import Interface
from shared.protocol.labels import label
from shared.protocol.messages import Data
from shared.protocol.words import Status
from shared.runtime.outgoing import OutgoingBundles
from shared.runtime.peers import PeerId
from shared.store.sqlite import Store, TimelineEntry

StepFunction = Callable[[Interface, Event], Step]

REPEATS_NOTED = 5
"""How often in a row a repetition is written to the timeline; an absent peer must not push the past out."""


class Transition(NamedTuple):
    """A change of status, for the log."""

    interface: str
    peer: str | None
    was: Status
    status: Status
    cause: str


@dataclass(slots=True)
class Batch:
    """The events of one transaction, and what follows from them."""

    store: Store
    step: StepFunction
    nonce: int
    at: float
    outbound: OutgoingBundles = field(default_factory=OutgoingBundles)
    touched: dict[str, Interface] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    rested: dict[str, None] = field(default_factory=dict)
    spoken: set[str] = field(default_factory=set)
    transitions: list[Transition] = field(default_factory=list)
    replies: list[OutgoingMessage] = field(default_factory=list)
    met: dict[PeerId, int] = field(default_factory=dict)
    opened: set[PeerId] = field(default_factory=set)
    heard: int = 0
    ignored: int = 0
    delivered: int = 0
    steps: int = 0

    def apply(
        self, before: Interface, event: Event, cause: str, *, attempt: int = 0
    ) -> tuple[Interface, Refused | None]:
        """Let one event happen to one interface; returns its state, and the refusal if it was refused."""
        state, effects = self.step(before, event)
        self.steps += 1
        self.touched[state.id] = state
        if state is not before:
            self.store.save(state)
            self.changed.add(state.id)
        said: list[str] = []
        refused: Refused | None = None
        for effect in effects:
            if isinstance(effect, Refused):
                refused = effect
            else:
                self._carry_out(state, effect, said)
        self._note(before, state, cause, said, repeated=attempt >= REPEATS_NOTED and isinstance(event, Due | Restate))
        return state, refused

    def create(self, state: Interface) -> None:
        """Begin an interface's life, and its timeline."""
        self.store.save(state)
        self.store.note(TimelineEntry(state.id, self.at, "", state.status, "command create", ""))

    def hear(self, state: Interface, event: Received) -> None:
        """Let a message be heard by an interface of this endpoint."""
        self.apply(state, event, f"heard {label(event.message)}")

    def _carry_out(self, state: Interface, effect: Effect, said: list[str]) -> None:
        match effect:
            case Say(to=to, message=message):
                self.outbound.add(state.id, to, message)
                said.append(label(message))
            case Keep(number=number, body=body):
                self.store.payloads.keep(state.id, number, body)
            case Forget(through=through):
                self.store.payloads.forget(state.id, through)
            case Repeat(first=first, last=last):
                self._repeat(state, first, last, said)
            case Deliver(number=number, body=body):
                self.store.payloads.deliver(state.id, self.at, number, body)
                self.delivered += 1
            case _:
                self.ignored += 1

    def _repeat(self, state: Interface, first: int, last: int, said: list[str]) -> None:
        activation, peer = state.activation, state.peer
        if activation is None or peer is None:
            return
        for number, body in self.store.payloads.kept(state.id, first, last):
            data = Data(activation, number, state.arrived, body)
            self.outbound.add(state.id, peer.address, data)
            said.append(label(data))

    def _note(self, before: Interface, state: Interface, cause: str, said: list[str], *, repeated: bool) -> None:
        was, status = before.status, state.status
        if was is not status:
            peer = None if state.peer is None else state.peer.interface
            self.transitions.append(Transition(state.id, peer, was, status, cause))
            if state.peer is not None and state.open:
                self.opened.add(PeerId(state.peer.endpoint, state.peer.account))
        if said:
            self.spoken.add(state.id)
            self.rested.pop(state.id, None)
        elif was is not status and status.stable and state.open:
            self.rested[state.id] = None
        if was is not status or (said and not repeated):
            self.store.note(TimelineEntry(state.id, self.at, was, status, cause, "\n".join(said)))
