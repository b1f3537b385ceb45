"""The stand-in for a broker: it carries deliveries between real processors, or does not."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

import pytest

import acceptor.handshake
import initiator.handshake
from console.client import client
from console.client.sessions import Deliver, Lost
from console.topology import KnownEndpoint
from shared.broker.errors import BrokerRefused, BrokerUnreachable
from shared.broker.messages import Delivery, OutgoingMessage, PublishResult
from shared.protocol.words import Endpoint, Kind, Role
from shared.runtime.batch import End, StepFunction
from shared.runtime.condition import Condition
from shared.runtime.deliveries import IncomingDelivery
from shared.runtime.peers import Peers
from shared.runtime.processor import Processor
from shared.runtime.retransmission import RetransmissionPolicy
from shared.store.sqlite import Store
from shared.wire.request import KINDS

PARTS: Final[dict[str, tuple[Role, StepFunction]]] = {
    "initiator": (initiator.handshake.INITIATOR, initiator.handshake.step),
    "acceptor": (acceptor.handshake.ACCEPTOR, acceptor.handshake.step),
}

TOPOLOGY: Final = """\
broker: {url: amqp://127.0.0.1:5672/peering}
accounts:
  - {uid: 1001, name: alice, password: secret-of-alice}
  - {uid: 1002, name: bob, password: secret-of-bob}
endpoints:
  - {id: vpc-a, kind: vpc, account: 1001, region: cn-hangzhou, role: initiator}
  - {id: vpc-c, kind: vpc, account: 1001, region: cn-hangzhou, role: acceptor}
  - {id: vpc-b, kind: vpc, account: 1002, region: us-east, role: acceptor}
"""

ENDPOINTS: Final = (
    KnownEndpoint("vpc-a", "vpc", "1001", "cn-hangzhou", "initiator"),
    KnownEndpoint("vpc-c", "vpc", "1001", "cn-hangzhou", "acceptor"),
    KnownEndpoint("vpc-b", "vpc", "1002", "us-east", "acceptor"),
)


@dataclass
class World:
    """Endpoints with real processors, and a broker that does what a test tells it."""

    folder: Path
    stores: list[Store] = field(default_factory=list)
    workers: dict[str, Processor] = field(default_factory=dict)
    conditions: dict[str, Condition] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    connections: list[FakeConnection] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    deaf: set[str] = field(default_factory=set)
    lose_replies: int = 0
    ahead_seconds: float = 0.0
    ring_bells: bool = True
    refuses: str = ""
    unreachable: str = ""
    requests: list[str] = field(default_factory=list)
    reply_bytes: int = 0

    def add(self, one: KnownEndpoint) -> None:
        """Start an endpoint's worker."""
        role, step = PARTS[one.role or ""]
        endpoint = Endpoint(one.id, Kind(one.kind), one.account, one.region or "")
        store = Store(self.folder / f"{one.id}-{len(self.stores)}.db", endpoint, role)
        store.open(len(self.stores) + 1)
        peers = Peers(keepalive_seconds=3600, hold_seconds=7200)
        pauses = RetransmissionPolicy(resend_first_seconds=0.01, resend_limit_seconds=0.02)
        chance = Random(len(self.stores))  # noqa: S311 - a seed, so that a run can be repeated
        condition = self.conditions[one.id] = Condition()
        worker = Processor(End(endpoint, role, step), store, peers, pauses, chance, condition)
        worker.start(time.monotonic())
        self.stores.append(store)
        self.workers[one.id], self.owners[one.id] = worker, one.account

    def close(self) -> None:
        """Close every store."""
        for store in self.stores:
            store.close()

    def stand_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let every client connect to this world instead of a broker, and wait no longer than a test should."""

        def link(_: object, *, account: str, name: str, on_delivery: Deliver, on_lost: Lost) -> FakeConnection:
            assert name
            return FakeConnection(self, account, on_delivery, on_lost)

        monkeypatch.setattr(client, "ConsoleLink", link)
        monkeypatch.setattr(client, "FIRST_REPEAT_SECONDS", 0.02)
        monkeypatch.setattr(client, "ROUTE_GRACE_SECONDS", 0.03)

    def carry(self, account: str, message: OutgoingMessage) -> PublishResult:
        """Bring a letter to its worker, and everything that follows from it to where it goes."""
        if message.routing_key in self.absent or message.routing_key not in self.workers:
            return PublishResult.UNROUTABLE
        if message.type == KINDS.request:
            self.requests.append(message.correlation_id or "")
        if message.routing_key not in self.silent:
            delivery = IncomingDelivery(message.type, account, message.body, message.reply_to)
            self._run(message.routing_key, [delivery])
        return PublishResult.CONFIRMED

    def tick(self) -> None:
        """Let every worker do what is due."""
        for endpoint in self.workers:
            if endpoint not in self.silent:
                self._run(endpoint, [])

    def _run(self, endpoint: str, deliveries: list[IncomingDelivery]) -> None:
        waiting = deque([(endpoint, deliveries)])
        while waiting:
            name, arrived = waiting.popleft()
            outcome = self.workers[name].run(arrived, time.monotonic() + self.ahead_seconds, time.time())
            for message in outcome.outgoing:
                if message.type == KINDS.bundle:
                    if message.routing_key in self.workers and message.routing_key not in self.silent | self.deaf:
                        delivery = IncomingDelivery(message.type, self.owners[name], message.body)
                        waiting.append((message.routing_key, [delivery]))
                else:
                    self._return(
                        self.owners[name], message.routing_key, message.type, message.body, message.correlation_id
                    )

    def _return(self, account: str, key: str, kind: str, body: bytes, correlation: str | None) -> None:
        if kind == KINDS.reply and self.lose_replies > 0:
            self.lose_replies -= 1
            return
        self.reply_bytes += len(body) if kind == KINDS.reply else 0
        if kind == KINDS.observations and not self.ring_bells:
            return
        for connection in self.connections:
            if connection.account == account and connection.reply_to == key and connection.open_now:
                connection.deliver(
                    Delivery(
                        queue="",
                        exchange="",
                        user_id=account,
                        type=kind,
                        body=body,
                        reply_to=None,
                        correlation_id=correlation,
                        message_id=None,
                        redelivered=False,
                        tag=0,
                        session=0,
                    )
                )


class FakeConnection:
    """A console's connection into a `World`."""

    def __init__(self, world: World, account: str, deliver: Deliver, lost: Lost) -> None:
        """Join the world; `lost` can be called by a test to break the connection."""
        self.world, self.account, self.deliver, self.lost = world, account, deliver, lost
        self.open_now = False
        world.connections.append(self)
        self.number = len(world.connections)

    @property
    def reply_to(self) -> str:
        """Each connection has another slot."""
        return f"console.{self.number}"

    async def open(self) -> str:
        """Connect, unless the world says no."""
        if self.world.refuses:
            raise BrokerRefused(self.world.refuses)
        if self.world.unreachable:
            raise BrokerUnreachable(self.world.unreachable)
        self.open_now = True
        return self.reply_to

    async def publish(self, message: OutgoingMessage) -> PublishResult:
        """Carry it at once."""
        await asyncio.sleep(0)
        return self.world.carry(self.account, message) if self.open_now else PublishResult.UNKNOWN

    async def close(self) -> None:
        """Leave."""
        self.open_now = False

    def cut(self) -> None:
        """Break the connection."""
        self.open_now = False
        self.lost("the test cut it")
