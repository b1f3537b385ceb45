"""Ends: one interface each, and everything that its owner does with it or asks of it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from peering_handshake.models import BothEnds, PayloadView, Status
from peering_handshake.talking import AsyncLine, Call, Line, Talk, spoken

Form = Literal["svg", "mmd", "txt", "json"]


class Way(NamedTuple):
    """The way from one end to the other, on which faults strike: `a >> b`."""

    source: EndTalks
    target: EndTalks


class EndTalks:
    """What can be asked of an end: an interface on an endpoint (a VPC or VBR).

    Every method raises Refused with the worker's code (docs/refusals.md), or Unanswered.
    """

    def __init__(self, interface: str, endpoint: str) -> None:
        """An end is a name and a place; nothing is asked yet."""
        self.interface, self.endpoint = interface, endpoint

    def __repr__(self) -> str:
        return f"<end {self.name}>"

    def __rshift__(self, other: EndTalks) -> Way:
        return Way(self, other)

    @property
    def name(self) -> str:
        """Its whole name, `ri-…@ENDPOINT`."""
        return f"{self.interface}@{self.endpoint}"

    @spoken
    def configure(self, peer: EndTalks | str, account: str | None = None, region: str | None = None) -> Talk[str]:
        """Tell an Idle end who its peer is (an end, or `ri-…@ENDPOINT`), and return its status.

        Both ends must have peer information before one can be initiated; account and region, where the simulator's
        topology does not know them, have to be given.
        """
        name = peer if isinstance(peer, str) else peer.name
        body = {"peer": name, "account": account, "region": region}
        answer = yield Call("PUT", f"/interfaces/{self.name}/peer", body=body)
        return str(answer["status"])

    @spoken
    def initiate(self) -> Talk[str]:
        """Initiate the connection, and return the status; only an initiator can (article), else NotInitiator."""
        return (yield from _change(self, "initiate"))

    @spoken
    def suspend(self) -> Talk[str]:
        """Suspend the connection under this end's own hold, and return the status; either end may."""
        return (yield from _change(self, "suspend"))

    @spoken
    def resume(self) -> Talk[str]:
        """Give up this end's hold, and return the status; HeldByPeer if the hold is the other end's."""
        return (yield from _change(self, "resume"))

    @spoken
    def delete(self) -> Talk[str]:
        """Delete this end, which ends the connection at both, and return the status."""
        return (yield from _change(self, "delete"))

    @spoken
    def send(self, body: str) -> Talk[int]:
        """Send a payload (at most 16,384 characters), and return its number.

        Once accepted it is delivered exactly once and in order. Only while Activated: NotActivated.
        """
        answer = yield Call("POST", f"/interfaces/{self.name}/payloads", body={"body": body})
        return int(answer["number"])

    @spoken
    def inbox(self, after: int = 0) -> Talk[list[PayloadView]]:
        """Return the payloads that have arrived, after a row."""
        answer = yield Call("GET", f"/interfaces/{self.name}/payloads", {"after": after})
        return list(answer["payloads"])

    @spoken
    def acknowledge(self, through: int) -> Talk[int]:
        """Let go of the payloads that have arrived, up to and with a row, and return how many went."""
        answer = yield Call("DELETE", f"/interfaces/{self.name}/payloads", {"through": through})
        return int(answer["removed"])

    @spoken
    def show(self) -> Talk[BothEnds]:
        """Return how both ends stand, and whether the link exists."""
        answer: BothEnds = yield Call("GET", f"/interfaces/{self.name}")
        return answer

    @spoken
    def status(self) -> Talk[str]:
        """Return what this end shows now."""
        answer: BothEnds = yield Call("GET", f"/interfaces/{self.name}")
        return answer["own"]["status"]

    @spoken
    def why(self) -> Talk[str]:
        """Return in one sentence why the connection is up or not, from what both ends know."""
        answer = yield Call("GET", f"/interfaces/{self.name}/why")
        return str(answer["sentence"])

    @spoken
    def wait(self, status: Status, timeout: float = 60.0) -> Talk[None]:
        """Wait until this end shows a status, or shows it for a moment.

        `timeout` is in seconds, 600 at most. Raises TimedOut, whose sentence says what is shown instead, and why.
        """
        return (yield from waiting(self, status, timeout))

    @spoken
    def trace(self, form: Form = "svg") -> Talk[str]:
        """Draw who said what to whom, when, what was lost, and where both ends disagreed.

        As svg, mmd (a Mermaid sequence diagram), txt, or json (docs/trace.schema.json).
        """
        return str((yield Call("GET", f"/interfaces/{self.name}/trace", {"form": form})))


def _change(end: EndTalks, verb: str) -> Talk[str]:
    answer = yield Call("POST", f"/interfaces/{end.name}/{verb}")
    return str(answer["status"])


def waiting(end: EndTalks, status: Status, timeout: float) -> Talk[None]:
    """Wait until an end shows a status."""
    asked = {"status": status, "timeout_seconds": timeout}
    yield Call("GET", f"/interfaces/{end.name}/wait", asked, waits_seconds=timeout)


class End(EndTalks):
    """An end, asked synchronously."""

    def __init__(self, line: Line, interface: str, endpoint: str) -> None:
        """Ask on this line."""
        super().__init__(interface, endpoint)
        self.line = line


class AsyncEnd(EndTalks):
    """An end, asked asynchronously."""

    def __init__(self, line: AsyncLine, interface: str, endpoint: str) -> None:
        """Ask on this line."""
        super().__init__(interface, endpoint)
        self.line = line
