"""One simulated run: endpoints, owners, broker and faults, all drawn from one seed."""

from __future__ import annotations

import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from acceptor.handshake import ACCEPTOR
from acceptor.handshake import step as acceptor_step
from initiator.handshake import INITIATOR
from initiator.handshake import step as initiator_step
from lab.simulate.broker import Broker
from lab.simulate.disk import Disk
from lab.simulate.fault_schedule import FaultSchedule
from lab.simulate.node import KEEPALIVE_SECONDS, Node
from lab.simulate.owners import Owners
from lab.simulate.plan import Plan, draw_plan
from lab.simulate.properties import agreed
from lab.simulate.run_log import PropertyViolated, RunLog
from lab.simulate.scheduler import Scheduler
from lab.simulate.store_oracle import InterfaceRef, StoreOracle
from shared.protocol.words import Endpoint, Kind, Status
from shared.runtime.batch import End

SETTLE_LIMIT_SECONDS: Final = 90.0
"""Virtual seconds within which everybody agrees once nothing goes wrong any more: a connect timeout, and rounds."""

GRACE_SECONDS: Final = 3.0
"""How long what was said before the last fault may still be on its way."""

REST_SECONDS: Final = KEEPALIVE_SECONDS + 1.0
"""How long two ends that agree may still tell each other so: until each has heard a keepalive."""

LOOK_SECONDS: Final = 1.0
"""How often owners look whether something is left to do."""

MEMORY_FOLDER: Final = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
"""Where Linux keeps files in memory; elsewhere the usual folder for temporary files will do."""


@dataclass(slots=True)
class Findings:
    """What one run came to. `broken` is what was wrong, None if nothing was."""

    seed: int
    broken: str | None = None
    seconds: float = 0.0
    events: int = 0
    settled_seconds: float = 0.0
    lines: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    figures: Counter[str] = field(default_factory=Counter)
    coverage: Counter[tuple[str, str]] = field(default_factory=Counter)


