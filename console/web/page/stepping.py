"""The messages that stand half-way on the page: one card each, with what will follow, and what becomes of it.

A message that waits for its acknowledgement is said again and again; what stands half-way beside an equal one is shown
as a repetition of it, and goes no further than it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from console.faults.faults import Faults
from console.faults.model import Fault, HeldMessage, HeldOrder
from console.trace.wording import short
from console.web.page.views import Card, CardAsked, FaultOnPage
from shared.protocol.words import Status
from shared.wire.views import InterfaceView

_BEGINS: Final = {
    (Status.SUSPENDING, Status.ACTIVATED),
    (Status.ACTIVATING, Status.SUSPENDED),
}
"""What a sender shows, and a receiver that has not heard of it yet."""
_WISHES: Final = {"up": "wants the connection up", "suspended": "suspends it", "deleted": "gives it up"}


def stepping(faults: Faults, interfaces: Sequence[str]) -> int | None:
    """The number of the fault that stops every message of a connection, if one stands."""
    wanted = [Fault(do="hold", interface=interface) for interface in interfaces]
    return next((one.number for one in faults.listed() if one.fault in wanted and not one.over), None)


def shown(faults: Faults, interfaces: Sequence[str]) -> list[FaultOnPage]:
    """The faults that name one of two ends, or none: a whole wire, a worker."""
    return [
        FaultOnPage(number=one.number, sentence=one.sentence, struck=one.struck, over=one.over)
        for one in faults.listed()
        if one.fault.interface in {None, *interfaces}
    ]


def cards(faults: Faults, ends: Sequence[tuple[str, InterfaceView | None]]) -> list[Card]:
    """The messages between two ends that stand half-way, in order; repetitions lie on the first of their kind."""
    stacks: dict[tuple[str, str, str], list[HeldMessage]] = {}
    chosen = {interface for interface, _ in ends}
    for held in faults.held():
        if chosen & {held.source, held.target}:
            stacks.setdefault((held.source, held.target, held.label), []).append(held)
    return [_card(stack, ends) for stack in stacks.values()]


def _card(stack: Sequence[HeldMessage], ends: Sequence[tuple[str, InterfaceView | None]]) -> Card:
    first = stack[0]
    return Card(
        numbers=[one.number for one in stack],
        side="left" if first.source == ends[0][0] or first.target == ends[1][0] else "right",
        plain=plain(first.label, first.source, first.target),
        says=short(first.label),
        source=first.source,
        target=first.target,
        follows=follows(first.label, first.source, first.target, dict(ends).get(first.target)),
    )


def plain(label: str, source: str, target: str) -> str:
    """Say what a message says, in a plain sentence."""
    match label.split(" "):
        case ["Initiate", *_]:
            return f"{source} asks {target} to connect"
        case ["NotReady", *_, reason]:
            return f"{source} is not ready: {reason}"
        case ["Data", number, *_]:
            return f"{source} sends payload {number}"
        case ["Declare", _, intent, status, "ack", recorded, *_]:
            heard = "" if recorded.startswith("-") else f", and has heard {target}"
            return f"{source} {_WISHES[intent]}, is {status}{heard}"
        case _:
            return label


def follows(label: str, source: str, target: str, receiver: InterfaceView | None) -> str:
    """Say what will follow when a message arrives, from how its receiver stands now."""
    match label.split(" "):
        case ["Initiate", *_] if receiver is not None:
            return _initiated(source, target, receiver)
        case ["Initiate", *_]:
            return f"{target} compares it with its peer information: if all agrees, it accepts; if not, it says why."
        case ["NotReady", *_]:
            return f"{target} learns why the connection is not up, and goes on asking."
        case ["Data", number, *_]:
            return f"{target} takes payload {number} in, once, and says that it has it."
        case ["Declare", _, intent, status, "ack", recorded, *_] if receiver is not None:
            return _declared(target, receiver, intent, Status(status), recorded)
        case _:
            return f"{target} records it."


def _initiated(source: str, target: str, receiver: InterfaceView) -> str:
    """What asking for the connection does: it depends on whether the receiver's owner has named the sender."""
    if receiver.status != Status.IDLE:
        return f"{target} is {receiver.status} already and stays so, and answers."
    if receiver.peer is None or receiver.peer.interface != source:
        return f"{target} has not named {source} as its peer: it stays Idle, and answers that it is not ready."
    return f"{target} has named {source} as its peer: if all else agrees, it is Accepting from then on, and answers."


def _declared(target: str, receiver: InterfaceView, intent: str, status: Status, recorded: str) -> str:
    """What a declaration does: it tells of the sender, and of what the sender has recorded of the receiver."""
    answers = "" if status.stable else ", and answers"
    if intent == "deleted":
        return f"{target} learns that the other end is deleted{answers}."
    if (status, receiver.status) in _BEGINS:
        return f"{target} hears of it: it is {status} from then on{answers}."
    if recorded != f"{receiver.epoch}.{receiver.version}":
        return f"{target} records it{answers}; its own latest word is not recorded at the other end yet."
    rests = Status.SUSPENDED if intent == "suspended" or "own" in receiver.holds else Status.ACTIVATED
    if receiver.status == rests:
        return f"{target} is {rests} already and stays so{answers}."
    return f"{target} learns that its latest word is recorded: it is {rests} from then on{answers}."


def settle(faults: Faults, asked: CardAsked) -> None:
    """Do with a card what was chosen. Raises Refused UnknownMessage if it stands half-way no more."""
    first, copies = asked.numbers[:1], asked.numbers[1:]
    if asked.do == "hold_back":
        others = [one.number for one in faults.held() if one.number not in asked.numbers]
        if others:
            faults.order(HeldOrder(do="reorder", numbers=list(dict.fromkeys(others))))
        return
    if asked.do == "duplicate":
        faults.order(HeldOrder(do="replay", numbers=first))
    faults.order(HeldOrder(do="drop" if asked.do == "drop" else "release", numbers=first))
    if copies:
        faults.order(HeldOrder(do="drop", numbers=copies))
