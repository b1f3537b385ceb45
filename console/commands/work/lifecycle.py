"""The work of the commands that change an interface: what came of each is told, and is the exit code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.text import Text

from console.client import ClientError, owning
from console.client.clients import Clients
from console.client.owning import Changed
from console.client.pairs import Pair, create_both
from console.client.wanted import WantedPeer
from console.client.why import link_exists, link_sentence, why
from console.commands.running import DONE, FAILED
from console.screen import Screen, connection_table, status_text
from shared.wire.request import PlainKind


async def create(clients: Clients, screen: Screen, endpoint: str, name: str, interface: str | None) -> int:
    """Make one interface, Idle."""
    _tell(screen, await owning.create(clients, endpoint, name, interface))
    return DONE


async def create_pair(clients: Clients, screen: Screen, wanted: Pair) -> int:
    """Make both ends of one account's connection, and wait until both are Activated."""
    with screen.progress(f"{wanted.source} → {wanted.target}: creating") as line:
        first, second = await create_both(clients, wanted, line.update)
    exists = link_exists(first, second)
    if screen.as_json:
        ends = {"initiator": first.model_dump(), "acceptor": second.model_dump()}
        outcome = "done" if exists else "failed"
        screen.data({"outcome": outcome, "link": exists, "sentence": why(first, second), **ends})
    else:
        screen.show(connection_table(screen.out, (first, second)), link_sentence(first, second))
        if not exists:
            screen.complain(f"They were created, but are not Activated in time. {why(first, second)}")
    return DONE if exists else FAILED


async def configure(clients: Clients, screen: Screen, name: str, wanted: WantedPeer) -> int:
    """Tell an interface who its peer is; what is not said is taken from the context."""
    _tell(screen, await owning.configure(clients, await clients.locate(name), wanted))
    return DONE


async def change(clients: Clients, screen: Screen, verb: PlainKind, names: Sequence[str]) -> int:
    """Command several interfaces, and tell what came of each."""
    results = [_outcome(one) for one in await owning.change(clients, verb, names)]
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


def _outcome(one: Changed) -> dict[str, Any]:
    """What is printed of a command."""
    interface, endpoint, result = one
    fields = {"interface": interface} if endpoint is None else {"interface": interface, "endpoint": endpoint}
    if isinstance(result, ClientError):
        return {"outcome": result.outcome, **fields, "code": result.code, "sentence": result.sentence}
    return {"outcome": "done", **fields, "status": result}
