"""The model's state: both ends' stores and everything that was ever said between them; it has no time."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, TypeVar

from acceptor.handshake import ACCEPTOR
from initiator.handshake import INITIATOR
from shared.protocol.interface import Interface
from shared.protocol.messages import Message
from shared.protocol.words import Activation, Address, Endpoint, Epoch, Kind, PeerInformation, Role

T = TypeVar("T")

ROLES: tuple[Role, Role] = (INITIATOR, ACCEPTOR)
ENDPOINTS = (
    Endpoint("vpc-a", Kind.VPC, "alice", "cn-hangzhou"),
    Endpoint("vpc-b", Kind.VPC, "bob", "cn-shanghai"),
)
ADDRESSES = (Address("ri-a", "vpc-a", "alice"), Address("ri-b", "vpc-b", "bob"))
PEERS = (
    PeerInformation("ri-b", "vpc-b", "bob", "cn-shanghai"),
    PeerInformation("ri-a", "vpc-a", "alice", "cn-hangzhou"),
)
WRONG = (
    (
        PeerInformation("ri-x", "vpc-b", "bob", "cn-shanghai"),
        PeerInformation("ri-b", "vpc-x", "bob", "cn-shanghai"),
        PeerInformation("ri-b", "vpc-b", "xavier", "cn-shanghai"),
        PeerInformation("ri-b", "vpc-b", "bob", "cn-x"),
    ),
    (
        PeerInformation("ri-x", "vpc-a", "alice", "cn-hangzhou"),
        PeerInformation("ri-a", "vpc-x", "alice", "cn-hangzhou"),
        PeerInformation("ri-a", "vbr-a", "alice", "cn-hangzhou"),
        PeerInformation("ri-a", "vpc-a", "xavier", "cn-hangzhou"),
        PeerInformation("ri-a", "vpc-a", "alice", "cn-x"),
    ),
)
"""What each owner may configure by mistake: wrong in one respect each."""
STRANGER = Address("ri-c", "vpc-c", "mallory")
"""Somebody with an account of its own, who says what others said, and anything else."""

NOTHING_OWED = (1_000, 1_000)
"""What an end is excused once it was lied to in its peer's name: its peer's account did that to itself."""


class Budget(NamedTuple):
    """How often each disturbance may still happen; what is bounded here is the only bound there is.

    `restores` counts backups that come back: a copy is taken at any moment, and put back at any later one.
    A store that is lost takes the peer information along where its owner may still configure it again.
    Of what is configured, `mistakes` may be wrong in one respect. With `stranger`, everything said to an end is also
    said to it by somebody else, and with `forger` so is
    everything else that can be said. `byzantine` counts what the peer's own account says that its worker never would.
    `rejections` counts how often the owner of the end that waits rejects its peer; `give_ups` those that a rejection
    causes as well.
    """

    commands: tuple[int, int] = (0, 0)
    payloads: tuple[int, int] = (0, 0)
    configures: tuple[int, int] = (0, 0)
    mistakes: int = 0
    give_ups: int = 0
    losses: int = 0
    restores: int = 0
    stranger: bool = False
    forger: bool = False
    byzantine: int = 0
    rejections: int = 0


class StoreFault(StrEnum):
    """What can happen to a store, and is no event of the protocol."""

    COPIED = "its store is copied"
    LOST = "its store is lost"
    PUT_BACK = "its store is put back from the copy"


class Arrival(NamedTuple):
    """A payload in an inbox: the sender's epoch that said it, and which of all its payloads it is."""

    epoch: Epoch
    number: int


class Store(NamedTuple):
    """What one end would lose with its disk: its record, the payloads it keeps for its peer, and its inbox."""

    end: Interface
    kept: tuple[tuple[int, str], ...] = ()
    inbox: tuple[Arrival, ...] = ()


class ModelState(NamedTuple):
    """Both stores, all that was ever said to each end, and what was true once.

    `sent` counts the payloads that were accepted, whatever the stores have forgotten since; `nonce` is the
    next one that was never used; `struck` names the stores that were lost or put back, and `excused` says how
    many payloads of each end had been accepted by then. `unnoticed` says of each end whether its worker has yet to
    notice that the other has another store.
    """

    stores: tuple[Store, Store]
    said: tuple[frozenset[Message], frozenset[Message]]
    sent: tuple[int, int]
    budget: Budget
    nonce: int
    history: frozenset[Fact]
    struck: frozenset[tuple[StoreFault, int]] = frozenset()
    excused: tuple[int, int] = (0, 0)
    backups: tuple[Store | None, Store | None] = (None, None)
    unnoticed: tuple[bool, bool] = (False, False)

    @property
    def ends(self) -> tuple[Interface, Interface]:
        """The two records."""
        return self.stores[0].end, self.stores[1].end


class Hold(NamedTuple):
    """An end's suspension or deletion, once the peer is known to have recorded it."""

    epoch: Epoch
    version: int


Fact = Activation | Hold
"""What the properties must know of the past: activations that both ends held, and confirmed ends of them."""


def beginning(budget: Budget, *, configured: tuple[bool, bool] = (True, True)) -> ModelState:
    """Both interfaces created; each knows of its peer only if its owner configured it already."""
    return ModelState(
        stores=(created(0, 0, configured=configured[0]), created(1, 1, configured=configured[1])),
        said=(frozenset(), frozenset()),
        sent=(0, 0),
        budget=budget,
        nonce=2,
        history=frozenset(),
    )


def created(which: int, nonce: int, *, configured: bool = True) -> Store:
    """A store as it is when the interface was just created: also what is left when the disk is lost."""
    return Store(
        Interface(
            id=ADDRESSES[which].interface,
            endpoint=ENDPOINTS[which],
            role=ROLES[which],
            epoch=Epoch(1, nonce),
            peer=PEERS[which] if configured else None,
        )
    )


def put(pair: tuple[T, T], which: int, value: T) -> tuple[T, T]:
    """The pair with one of its members replaced."""
    return (value, pair[1]) if which == 0 else (pair[0], value)
