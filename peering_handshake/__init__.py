"""Public package: what other people's programs import to use a running simulator, or one that is started for them.

    with Simulator(accounts=["alice", "bob"]) as sim:
        a, b = sim.pair("alice", "bob")
        sim.faults.drop(a >> b, status="Activated", times=2)
        a.initiate()
        a.wait("Activated", timeout=5)

It speaks HTTP and imports nothing of the programs that it asks (`shared`, `initiator`, `acceptor`, `console`), so a
project that has packages of those names, or other versions of their dependencies, can install it.
"""

from peering_handshake.ends import AsyncEnd, End, Way
from peering_handshake.errors import NotStarted, PeeringError, Refused, TimedOut, Unanswered
from peering_handshake.faults import AsyncFaults, Faults
from peering_handshake.simulator import AsyncSimulator, Simulator

__all__ = [
    "AsyncEnd",
    "AsyncFaults",
    "AsyncSimulator",
    "End",
    "Faults",
    "NotStarted",
    "PeeringError",
    "Refused",
    "Simulator",
    "TimedOut",
    "Unanswered",
    "Way",
]
