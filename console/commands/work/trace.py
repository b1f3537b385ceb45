"""The work of `trace`: it draws what both ends remember of a connection into a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from console.client.clients import Clients
from console.client.history import Part
from console.commands.running import DONE
from console.commands.work.faults import on_purpose
from console.screen import Screen
from console.trace.drawings import draw
from console.trace.gathering import LAST_MOMENTS, gather
from console.trace.model import Fate, Trace


async def trace(clients: Clients, screen: Screen, name: str, file: Path, part: Part) -> int:
    """Draw the connection of an interface into a file, and say what there is to see, and what is left out."""
    trace, earlier = await gather(clients, name, part.or_last(LAST_MOMENTS), await on_purpose(clients, name))
    draw(trace, file)
    counts = {**summary(trace), "earlier": earlier}
    if screen.as_json:
        screen.data({"outcome": "done", "file": str(file), **counts})
        return DONE
    screen.show(
        f"{file}: {counts['messages']} messages, {counts['repeated']} said again, {counts['lost']} lost, "
        f"{counts['doubled']} heard more than once; the ends disagreed {counts['disagreements']} times, "
        f"{counts['disagreement_seconds']:.3f} s in all"
    )
    if earlier:
        screen.complain(f"{earlier:,} earlier moments are not drawn; --last MOMENTS or --since TIME draws more.")
    for end in trace.ends:
        if not end.asked:
            screen.complain(f"{end.interface} on {end.endpoint} was not asked: its side is what the other end tells.")
    return DONE


def summary(trace: Trace) -> dict[str, Any]:
    """Count what a trace holds."""
    return {
        "interfaces": [end.interface for end in trace.ends],
        "messages": len(trace.told),
        "repeated": sum(message.repeated for message in trace.told),
        "lost": sum(message.fate is Fate.LOST for message in trace.told),
        "doubled": sum(len(message.heard) > 1 for message in trace.told),
        "disagreements": len(trace.disagreements),
        "disagreement_seconds": sum(one.until - one.since for one in trace.disagreements if one.until is not None),
    }
