"""The work of `peering restart`, `backup` and `restore`: one request to the running `peering up`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from console.commands.running import DONE, FAILED
from console.screen import Screen
from console.stack.control_socket import ask
from console.topology import find_context

RESTART_LIMIT_SECONDS: Final = 90.0
"""Longer than a worker has to drain and the new one to answer."""

COPY_LIMIT_SECONDS: Final = 3_600.0
"""Longer than a slow disk has to copy a store of many gigabytes."""


async def restart(screen: Screen, path: Path | None, endpoint: str, *, restored: bool) -> int:
    """Ask for the restart, and say what came of it."""
    request = {"do": "restart", "endpoint": endpoint, "restored": restored}
    return await _ask(screen, path, request, RESTART_LIMIT_SECONDS, "{endpoint}: restarted, pid {pid}")


async def backup(screen: Screen, path: Path | None, endpoint: str, file: Path) -> int:
    """Ask for a copy of a store, and say what came of it."""
    request = {"do": "backup", "endpoint": endpoint, "file": str(file)}
    return await _ask(screen, path, request, COPY_LIMIT_SECONDS, "{endpoint}: copied to {file}, {bytes:,} bytes")


async def restore(screen: Screen, path: Path | None, endpoint: str, file: Path) -> int:
    """Ask that a copy is put back, and say what came of it."""
    request = {"do": "restore", "endpoint": endpoint, "file": str(file)}
    done = "{endpoint}: put back from {file}, and every epoch begins anew; the former store lies at {aside}"
    return await _ask(screen, path, request, COPY_LIMIT_SECONDS, done)


async def _ask(screen: Screen, path: Path | None, request: dict[str, Any], limit_seconds: float, done: str) -> int:
    folder = Path(find_context(path).source).parent
    reply = await ask(folder, request, limit_seconds)
    if reply["outcome"] == "done":
        screen.tell(reply, done.format_map(reply))
        return DONE
    screen.failed(reply["code"], reply["sentence"], reply["outcome"])
    return FAILED
