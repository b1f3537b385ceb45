"""The worker could be killed between any two lines of this file, and nobody would ever know.

A batch is whatever has arrived and whatever has run out: one transaction, and only after it is anything said.
Synchronous, without a clock or a network of its own, so that the same code runs under a simulation.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final, NamedTuple

from shared.broker.messages import OutgoingMessage
from shared.protocol.events import Doubted, Due, Received, Restate, Restored
from shared.protocol.interface import timers as wanted_timers
from shared.protocol.messages import Declare, NotReady, Reason
from shared.protocol.words import Address, Endpoint, Role, Timer
from shared.runtime.batch import Batch, StepFunction, Transition
from shared.runtime.command_handler import CHANGING, COUNTED, REPLY_LIMIT_BYTES, CommandHandler, fitting
from shared.runtime.deliveries import Asked, Heard, IncomingDelivery, Item, Learnt, read, split
from shared.runtime.final_declaration import DelayedDeclarations
from shared.runtime.peer_resync import PeerResync
from shared.runtime.peers import PeerId, Peers
from shared.runtime.subscriptions import Subscriptions
from shared.runtime.timers import Expired, RetransmissionPolicy, Timers
from shared.store.sqlite import Store, StoreTrouble
from shared.wire.forms import Unreadable
from shared.wire.request import KINDS, write_reply

EVENTS_LIMIT: Final = 1_000
"""How many timers and restatements one batch takes up, so that messages never wait long behind them."""

LATELY_SECONDS: Final = 1.0
"""How much of its past a worker repeats when it starts, because it may have ended before it could say it."""

SLACK_SECONDS: Final = 0.1
"""How long a timer that has run out waits for others: each of a crowd would wake the worker, mostly for nothing."""

FAULT_PAUSE_SECONDS: Final = 8.0
"""How long a timer rests whose handling went wrong."""


class End(NamedTuple):
    """Which end this is: the only thing about it that its own package decides."""

    endpoint: Endpoint
    role: Role
    step: StepFunction


class HandlingError(NamedTuple):
    """Something that went wrong in handling one item; the others are not affected."""

    what: str
    error: Exception


@dataclass(slots=True)
class BatchResult:
    """What is to be done now that the batch is durable: set letters aside, say things, log things."""

    rejected: list[tuple[int, str]] = field(default_factory=list)
    outgoing: list[OutgoingMessage] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    reachability: list[tuple[PeerId, bool]] = field(default_factory=list)
    errors: list[HandlingError] = field(default_factory=list)
    next_due: float | None = None
    peers: int = 0


class Processor:
    """One endpoint's worker without its surroundings, one thread at a time; `restate` names who shall speak anew."""

    def __init__(self, end: End, store: Store, peers: Peers, policy: RetransmissionPolicy, chance: Random) -> None:
        """Work on this store; `chance` makes nonces and spreads pauses, and reproduces a run from its seed."""
        self._end, self._store, self._peers, self._chance = end, store, peers, chance
        self._timers = Timers(policy, Random(chance.getrandbits(64)))  # noqa: S311 - only spreads pauses
        self.restate: deque[str] = deque()
        self._resting, self._doubts = DelayedDeclarations(), PeerResync()
        self.counters = dict.fromkeys(COUNTED, 0)
        self._subscriptions = Subscriptions(end.endpoint.id)
        self._commands = CommandHandler(end.endpoint, end.role, peers, self._subscriptions, self.counters)

    def start(self, now: float) -> None:
        """Take up what was waiting when the last worker of this endpoint ended, however it ended."""
        lives = self._store.memory.lives()
        for endpoint, account in self._store.peers():
            self._peers.track(PeerId(endpoint, account), now).life = lives.get((endpoint, account))
        for interface in self._store.waiting():
            self._timers.schedule(interface, Timer.RESEND, now)
        self._resting.remember(self._store.memory.lately(LATELY_SECONDS), now)

    def restore(self, at: float) -> None:
        """Begin a new life of every interface, because this store came from a backup."""
        nonce = self._chance.getrandbits(53)
        self._store.begin()
        batch = Batch(self._store, self._end.step, nonce, at)
        for interface in self._store.everything():
            state = self._store.load(interface)
            if state is not None:
                batch.apply(state, Restored(nonce), "restored from a backup")
        self._store.renew(nonce)
        self._store.commit()

    def note_route(self, endpoint: str, *, found: bool) -> None:
        """Note whether the broker knew a way to that endpoint."""
        for peer, acquaintance in list(self._peers.known.items()):
            if peer.endpoint == endpoint:
                acquaintance.routed = found

    def run(
        self, letters: Sequence[IncomingDelivery], now: float, at: float, heard: float | None = None
    ) -> BatchResult:
        """Take one batch to its end. `now` is monotonic seconds, `at` seconds since 1970 for people's eyes.

        `heard` is when the first letter came that is not among these: a timer that ran out later may have its answer
        there, and waits for it. Raises StoreTrouble or StoreRefused when nothing can be made durable: nothing happened.
        """
        outcome = BatchResult()
        items = list(self._open(letters, outcome))
        items += [Item(ripe=ripe) for ripe in self._timers.due(now if heard is None else heard, EVENTS_LIMIT)]
        items += [Item(restate=interface) for interface in self._resting.take(now, EVENTS_LIMIT)]
        items += [Item(restate=self.restate.popleft()) for _ in range(min(len(self.restate), EVENTS_LIMIT))]
        items += self._doubts.take(EVENTS_LIMIT)
        try:
            batch = self._attempt(items, now, at)
        except StoreTrouble:
            self._put_back(items, now)
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the others must go on: replayed one by one
            self._store.rollback(error)
            self._one_by_one(items, now, at, outcome, error)
        else:
            self._conclude(batch, outcome, now)
        self._attend(outcome, now, at)
        return outcome

    def _open(self, letters: Sequence[IncomingDelivery], outcome: BatchResult) -> Iterable[Item]:
        for place, letter in enumerate(letters):
            try:
                item = read(place, letter, self._end.endpoint)
            except Unreadable as error:
                self.counters["rejected_deliveries"] += 1
                outcome.rejected.append((place, str(error)))
            else:
                yield item

    def _put_back(self, items: Sequence[Item], now: float) -> None:
        self._store.rollback()
        for item in items:
            if item.ripe is not None:
                self._timers.schedule(item.ripe.interface, item.ripe.timer, now)
            elif item.restate is not None:
                self.restate.append(item.restate)
        self._doubts.put_back(items)

    def _attempt(self, items: Sequence[Item], now: float, at: float) -> Batch:
        self._store.begin()
        batch = Batch(self._store, self._end.step, self._chance.getrandbits(53), at)
        for heard, asked, ripe, restate, doubted in items:
            if heard is not None:
                self._hear(heard, batch)
            elif asked is not None:
                self._answer(asked, batch, now)
            elif ripe is not None:
                self._ripen(ripe, batch)
            elif isinstance(doubted, Learnt):
                self._store.memory.meet(*doubted.peer, doubted.life)
            elif (state := self._store.load(restate or doubted or "")) is not None:
                event, cause = (Restate(), "said again") if restate else (Doubted(), "the peer's store is another")
                batch.apply(state, event, cause)
        self._meet(batch)
        self._store.commit()
        return batch

    def _hear(self, heard: Heard, batch: Batch) -> None:
        _, sender, bundle = heard
        batch.met[PeerId(bundle.endpoint, sender)] = bundle.life
        for source, target, message in bundle.messages:
            address = Address(source, bundle.endpoint, sender)
            event = Received(address, message, batch.nonce)
            state = self._store.load(target)
            if state is not None:
                batch.hear(state, event)
            elif isinstance(message, Declare):
                answer = NotReady(None, message.epoch, message.version, Reason.PEER_NOT_CONFIGURED)
                batch.outbound.add(target, address, answer)
        batch.heard += len(bundle.messages)

    def _answer(self, asked: Asked, batch: Batch, now: float) -> None:
        _, request, reply_to = asked
        name = request["request"]
        reply = self._store.memory.answer(name)
        if reply is None:
            answers = self._commands.take(request, reply_to, batch, now)
            reply = write_reply(name, self._end.endpoint.id, answers)
            if len(reply) > REPLY_LIMIT_BYTES:
                reply = write_reply(name, self._end.endpoint.id, fitting(request, answers))
            if any(command["kind"] in CHANGING for command in request["commands"]):
                self._store.memory.remember(name, reply)
        batch.replies.append(OutgoingMessage(reply_to, reply, KINDS.reply, name))

    def _ripen(self, ripe: Expired, batch: Batch) -> None:
        state = self._store.load(ripe.interface)
        if state is not None:
            batch.apply(state, Due(ripe.timer, batch.nonce), f"timer {ripe.timer}", attempt=ripe.attempt)

    def _meet(self, batch: Batch) -> None:
        """Keep the first life heard of a peer's store, so that a restart notices one that changed meanwhile."""
        for peer, life in batch.met.items():
            known = self._peers.known.get(peer)
            if peer in batch.opened if known is None else known.life is None:
                self._store.memory.meet(*peer, life)

    def _one_by_one(self, items: Sequence[Item], now: float, at: float, outcome: BatchResult, error: Exception) -> None:
        singles = [single for item in items for single in split(item)]
        for item in singles:
            try:
                batch = self._attempt([item], now, at)
            except StoreTrouble:
                self._put_back(singles, now)
                raise
            except Exception as fault:  # noqa: BLE001 - this one item is at fault: it is reported and set aside
                self._store.rollback(fault)
                self._blame(item, fault, outcome, now)
            else:
                self._conclude(batch, outcome, now)
        if not outcome.errors:
            outcome.errors.append(HandlingError("the batch as a whole, none of its items alone", error))

    def _blame(self, item: Item, fault: Exception, outcome: BatchResult, now: float) -> None:
        self.counters["errors"] += 1
        what = item.heard or item.asked
        if what is not None and all(what.letter != place for place, _ in outcome.rejected):
            outcome.rejected.append((what.letter, f"{type(fault).__name__} while it was handled"))
        if item.ripe is not None:
            self._timers.schedule(item.ripe.interface, item.ripe.timer, now + FAULT_PAUSE_SECONDS)
        outcome.errors.append(HandlingError(str(item.ripe or item.restate or item.doubted or "a letter"), fault))

    def _conclude(self, batch: Batch, outcome: BatchResult, now: float) -> None:
        """The batch is durable: only now may anything that follows from it be seen."""
        for peer in batch.opened:
            self._peers.track(peer, now)
        for peer, life in batch.met.items():
            if self._peers.record_heartbeat(peer, life, now):
                self._doubts.raise_for(peer, life, self._store.peered_with(*peer))
        for interface, state in batch.touched.items():
            toward = "" if state.peer is None else state.peer.endpoint
            progress = interface in batch.changed
            self._timers.update(interface, toward, wanted_timers(state), now, progress=progress)
        self._timers.learn(now)
        self._resting.spoken(batch.spoken)
        if batch.changed:
            self._resting.changed(batch.rested, now)
        for peer in batch.outbound.peers:
            if (known := self._peers.known.get(peer)) is not None:
                known.spoken = now
        outcome.outgoing.extend(
            batch.outbound.packed(self._end.endpoint.id, self._end.endpoint.account, self._store.life)
        )
        outcome.outgoing.extend(batch.replies)
        outcome.transitions.extend(batch.transitions)
        for name, count in (
            ("steps", batch.steps),
            ("received_messages", batch.heard),
            ("ignored_messages", batch.ignored),
            ("delivered_payloads", batch.delivered),
        ):
            self.counters[name] += count
        self.counters["batches"] += 1

    def _attend(self, outcome: BatchResult, now: float, at: float) -> None:
        """Greet peers that nothing was said to, tell those who watch, and say when to come back."""
        batch = Batch(self._store, self._end.step, 0, at)
        for peer in self._peers.keepalives_due(now):
            self._greet(peer, batch, now)
        own = self._end.endpoint
        outcome.outgoing.extend(batch.outbound.packed(own.id, own.account, self._store.life))
        outcome.outgoing.extend(self._subscriptions.observations(self._store, now))
        outcome.reachability, outcome.peers = self._peers.changes(now), len(self._peers.known)
        ripe = self._timers.next()
        moments = [None if ripe is None else ripe + SLACK_SECONDS, self._peers.next(), self._resting.next()]
        if self.restate or self._doubts:
            moments.append(now)
        outcome.next_due = min((moment for moment in moments if moment is not None), default=None)

    def _greet(self, peer: PeerId, batch: Batch, now: float) -> None:
        """A sign of life; to a peer that gives none itself, a word that even one without memory must answer."""
        interface = self._store.one_peered_with(*peer)
        if interface is None:
            del self._peers.known[peer]
            return
        batch.outbound.add_keepalive(peer)
        self._peers.known[peer].spoken = now
        if self._peers.silent(peer, now):
            self.restate.append(interface)
