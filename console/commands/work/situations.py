"""The work of `peering situation`: commands of the owners, and faults of the console that runs."""

from __future__ import annotations

from console.client.clients import Clients
from console.commands.running import DONE
from console.commands.work.faults import console_at
from console.faults.situation import Reaching, endpoints, situation, situations
from console.screen import Screen, facts


async def show(_: Clients, screen: Screen) -> int:
    """List situations."""
    found = situations()
    if screen.as_json:
        screen.data({"situations": [{"name": one.name, "sentence": one.sentence} for one in found]})
    else:
        screen.show(facts([(one.name, one.sentence) for one in found]))
    return DONE


async def reach(
    clients: Clients, screen: Screen, name: str, places: tuple[str | None, str | None], seconds: float | None
) -> int:
    """Reach a situation; hold it and let it heal, where that is asked for."""
    wanted = situation(name)
    first, second = endpoints(clients.context.at_hand, *places)
    reaching = Reaching.between(clients, console_at(clients), wanted, first, second)
    await reaching.reach()
    ends = f"{reaching.initiator.interface} on {first} and {reaching.acceptor.interface} on {second}"
    if not screen.as_json:
        screen.show(f"reached: {wanted.name}, {ends}", wanted.sentence)
    if seconds is not None:
        await reaching.hold(seconds)
        await reaching.heal()
    if screen.as_json:
        named = {"initiator": reaching.initiator.interface, "acceptor": reaching.acceptor.interface}
        screen.data({"outcome": "done", "situation": name, **named, "healed": seconds is not None})
    else:
        healed = f"healed after {seconds:g} s" if seconds is not None else "it stays until `peering fault clear`"
        screen.show(healed)
    return DONE
