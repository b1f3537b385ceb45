"""What a peer's worker may have forgotten has to be asked for end by end, and none of them may be left out.

A peer that lives on another store is learnt about only after the last end has asked it anew: whoever is killed between
the two has learnt nothing, and asks again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from shared.runtime.deliveries import Item, Learnt
from shared.runtime.peers import PeerId


class PeerResync:
    """Whoever has to ask a peer anew, in order."""

    def __init__(self) -> None:
        """Nobody has to."""
        self._waiting: deque[str | Learnt] = deque()

    def __bool__(self) -> bool:
        """Whether somebody has to."""
        return bool(self._waiting)

    def raise_for(self, peer: PeerId, life: int, interfaces: Iterable[str]) -> None:
        """Let these ask that peer, and then learn its life."""
        self._waiting.extend(interfaces)
        self._waiting.append(Learnt(peer, life))

    def take(self, limit: int) -> Iterator[Item]:
        """The next, at most so many."""
        for _ in range(min(len(self._waiting), limit)):
            yield Item(doubted=self._waiting.popleft())

    def put_back(self, items: Iterable[Item]) -> None:
        """Nothing has come of these: they are the next."""
        self._waiting.extendleft(item.doubted for item in reversed(list(items)) if item.doubted is not None)
