"""Public package: what other people's programs import to use a running simulator, or one that is started for them.

    with Simulator(accounts=["alice", "bob"]) as sim:
        a, b = sim.pair("alice", "bob")
        sim.faults.drop(a >> b, status="Activated", times=2)
        a.initiate()
        a.wait("Activated", timeout=5)

It speaks HTTP and imports nothing of the programs that it asks (`shared`, `initiator`, `acceptor`, `console`), so a
project that has packages of those names, or other versions of their dependencies, can install it.

What it names is imported when it is used: `peering` starts in this package, and has no use for an HTTP client.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` would take longer to import than all of this; type checkers know the name
if TYPE_CHECKING:
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


def __getattr__(name: str) -> object:
    """Import the public names when one of them is used for the first time."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from peering_handshake import ends, errors, faults, simulator  # noqa: PLC0415 - this is what it is for

    public = {**vars(simulator), **vars(faults), **vars(ends), **vars(errors)}
    globals().update({one: public[one] for one in __all__})
    return public[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
