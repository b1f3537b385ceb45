"""The work of `peering dead-letters`: ask the console that runs, over HTTP, and show what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.client.clients import Clients
from console.client.plain import plain
from console.commands.running import DONE
from console.commands.work.faults import console_at, table
from console.screen import Screen


async def listed(clients: Clients, screen: Screen, limit: int) -> int:
    """List the oldest."""
    page = await console_at(clients).dead_letters(limit)
    if screen.as_json:
        screen.data(page)
    elif not page["dead_letters"]:
        screen.show("Nothing was set aside.")
    else:
        rows = [
            (one["id"], *_where(one), plain(one["reason"]), one["replay"] or "can be") for one in page["dead_letters"]
        ]
        screen.show(table(("id", "when", "from", "for", "why", "replay"), rows))
        if page["more"]:
            screen.show(f"and {page['more']} more")
    return DONE


async def shown(clients: Clients, screen: Screen, wanted: str) -> int:
    """Show one."""
    one = await console_at(clients).dead_letter(wanted)
    if screen.as_json:
        screen.data(one)
        return DONE
    when, sender, endpoint = _where(one)
    screen.show(f"{one['id']}: from {sender} for {endpoint}, {when}, {one['size_bytes']} bytes")
    screen.show(f"set aside by {one['set_aside_by'] or 'nobody that the broker proves'}: {plain(one['reason'])}")
    screen.show(f"it would have been {plain(one['would_be'])}")
    screen.show("it can be replayed" if one["replay"] is None else f"it cannot be replayed: {one['replay']}")
    screen.show(plain(one["body"] or ""))
    return DONE


async def replay(clients: Clients, screen: Screen, wanted: str) -> int:
    """Send one again."""
    one = await console_at(clients).dead_letter(wanted, replay=True)
    if screen.as_json:
        screen.data({"outcome": "done", **one})
    else:
        screen.show(f"replayed: {plain(one['would_be'])} from {one['sender']} for {one['endpoint']}")
    return DONE


async def drop(clients: Clients, screen: Screen, wanted: str | None) -> int:
    """Throw one away, or all."""
    dropped = await console_at(clients).drop_dead_letters(wanted)
    if screen.as_json:
        screen.data({"outcome": "done", "dropped": dropped})
    else:
        screen.show(f"dropped: {dropped}")
    return DONE


def _where(one: Mapping[str, Any]) -> tuple[str, str, str]:
    """When, from whom and for whom."""
    return plain(one["at"] or "?"), plain(one["sender"] or "?"), plain(one["endpoint"] or "?")
