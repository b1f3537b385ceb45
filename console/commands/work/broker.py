"""The work of `broker`: it starts, shows and stops the RabbitMQ that stays warm between commands."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from console.client.plain import plain
from console.commands.running import DONE, FAILED
from console.screen import Screen, facts
from console.stack.brokers import WARM_VARIABLE
from console.stack.private_folder import shown
from console.stack.warm import FOLDER, Warm, start_warm, stop_warm, warm_broker
from shared.broker.control import broker_version, worlds


async def start(screen: Screen, folder: Path | None, seconds: float) -> int:
    """Start one, which is said with its end."""
    place = folder or FOLDER
    with screen.progress("starting RabbitMQ"):
        warm = await start_warm(place, seconds)
    said = f"export {WARM_VARIABLE}={place.absolute()}"
    screen.tell({"outcome": "done", **_told(warm, place)}, facts(_facts(warm, place)), "", "To use it:", f"  {said}")
    return DONE


async def status(screen: Screen, folder: Path | None) -> int:
    """Show it and what runs on it."""
    place = folder or FOLDER
    warm = warm_broker(place)
    if warm is None:
        screen.failed("NoWarmBroker", f"No broker is warm in {shown(place)}.")
        return FAILED
    version, found = await broker_version(warm.administrator), await worlds(warm.administrator)
    used = [("runs for", plain(whose)) for whose in found.values()] or [("runs for", "nobody")]
    data = {"rabbitmq": version, "worlds": [{"name": name, "folder": whose} for name, whose in found.items()]}
    screen.tell({**_told(warm, place), **data}, facts([*_facts(warm, place), ("RabbitMQ", version), *used]))
    return DONE


async def stop(screen: Screen, folder: Path | None) -> int:
    """Stop it."""
    place = folder or FOLDER
    stopped = await stop_warm(place)
    sentence = f"no broker was warm in {shown(place)}" if stopped is None else f"stopped; {shown(place)} is cold"
    screen.tell({"outcome": "done", "stopped": stopped is not None}, sentence)
    return DONE


def _told(warm: Warm, place: Path) -> dict[str, Any]:
    """What programs may know of it, which is no login."""
    return {"address": warm.address, "kind": warm.kind, "folder": str(place.absolute()), "until": warm.until}


def _facts(warm: Warm, place: Path) -> list[tuple[str, str]]:
    minutes = max(0.0, warm.until - time.time()) / 60
    until = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(warm.until))
    return [
        ("broker", f"{warm.address}, {warm.kind}"),
        ("folder", shown(place)),
        ("until", f"{until}, in {minutes:.0f} minutes; then it stops by itself"),
    ]
