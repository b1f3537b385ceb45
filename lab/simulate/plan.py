"""The plan of a run: how many ends and connections, and how often each fault happens, drawn from its seed.

Swarm testing (Groce et al. 2012): every kind of fault is left out of about half of the runs.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple


class Plan(NamedTuple):
    """What goes wrong in one run: chances per message, and how often per run for the rest."""

    seconds: float = 30.0
    acceptors: int = 1
    initiators: int = 1
    connections: int = 1
    commands: int = 20
    wrong_peers: float = 0.0
    loss: float = 0.0
    duplication: float = 0.0
    replay: float = 0.0
    delay_seconds: float = 0.02
    disorder_seconds: float = 0.0
    garbage: float = 0.0
    partitions: int = 0
    cuts: int = 0
    kills: int = 0
    full_disks: int = 0
    clock_jumps: int = 0
    stalls: int = 0
    slow: int = 0
    losses: int = 0
    restores: int = 0
    newer: float = 0.0


def draw_plan(chance: Random) -> Plan:
    """Choose a plan."""

    def some(most: int) -> int:
        return chance.randint(1, most) if chance.random() < 0.5 else 0  # noqa: PLR2004 - half of the runs

    def rate(highest: float) -> float:
        return highest * chance.random() if chance.random() < 0.5 else 0.0  # noqa: PLR2004 - half of the runs

    shape = chance.random()
    long = chance.random() < 0.05  # noqa: PLR2004 - one run in twenty
    burst = chance.random() < 0.04  # noqa: PLR2004 - few, because they are long
    return Plan(
        seconds=chance.uniform(5, 40) if long else chance.uniform(3, 15),
        acceptors=2 if shape < 0.12 else 1,  # noqa: PLR2004 - one run in eight
        initiators=2 if 0.12 < shape < 0.2 else 1,  # noqa: PLR2004 - one in twelve
        connections=chance.randint(5, 12) if burst else chance.choice((1, 1, 1, 1, 2, 3)),
        commands=chance.randint(10, 60) if long else chance.randint(3, 16),
        wrong_peers=rate(0.5),
        loss=rate(0.4),
        duplication=rate(0.3),
        replay=rate(0.1),
        delay_seconds=chance.choice((0.001, 0.02, 0.3)),
        disorder_seconds=rate(1.0),
        garbage=rate(0.05),
        partitions=some(3),
        cuts=some(3),
        kills=some(6),
        full_disks=some(2),
        clock_jumps=some(3),
        stalls=some(2),
        slow=some(2),
        losses=int(chance.random() < 0.15),  # noqa: PLR2004 - a rare disaster
        restores=int(chance.random() < 0.15),  # noqa: PLR2004 - a rare disaster
        newer=rate(0.05),
    )