class Simulation:
    """Endpoints, owners, a broker between them, and what goes wrong."""

    def __init__(self, seed: int, folder: Path, *, verbose: bool = False, plan: Plan | None = None) -> None:
        """Everything follows from the seed; a plan takes the place of the one the seed would draw."""
        self.seed, self.chance, self.scheduler = seed, Random(seed), Scheduler()  # noqa: S311 - a seed, not a secret
        own_plan = draw_plan(self.chance)
        self.plan = plan or own_plan
        self.log = RunLog(self.scheduler, verbose=verbose)
        self.broker = Broker(self.scheduler, self.plan, self.chance, self.log)
        self.oracle = StoreOracle(self.log)
        self.owners = Owners(self.scheduler, self.broker, self.oracle, self.chance, self.log)
        self._folder = folder
        self.nodes = [self._node(end) for end in self._ends()]
        self.fault_schedule = FaultSchedule(
            self.nodes, self.broker, self.oracle, self.owners, self.scheduler, self.chance, self.log
        )
        self.connections = [self._connect(number) for number in range(self.plan.connections)]

    def make_node(self, end: End, disk: Disk) -> Node:
        """A worker as it is shipped; a planted bug makes another."""
        return Node(end, disk, self.broker, self.scheduler, self.chance, self.log, self.oracle)

    def make_disk(self, end: End) -> Disk:
        """A disk that keeps its promise; a planted bug makes another."""
        return Disk(self._folder, end.endpoint, end.role, self.chance, self.log)

    def run(self) -> Findings:
        """Run it. A property that does not hold is in the findings, never an exception."""
        findings = Findings(self.seed)
        try:
            self.begin()
            self.scheduler.run_until(self.plan.seconds)
            self.fault_schedule.end()
            self.owners.stop()
            self.scheduler.run_until(self.plan.seconds + GRACE_SECONDS)
            findings.settled_seconds = self.settle()
            self.rest()
        except PropertyViolated as broken:
            findings.broken = str(broken)
        except Exception:  # noqa: BLE001 - whatever escapes from a worker is a finding
            findings.broken = f"a worker failed: {traceback.format_exc()}"
        finally:
            for node in self.nodes:
                node.disk.close()
        log = self.log
        log.write("", f"BROKEN: {findings.broken}" if findings.broken else "all properties held")
        findings.seconds, findings.events = self.scheduler.now, self.scheduler.taken
        findings.lines, findings.faults = log.lines, log.faults
        findings.figures, findings.coverage = log.figures, log.coverage
        return findings

    # The parts of a run.

    def begin(self) -> None:
        """Start the workers, and let the owners and the faults choose their moments."""
        for node in self.nodes:
            node.start()
        for first, second in self.connections:
            for own, peer in ((first, second), (second, first)):
                self._introduce(own, peer)
        self.fault_schedule.schedule()
        for _ in range(self.plan.commands):
            connection = self.chance.choice(self.connections)
            own, peer = connection if self.chance.random() < 0.5 else connection[::-1]  # noqa: PLR2004 - either end
            self._later(self.plan.seconds * self.chance.uniform(0.05, 1), own, peer)

    def settle(self) -> float:
        """Let the owners finish until everybody agrees; returns how long that took, in virtual seconds."""
        healed = self.scheduler.now
        while (wrong := self._unsettled()) is not None:
            if self.scheduler.now - healed > SETTLE_LIMIT_SECONDS:
                raise PropertyViolated(f"{SETTLE_LIMIT_SECONDS:.0f} seconds after the last fault: {wrong}")
            for first, second in self.connections:
                self.owners.finish(first, second)
                self.owners.finish(second, first)
            self.scheduler.run_until(self.scheduler.now + LOOK_SECONDS)
        return self.scheduler.now - healed

    def rest(self) -> None:
        """Two ends that agree say nothing to each other any more but keepalives, and their files say the same."""
        asleep = self._all_at_rest()
        self.scheduler.run_until(self.scheduler.now + REST_SECONDS)
        said = self.log.figures["messages"]
        self.scheduler.run_until(self.scheduler.now + KEEPALIVE_SECONDS)
        asked_who_is_silent = len(self.nodes)  # one message a peer and interval, at the most
        chatter = self.log.figures["messages"] > said + asked_who_is_silent
        if chatter and asleep and not self.owners.given_up:
            raise PropertyViolated(f"{self.log.figures['messages'] - said} messages between ends that agree")
        if (wrong := self._unsettled()) is not None:
            raise PropertyViolated(f"agreement did not last: {wrong}")
        for node in self.nodes:
            self.oracle.reopened(node.id, node.disk)

    def _all_at_rest(self) -> bool:
        """Whether nobody waits for anybody; an end may ask on that was never told whom its peer deleted."""
        ends = [self.oracle.record(end) for connection in self.connections for end in connection]
        return all(end is not None and end.status.stable and not end.unacknowledged for end in ends)

    def _unsettled(self) -> str | None:
        for first, second in self.connections:
            mine, other = self.oracle.record(first), self.oracle.record(second)
            if self.owners.given_up & {first.interface, second.interface}:
                continue
            if mine is None or other is None:
                return f"{first.interface} or {second.interface} is not there"
            if not agreed(mine, other):
                return f"{mine.id} is {mine.status} and {other.id} is {other.status}"
            both_up = mine.status is other.status is Status.ACTIVATED
            if both_up and not self.oracle.struck(first.endpoint, second.endpoint):
                for own, peer in ((first, second), (second, first)):
                    sent = self.oracle.accepted.get(own.interface, [])
                    arrived = self.oracle.of[peer.endpoint].inbox.get(peer.interface, [])
                    if sent != arrived:
                        return f"of {len(sent)} payloads of {own.interface} {len(arrived)} arrived"
        return self.owners.unanswered()

    # How it is made.

    def _ends(self) -> Iterator[End]:
        step_in, step_out = self.log.watched(acceptor_step), self.log.watched(initiator_step)
        for number in range(self.plan.initiators):
            kind = Kind.VBR if self.chance.random() < 0.2 else Kind.VPC  # noqa: PLR2004 - one in five
            account = f"alice{number or ''}"
            yield End(Endpoint(f"{kind}-a{number or ''}", kind, account, "cn-hangzhou"), INITIATOR, step_out)
        for number in range(self.plan.acceptors):
            account = "alice" if self.chance.random() < 0.2 else f"bob{number or ''}"  # noqa: PLR2004 - one in five
            yield End(Endpoint(f"vpc-b{number or ''}", Kind.VPC, account, "cn-shanghai"), ACCEPTOR, step_in)

    def _node(self, end: End) -> Node:
        disk = self.make_disk(end)
        node = self.make_node(end, disk)
        self.owners.own(end.endpoint)
        self.oracle.follow(end.endpoint.id, disk)
        return node

    def _connect(self, number: int) -> tuple[InterfaceRef, InterfaceRef]:
        def one(role: str, interface: str) -> InterfaceRef:
            return InterfaceRef(self.chance.choice([n.id for n in self.nodes if n.end.role.name == role]), interface)

        first = one(INITIATOR.name, f"ri-a{number}")
        second = one(ACCEPTOR.name, f"ri-b{number}")
        self.oracle.peers[first.interface], self.oracle.peers[second.interface] = second, first
        return first, second

    def _introduce(self, own: InterfaceRef, peer: InterfaceRef) -> None:
        """Create one end; its owner may name the peer at once, later, or wrongly first."""
        chance, owners = self.chance, self.owners
        named: InterfaceRef | None = peer if chance.random() < 0.7 else None  # noqa: PLR2004 - most do it at once
        if chance.random() < self.plan.wrong_peers:
            named = peer._replace(interface=self._wrong(own, peer))
        initiate = named is not None and chance.random() < 0.5  # noqa: PLR2004 - or with a command later
        created = owners.create(own, named, initiate=initiate)
        start = chance.uniform(0, self.plan.seconds / 10)
        self.scheduler.at(start, lambda: owners.ask(own.endpoint, [created]))
        if not initiate:
            self.scheduler.at(start + chance.uniform(0, self.plan.seconds / 5), lambda: owners.finish(own, peer))

    def _wrong(self, own: InterfaceRef, peer: InterfaceRef) -> str:
        """An interface that does not name this one; two ends that name each other by mistake would be a connection."""
        others = [first.interface for first, _ in self.connections if first.endpoint == peer.endpoint]
        may_be_real = own.interface not in {first.interface for first, _ in self.connections}
        return self.chance.choice(["ri-nobody", *others] if may_be_real else ["ri-nobody"])

    def _later(self, moment: float, own: InterfaceRef, peer: InterfaceRef) -> None:
        self.scheduler.at(moment, lambda: self.owners.ask(own.endpoint, self.owners.anything(own, peer)))


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for runs' files, in memory where there is such a place; gone afterwards."""
    base = MEMORY_FOLDER if MEMORY_FOLDER.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="peering-simulate-", dir=base) as folder:
        yield Path(folder)


def simulate(
    seed: int, *, verbose: bool = False, stores_last: bool = False, make: Callable[..., Simulation] = Simulation
) -> Findings:
    """Simulate the run of this seed; where `stores_last`, no store in it is lost or put back."""
    plan = draw_plan(Random(seed))._replace(losses=0, restores=0) if stores_last else None  # noqa: S311 - a seed
    with scratch_folder() as folder:
        return make(seed, folder, verbose=verbose, plan=plan).run()
