"""Faults on purpose: what is to go wrong on the way between two ends, or with a worker; docs/faults.md says more."""

from __future__ import annotations

from typing import Literal, TypedDict, Unpack

from peering_handshake.ends import EndTalks, Way
from peering_handshake.models import HeldMessage, StandingFault, Status
from peering_handshake.talking import AsyncLine, Call, Line, Talk, spoken

Order = Literal["release", "drop", "replay", "reorder"]


class Which(TypedDict, total=False):
    """Which messages a fault strikes; what is not named matches everything.

    `which`: of those that match, "1" the first, "2-4", "3-" from the third on. `times`: so often, and then no more.
    `seconds`: for so long. `percent`: with this probability, drawn from `seed`. `delay_seconds`, `jitter_seconds`: of
    delay, netem and reorder. `loss_percent`: of netem. `copies`: of duplicate. `both`: the other direction too.
    `next_of`: only those of the next connection of this account, whatever its ids.
    """

    message: Literal["initiate", "declare", "not_ready", "data"]
    status: Status
    intent: Literal["up", "suspended", "deleted"]
    version: int
    which: str
    times: int
    seconds: float
    percent: float
    seed: int
    delay_seconds: float
    jitter_seconds: float
    loss_percent: float
    copies: int
    both: bool
    next_of: str


class FaultTalks:
    """The faults of a simulator.

    Every method raises Refused (UnknownFault, UnknownMessage, NoSuchWire …) or Unanswered. When one that makes a fault
    returns, no message that it concerns passes beside it.
    """

    @spoken
    def drop(self, way: Way, **which: Unpack[Which]) -> Talk[StandingFault]:
        """Let messages on a way be lost."""
        return (yield from _on(way, "drop", which))

    @spoken
    def delay(self, way: Way, **which: Unpack[Which]) -> Talk[StandingFault]:
        """Let messages on a way come late, by `delay_seconds`."""
        return (yield from _on(way, "delay", which))

    @spoken
    def duplicate(self, way: Way, **which: Unpack[Which]) -> Talk[StandingFault]:
        """Let messages on a way come more than once."""
        return (yield from _on(way, "duplicate", which))

    @spoken
    def reorder(self, way: Way, **which: Unpack[Which]) -> Talk[StandingFault]:
        """Let the next message of the connection pass before each of these."""
        return (yield from _on(way, "reorder", which))

    @spoken
    def hold(self, way: Way, **which: Unpack[Which]) -> Talk[StandingFault]:
        """Hold messages on a way until `order` releases or drops them, or the fault is cleared."""
        return (yield from _on(way, "hold", which))

    @spoken
    def cut(self, way: Way, *, both: bool = False) -> Talk[StandingFault]:
        """Let nothing pass from one endpoint to the other, of whatever connection."""
        return (yield from _added({"do": "cut", **_places(way), "both": both}))

    @spoken
    def worker(
        self, do: Literal["kill", "stop", "continue", "lose", "backup", "restore"], endpoint: str
    ) -> Talk[StandingFault]:
        """Do something to an endpoint's worker or to its store; only where the simulator runs the workers itself."""
        return (yield from _added({"do": do, "worker": endpoint}))

    @spoken
    def listed(self, end: EndTalks | None = None) -> Talk[list[StandingFault]]:
        """Return every fault that was not cleared; of an end, those that stand and have struck its messages."""
        return list((yield Call("GET", "/faults", _of(end))))

    @spoken
    def clear(self, number: int | None = None, end: EndTalks | None = None) -> Talk[list[int]]:
        """Clear one fault, those of an end, or all, and return their numbers; what they held goes on, in order."""
        path = "/faults" if number is None else f"/faults/{number}"
        return list((yield Call("DELETE", path, _of(end))))

    @spoken
    def held(self, end: EndTalks | None = None) -> Talk[list[HeldMessage]]:
        """Return the messages that are held, in the order in which they would go on."""
        return list((yield Call("GET", "/held", _of(end))))

    @spoken
    def order(self, do: Order, *numbers: int, end: EndTalks | None = None) -> Talk[list[HeldMessage]]:
        """Release, drop, replay or reorder held messages (all, where no number is given), and return them."""
        return list((yield Call("POST", "/held", body={"do": do, "numbers": list(numbers), **_of(end)})))


def _on(way: Way, do: str, which: Which) -> Talk[StandingFault]:
    whose = {} if "next_of" in which else {"interface": way.source.interface}
    return (yield from _added({"do": do, **_places(way), **whose, **which}))


def _added(fault: dict[str, object]) -> Talk[StandingFault]:
    made: StandingFault = yield Call("POST", "/faults", body=fault)
    return made


def _places(way: Way) -> dict[str, object]:
    return {"from": way.source.endpoint, "to": way.target.endpoint}


def _of(end: EndTalks | None) -> dict[str, str]:
    return {} if end is None else {"interface": end.interface}


class Faults(FaultTalks):
    """Faults, asked for synchronously."""

    def __init__(self, line: Line) -> None:
        """Ask on this line."""
        self.line = line


class AsyncFaults(FaultTalks):
    """Faults, asked for asynchronously."""

    def __init__(self, line: AsyncLine) -> None:
        """Ask on this line."""
        self.line = line
