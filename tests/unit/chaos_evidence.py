"""The evidence of a good chaos run, which tests of the checker spoil.

Two real processors with real stores live through a connection: opened, used from both ends, suspended, resumed, used
again. What they leave behind, and what their owners were answered, is what `peering-lab chaos` would find.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from lab.chaos.evidence import Asked, Evidence, Remembered, remembered
from lab.chaos.workers import Connection, End, Worker
from shared.protocol.words import Intent
from shared.store.memory import TimelineRow
from shared.store.payloads import Received
from tests.unit.runtime_bench import Bench, bench, carried

HUB, NORTH = "vpc-hub", "vpc-north"
MINE, THEIRS = "ri-a", "ri-b"
TICK_SECONDS = 0.01

Spoil = Callable[[Evidence], None]


class TwoEnds:
    """Both ends and both owners, on one clock."""

    def __init__(self, first: Bench, second: Bench) -> None:
        """Nothing has happened yet."""
        self.benches = {HUB: first, NORTH: second}
        self.requests: dict[str, Asked] = {}

    def ask(self, endpoint: str, *commands: dict[str, Any]) -> None:
        """Let an owner ask, write down the answers, and let both ends talk until they rest."""
        request = f"{len(self.requests):032x}"
        own = self.benches[endpoint]
        own.now = self._later()
        answers = own.ask(*commands, request=request)
        forms: Any = commands
        given: Any = answers
        self.requests[request] = Asked(endpoint, forms, given)
        self._talk(endpoint)

    def _talk(self, endpoint: str) -> None:
        speaker, hearer = self.benches[endpoint], next(one for name, one in self.benches.items() if name != endpoint)
        while deliveries := carried(speaker.outcomes[-1], speaker):
            hearer.now = self._later()
            hearer.run(*deliveries)
            speaker, hearer = hearer, speaker

    def _later(self) -> float:
        return max(one.now for one in self.benches.values()) + TICK_SECONDS


def good_history(folder: Path, *more: tuple[str, str, str]) -> Evidence:
    """The history of a good connection; `more` are further plain commands: endpoint, kind, interface."""
    with bench(folder, "initiator", "hub") as first, bench(folder, "acceptor", "north") as second:
        ends = TwoEnds(first, second)
        ends.ask(NORTH, second.create(THEIRS, first.information(MINE)))
        ends.ask(HUB, first.create(MINE, second.information(THEIRS), initiate=True))
        for number in (1, 2, 3):
            ends.ask(HUB, {"kind": "send", "interface": MINE, "body": f"there {number}"})
        ends.ask(NORTH, {"kind": "send", "interface": THEIRS, "body": "back 1"})
        ends.ask(HUB, {"kind": "suspend", "interface": MINE})
        ends.ask(NORTH, {"kind": "send", "interface": THEIRS, "body": "in vain"})
        ends.ask(HUB, {"kind": "resume", "interface": MINE})
        ends.ask(NORTH, {"kind": "send", "interface": THEIRS, "body": "back 2"})
        for endpoint, kind, interface in more:
            ends.ask(endpoint, {"kind": kind, "interface": interface})
        workers = {name: Worker(one.end.endpoint, one.end.role) for name, one in ends.benches.items()}
    connection = Connection(End(workers[HUB], MINE), End(workers[NORTH], THEIRS))
    paths = {HUB: folder / "hub.sqlite", NORTH: folder / "north.sqlite"}
    stores = {name: remembered(paths[name], worker, ends.requests) for name, worker in workers.items()}
    return Evidence([connection], stores, ends.requests)


def spoilt(good: Evidence, spoil: Spoil) -> Evidence:
    """The same history with something wrong in it."""
    bad = copy.deepcopy(good)
    spoil(bad)
    return bad


def timeline(evidence: Evidence, interface: str) -> list[TimelineRow]:
    """An interface's timeline, to be spoilt."""
    return _home(evidence, interface).timelines[interface]


def inbox(evidence: Evidence, interface: str) -> list[Received]:
    """An interface's inbox, to be spoilt."""
    return _home(evidence, interface).inboxes[interface]


def row_of(evidence: Evidence, interface: str, cause: str) -> int:
    """Where in its timeline something happened to an interface."""
    return next(place for place, row in enumerate(timeline(evidence, interface)) if row.cause.startswith(cause))


def change(evidence: Evidence, interface: str, **fields: Intent | int) -> None:
    """Let an interface's record be another one."""
    home = _home(evidence, interface)
    home.interfaces[interface] = replace(home.interfaces[interface], **fields)  # type: ignore[arg-type]


def _home(evidence: Evidence, interface: str) -> Remembered:
    return next(one for one in evidence.stores.values() if interface in one.interfaces)
