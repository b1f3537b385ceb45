"""The work of `peering record`: it looks on until it is asked to end, and writes what was done as a scenario."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any, Final

import yaml

from console.client.clients import Clients
from console.commands.running import DONE, FAILED
from console.faults.remote import RemoteFaults, console_of
from console.scenario.recording import Recording
from console.screen import Screen
from console.stack.stop_signals import on_stop_signal

_WIDTH: Final = 110


async def record(clients: Clients, screen: Screen, file: Path, title: str) -> int:
    """Record until Ctrl-C, and write the scenario."""
    access, ended = console_of(clients.context.source), asyncio.Event()
    recording = Recording(clients, None if access is None else RemoteFaults(access))
    with on_stop_signal(ended.set):
        await recording.begin()
        screen.complain("Recording what is done from now on; Ctrl-C ends it.")
        looking = asyncio.create_task(recording.look_on())
        await ended.wait()
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking
        scenario = await recording.scenario(title)
    if scenario is None:
        screen.failed("NothingDone", "Nothing was done to a connection, so there is nothing to write.")
        return FAILED
    _write(file, scenario)
    steps = len(scenario["steps"])
    screen.tell(
        {"outcome": "done", "file": str(file), "steps": steps},
        f"{file}: {steps} steps; play it with: peering run {file}",
    )
    return DONE


def _write(file: Path, scenario: dict[str, Any]) -> None:
    text = yaml.safe_dump(scenario, sort_keys=False, default_flow_style=None, allow_unicode=True, width=_WIDTH)
    file.write_text(text, encoding="utf-8")
