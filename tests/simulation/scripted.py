"""The scripted run: two real workers, one connection from beginning to end, and nothing else but what a test asks for.

Runs whose owners follow a script, and in which nothing goes wrong but what a test asks for.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from lab.simulate.plan import Plan
from lab.simulate.simulation import Simulation
from lab.simulate.store_oracle import InterfaceRef

CALM: Final = Plan(seconds=7.0, commands=0, delay_seconds=0.02)


class Scripted(Simulation):
    """A run in which every connection goes through the article's process."""

    def __init__(self, folder: Path, *, plan: Plan = CALM, seed: int = 1, verbose: bool = False) -> None:
        """Nothing but the script happens, unless it is added to the agenda."""
        super().__init__(seed, folder, plan=plan, verbose=verbose)

    def begin(self) -> None:
        """Create, establish, send both ways, suspend and resume from either end, send again."""
        for node in self.nodes:
            node.start()
        for first, second in self.connections:
            self.at(0.0, second, lambda own, peer: [self.owners.create(own, peer, initiate=False)])
            self.at(0.2, first, lambda own, peer: [self.owners.create(own, peer, initiate=True)])
            for moment, kind in ((1.5, "suspend"), (2.5, "resume")):
                self.at(moment, first, lambda own, _, kind=kind: [self.owners.plain(kind, own.interface)])
                self.at(moment + 2.0, second, lambda own, _, kind=kind: [self.owners.plain(kind, own.interface)])
            for moment in (1.0, 1.45, 3.0, 5.0):
                for own in (first, second):
                    self.at(moment, own, lambda own, _: [self.owners.send(own.interface) for _ in range(2)])

    def at(self, moment: float, own: InterfaceRef, asks: Callable[..., list[object]]) -> None:
        """Let the owner of this end ask something at that moment."""
        peer = self.oracle.peers[own.interface]
        self.scheduler.at(moment, lambda: self.owners.ask(own.endpoint, asks(own, peer)))  # type: ignore[arg-type]
