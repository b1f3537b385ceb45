"""The fault schedule of a run: partitions, kills, full disks, clock jumps, stalls, lost and restored stores."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from lab.simulate.broker import Broker
from lab.simulate.node import Node
from lab.simulate.owners import Owners
from lab.simulate.run_log import RunLog
from lab.simulate.scheduler import Scheduler
from lab.simulate.store_oracle import StoreOracle
from shared.protocol.interface import Interface
from shared.protocol.words import Intent

KILL_POINTS_LIMIT: Final = 60
"""A worker is killed within about this many kill points; a batch passes ten to a hundred of them."""


class FaultSchedule:
    """Everything that goes wrong in a run at a moment of its own, and the end of all that."""

    def __init__(  # noqa: PLR0913, PLR0917 - it meddles with everything there is
        self,
        nodes: list[Node],
        broker: Broker,
        oracle: StoreOracle,
        owners: Owners,
        scheduler: Scheduler,
        chance: Random,
        log: RunLog,
    ) -> None:
        """Nothing is scheduled before `schedule`."""
        self._nodes, self._broker, self._oracle, self._owners = nodes, broker, oracle, owners
        self._scheduler, self._chance, self._log = scheduler, chance, log
        self._over = False

    def schedule(self) -> None:
        """Choose the moments."""
        plan = self._broker.plan
        kinds: list[tuple[int, Callable[[Node], None]]] = [
            (plan.partitions, self._part),
            (plan.cuts, lambda node: node.cut() if node.up else None),
            (plan.kills, self._kill),
            (plan.full_disks, self._fill),
            (plan.clock_jumps, self._jump),
            (plan.stalls, self._stall),
            (plan.slow, self._slow),
            (plan.losses, self._lose),
            (plan.restores, self._back_up),
        ]
        for count, strike in kinds:
            for _ in range(count):
                self._once(strike, self._chance.uniform(0, plan.seconds), self._chance.choice(self._nodes))

    def end(self) -> None:
        """From here on everything works."""
        self._over = True
        self._broker.heal()
        for node in self._nodes:
            node.disk.kill_points.disarm()
            node.disk.full = False
            node.slow_seconds = 0.0
            node.go_on()
            node.start()
            node.notify()

    def _once(self, strike: Callable[[Node], None], moment: float, node: Node) -> None:
        self._scheduler.at(moment, lambda: None if self._over else strike(node))

    def _part(self, node: Node) -> None:
        others = [other.id for other in self._nodes if other.end.role.name != node.end.role.name]
        ways = {(node.id, self._chance.choice(others))}
        if self._chance.random() < 0.5:  # noqa: PLR2004 - as often one way as both
            ways |= {(target, source) for source, target in ways}
        for source, target in sorted(ways):
            self._log.fault("partition", source, f"to {target}")
        self._broker.parted |= ways
        self._scheduler.after(self._chance.uniform(1, 15), lambda: self._broker.parted.difference_update(ways))

    def _kill(self, node: Node) -> None:
        if not node.up:
            return
        if self._chance.random() < 0.15:  # noqa: PLR2004 - mostly in the middle of something
            node.kill("between two batches")
        else:
            node.disk.kill_points.arm(self._chance.randint(1, KILL_POINTS_LIMIT))

    def _fill(self, node: Node) -> None:
        self._log.fault("disk full", node.id)
        node.disk.full = True

        def free() -> None:
            node.disk.full = False

        self._scheduler.after(self._chance.uniform(0.5, 6), free)

    def _jump(self, node: Node) -> None:
        seconds = self._chance.uniform(-100_000, 100_000)
        self._log.fault("clock jump", node.id, f"of {seconds:.0f} s")
        node.wall += seconds

    def _stall(self, node: Node) -> None:
        seconds = self._chance.uniform(1, 15)
        suspended = self._chance.random() < 0.5  # noqa: PLR2004 - as often the process as the machine
        self._log.fault("machine suspended" if suspended else "process stopped", node.id, f"for {seconds:.1f} s")
        node.stall(seconds, suspended=suspended)

    def _slow(self, node: Node) -> None:
        node.slow_seconds = self._chance.uniform(0.05, 0.8)
        node.batch_limit = self._chance.choice((1, 2, 8, 256))
        self._log.fault("slow", node.id)

        def recover() -> None:
            node.slow_seconds = 0.0

        self._scheduler.after(self._chance.uniform(1, 10), recover)

    def _lose(self, node: Node) -> None:
        if node.up:
            node.kill("to lose its store")
        self._log.fault("store lost", node.id)
        node.restoring = False
        node.disk.lose()
        old = self._oracle.lost(node.id, node.disk)
        self._owners.strike(node.id)
        for record in old.records.values():
            if record.intent is Intent.DELETED:
                self._owners.given_up.add(record.id)
            else:
                self._make_again(node, record)

    def _make_again(self, node: Node, record: Interface) -> None:
        own = self._oracle.reference(record.id)
        again = self._owners.create(own, self._oracle.peers[record.id], initiate=record.role.may_initiate)
        moment = self._scheduler.now + self._chance.uniform(0.5, 8)
        self._once(lambda owned: self._owners.ask(owned.id, [again]), moment, node)

    def _back_up(self, node: Node) -> None:
        if not node.up:
            return
        self._log.write(node.id, "its store is copied")
        node.disk.back_up()
        self._oracle.backed_up(node.id)
        self._once(self._put_back, self._scheduler.now + self._chance.uniform(0.1, 15), node)

    def _put_back(self, node: Node) -> None:
        if node.up:
            node.kill("to put back its store")
        self._log.fault("store put back", node.id)
        node.disk.put_back()
        node.restoring = True
        self._oracle.put_back(node.id, node.disk)
        self._owners.strike(node.id)
