"""The transition table, from every state and event that a search of small bounds meets.

Every state of some small bounds is visited, and every event in it, and every command whether it is allowed or not:
the table holds what was seen, and no more.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from console.statuses import PROCESS
from lab.explore.machine import Machine
from lab.explore.state import PEERS, ROLES, Budget, ModelState, StoreFault, beginning, put
from lab.explore.transitions import ANY_TIME, Transition, transitions
from shared.protocol.effects import Deliver, Refused, Repeat, Say
from shared.protocol.events import Configure, Due, Initiate, PeerStoreChanged, Received, Reject, Send
from shared.protocol.messages import Data, Declare, Message
from shared.protocol.words import Intent, Status

BOUNDS: Final = (
    (Budget(configures=(1, 1), give_ups=1), False),
    (Budget(give_ups=1, rejections=1), True),
    (Budget(commands=(1, 1), payloads=(1, 0)), True),
    (Budget(commands=(2, 0)), True),
    (Budget(commands=(0, 2)), True),
    (Budget(losses=1), True),
)
"""Small bounds that together meet every status with every event; whether both ends are configured at first."""


class Row(NamedTuple):
    """What one status does with one event."""

    status: Status
    event: str
    after: Status
    answer: str


@cache
def transitions_page() -> str:
    """The transition table of both roles, and the article's table as the search saw it."""
    seen = _seen()
    lines = ["# Transitions", "", "Generated from the shipped functions by `make docs`: every event in every state of"]
    lines += ["small bounds (two commands, a payload, a configuration, a connect timeout, a lost store), and every"]
    lines += ["command whether it is allowed or not. Where an event stands twice, the rest of the record decides.", ""]
    lines += ["## The article's process", "", "| connection process | initiator | acceptor |", "|---|---|---|"]
    lines += [f"| {process} | {first} | {second} |" for process, first, second in PROCESS]
    for which, role in enumerate(ROLES):
        lines += ["", f"## {role.name}", "", "| status | events | becomes | says |", "|---|---|---|---|"]
        lines += _rows(seen[which])
    return "\n".join([*lines, ""])


def _rows(found: set[Row]) -> list[str]:
    """One line for all events that one status treats alike."""
    events: dict[tuple[Status, Status, str], list[str]] = defaultdict(list)
    for row in sorted(found):
        events[row.status, row.after, row.answer].append(row.event)
    order = list(Status)
    alike = sorted(events, key=lambda key: (order.index(key[0]), order.index(key[1]), key[2]))
    return [f"| {key[0]} | {', '.join(events[key])} | {key[1]} | {key[2]} |" for key in alike]


def _seen() -> dict[int, set[Row]]:
    found: dict[int, set[Row]] = defaultdict(set)
    for budget, configured in BOUNDS:
        _visit(beginning(budget, configured=(configured, configured)), found)
    return found


def _visit(start: ModelState, found: dict[int, set[Row]]) -> None:
    machine, reached_from, waiting = Machine(), {start}, deque([start])
    while waiting:
        state = waiting.popleft()
        for transition in _commands(state, machine):
            found[transition.which].add(_row(state, transition))
        for transition in transitions(state, machine):
            found[transition.which].add(_row(state, transition))
            if transition.state not in reached_from:
                reached_from.add(transition.state)
                waiting.append(transition.state)


def _commands(state: ModelState, machine: Machine) -> Iterator[Transition]:
    """What each end answers to each command; no state follows from it here."""
    for which, end in enumerate(state.ends):
        for command in (
            Configure(PEERS[which], state.nonce),
            Reject(PEERS[which], state.nonce),
            Initiate(),
            *ANY_TIME,
            Send("1"),
        ):
            after, effects = machine.step(which, end, command)
            stores = put(state.stores, which, state.stores[which]._replace(end=after))
            yield Transition(which, command, state._replace(stores=stores), effects)


def _row(state: ModelState, transition: Transition) -> Row:
    before, after = state.ends[transition.which], transition.state.ends[transition.which]
    said = [_answer(effect) for effect in transition.effects]
    return Row(
        before.status, _event(transition), after.status, ", ".join(dict.fromkeys(one for one in said if one)) or "-"
    )


def _event(transition: Transition) -> str:
    match transition.event:
        case Received(message=message):
            return f"hears {_message(message)}"
        case Due(timer=timer):
            return f"{timer} timer"
        case StoreFault():
            return "store lost"
        case PeerStoreChanged():
            return "peer's store changed"
        case event:
            return type(event).__name__.lower()


def _message(message: Message) -> str:
    if isinstance(message, Declare):
        if message.initiates:
            return "Initiate"
        return "Declare" if message.intent is Intent.UP else f"Declare {message.intent.word}"
    return type(message).__name__


def _answer(effect: object) -> str:
    match effect:
        case Say(message=Data()):
            return "Data"
        case Say(message=message):
            return _message(message)
        case Repeat():
            return "Data again"
        case Deliver():
            return "delivers"
        case Refused(refusal=refusal):
            return f"refused: {refusal.code}"
        case _:
            return ""
