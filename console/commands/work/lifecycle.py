"""The work of the commands that change an interface: requests to the workers of the endpoints that they live on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from rich.text import Text

from console.client import ClientError
from console.client.clients import Clients, Located
from console.client.ids import interface_id
from console.client.wanted import WantedPeer, peer_form
from console.commands.running import DONE, FAILED
from console.screen import Screen, status_text
from shared.wire import commands
from shared.wire.request import AnswerForm, CommandForm, PlainKind


async def create(clients: Clients, screen: Screen, endpoint: str, name: str, interface: str | None) -> int:
    """Make one interface, Idle."""
    chosen = interface or interface_id()
    result = await clients.one(endpoint, commands.create(chosen, name))
    _tell(screen, {**result, "endpoint": endpoint})
    return DONE


async def configure(clients: Clients, screen: Screen, name: str, wanted: WantedPeer) -> int:
    """Tell an interface who its peer is; what is not said is taken from the context."""
    place = await clients.locate(name)
    form = await peer_form(clients, place, wanted)
    result = await clients.one(place.endpoint, commands.configure(place.interface, form))
    _tell(screen, {**result, "endpoint": place.endpoint, "peer": form})
    return DONE


async def change(clients: Clients, screen: Screen, verb: PlainKind, names: Sequence[str]) -> int:
    """Command several interfaces: one request an endpoint, and one refusal stops no other."""
    places = await clients.locate_all(names)
    by_endpoint: dict[str, list[int]] = {}
    for number, place in enumerate(places):
        if isinstance(place, Located):
            by_endpoint.setdefault(place.endpoint, []).append(number)
    results: list[dict[str, Any]] = [
        {"outcome": "done", "interface": name.partition("@")[0], **_error(place)}
        for name, place in zip(names, places, strict=True)
    ]

    async def command(endpoint: str, numbers: list[int]) -> None:
        forms: list[CommandForm] = [commands.change(verb, results[number]["interface"]) for number in numbers]
        try:
            answers: Sequence[AnswerForm | ClientError] = await clients.ask(endpoint, forms)
        except ClientError as error:
            answers = [error] * len(numbers)
        for number, answer in zip(numbers, answers, strict=True):
            results[number] |= {"endpoint": endpoint, **_outcome(answer)}

    await asyncio.gather(*(command(endpoint, numbers) for endpoint, numbers in by_endpoint.items()))
    return _tell_all(screen, results)


def _tell_all(screen: Screen, results: list[dict[str, Any]]) -> int:
    failed = [result for result in results if result["outcome"] != "done"]
    if screen.as_json:
        worst = "done" if not failed else failed[0]["outcome"]
        screen.data(results[0] if len(results) == 1 else {"outcome": worst, "results": results})
        return FAILED if failed else DONE
    for result in results:
        if result["outcome"] == "done":
            screen.show(status_line(result["interface"], result["status"]))
        else:
            sentence = result["sentence"] if len(results) == 1 else f"{result['interface']}: {result['sentence']}"
            screen.failed(result["code"], sentence, result["outcome"])
    return FAILED if failed else DONE


def status_line(interface: str, status: str) -> Text:
    """Write an interface and its status on one line."""
    return Text(f"{interface}: ").append_text(status_text(status))


def _tell(screen: Screen, result: dict[str, Any]) -> None:
    screen.tell({"outcome": "done", **result}, status_line(result["interface"], result["status"]))


def _outcome(answer: AnswerForm | ClientError) -> dict[str, Any]:
    if isinstance(answer, ClientError):
        return _error(answer)
    if answer["outcome"] == "refused":
        return dict(answer)
    return {"outcome": "done", **(answer["result"] or {})}


def _error(error: Located | ClientError) -> dict[str, Any]:
    if isinstance(error, Located):
        return {}
    return {"outcome": error.outcome, "code": error.code, "sentence": error.sentence}
