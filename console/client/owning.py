"""Owning: what an owner does with an interface and asks of one, by whichever way: commands, routes and the page."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from console.client.client import done
from console.client.clients import Clients, Located
from console.client.errors import ClientError, Refused
from console.client.history import Part, last_rows
from console.client.ids import interface_id
from console.client.wanted import WantedPeer, peer_form
from console.client.why import link_exists, waiting, why
from shared.wire import commands
from shared.wire.request import AnswerForm, CommandForm, PlainKind
from shared.wire.views import InterfaceView, TimelineRow

LAST_ROWS: Final = 100
"""How many rows of a timeline are looked at where nobody says how many."""


class Changed(NamedTuple):
    """What became of a command: the interface, its endpoint if that was found, and the status or the error."""

    interface: str
    endpoint: str | None
    result: str | ClientError


async def create(clients: Clients, endpoint: str, name: str = "", interface: str | None = None) -> dict[str, Any]:
    """Make one interface, Idle; its id is chosen if none is given. Raises ClientError or NoContext."""
    chosen = interface or interface_id()
    return {**await clients.one(endpoint, commands.create(chosen, name)), "endpoint": endpoint}


async def configure(clients: Clients, place: Located, wanted: WantedPeer) -> dict[str, Any]:
    """Tell an interface who its peer is; what is not said is the context's. Raises ClientError or NoContext."""
    form = await peer_form(clients, place, wanted)
    result = await clients.one(place.endpoint, commands.configure(place.interface, form))
    return {**result, "endpoint": place.endpoint, "peer": form}


async def change(clients: Clients, verb: PlainKind, names: Sequence[str]) -> list[Changed]:
    """Command several interfaces: one request an endpoint, and one refusal stops no other."""
    places = await clients.locate_all(names)
    by_endpoint: dict[str, list[int]] = {}
    for number, place in enumerate(places):
        if isinstance(place, Located):
            by_endpoint.setdefault(place.endpoint, []).append(number)
    ids = [name.partition("@")[0] for name in names]
    results = {
        number: Changed(ids[number], None, place)
        for number, place in enumerate(places)
        if isinstance(place, ClientError)
    }

    async def command(endpoint: str, numbers: list[int]) -> None:
        forms: list[CommandForm] = [commands.change(verb, ids[number]) for number in numbers]
        try:
            answers: Sequence[AnswerForm | ClientError] = await clients.ask(endpoint, forms)
        except ClientError as error:
            answers = [error] * len(numbers)
        for number, answer in zip(numbers, answers, strict=True):
            results[number] = Changed(ids[number], endpoint, _result(answer))

    await asyncio.gather(*(command(endpoint, numbers) for endpoint, numbers in by_endpoint.items()))
    return [results[number] for number in range(len(names))]


def _result(answer: AnswerForm | ClientError) -> str | ClientError:
    """The status that an answer tells of, or its error."""
    if isinstance(answer, ClientError):
        return answer
    try:
        return str(done(answer)["status"])
    except Refused as refused:
        return refused


async def explain(clients: Clients, name: str, faults: Sequence[str] = ()) -> dict[str, Any]:
    """Say in one sentence why a connection is up or not; `faults` strike its messages on purpose, for people.

    Raises ClientError or NoContext.
    """
    own, other, unasked = await clients.both_ends(name)
    records = [await _latest(clients, view) for view in (own, other)]
    waited = waiting(own, other, records[0], records[1])
    fields: dict[str, Any] = {"interface": own.interface, "endpoint": own.endpoint, "status": own.status}
    fields |= {"link": link_exists(own, other), "asked_both": other is not None}
    return {**fields, "sentence": why(own, other, unasked, waited=waited, faults=faults)}


async def _latest(clients: Clients, view: InterfaceView | None) -> list[TimelineRow]:
    """Read an end's latest rows, as far as it answers: a sentence without them is better than none."""
    if view is None:
        return []
    try:
        return (await last_rows(clients, Located(view.interface, view.endpoint), Part(last=LAST_ROWS))).rows
    except ClientError:
        return []
