"""The stand-in for the queue of dead letters: a list, which a look may take from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import pytest

from console.faults import dead_letters
from shared.broker.address import BrokerAddress
from shared.broker.amqp.dead_letters import Choose
from shared.broker.dead_letters import StoredMessage, dead_letter
from shared.broker.messages import Delivery, OutgoingMessage, PublishResult
from shared.broker.names import endpoint_queue, exchange_name
from shared.wire.bundle import Bundle, write_bundle
from shared.wire.request import KINDS

ALICE, BOB = "1001", "1002"
QUEUE: Final = endpoint_queue(BOB, "vpc-b", ALICE)
HEARTBEAT: Final = write_bundle(Bundle("vpc-a", ALICE, "vpc-b", 1, []))


def aside(body: bytes, reason: str, *, by: str = BOB) -> StoredMessage:
    """What Alice's worker said to Bob's, as Bob's (or who else says so) has set it aside."""
    came = Delivery(
        QUEUE.name, QUEUE.exchange, ALICE, KINDS.bundle, body, None, None, "m", redelivered=False, tag=1, session=1
    )
    copy = dead_letter(came, reason)
    return StoredMessage(exchange_name(by), by, copy.type, "m", copy.headers or {}, copy.body)


@dataclass
class DeadLetterQueue:
    """What lies there, and what was said in whose name."""

    lying: list[StoredMessage]
    said: list[tuple[str, OutgoingMessage]] = field(default_factory=list)

    async def visit(self, _: BrokerAddress, __: str, choose: Choose, *, shared_login: bool) -> int:
        """Show what lies there, and let go what is done with."""
        assert not shared_login
        done = set(await choose(self.lying, self._speak))
        self.lying = [one for place, one in enumerate(self.lying) if place not in done]
        return 0

    async def _speak(self, account: str, message: OutgoingMessage) -> PublishResult:
        self.said.append((account, message))
        return PublishResult.CONFIRMED


def dead_letter_queue(monkeypatch: pytest.MonkeyPatch, lying: Sequence[StoredMessage]) -> DeadLetterQueue:
    """Let every simulator of this process have this queue."""
    queue = DeadLetterQueue(list(lying))

    async def login(*_: object) -> BrokerAddress:
        return BrokerAddress("127.0.0.1", 5672, "peering", "admin", "", tls=False)

    monkeypatch.setattr(dead_letters, "visit_dead_letters", queue.visit)
    monkeypatch.setattr(dead_letters, "relay_login", login)
    return queue
