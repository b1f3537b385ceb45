"""The workers and connections of a chaos run: one endpoint that initiates and two that wait, of three accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from acceptor.handshake import ACCEPTOR
from initiator.handshake import INITIATOR
from shared.protocol.words import Endpoint, Kind, Role
from shared.wire.request import PeerForm


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker: an endpoint in a role."""

    endpoint: Endpoint
    role: Role

    @property
    def id(self) -> str:
        """The endpoint's id."""
        return self.endpoint.id

    @property
    def account(self) -> str:
        """The owner."""
        return self.endpoint.account


@dataclass(frozen=True, slots=True)
class End:
    """One end of a connection."""

    worker: Worker
    interface: str

    @property
    def peer_form(self) -> PeerForm:
        """What the other end's owner has to know of it."""
        endpoint = self.worker.endpoint
        return {
            "interface": self.interface,
            "endpoint": endpoint.id,
            "account": endpoint.account,
            "region": endpoint.region,
        }


@dataclass(frozen=True, slots=True)
class Connection:
    """Two ends that are meant for each other; the first one initiates."""

    first: End
    second: End

    @property
    def ends(self) -> tuple[tuple[End, End], tuple[End, End]]:
        """Each end with its peer."""
        return (self.first, self.second), (self.second, self.first)


HUB: Final = Worker(Endpoint("vpc-hub", Kind.VPC, "1001", "cn-hangzhou"), INITIATOR)
NORTH: Final = Worker(Endpoint("vpc-north", Kind.VPC, "1002", "cn-beijing"), ACCEPTOR)
SOUTH: Final = Worker(Endpoint("vpc-south", Kind.VPC, "1003", "cn-hangzhou"), ACCEPTOR)
WORKERS: Final = (HUB, NORTH, SOUTH)


@dataclass(slots=True)
class Connections:
    """All connections of a run, as they come into being."""

    all: list[Connection] = field(default_factory=list)

    def another(self) -> Connection:
        """Plan one more connection; its ends do not exist yet."""
        number = len(self.all)
        other = (NORTH, SOUTH)[number % 2]
        made = Connection(End(HUB, f"ri-a{number}"), End(other, f"ri-b{number}"))
        self.all.append(made)
        return made

    def at(self, worker: Worker) -> list[tuple[End, End]]:
        """The ends that live on this endpoint, each with its peer."""
        return [pair for one in self.all for pair in one.ends if pair[0].worker is worker]
