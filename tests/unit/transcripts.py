"""The transcripts of tests: two ends, and what each says, as a story that can be read.

What happens is a line of its own; what the end does because of it stands indented below. A transcript is played
and written anew, and must come out as it was written (as the data-driven tests of etcd's raft do):

    initiator: initiate
      Idle -> Connecting
      #1 Initiate 1.1 up Connecting ack -.0 got 0
    acceptor: hears #1
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable

from lab.explore.machine import SHIPPED
from lab.explore.state import ADDRESSES, PEERS, STRANGER, created
from shared.protocol.effects import Deliver, Effect, Forget, Ignored, Keep, Refused, Repeat, Say
from shared.protocol.events import (
    Configure,
    Delete,
    Due,
    Event,
    Initiate,
    PeerStoreChanged,
    Received,
    Reject,
    Restate,
    Restored,
    Resume,
    Send,
    Suspend,
)
from shared.protocol.interface import Interface
from shared.protocol.labels import label
from shared.protocol.messages import Data, Message
from shared.protocol.words import Timer

ENDS = ("initiator", "acceptor")
LOSSES = {"loses its store": True, "loses everything": False}
"""Whether its owner's peer information is there again at once."""


class Play:
    """Two ends, and everything that was said, by number."""

    def __init__(self, *, configured: tuple[bool, bool] = (True, True)) -> None:
        self.ends: list[Interface] = [created(which, which, configured=configured[which]).end for which in (0, 1)]
        self.kept: list[dict[int, str]] = [{}, {}]
        self.said: list[Message] = []
        self.nonce = 10

    def line(self, line: str) -> list[str]:
        """Let one thing happen, and tell what came of it."""
        name, _, what = line.partition(": ")
        which = ENDS.index(name)
        self.nonce += 1
        if what in LOSSES:
            self.ends[which], self.kept[which] = created(which, self.nonce, configured=LOSSES[what]).end, {}
            return []
        before = self.ends[which]
        self.ends[which], effects = SHIPPED[which](before, self._event(which, what))
        after = self.ends[which]
        told = [] if before.status is after.status else [f"{before.status} -> {after.status}"]
        for effect in effects:
            told += self._told(which, effect)
        return told

    def _event(self, which: int, what: str) -> Event:
        verb, _, rest = what.partition(" ")
        plain: dict[str, Callable[[], Event]] = {
            "initiate": Initiate,
            "suspend": Suspend,
            "resume": Resume,
            "delete": Delete,
            "restate": Restate,
            "doubt": PeerStoreChanged,
            "send": lambda: Send(rest),
            "resend": lambda: Due(Timer.RESEND, self.nonce),
            "waited": lambda: Due(Timer.CONNECT, self.nonce),
            "restored": lambda: Restored(self.nonce),
            "configure": lambda: Configure(PEERS[which], self.nonce),
            "reject": lambda: Reject(PEERS[which], self.nonce),
            "hears": lambda: self._heard(which, rest),
        }
        return plain[verb]()

    def _heard(self, which: int, rest: str) -> Received:
        number, _, stranger = rest.removeprefix("#").partition(" ")
        sender = STRANGER if stranger else ADDRESSES[1 - which]
        return Received(sender, self.said[int(number) - 1], self.nonce)

    def _told(self, which: int, effect: Effect) -> list[str]:
        match effect:
            case Say(to=to, message=message):
                return [self._say(message) + ("" if to == ADDRESSES[1 - which] else f" to {to.account}")]
            case Keep(number=number, body=body):
                self.kept[which][number] = body
                return [f"keeps {number}"]
            case Forget(through=through):
                return [f"forgets through {through}"]
            case Repeat(first=first, last=last):
                end = self.ends[which]
                assert end.activation is not None
                bodies = [(number, self.kept[which][number]) for number in range(first, last + 1)]
                return [self._say(Data(end.activation, number, end.sent_acknowledged, body)) for number, body in bodies]
            case Deliver(body=body):
                return [f"delivers {body}"]
            case Refused(refusal=refusal, detail=detail):
                return [f"refused {refusal.code} {detail}".rstrip()]
            case Ignored(why=why):
                return [f"ignored: {why}"]

    def _say(self, message: Message) -> str:
        self.said.append(message)
        return f"#{len(self.said)} {label(message)}"


def play(text: str, *, configured: tuple[bool, bool] = (True, True)) -> tuple[Interface, Interface]:
    """Play a transcript; it must come out as it was written. Returns how the two ends are in the end."""
    scene = Play(configured=configured)
    written = textwrap.dedent(text).strip().splitlines()
    played: list[str] = []
    for line in written:
        if not line.startswith(" "):
            played.append(line)
            played += [f"  {told}" for told in scene.line(line)]
    assert "\n".join(written) == "\n".join(played)
    return scene.ends[0], scene.ends[1]
