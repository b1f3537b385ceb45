"""The owners of a run: they create, configure and command their own ends, and ask again when no answer comes.

They act at random moments, lose replies, ask again with the same request id, give up, and in the end finish what they
began.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final, cast

from lab.simulate.broker import Broker
from lab.simulate.run_log import PropertyViolated, RunLog
from lab.simulate.scheduler import Scheduler
from lab.simulate.store_oracle import InterfaceRef, StoreOracle
from shared.broker.messages import OutgoingMessage
from shared.protocol.interface import Interface
from shared.protocol.words import Endpoint, Intent, Status
from shared.wire import commands
from shared.wire.request import CHANGING, KINDS, CommandForm, PeerForm, read_reply, write_request

ASK_AGAIN_SECONDS: Final = 2.0
"""How long an owner waits for a reply before asking again."""


@dataclass(slots=True)
class Request:
    """What an owner asked of one endpoint. `exempt` once that endpoint's store was struck."""

    id: str
    endpoint: Endpoint
    commands: list[CommandForm]
    attempts: int
    confirmed: bool = False
    reply: bytes | None = None
    exempt: bool = False

    @property
    def changes(self) -> bool:
        """Whether the worker has to remember it."""
        return any(command["kind"] in CHANGING for command in self.commands)


class Owners:
    """All owners of a run."""

    def __init__(self, scheduler: Scheduler, broker: Broker, oracle: StoreOracle, chance: Random, log: RunLog) -> None:
        """Without endpoints."""
        self._scheduler, self._broker, self._oracle, self._chance = scheduler, broker, oracle, chance
        self._log = log
        self.endpoints: dict[str, Endpoint] = {}
        self.requests: dict[str, Request] = {}
        self.given_up: set[str] = set()
        self._bodies = 0

    def own(self, endpoint: Endpoint) -> None:
        """Let this endpoint's account be one of the owners."""
        self.endpoints[endpoint.id] = endpoint
        self._broker.reply_to[f"console.{endpoint.account}"] = self.receive

    def ask(self, endpoint: str, commands: list[CommandForm]) -> None:
        """Ask something of an endpoint, perhaps more than once."""
        request = f"{self._chance.getrandbits(128):032x}"
        asked = Request(request, self.endpoints[endpoint], commands, attempts=self._chance.choice((1, 2, 5)))
        self.requests[request] = asked
        self._say(asked)

    def stop(self) -> None:
        """Ask nothing again that was asked so far."""
        for asked in self.requests.values():
            asked.attempts = 0

    def _say(self, asked: Request) -> None:
        if asked.reply is not None or asked.attempts == 0:
            return
        asked.attempts -= 1
        owner, endpoint = asked.endpoint.account, asked.endpoint.id
        self._log.figures["requests"] += 1
        if self._log.verbose:
            what = ", ".join(" ".join(str(word) for word in command.values()) for command in asked.commands)
            self._log.write(owner, f"asks {endpoint} ({asked.id[:4]}): {what}")
        body = write_request(asked.id, owner, endpoint, asked.commands)
        message = OutgoingMessage(endpoint, body, KINDS.request, asked.id)
        confirmed = self._broker.publish(f"console.{owner}", owner, message, f"console.{owner}")
        asked.confirmed = asked.confirmed or confirmed
        self._scheduler.after(ASK_AGAIN_SECONDS * (0.5 + self._chance.random()), lambda: self._say(asked))

    def receive(self, message: OutgoingMessage) -> None:
        """Take a reply, and hold the worker to it."""
        asked = self.requests.get(message.correlation_id or "")
        if message.type != KINDS.reply or asked is None:
            return
        if self._log.verbose:
            told = [str(answer.get("code", "done")) for answer in read_reply(message.body)["replies"]]
            self._log.write(asked.endpoint.account, f"is answered ({asked.id[:4]}): {', '.join(told)}")
        if not asked.changes or asked.exempt:
            asked.reply = message.body
            return
        if asked.reply is not None and asked.reply != message.body:
            raise PropertyViolated(f"request {asked.id[:4]} was answered in two ways")
        asked.reply = message.body
        if self._oracle.of[asked.endpoint.id].answered.get(asked.id) != message.body:
            raise PropertyViolated(f"request {asked.id[:4]} was answered before the answer was durable")
        self._hold_to(asked)

    def _hold_to(self, asked: Request) -> None:
        """A payload is accepted exactly if its sender was told so."""
        for command, answer in zip(asked.commands, read_reply(asked.reply or b"")["replies"], strict=True):
            if command["kind"] == "send":
                accepted = command["body"] in self._oracle.accepted.get(command["interface"], [])
                if accepted != (answer["outcome"] == "done"):
                    raise PropertyViolated(
                        f"{command['interface']} was told {answer['outcome']} of {command['body']!r}"
                    )

    def strike(self, endpoint: str) -> None:
        """That endpoint's store was struck: what it was asked before may have gone with it."""
        for asked in self.requests.values():
            if asked.endpoint.id == endpoint:
                asked.exempt = True

    def unanswered(self) -> str | None:
        """A request that the broker confirmed and nobody carried out, though no store was struck."""
        for asked in self.requests.values():
            held = asked.confirmed and asked.changes and not asked.exempt
            if held and asked.id not in self._oracle.of[asked.endpoint.id].answered:
                kinds = ", ".join(command["kind"] for command in asked.commands)
                return f"request {asked.id[:4]} ({kinds}) reached {asked.endpoint.id} and was never carried out"
        return None

    # What they ask for.

    def create(self, own: InterfaceRef, peer: InterfaceRef | None, *, initiate: bool) -> CommandForm:
        """Ask for an interface."""
        form = None if peer is None else self.peer_form(peer)
        return commands.create(own.interface, peer=form, initiate=initiate)

    def peer_form(self, peer: InterfaceRef) -> PeerForm:
        """Peer information of that end."""
        endpoint = self.endpoints[peer.endpoint]
        return {
            "interface": peer.interface,
            "endpoint": peer.endpoint,
            "account": endpoint.account,
            "region": endpoint.region,
        }

    def plain(self, kind: str, interface: str) -> CommandForm:
        """Ask for something that needs nothing but the interface."""
        return cast("CommandForm", {"kind": kind, "interface": interface})

    def send(self, interface: str) -> CommandForm:
        """Ask for a payload to be carried; no two are alike."""
        self._bodies += 1
        return commands.send(interface, f"{interface} {self._bodies}")

    def anything(self, own: InterfaceRef, peer: InterfaceRef) -> list[CommandForm]:
        """Something an owner may ask at any moment."""
        kinds = ("send", "suspend", "resume", "initiate", "delete", "configure", "look")
        kind = self._chance.choices(kinds, weights=(50, 14, 20, 6, 2, 3, 5))[0]
        match kind:
            case "send":
                return [self.send(own.interface) for _ in range(self._chance.choice((1, 1, 1, 2, 5)))]
            case "configure":
                return [commands.configure(own.interface, self.peer_form(peer))]
            case "look":
                return [
                    self.plain("show", own.interface),
                    commands.listing("", 2, deleted=True),
                    commands.inbox(own.interface, 0, 2),
                    commands.timeline(None, 0, 2),
                    commands.subscribe(None, None, 5),
                    commands.worker(),
                ]
            case _:
                return [self.plain(kind, own.interface)]

    def finish(self, own: InterfaceRef, peer: InterfaceRef) -> None:
        """Do what is left to do for this end to come up; nothing if its owner deleted it."""
        if own.interface in self.given_up:
            return
        mine, other = self._oracle.record(own), self._oracle.record(peer)
        gone = other is not None and other.intent is Intent.DELETED
        wanted = self._wanted(mine, own, peer, gone=gone)
        if wanted:
            self.ask(own.endpoint, wanted)

    def _wanted(
        self, mine: Interface | None, own: InterfaceRef, peer: InterfaceRef, *, gone: bool
    ) -> list[CommandForm]:
        if mine is None:
            return [self.create(own, peer, initiate=False)]
        if mine.status is Status.IDLE:
            right = self.peer_form(peer)
            wanted: list[CommandForm] = []
            if mine.peer is None or mine.peer.address != (peer.interface, peer.endpoint, right["account"]):
                wanted.append(commands.configure(own.interface, right))
            if mine.role.may_initiate and not gone:
                wanted.append(self.plain("initiate", own.interface))
            return wanted
        return [self.plain("resume", own.interface)] if mine.intent is Intent.SUSPENDED else []
