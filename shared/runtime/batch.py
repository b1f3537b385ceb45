"""The batch: the events of one transaction, and what follows from them once it is durable.

Everything that a batch changes is collected here first, because until the commit none of it has happened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from shared.broker.messages import OutgoingMessage
from shared.protocol.effects import Deliver, Effect, Forget, Keep, Refused, Repeat, Say, Step
from shared.protocol.events import Due, Event, Received, Restate
from shared.protocol.interface import Interface
from shared.protocol.labels import label
from shared.protocol.messages import Data
from shared.protocol.words import Endpoint, Role, Status
from shared.runtime.outgoing import OutgoingBundles
from shared.runtime.peers import PeerId
from shared.store.sqlite import Store, TimelineEntry

StepFunction = Callable[[Interface, Event], Step]

REPEATS_NOTED = 5
"""How often in a row a repetition is written to the timeline; an absent peer must not push the past out."""


class End(NamedTuple):
    """Which end a worker is: the only thing about it that the end's own package decides."""

    endpoint: Endpoint
    role: Role
    step: StepFunction


class Transition(NamedTuple):
    """A change of status, for the log."""

    interface: str
    peer: str | None
    was: Status
    status: Status
    cause: str
    peer_account: str | None


class HandlingError(NamedTuple):
    """An error in handling one item of a batch; the others are not affected."""

    what: str
    error: Exception


@dataclass(slots=True)
class BatchResult:
    """What is to be done now that a batch is durable: set deliveries aside, publish, log, and when to come back.

    `rejected` are pairs of a delivery's place in the batch and the reason; where only a part of it is to be set aside,
    `rejected_parts` has the body of that part. `traces` are the ids by which interfaces are followed, if they are.
    `next_due` is monotonic seconds, and `peers` how many peers each account has.
    """

    rejected: list[tuple[int, str]] = field(default_factory=list)
    rejected_parts: dict[int, bytes] = field(default_factory=dict)
    outgoing: list[OutgoingMessage] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    reachability: list[tuple[PeerId, bool]] = field(default_factory=list)
    newer: list[tuple[PeerId, int]] = field(default_factory=list)
    errors: list[HandlingError] = field(default_factory=list)
    traces: dict[str, dict[str, str]] = field(default_factory=dict)
    next_due: float | None = None
    peers: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Batch:
    """The transaction of a batch: its states, its messages and its rows, while it is not committed.

    `changed` are interfaces whose state is another, `sent` those that said something, `undeclared` those that became
    stable and did not; `heard_from` is each peer with the store id that it named, `opened` peers of open connections.
    `unread` is each peer with the version of a bundle that could not be read here, `unread_there` of one of ours that
    could not be read there.
    """

    store: Store
    step: StepFunction
    nonce: int
    at: float
    outgoing: OutgoingBundles = field(default_factory=OutgoingBundles)
    touched: dict[str, Interface] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    undeclared: dict[str, None] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)
    transitions: list[Transition] = field(default_factory=list)
    replies: list[OutgoingMessage] = field(default_factory=list)
    heard_from: dict[PeerId, int] = field(default_factory=dict)
    unread: dict[PeerId, int] = field(default_factory=dict)
    unread_there: dict[PeerId, int] = field(default_factory=dict)
    opened: set[PeerId] = field(default_factory=set)
    received: int = 0
    ignored: int = 0
    delivered: int = 0
    retransmissions: int = 0
    steps: int = 0

    def apply(
        self, before: Interface, event: Event, cause: str, *, attempt: int = 0
    ) -> tuple[Interface, Refused | None]:
        """Apply one event to one interface; return its new state, and the refusal if it was refused."""
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
        """Save a new interface, and begin its timeline."""
        self.store.save(state)
        self.store.note(TimelineEntry(state.id, self.at, "", state.status, "command create", ""))

    def receive(self, state: Interface, event: Received) -> None:
        """Apply a peer's message to an interface of this endpoint."""
        self.apply(state, event, f"heard {label(event.message)}")

    def _carry_out(self, state: Interface, effect: Effect, said: list[str]) -> None:
        """Carry out one effect of a step; labels of what it says to the peer are added to `said`."""
        match effect:
            case Say(to=to, message=message):
                self.outgoing.add(state.id, to, message)
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
        """Say kept payloads again, in the present activation."""
        activation, peer = state.activation, state.peer
        if activation is None or peer is None:
            return
        for number, body in self.store.payloads.kept(state.id, first, last):
            data = Data(activation, number, state.sent_acknowledged, body)
            self.outgoing.add(state.id, peer.address, data)
            said.append(label(data))

    def _note(self, before: Interface, state: Interface, cause: str, said: list[str], *, repeated: bool) -> None:
        """Write a step to the timeline, and note what follows from it outside of the store."""
        was, status = before.status, state.status
        if was is not status:
            peer, account = (None, None) if state.peer is None else (state.peer.interface, state.peer.account)
            self.transitions.append(Transition(state.id, peer, was, status, cause, account))
            if state.peer is not None and state.open:
                self.opened.add(PeerId(state.peer.endpoint, state.peer.account))
        if said:
            self.sent.add(state.id)
            self.undeclared.pop(state.id, None)
        elif was is not status and status.stable and state.open:
            self.undeclared[state.id] = None
        if was is not status or (said and not repeated):
            self.store.note(TimelineEntry(state.id, self.at, was, status, cause, "\n".join(said)))
