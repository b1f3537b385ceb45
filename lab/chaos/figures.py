"""The figures of a chaos run: faults, handshakes, requests, payloads.

Everything is counted from what was left behind, and not by those who did it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from lab.chaos.evidence import Evidence
from lab.chaos.history import CALM, HEALED, Entry
from shared.protocol.words import Intent, Status


@dataclass(slots=True)
class Figures:
    """What one run came to."""

    run: str
    faults: Counter[str] = field(default_factory=Counter)
    not_felt: int = 0
    connections: int = 0
    deleted: int = 0
    handshakes: int = 0
    """How often a connection was opened, at the end that may only wait."""
    changes: int = 0
    """How often an end came to rest in another status than before."""
    requests: int = 0
    commands: int = 0
    unanswered: int = 0
    payloads_accepted: int = 0
    payloads_delivered: int = 0
    payloads_dropped: int = 0
    """Accepted and not delivered, because one of the two ends was deleted by its owner before."""
    before_calm: Counter[str] = field(default_factory=Counter)
    """Of all these, how many handshakes and payloads there were while the faults went on."""
    set_aside: int = 0
    answered_seconds: float = 0.0
    """After the faults, until every owner had his answer."""
    agreed_seconds: float = 0.0
    """From then, until all connections agreed."""
    disk: str = ""
    rows_checked: int = 0

    @property
    def faults_in_all(self) -> int:
        """How many faults were felt."""
        return self.faults.total()

    def as_json(self) -> dict[str, Any]:
        """All of it, the commonest fault first."""
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        counted = {name: dict(one.most_common()) for name, one in told.items() if isinstance(one, Counter)}
        return {**told, **counted, "faults_in_all": self.faults_in_all}


def count(run: str, evidence: Evidence, entries: Sequence[Entry]) -> Figures:
    """Count what a run left behind."""
    figures = Figures(run, connections=len(evidence.connections))
    calm = next((entry["at"] for entry in entries if entry["what"] == CALM), float("inf"))
    _count_faults(figures, entries)
    _count_requests(figures, evidence)
    for connection in evidence.connections:
        records = [evidence.stores[end.worker.id].interfaces.get(end.interface) for end, _ in connection.ends]
        gone = any(one is not None and one.intent is Intent.DELETED for one in records)
        figures.deleted += gone
        for end, peer in connection.ends:
            mine, other = evidence.stores[end.worker.id], evidence.stores[peer.worker.id]
            record, inbox = mine.interfaces.get(end.interface), other.inboxes.get(peer.interface, [])
            sent = 0 if record is None else record.sent
            figures.payloads_accepted += sent
            figures.payloads_delivered += len(inbox)
            figures.payloads_dropped += sent - len(inbox) if gone else 0
            figures.before_calm["payloads delivered"] += sum(payload.at < calm for payload in inbox)
            for row in mine.timelines.get(end.interface, []):
                figures.rows_checked += 1
                figures.changes += row.was != row.status and Status(row.status).stable
                opened = row.was == Status.ACCEPTING and row.status == Status.ACTIVATED
                figures.handshakes += opened
                figures.before_calm["handshakes"] += opened and row.at < calm
    return figures


def _count_faults(figures: Figures, entries: Iterable[Entry]) -> None:
    for entry in entries:
        if entry["what"] == HEALED and entry["did"] is None:
            figures.not_felt += 1
        elif entry["what"] == HEALED:
            figures.faults[entry["kind"]] += 1


def _count_requests(figures: Figures, evidence: Evidence) -> None:
    figures.requests = len(evidence.requests)
    for asked in evidence.requests.values():
        figures.commands += len(asked.commands)
        figures.unanswered += asked.answers is None
