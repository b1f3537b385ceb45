"""The work of `peering situation`: commands of the owners, and faults of the console that runs."""

from __future__ import annotations

from console.client.clients import Clients
from console.commands.running import DONE
from console.commands.work.faults import console_at
from console.faults.reaching import Reaching
from console.faults.situation import Situation, endpoints, situation, situations
from console.screen import Screen, facts


async def show(_: Clients, screen: Screen) -> int:
    """List situations."""
    found = situations()
    if screen.as_json:
        screen.data({"situations": [_told(one) for one in found]})
    else:
        screen.show(facts([(one.name, one.sentence) for one in found]))
    return DONE


async def reach(
    clients: Clients,
    screen: Screen,
    named: tuple[str, int | None],
    places: tuple[str | None, str | None],
    seconds: float | None,
) -> int:
    """Reach a situation; hold it and let it heal, where that is asked for."""
    wanted = situation(*named)
    first, second = endpoints(clients.context.at_hand, *places)
    reaching = Reaching.between(clients, console_at(clients), wanted, first, second)
    await reaching.reach()
    ends = f"{reaching.initiator.interface} on {first} and {reaching.acceptor.interface} on {second}"
    if not screen.as_json:
        screen.show(f"reached: {wanted.name}, {ends}", wanted.sentence)
    healing = reaching.healing if seconds is None else []
    if seconds is not None:
        await reaching.hold(seconds)
        await reaching.heal()
    if screen.as_json:
        both = {"initiator": reaching.initiator.interface, "acceptor": reaching.acceptor.interface}
        screen.data(
            {"outcome": "done", "situation": wanted.name, **both, "healed": seconds is not None, "healing": healing}
        )
    else:
        screen.show(f"healed after {seconds:g} s" if seconds is not None else "it stays until:", *healing)
    return DONE


def _told(one: Situation) -> dict[str, object]:
    supervised = one.supervised is not None
    return {"name": one.name, "sentence": one.sentence, "times": one.times, "supervised": supervised}
