"""Peers' workers: when each was last heard of, whether it is reachable, and which store it works on.

One heartbeat serves all connections between two endpoints, since they share a worker at each end; it carries the id of
the sender's store, so that a peer that has lost its memory is noticed at once. Silence marks a peer unreachable, and
changes nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

UNREAD_LIMIT_PEERS: Final = 1_000
"""Of how many peers it is kept that their version is not read: an account can speak for endpoints that nobody has."""


class PeerId(NamedTuple):
    """A peer's worker: an endpoint of an account."""

    endpoint: str
    account: str


@dataclass(slots=True)
class PeerState:
    """What is known of a peer's worker; moments are monotonic seconds."""

    store_id: int | None = None
    last_heard: float | None = None
    tracked_since: float | None = None
    store_changed_at: float = float("-inf")
    last_sent: float = float("-inf")
    routed: bool = True
    reachable: bool | None = None


@dataclass(slots=True)
class Peers:
    """Every peer's worker that an interface of this endpoint is connected to.

    `unread` are those that speak a newer version than is read here, and `unread_there` those that read none as new as
    is spoken here, each with that version; an interface need not be connected to them.
    """

    keepalive_seconds: float
    hold_seconds: float
    known: dict[PeerId, PeerState] = field(default_factory=dict)
    unread: dict[PeerId, int] = field(default_factory=dict)
    unread_there: dict[PeerId, int] = field(default_factory=dict)

    def track(self, peer: PeerId, now: float) -> PeerState:
        """Begin to watch a peer, if it is not watched already."""
        found = self.known.get(peer)
        if found is None:
            found = self.known[peer] = PeerState()
        if found.tracked_since is None:
            found.tracked_since = now
        return found

    def record_heartbeat(self, peer: PeerId, store_id: int, now: float) -> bool:
        """Note a bundle of a peer. True if the peer works on another store than the one known before.

        Believed once a keepalive interval at most: whoever names another store with every bundle would otherwise make
        this end say everything again each time.
        """
        found = self.known.get(peer)
        if found is None:
            return False
        found.last_heard = now
        if found.store_id is None or found.store_id == store_id:
            found.store_id = store_id
            return False
        if now - found.store_changed_at < self.keepalive_seconds:
            return False
        found.store_id, found.store_changed_at = store_id, now
        return True

    def record_versions(
        self, read: Iterable[PeerId], unread: Mapping[PeerId, int], unread_there: Mapping[PeerId, int], now: float
    ) -> list[tuple[PeerId, int]]:
        """Note who could be read, who could be heard only, and who says that it could not read.

        Returns the peers of connections that could be read until now.
        """
        for peer in read:
            self.unread.pop(peer, None)
            self.unread_there.pop(peer, None)
        fresh: list[tuple[PeerId, int]] = []
        for peer, version in unread.items():
            if (one := self.known.get(peer)) is not None:
                one.last_heard = now
                fresh += [(peer, version)] if self.unread.get(peer) != version else []
        for known, found in ((self.unread, unread), (self.unread_there, unread_there)):
            known.update(found)
            while len(known) > UNREAD_LIMIT_PEERS:
                del known[next(iter(known))]
        return fresh

    def reachable(self, peer: PeerId, now: float) -> bool | None:
        """Whether the peer was heard of within the hold time; None while it may still be too early to say."""
        found = self.known.get(peer)
        if found is None:
            return None
        since = found.last_heard if found.last_heard is not None else found.tracked_since
        if since is not None and now - since > self.hold_seconds:
            return False
        return None if found.last_heard is None else True

    def by_account(self) -> Counter[str]:
        """How many peers each account has."""
        return Counter(peer.account for peer in self.known)

    def by_reachability(self, now: float) -> dict[str, int]:
        """How many peers are reachable, unreachable, and not heard of yet, in these words."""
        found = {"reachable": 0, "unreachable": 0, "unknown": 0}
        for peer in self.known:
            match self.reachable(peer, now):
                case True:
                    found["reachable"] += 1
                case False:
                    found["unreachable"] += 1
                case None:
                    found["unknown"] += 1
        return found

    def silent_for(self, peer: PeerId, now: float) -> float | None:
        """Seconds since the peer was last heard of; None if it never was."""
        found = self.known.get(peer)
        return None if found is None or found.last_heard is None else now - found.last_heard

    def overdue(self, peer: PeerId, now: float) -> bool:
        """Whether a peer that knew of a connection would have sent a heartbeat by now."""
        since = self.silent_for(peer, now)
        return since is None or since > 2 * self.keepalive_seconds

    def keepalives_due(self, now: float) -> list[PeerId]:
        """Peers that nothing was said to for a keepalive interval."""
        return [peer for peer, one in self.known.items() if now - one.last_sent >= self.keepalive_seconds]

    def changes(self, now: float) -> list[tuple[PeerId, bool]]:
        """Peers that became unreachable, or reachable again, since this was last asked."""
        found: list[tuple[PeerId, bool]] = []
        for peer, one in self.known.items():
            present = self.reachable(peer, now)
            if present is not None and present != one.reachable:
                if one.reachable is not None or present is False:
                    found.append((peer, present))
                one.reachable = present
        return found

    def next_keepalive(self) -> float | None:
        """When the next keepalive is due; None without peers."""
        return min((one.last_sent + self.keepalive_seconds for one in self.known.values()), default=None)
