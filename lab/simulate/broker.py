"""The simulated broker: durable queues with acknowledgements, and a network that loses, doubles, delays and reorders.

What it confirmed it has, and what nobody acknowledged it delivers again. A sender that gets no confirm does not
know whether its message arrived.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from lab.simulate.plan import Plan
from lab.simulate.run_log import RunLog
from lab.simulate.scheduler import Scheduler
from shared.broker.messages import OutgoingMessage
from shared.runtime.deliveries import IncomingDelivery
from shared.wire.bundle import read_bundle
from shared.wire.request import KINDS

ARCHIVE_LIMIT_MESSAGES: Final = 40
"""How many old messages to an endpoint may still turn up again."""

Reply = Callable[[OutgoingMessage], None]


@dataclass(slots=True)
class Delivery:
    """A message in a queue, and whether it was handed out before."""

    incoming: IncomingDelivery
    again: bool = False


@dataclass(slots=True)
class Queue:
    """What waits for one endpoint: ready, and handed out but not acknowledged."""

    ready: deque[Delivery] = field(default_factory=deque)
    handed_out: list[Delivery] = field(default_factory=list)
    archive: deque[IncomingDelivery] = field(default_factory=lambda: deque(maxlen=ARCHIVE_LIMIT_MESSAGES))

    def take(self, limit: int) -> list[Delivery]:
        """Hand out what is ready, at most so many."""
        taken = [self.ready.popleft() for _ in range(min(limit, len(self.ready)))]
        self.handed_out += taken
        return taken

    def acknowledge(self, done: list[Delivery]) -> None:
        """Forget these for good; those that were handed back meanwhile are not this consumer's any more."""
        ids = {id(one) for one in done}
        self.handed_out = [one for one in self.handed_out if id(one) not in ids]

    def hand_back(self) -> int:
        """Its consumer is gone: everything it did not acknowledge is delivered again, in the old order."""
        back = [Delivery(one.incoming, again=True) for one in self.handed_out]
        self.ready.extendleft(reversed(back))
        self.handed_out = []
        return len(back)


class Broker:
    """The exchanges and queues of a whole run, and the network around them."""

    def __init__(self, scheduler: Scheduler, plan: Plan, chance: Random, log: RunLog) -> None:
        """Without queues; `queue` declares them."""
        self._scheduler, self.plan, self._chance, self._log = scheduler, plan, chance, log
        self.queues: dict[str, Queue] = {}
        self.wake: dict[str, Callable[[], None]] = {}
        self.reply_to: dict[str, Reply] = {}
        self.parted: set[tuple[str, str]] = set()
        self.spoilt: list[IncomingDelivery] = []
        self.healed = False

    def heal(self) -> None:
        """From here on nothing is lost, doubled or repeated."""
        self.healed = True
        self.parted.clear()

    def publish(self, source: str, account: str, message: OutgoingMessage, reply_to: str | None = None) -> bool:
        """Carry a message; True if it was confirmed, False if its sender does not know."""
        target = message.routing_key
        if message.type == KINDS.bundle:
            self._log.bundle(source, "says", message.body)
            self._log.figures["bundles"] += 1
            self._log.figures["messages"] += len(read_bundle(message.body).messages)
        if (source, target) in self.parted:
            self._log.fault("lost in a partition", source)
            return False
        if self._hit(self.plan.loss):
            self._log.fault("lost", source, f"to {target}")
            return False
        incoming = IncomingDelivery(message.type, account, message.body, reply_to)
        if target in self.reply_to:
            self._scheduler.after(self._delay(), lambda: self.reply_to[target](message))
            return True
        self._scheduler.after(self._delay(), lambda: self._arrive(target, incoming))
        if self._hit(self.plan.duplication):
            self._log.fault("doubled", source, f"to {target}")
            self._scheduler.after(self._delay() * 3, lambda: self._arrive(target, incoming))
        if self._hit(self.plan.loss):
            self._log.fault("confirm lost", source, f"to {target}")
            return False
        return True

    def _delay(self) -> float:
        plan = self.plan
        disorder = 0.0 if self.healed else plan.disorder_seconds
        return (plan.delay_seconds + disorder * self._chance.random()) * (0.5 + self._chance.random())

    def _hit(self, likelihood: float) -> bool:
        return likelihood > 0 and not self.healed and self._chance.random() < likelihood

    def _arrive(self, target: str, incoming: IncomingDelivery) -> None:
        queue = self.queues[target]
        if self._hit(self.plan.garbage):
            self._log.fault("garbage", target)
            self.spoilt.append(self._spoilt(incoming))
            queue.ready.append(Delivery(self.spoilt[-1]))
        if incoming.kind == KINDS.bundle:
            if self._hit(self.plan.newer):
                self._log.fault("of a newer version", target)
                queue.ready.append(Delivery(incoming._replace(body=incoming.body.replace(b'"v":1', b'"v":2'))))
            if queue.archive and self._hit(self.plan.replay):
                self._log.fault("repeated from long ago", target)
                queue.ready.append(Delivery(self._chance.choice(queue.archive)))
            queue.archive.append(incoming)
        queue.ready.append(Delivery(incoming))
        self.wake[target]()

    def _spoilt(self, incoming: IncomingDelivery) -> IncomingDelivery:
        cut = self._chance.randrange(max(1, len(incoming.body) - 1))
        return self._chance.choice(
            (
                incoming._replace(body=incoming.body[:cut]),
                incoming._replace(sender="mallory"),
                incoming._replace(kind="peering.gossip"),
                incoming._replace(body=incoming.body.replace(b'"v":1', b'"v":0')),
            )
        )
