"""Good manners cost nothing while nobody is waiting, so whoever comes to rest without a word says so when it is quiet.

The end that becomes Activated last has nothing to answer, and its peer's owner would see it Accepting for ever. No
rule needs the word: it is a fourth message for a handshake of three, and waits until the worker has nothing to decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, takewhile
from typing import Final

QUIET_SECONDS: Final = 0.25
"""How long nothing must have changed here before the word is said: it often goes along with another one."""

LATEST_SECONDS: Final = 3.0
"""How old what people see of the other end may get while this one is busy."""


class DelayedDeclarations:
    """Who came to rest without a word, the longest ago first; moments are monotonic seconds."""

    def __init__(self) -> None:
        """Nobody yet."""
        self._since: dict[str, float] = {}
        self._busy = float("-inf")

    def spoken(self, interfaces: Iterable[str]) -> None:
        """These said something after all."""
        for interface in interfaces if self._since else ():
            self._since.pop(interface, None)

    def changed(self, rested: Iterable[str], now: float) -> None:
        """Something changed at this moment, and these came to rest."""
        self._busy = now
        for interface in rested:
            self._since.pop(interface, None)
            self._since[interface] = now

    def remember(self, interfaces: Iterable[str], now: float) -> None:
        """These may not have been heard: the worker before this one may have ended before it said so."""
        self._since.update(dict.fromkeys(interfaces, now - QUIET_SECONDS))

    def take(self, now: float, limit: int) -> list[str]:
        """Whoever shall say now that it rests."""
        age = QUIET_SECONDS if now - self._busy >= QUIET_SECONDS else LATEST_SECONDS
        told = list(islice(self._older(now - age), limit))
        for interface in told:
            del self._since[interface]
        return told

    def next(self) -> float | None:
        """When to look again; None while everybody has spoken."""
        since = next(iter(self._since.values()), None)
        if since is None:
            return None
        return min(max(since, self._busy) + QUIET_SECONDS, since + LATEST_SECONDS)

    def _older(self, moment: float) -> Iterator[str]:
        return (name for name, _ in takewhile(lambda entry: entry[1] <= moment, self._since.items()))
