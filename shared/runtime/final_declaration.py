"""The delayed final declarations: the interfaces that have a stable status and have not told their peer of it yet.

Each declares it when the worker is quiet. The end that becomes Activated last has nothing to answer, and its peer's
owner would see it Accepting for ever. No rule of the protocol needs this declaration: it is a fourth message for a
handshake of three, and waits until the worker has nothing to decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, takewhile
from typing import Final

QUIET_SECONDS: Final = 0.25
"""How long nothing must have changed here before it is sent: it often goes along with another message."""

LATEST_SECONDS: Final = 3.0
"""How old what people see of the other end may get while this one is busy."""


class DelayedDeclarations:
    """The interfaces whose stable status was not declared yet, the longest ago first; moments are monotonic seconds."""

    def __init__(self) -> None:
        """Begin with none."""
        self._since: dict[str, float] = {}
        self._busy = float("-inf")

    def declared(self, interfaces: Iterable[str]) -> None:
        """Drop these: they have said something meanwhile."""
        for interface in interfaces if self._since else ():
            self._since.pop(interface, None)

    def changed(self, undeclared: Iterable[str], now: float) -> None:
        """Note that something changed at this moment, and that these became stable without a message."""
        self._busy = now
        for interface in undeclared:
            self._since.pop(interface, None)
            self._since[interface] = now

    def restart(self, interfaces: Iterable[str], now: float) -> None:
        """Declare these again soon: the worker before this one may have ended before it did."""
        self._since.update(dict.fromkeys(interfaces, now - QUIET_SECONDS))

    def due(self, now: float, limit: int) -> list[str]:
        """Take out those that are to declare themselves now, at most so many."""
        age = QUIET_SECONDS if now - self._busy >= QUIET_SECONDS else LATEST_SECONDS
        found = list(islice(self._older(now - age), limit))
        for interface in found:
            del self._since[interface]
        return found

    def next_due(self) -> float | None:
        """When to look again; None while nothing is left to declare."""
        since = next(iter(self._since.values()), None)
        if since is None:
            return None
        return min(max(since, self._busy) + QUIET_SECONDS, since + LATEST_SECONDS)

    def _older(self, moment: float) -> Iterator[str]:
        """The interfaces that have been waiting since that moment or longer."""
        return (name for name, _ in takewhile(lambda entry: entry[1] <= moment, self._since.items()))
