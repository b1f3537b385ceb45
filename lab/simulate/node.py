"""The simulated worker process: the worker's loop around the real processor, in virtual time.

The same order as `shared.runtime.worker`: run the batch, set aside, publish, acknowledge. The last two travel on two
connections, so in every other batch the acknowledgement arrives first. Between any two lines the process may be killed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Final

from lab.simulate.broker import Broker, Delivery, Queue
from lab.simulate.disk import Disk, Killed
from lab.simulate.run_log import PropertyViolated, RunLog
from lab.simulate.scheduler import Scheduler
from shared.runtime.batch import BatchResult, End
from shared.runtime.peers import Peers
from shared.runtime.processor import Processor
from shared.runtime.retransmission import RetransmissionPolicy
from shared.store.errors import StoreUnavailable
from shared.wire.request import KINDS

if TYPE_CHECKING:
    from lab.simulate.store_oracle import StoreOracle

PAUSES: Final = RetransmissionPolicy(resend_first_seconds=0.5, resend_limit_seconds=4.0, connect_timeout_seconds=20.0)
KEEPALIVE_SECONDS: Final = 4.0
HOLD_SECONDS: Final = 10.0
STORE_PAUSE_SECONDS: Final = 1.0
TURN_SECONDS: Final = 0.0005
"""What one turn of the loop takes at least, so that time passes even for a worker that is always busy."""
RESTART_SECONDS: Final = 1.0
"""How long a supervisor takes to start a process that died, on average."""


class Node:
    """One endpoint's worker process, while there is one, and what a new one finds."""

    def __init__(  # noqa: PLR0913, PLR0917 - the surroundings of a process are that many
        self,
        end: End,
        disk: Disk,
        broker: Broker,
        scheduler: Scheduler,
        chance: Random,
        log: RunLog,
        oracle: StoreOracle,
    ) -> None:
        """Not running before `start`."""
        self.end, self.disk, self._broker, self._scheduler = end, disk, broker, scheduler
        self.chance, self.log, self._oracle = chance, log, oracle
        self.id = end.endpoint.id
        self.queue = broker.queues.setdefault(self.id, Queue())
        broker.wake[self.id] = self.notify
        self.processor: Processor | None = None
        self.inbox: list[Delivery] = []
        self.batch_limit = 256
        self.lag, self.wall = 0.0, 1_700_000_000.0
        self.busy_until = 0.0
        self.slow_seconds = 0.0
        self.restoring = False
        self._suspended: float | None = None
        self._woken: float | None = None

    @property
    def up(self) -> bool:
        """Whether a process is running."""
        return self.processor is not None

    @property
    def now(self) -> float:
        """Monotonic seconds as this machine counts them: they stand still while it is suspended."""
        return self._scheduler.now - self.lag

    @property
    def at(self) -> float:
        """What this machine believes the time is."""
        return self._scheduler.now + self.wall

    def start(self) -> None:
        """Start a process on what the disk holds; it may be killed while it starts."""
        if self.up:
            return
        if self._scheduler.now < self.busy_until:
            self._scheduler.at(self.busy_until, self.start)
            return
        self._attempt(self._begin)

    def _begin(self) -> None:
        self.log.write(self.id, "starts" + (" on a store from a backup" if self.restoring else ""))
        store = self.disk.open()
        self._oracle.reopened(self.id, self.disk)
        peers = Peers(KEEPALIVE_SECONDS, HOLD_SECONDS)
        processor = self.make(peers)
        if self.restoring:
            processor.restore(self.at)
            self.restoring = False
            self._oracle.trust(self.id)
        store.kill_points.reach("starting")
        processor.start(self.now)
        self.processor = processor
        self.notify()

    def make(self, peers: Peers) -> Processor:
        """The shipped processor; a planted bug makes another."""
        store = self.disk.store
        assert store is not None, "the disk was opened"  # noqa: S101 - by the caller
        return Processor(self.end, store, peers, PAUSES, Random(self.chance.getrandbits(53)))  # noqa: S311 - seeded

    def kill(self, why: str) -> None:
        """End the process, as with kill -9: what it held in memory is gone, what it did not acknowledge comes back."""
        self.log.fault("killed", self.id, why)
        self.log.figures[f"killed {why}"] += 1
        self.processor, self.inbox = None, []
        self.disk.kill_points.disarm()
        self.disk.kill()
        self.queue.hand_back()
        self._woken = None
        self._scheduler.after(RESTART_SECONDS * (0.1 + self.chance.expovariate(1.0)), self.start)

    def cut(self) -> None:
        """Lose the connection: the broker delivers again what was not acknowledged; the worker still has it too."""
        self.log.fault("connection cut", self.id)
        self.queue.hand_back()
        self.notify()

    def stall(self, seconds: float, *, suspended: bool) -> None:
        """Let nothing happen here for a while; the clock of a machine that is suspended stands still meanwhile."""
        self.busy_until = max(self.busy_until, self._scheduler.now + seconds)
        if suspended and self._suspended is None:
            self._suspended = self._scheduler.now
        self._scheduler.at(self.busy_until, self._resume)

    def _resume(self) -> None:
        if self._scheduler.now >= self.busy_until:
            self.go_on()

    def go_on(self) -> None:
        """End whatever keeps this machine from working."""
        if self._suspended is not None:
            self.lag += self._scheduler.now - self._suspended
            self._suspended = None
        self.busy_until = self._scheduler.now
        self.notify()

    def notify(self) -> None:
        """Something arrived."""
        self._wake(self._scheduler.now)

    def _wake(self, moment: float) -> None:
        moment = max(moment, self.busy_until)
        if self.up and (self._woken is None or moment < self._woken):
            self._woken = moment
            self._scheduler.at(moment, lambda: self._cycle(moment))

    def _cycle(self, moment: float) -> None:
        if self._woken != moment or not self.up:
            return
        self._woken = None
        if self._scheduler.now < self.busy_until:
            self._wake(self.busy_until)
            return
        self._attempt(self.work)

    def _attempt(self, part: Callable[[], None]) -> None:
        try:
            part()
        except Killed as killed:
            self.kill(str(killed))
        except StoreUnavailable as error:
            self.kill(f"by itself, since it cannot start: {error}")

    def work(self) -> None:
        """One turn of the worker's loop."""
        processor = self._running()
        self.inbox += self.queue.take(self.batch_limit - len(self.inbox))
        taken, self.inbox = self.inbox[: self.batch_limit], self.inbox[self.batch_limit :]
        if self.log.verbose:
            for delivery in taken:
                if delivery.incoming.kind == KINDS.bundle:
                    self.log.bundle(self.id, "hears again" if delivery.again else "hears", delivery.incoming.body)
        self.busy_until = max(self.busy_until, self._scheduler.now + max(TURN_SECONDS, self.slow_seconds))
        try:
            outcome = self.run(processor, taken)
        except StoreUnavailable as error:
            self.log.fault("store error", self.id, str(error))
            self.inbox = taken + self.inbox
            self._wake(self._scheduler.now + STORE_PAUSE_SECONDS)
            return
        self.conclude(taken, outcome)
        if outcome.next_due is not None:
            self._wake(outcome.next_due + self.lag)
        if self.inbox or self.queue.ready:
            self.notify()

    def run(self, processor: Processor, taken: list[Delivery]) -> BatchResult:
        """Take one batch to its end."""
        return processor.run([delivery.incoming for delivery in taken], self.now, self.at)

    def conclude(self, taken: list[Delivery], outcome: BatchResult) -> None:
        """The batch is durable: set aside, publish, acknowledge, the last two in either order."""
        self.log.figures["batches"] += 1
        self._judge(taken, outcome)
        steps = [partial(self._publish, outcome), partial(self._acknowledge, taken)]
        for step in steps if self.log.figures["batches"] % 2 else reversed(steps):
            step()

    def _acknowledge(self, taken: list[Delivery]) -> None:
        self.disk.kill_points.reach("before the acknowledgement")
        self.queue.acknowledge(taken)
        self.disk.kill_points.reach("after the acknowledgement")

    def _publish(self, outcome: BatchResult) -> None:
        for message in outcome.outgoing:
            confirmed = self._broker.publish(self.id, self.end.endpoint.account, message)
            if message.type == KINDS.bundle and confirmed:
                self._running().note_route(message.routing_key, found=True)
            self.disk.kill_points.reach("after a message was published")

    def _judge(self, taken: list[Delivery], outcome: BatchResult) -> None:
        for fault in outcome.errors:
            raise PropertyViolated(f"{self.id} failed over {fault.what}: {type(fault.error).__name__}: {fault.error}")
        rejected = dict(outcome.rejected)
        for place, delivery in enumerate(taken):
            reason, spoilt = rejected.get(place), delivery.incoming in self._broker.spoilt
            if spoilt != (reason is not None):
                raise PropertyViolated(
                    f"{self.id} set aside a good message: {reason}" if reason else f"{self.id} took garbage"
                )
        for reason in rejected.values():
            self.log.figures["set aside"] += 1
            self.log.write(self.id, f"sets aside: {reason}")
        if self.log.verbose:
            for change in outcome.transitions:
                self.log.write(self.id, f"** {change.interface} {change.was} -> {change.status} ({change.cause})")
            for peer, reachable in outcome.reachability:
                self.log.write(self.id, f"{peer.endpoint} is {'reachable' if reachable else 'unreachable'}")

    def _running(self) -> Processor:
        assert self.processor is not None, "only a running process works"  # noqa: S101 - its callers know
        return self.processor
