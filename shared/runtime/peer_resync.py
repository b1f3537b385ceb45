"""Peer resync: asking a peer whose store was replaced anew, interface by interface, without leaving one out.

The peer's new store id is kept only after the last of them has asked: whoever is killed before that has kept nothing,
notices the change again, and asks again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from shared.runtime.items import Item, Resync, Resynced
from shared.runtime.peers import PeerId


class PeerResync:
    """The interfaces that still have to ask their peer anew, in order."""

    def __init__(self) -> None:
        """Begin with none."""
        self._waiting: deque[Resync | Resynced] = deque()

    def __bool__(self) -> bool:
        """Whether any are left."""
        return bool(self._waiting)

    def start(self, peer: PeerId, store_id: int, interfaces: Iterable[str]) -> None:
        """Let these interfaces ask that peer, and then keep its store id."""
        self._waiting.extend(map(Resync, interfaces))
        self._waiting.append(Resynced(peer, store_id))

    def take(self, limit: int) -> Iterator[Item]:
        """Take the next, at most so many."""
        for _ in range(min(len(self._waiting), limit)):
            yield self._waiting.popleft()

    def put_back(self, items: Iterable[Item]) -> None:
        """Take back those of a batch that failed: they are the next."""
        self._waiting.extendleft(item for item in reversed(list(items)) if isinstance(item, Resync | Resynced))
