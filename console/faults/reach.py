"""The wires that a fault concerns, found from the endpoints and accounts that it names.

Those, and no others, lead through the console while it stands.
"""

from __future__ import annotations

from collections.abc import Iterator

from console.client import Refused
from console.faults.model import TO_WORKER, Fault
from console.topology import Context, KnownEndpoint
from shared.broker.names import OPEN_ACCOUNT, EndpointQueue

WIRES_LIMIT = 64
"""The most wires for one fault; each costs two connections."""


def resolved(fault: Fault, context: Context) -> Fault:
    """The same fault, with accounts by their uids. Raises Refused for a place that is not known."""
    changes = {
        name: _place(value, context)
        for name, value in (("source", fault.source), ("to", fault.to), ("next_of", fault.next_of))
        if value is not None
    }
    if fault.worker is not None and context.endpoint(fault.worker) is None:
        raise Refused("UnknownPlace", f"There is no endpoint {fault.worker} here.")
    return fault.model_copy(update=changes)


def _place(name: str, context: Context) -> str:
    if context.endpoint(name) is not None or context.account(name) is not None:
        return name
    named = next((one.uid for one in context.accounts if one.name == name), None)
    if named is None:
        raise Refused("UnknownPlace", f"There is no endpoint and no account {name} here.")
    return named


def wires_of(fault: Fault, context: Context, at: frozenset[str]) -> list[EndpointQueue]:
    """The wires on which a message may be that this fault matches; `at` are the endpoints of its interface, if known.

    Raises Refused where it would be too many.
    """
    if fault.do in TO_WORKER:
        return []
    found = list(dict.fromkeys(_wires(fault, context, at)))
    if len(found) > WIRES_LIMIT:
        raise Refused("TooManyWires", f"This would be {len(found)} wires: say whose messages with `from` and `to`.")
    return found


def _wires(fault: Fault, context: Context, at: frozenset[str]) -> Iterator[EndpointQueue]:
    for sender in context.endpoints:
        for receiver in context.endpoints:
            pair = {sender.id, receiver.id}
            if len(pair) == 1 or (at and not (pair <= at if len(at) > 1 else pair & at)):
                continue
            if fault.next_of is not None and fault.next_of not in {sender.account, receiver.account}:
                continue
            if _fits(fault, sender, receiver) or (fault.both and _fits(fault, receiver, sender)):
                yield wire(context, sender, receiver)


def _fits(fault: Fault, sender: KnownEndpoint, receiver: KnownEndpoint) -> bool:
    there = fault.source in {None, sender.id, sender.account}
    return there and fault.to in {None, receiver.id, receiver.account}


def wire(context: Context, sender: KnownEndpoint, receiver: KnownEndpoint) -> EndpointQueue:
    """The wire on which one endpoint hears another; where one login serves all, everybody's words are on it."""
    if context.shared_login:
        return EndpointQueue(OPEN_ACCOUNT, receiver.id, OPEN_ACCOUNT)
    return EndpointQueue(receiver.account, receiver.id, sender.account)


def every_wire(context: Context) -> list[EndpointQueue]:
    """All wires between endpoints that are known, those within an account among them."""
    pairs = ((one, other) for one in context.endpoints for other in context.endpoints)
    return list(dict.fromkeys(wire(context, one, other) for one, other in pairs))
