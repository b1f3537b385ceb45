"""The work of `peering fault` and `peering held`: ask the console that runs, over HTTP, and show what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from console.client import ClientError
from console.client.clients import Clients
from console.client.plain import plain
from console.commands.running import DONE
from console.faults.remote import USUAL_URL, Access, RemoteFaults, console_of, told_of
from console.screen import Screen
from console.trace.gathering import NOTHING, OnPurpose
from console.trace.strikes import Strike


async def add(clients: Clients, screen: Screen, wanted: Mapping[str, Any]) -> int:
    """Make a fault."""
    made = await console_at(clients).add(wanted)
    if screen.as_json:
        screen.data({"outcome": "done", **made})
    else:
        screen.show(f"fault {made['number']}: {plain(made['sentence'])}")
    return DONE


async def show(clients: Clients, screen: Screen) -> int:
    """List faults."""
    found = await console_at(clients).listed()
    if screen.as_json:
        screen.data({"faults": found})
    elif not found:
        screen.show("No fault was made.")
    else:
        rows = [
            (str(one["number"]), plain(one["sentence"]), str(one["struck"]), str(one["held"]), _state(one))
            for one in found
        ]
        screen.show(table(("fault", "what", "struck", "holds", ""), rows))
    return DONE


async def clear(clients: Clients, screen: Screen, number: int | None, interface: str | None) -> int:
    """Clear faults."""
    cleared = await console_at(clients).clear(number, interface)
    if screen.as_json:
        screen.data({"outcome": "done", "cleared": cleared})
    else:
        screen.show(f"cleared: {', '.join(str(one) for one in cleared) or 'none'}")
    return DONE


async def held(clients: Clients, screen: Screen, interface: str | None) -> int:
    """List held messages."""
    found = await console_at(clients).held(interface)
    if screen.as_json:
        screen.data({"held": found})
    else:
        _show_messages(screen, found, "No message is held.")
    return DONE


async def order(clients: Clients, screen: Screen, do: str, numbers: Sequence[int], interface: str | None) -> int:
    """Do something with held messages."""
    found = await console_at(clients).order(do, list(numbers), interface)
    if screen.as_json:
        screen.data({"outcome": "done", "messages": found})
    else:
        _show_messages(screen, found, "No message was held.")
    return DONE


async def on_purpose(clients: Clients, interface: str) -> OnPurpose:
    """What the console that runs does to an interface's connection on purpose; nothing where none is known here."""
    found = console_of(clients.context.source)
    if found is None:
        return NOTHING
    console = RemoteFaults(found)
    try:
        strikes = [Strike.model_validate(one) for one in await console.strikes()]
        standing = await console.listed(interface.partition("@")[0])
    except ClientError:
        return NOTHING
    return OnPurpose(strikes, [told_of(one["number"], one["sentence"], one["struck"]) for one in standing])


def console_at(clients: Clients) -> RemoteFaults:
    """The console that runs, as far as it can be found from here."""
    return RemoteFaults(console_of(clients.context.source) or Access(USUAL_URL, ""))


def _state(one: Mapping[str, Any]) -> str:
    return "over" if one["over"] else f"is {one['interface']}" if one["interface"] else "stands"


def _show_messages(screen: Screen, found: Sequence[Mapping[str, Any]], nothing: str) -> None:
    if not found:
        screen.show(nothing)
        return
    rows = [(str(one["number"]), f"{one['source']} → {one['target']}", plain(one["label"])) for one in found]
    screen.show(table(("message", "way", "says"), rows))


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """A table without lines, whose cells are folded where they are too long."""
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for head in heads:
        made.add_column(head, overflow="fold")
    for row in rows:
        made.add_row(*row)
    return made
