"""The work of `wait` and `watch`: what is seen is shown as it happens."""

from __future__ import annotations

from console.client.clients import Clients
from console.client.watching import TimedOut, transitions, until_shown, watched
from console.commands.running import DONE, FAILED
from console.screen import Screen, transition_line


async def wait(clients: Clients, screen: Screen, name: str, status: str, timeout_seconds: float) -> int:
    """Wait until an interface shows a status, or showed it for a moment since this began."""
    try:
        with screen.progress(f"{name.partition('@')[0]}: waiting for {status}") as line:
            place = await until_shown(clients, name, status, timeout_seconds, line.update)
    except TimedOut as error:
        view = error.view
        if screen.as_json:
            fields = {"interface": view.interface, "endpoint": view.endpoint, "status": view.status}
            reasons = {"reason": view.reason, "reason_code": view.reason_code}
            screen.data({"outcome": "failed", "code": error.code, "sentence": error.sentence, **fields, **reasons})
        else:
            screen.complain(error.sentence)
        return FAILED
    fields = {"outcome": "done", "interface": place.interface, "endpoint": place.endpoint, "status": status}
    screen.tell(fields, f"{place.interface}: {status}")
    return DONE


async def watch(clients: Clients, screen: Screen, name: str | None, *, everything: bool) -> int:
    """Print what happens, as it happens, until interrupted; `everything` also shows steps that change no status."""
    sources = await watched(clients, name)
    if not screen.as_json:
        places = [one.place.interface or one.place.endpoint for one in sources]
        screen.complain(f"Watching {', '.join(places)}; Ctrl-C ends it.")
    async for endpoint, row in transitions(clients, sources, screen.complain):
        if everything or row.was != row.status:
            screen.tell({"endpoint": endpoint, **row.model_dump()}, transition_line(endpoint, row))
    return DONE
