"""The processor: a worker without its surroundings, which takes one batch after the other to its end.

A batch is whatever has arrived and whatever has run out: one transaction, and only after it is anything said. So the
worker may be killed between any two lines of this file: before the commit nothing has happened and the broker delivers
again; after it timers repeat what was not said. Synchronous, without a clock or a network of its own, so that the same
code runs under a simulation.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import Final

from shared.broker.messages import OutgoingMessage
from shared.protocol.events import Restored
from shared.protocol.interface import timers as wanted_timers
from shared.protocol.words import NONCE_BITS, Timer
from shared.runtime.batch import Batch, BatchResult, End, HandlingError
from shared.runtime.command_handler import CommandHandler
from shared.runtime.condition import Condition
from shared.runtime.deliveries import Incoming, IncomingDelivery, read
from shared.runtime.final_declaration import DelayedDeclarations
from shared.runtime.histograms import OpeningTimes
from shared.runtime.item_handler import ItemHandler
from shared.runtime.items import IncomingBundle, Item, Restatement, split
from shared.runtime.outgoing import OutgoingBundles
from shared.runtime.peer_resync import PeerResync
from shared.runtime.peers import PeerId, Peers
from shared.runtime.rejections import code_of
from shared.runtime.retransmission import RetransmissionPolicy
from shared.runtime.subscriptions import Subscriptions
from shared.runtime.timers import Expired, Timers
from shared.store.errors import StoreError
from shared.store.sqlite import Store
from shared.wire.forms import Unreadable
from shared.wire.views import WorkerView

EVENTS_LIMIT: Final = 1_000
"""How many timers and restatements one batch takes up, so that messages never wait long behind them."""

LATELY_SECONDS: Final = 1.0
"""How much of its past a worker repeats when it starts, because it may have ended before it could say it."""

SLACK_SECONDS: Final = 0.1
"""How long a timer that has run out waits for others: each of a crowd would wake the worker, mostly for nothing."""

ERROR_PAUSE_SECONDS: Final = 8.0
"""How long a timer is put off whose handling went wrong."""


class Processor:
    """One endpoint's worker without its surroundings, one thread at a time; `restate` names who shall speak anew."""

    def __init__(  # noqa: PLR0913, PLR0917 - what its surroundings give a worker
        self,
        end: End,
        store: Store,
        peers: Peers,
        policy: RetransmissionPolicy,
        chance: Random,
        condition: Condition | None = None,
    ) -> None:
        """Work on this store; `chance` makes nonces and spreads pauses, and reproduces a run from its seed.

        `condition` is what its surroundings know of themselves; it is shown in the worker's views.
        """
        self._end, self._store, self._peers, self._chance = end, store, peers, chance
        self._timers = Timers(policy, Random(chance.getrandbits(64)))  # noqa: S311 - only spreads pauses
        self._undeclared, self._resync = DelayedDeclarations(), PeerResync()
        self._subscriptions = Subscriptions(end.endpoint.id)
        self.restate: deque[str] = deque()
        condition = condition or Condition()
        self.counters, self._rejections = condition.counters, condition.rejections
        self._openings = OpeningTimes(end.role.opening_status, condition.histograms["opening_seconds"])
        self._bundle_bytes = condition.histograms["sent_bundle_bytes"]
        self._commands = commands = CommandHandler(end.endpoint, end.role, peers, self._subscriptions, condition)
        self._handler = ItemHandler(end.endpoint.id, store, commands)

    def start(self, now: float) -> None:
        """Take up what was waiting when the last worker of this endpoint ended, however it ended."""
        store_ids = self._store.memory.store_ids()
        for endpoint, account in self._store.peers():
            self._peers.track(PeerId(endpoint, account), now).store_id = store_ids.get((endpoint, account))
        for interface in self._store.waiting():
            self._timers.schedule(interface, Timer.RESEND, now)
        self._undeclared.restart(self._store.memory.recently_active(LATELY_SECONDS), now)

    def restore(self, at: float) -> None:
        """Begin a new epoch of every interface: this store came from a backup."""
        nonce = self._chance.getrandbits(NONCE_BITS)
        self._store.begin()
        batch = Batch(self._store, self._end.step, nonce, at)
        for interface in self._store.everything():
            state = self._store.load(interface)
            if state is not None:
                batch.apply(state, Restored(nonce), "restored from a backup")
        self._store.renew(nonce)
        self._store.commit()

    def about(self, now: float) -> WorkerView:
        """The worker about itself, between two batches. `now` is monotonic seconds."""
        return self._commands.about(self._store, now)

    def note_route(self, endpoint: str, *, found: bool) -> None:
        """Note whether the broker had a queue that leads to that endpoint."""
        for peer, known in list(self._peers.known.items()):
            if peer.endpoint == endpoint:
                known.routed = found

    def run(
        self, deliveries: Sequence[IncomingDelivery], now: float, at: float, waiting_since: float | None = None
    ) -> BatchResult:
        """Take one batch to its end. `now` is monotonic seconds, `at` seconds since 1970 for people's eyes.

        `waiting_since` is when the first delivery came that is not among these: a timer that ran out later may have its
        answer there, and waits for it. Raises StoreError when nothing can be made durable: then nothing happened.
        """
        result = BatchResult()
        items: list[Item] = [*self._read(deliveries, result), *self._due(now, waiting_since)]
        try:
            batch = self._commit(items, now, at)
        except StoreError:
            self._put_back(items, now)
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the others must go on: replayed one by one
            self._store.rollback()
            self._replay(items, now, at, result, error)
        else:
            self._conclude(batch, result, now)
        self._finish(result, now, at)
        return result

    def _read(self, deliveries: Sequence[IncomingDelivery], result: BatchResult) -> Iterator[Item]:
        """Read what has arrived; what cannot be read is rejected, and the rest goes on."""
        for place, delivery in enumerate(deliveries):
            try:
                item = read(place, delivery, self._end.endpoint)
            except Unreadable as error:
                self._reject(place, str(error), result)
            else:
                if isinstance(item, IncomingBundle) and (part := item.bundle.unreadable) is not None:
                    self._reject(place, part.reason, result)
                    result.rejected_parts[place] = part.body
                yield item

    def _reject(self, place: int, reason: str, result: BatchResult) -> None:
        self.counters["rejected_deliveries"] += 1
        self._rejections[code_of(reason)] += 1
        result.rejected.append((place, reason))

    def _due(self, now: float, waiting_since: float | None) -> Iterator[Item]:
        """Take up what is due by itself, of each kind as much as one batch takes."""
        yield from self._timers.due(now if waiting_since is None else waiting_since, EVENTS_LIMIT)
        yield from map(Restatement, self._undeclared.due(now, EVENTS_LIMIT))
        for _ in range(min(len(self.restate), EVENTS_LIMIT)):
            yield Restatement(self.restate.popleft())
        yield from self._resync.take(EVENTS_LIMIT)

    def _put_back(self, items: Sequence[Item], now: float) -> None:
        """Undo the transaction, and let what was due by itself be due again; the broker delivers the rest again."""
        self._store.rollback()
        for item in items:
            if isinstance(item, Expired):
                self._timers.schedule(item.interface, item.timer, now)
            elif isinstance(item, Restatement):
                self.restate.append(item.interface)
        self._resync.put_back(items)

    def _commit(self, items: Iterable[Item], now: float, at: float) -> Batch:
        """Handle items in one transaction, and make it durable."""
        self._store.begin()
        batch = Batch(self._store, self._end.step, self._chance.getrandbits(NONCE_BITS), at)
        for item in items:
            self._handler.handle(item, batch, now)
        self._keep_store_ids(batch)
        self._store.commit()
        return batch

    def _keep_store_ids(self, batch: Batch) -> None:
        """Keep the first store id that a peer names, so that a restart notices one that changed meanwhile."""
        for peer, store_id in batch.heard_from.items():
            known = self._peers.known.get(peer)
            if peer in batch.opened if known is None else known.store_id is None:
                self._store.memory.remember_store_id(*peer, store_id)

    def _replay(
        self, items: Sequence[Item], now: float, at: float, result: BatchResult, batch_error: Exception
    ) -> None:
        """Handle the items of a batch that failed in transactions of their own, so that one bad item fails alone."""
        singles = [single for item in items for single in split(item)]
        for item in singles:
            try:
                batch = self._commit([item], now, at)
            except StoreError:
                self._put_back(singles, now)
                raise
            except Exception as error:  # noqa: BLE001 - this one item is bad: it is reported and set aside
                self._store.rollback()
                self._report(item, error, result, now)
            else:
                self._conclude(batch, result, now)
        if not result.errors:
            result.errors.append(HandlingError("the batch as a whole, none of its items alone", batch_error))

    def _report(self, item: Item, error: Exception, result: BatchResult, now: float) -> None:
        """Count an error, reject the delivery that it came with, and put off the timer that it came with."""
        self.counters["errors"] += 1
        what = str(item)
        if isinstance(item, Incoming):
            what = "a delivery"
            if all(item.place != place for place, _ in result.rejected):
                self._reject(item.place, f"{type(error).__name__} while it was handled", result)
        elif isinstance(item, Expired):
            self._timers.schedule(item.interface, item.timer, now + ERROR_PAUSE_SECONDS)
        result.errors.append(HandlingError(what, error))

    def _conclude(self, batch: Batch, result: BatchResult, now: float) -> None:
        """Take note of a batch that is durable: only now may anything that follows from it be seen."""
        for peer in batch.opened:
            self._peers.track(peer, now)
        result.newer += self._peers.record_versions(batch.heard_from, batch.unread, batch.unread_there, now)
        for peer, store_id in batch.heard_from.items():
            if self._peers.record_heartbeat(peer, store_id, now):
                self._resync.start(peer, store_id, self._store.peered_with(*peer))
        for interface, state in batch.touched.items():
            toward = "" if state.peer is None else state.peer.endpoint
            progress = interface in batch.changed
            self._timers.update(interface, toward, wanted_timers(state), now, progress=progress)
        self._timers.learn(now)
        self._undeclared.declared(batch.sent)
        if batch.changed:
            self._undeclared.changed(batch.undeclared, now)
        for peer in batch.outgoing.peers:
            if (known := self._peers.known.get(peer)) is not None:
                known.last_sent = now
        result.outgoing.extend(self._packed(batch.outgoing))
        result.outgoing.extend(batch.replies)
        result.transitions.extend(batch.transitions)
        self._openings.note(batch.transitions, now)
        self._count(batch)

    def _count(self, batch: Batch) -> None:
        """Add what a batch did to what the worker counts."""
        self.counters["batches"] += 1
        self.counters["steps"] += batch.steps
        self.counters["received_messages"] += batch.received
        self.counters["ignored_messages"] += batch.ignored
        self.counters["retransmissions"] += batch.retransmissions
        self.counters["delivered_payloads"] += batch.delivered

    def _finish(self, result: BatchResult, now: float, at: float) -> None:
        """Send the keepalives and observations that are due, let the store tidy up, and say when to come back."""
        keepalives = OutgoingBundles()
        for peer in self._peers.keepalives_due(now):
            self._keep_alive(peer, keepalives, now)
        result.outgoing.extend(self._packed(keepalives))
        result.outgoing.extend(self._subscriptions.observations(self._store, now))
        result.reachability, result.peers = self._peers.changes(now), self._peers.by_account()
        timer, reclaim = self._timers.next_due(), self._store.reclaim(at)
        moments = [
            None if timer is None else timer + SLACK_SECONDS,
            None if reclaim is None else now + reclaim,
            self._peers.next_keepalive(),
            self._undeclared.next_due(),
            now if self.restate or self._resync else None,
        ]
        result.next_due = min((moment for moment in moments if moment is not None), default=None)

    def _keep_alive(self, peer: PeerId, keepalives: OutgoingBundles, now: float) -> None:
        """Send a peer a heartbeat; to one that sends none itself, a message that even one without memory answers."""
        interface = self._store.one_peered_with(*peer)
        if interface is None:
            del self._peers.known[peer]
            return
        keepalives.add_keepalive(peer)
        self._peers.known[peer].last_sent = now
        if self._peers.overdue(peer, now):
            self.restate.append(interface)

    def _packed(self, bundles: OutgoingBundles) -> Iterator[OutgoingMessage]:
        """Write bundles in this endpoint's name."""
        own = self._end.endpoint
        for message in bundles.packed(own.id, own.account, self._store.store_id, self._peers.unread):
            self._bundle_bytes.observe(len(message.body))
            yield message
