"""The bench for a worker without its surroundings: a real store, a clock that is a number, no network."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from acceptor.handshake import ACCEPTOR
from acceptor.handshake import step as acceptor_step
from initiator.handshake import INITIATOR
from initiator.handshake import step as initiator_step
from shared.broker.messages import OutgoingMessage
from shared.protocol.words import Endpoint, Kind
from shared.runtime.batch import BatchResult, End, StepFunction
from shared.runtime.deliveries import IncomingDelivery
from shared.runtime.peers import Peers
from shared.runtime.processor import Processor
from shared.runtime.retransmission import RetransmissionPolicy
from shared.store.sqlite import Store
from shared.wire.additions import NOBODY
from shared.wire.bundle import read_bundle
from shared.wire.request import KINDS, read_reply, write_request
from tests.bodies import form_of

STEPS: dict[str, StepFunction] = {"initiator": initiator_step, "acceptor": acceptor_step}
ROLES = {"initiator": INITIATOR, "acceptor": ACCEPTOR}
REPLY_TO = "console.0"
KEEPALIVE_SECONDS, HOLD_SECONDS = 10.0, 35.0


@dataclass
class Bench:
    """One endpoint's processor, and what came of its batches."""

    store: Store
    processor: Processor
    end: End
    now: float = 1000.0
    outcomes: list[BatchResult] = field(default_factory=list)

    def run(self, *deliveries: IncomingDelivery, after: float = 0.0) -> BatchResult:
        """Take one batch, that many seconds later."""
        self.now += after
        outcome = self.processor.run(deliveries, self.now, self.now)
        self.outcomes.append(outcome)
        return outcome

    def asking(
        self, *commands: dict[str, Any], request: str | None = None, account: str | None = None
    ) -> IncomingDelivery:
        """Write a request of the owner's."""
        own = self.end.endpoint
        forms: Any = commands
        body = write_request(request or secrets.token_hex(16), account or own.account, own.id, forms)
        return IncomingDelivery(KINDS.request, own.account, body, REPLY_TO)

    def ask(self, *commands: dict[str, Any], request: str | None = None) -> list[dict[str, Any]]:
        """Have commands carried out, and return the answers."""
        outcome = self.run(self.asking(*commands, request=request))
        return [answer for message in outcome.outgoing if message.type == KINDS.reply for answer in answers(message)]

    def show(self, interface: str) -> dict[str, Any]:
        """Look at an interface."""
        shown: dict[str, Any] = self.ask({"kind": "show", "interface": interface})[0]["result"]
        return shown

    def information(self, interface: str) -> dict[str, str]:
        """Peer information that names an interface here."""
        own = self.end.endpoint
        return {"interface": interface, "endpoint": own.id, "account": own.account, "region": own.region}

    def create(
        self, interface: str, peer: dict[str, str] | None = None, *, initiate: bool = False, name: str = ""
    ) -> dict[str, Any]:
        """Write the command that creates an interface."""
        return {"kind": "create", "interface": interface, "name": name, "peer": peer, "initiate": initiate}


def answers(message: OutgoingMessage) -> list[dict[str, Any]]:
    """Read a reply."""
    return [dict(answer) for answer in read_reply(message.body)["replies"]]


def carried(outcome: BatchResult, sender: Bench, *, keepalives: bool = False) -> list[IncomingDelivery]:
    """Carry what a worker said to its peer, as the broker would."""
    account = sender.end.endpoint.account
    bundles = [message for message in outcome.outgoing if message.type == KINDS.bundle]
    wanted = [one for one in bundles if keepalives or read_bundle(one.body).messages]
    return [IncomingDelivery(one.type, account, one.body) for one in wanted]


def said(outcome: BatchResult) -> list[dict[str, Any]]:
    """Read every message to peers that a batch led to, without what carries additions."""
    bundles = [form_of(message.body) for message in outcome.outgoing if message.type == KINDS.bundle]
    return [message for bundle in bundles for message in bundle["messages"] if message["target"] != NOBODY]


@contextmanager
def bench(folder: Path, role: str, name: str, *, step: StepFunction | None = None, nonce: int = 1) -> Iterator[Bench]:
    """Put a worker on the bench; its store stays in the folder."""
    endpoint = Endpoint(f"vpc-{name}", Kind.VPC, name, "cn-hangzhou")
    end = End(endpoint, ROLES[role], step or STEPS[role])
    store = Store(folder / f"{name}.sqlite", endpoint, ROLES[role])
    store.open(nonce)
    try:
        peers = Peers(KEEPALIVE_SECONDS, HOLD_SECONDS)
        processor = Processor(end, store, peers, RetransmissionPolicy(), Random(nonce))  # noqa: S311 - the same run each time
        made = Bench(store, processor, end)
        processor.start(made.now)
        yield made
    finally:
        store.close()


def talk(first: Bench, second: Bench, outcome: BatchResult) -> None:
    """Carry messages to and fro, beginning with what the first has just said, until nobody says anything."""
    speaker, receiver = first, second
    while deliveries := carried(outcome, speaker):
        outcome = receiver.run(*deliveries)
        speaker, receiver = receiver, speaker


def connected(first: Bench, second: Bench, one: str = "ri-a", other: str = "ri-b") -> None:
    """Establish a connection between two benches, initiated by the first, and let both come to rest."""
    second.ask(second.create(other, first.information(one)))
    talk(first, second, first.run(first.asking(first.create(one, second.information(other), initiate=True))))
    for _ in range(2):
        talk(first, second, first.run(after=0.3))
        second.now = first.now
        talk(second, first, second.run())
