"""The socket of the command server, on which a running `up` waits for the first command and then starts the server.

An `up` beside which nobody types anything has no such process.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from console.stack.control_socket import short_path
from console.stack.die_with_parent import dying_with_parent, inherited_environment
from console.stack.forked_command import SOCKET
from console.stack.forking import OWN_MODULES

_COMMAND: Final = (sys.executable, "-P", "-m", "console.command_server")
_WAITING_COMMANDS: Final = 64


@asynccontextmanager
async def command_socket(folder: Path) -> AsyncIterator[None]:
    """Have commands forked until the block ends. Only on Linux, as the launcher asks nowhere else."""
    if sys.platform != "linux":
        yield
        return
    (folder / SOCKET).unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        with short_path(folder, SOCKET) as path:
            listening.bind(path)
        (folder / SOCKET).chmod(0o600)
        listening.listen(_WAITING_COMMANDS)
        serving = asyncio.create_task(_serve(listening), name="command server")
        try:
            yield
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            (folder / SOCKET).unlink(missing_ok=True)


async def _serve(listening: socket.socket) -> None:
    """Start a command server for the first command that comes, and for the next one after it ended."""
    while True:
        await _asked(listening)
        listening.setblocking(True)  # noqa: FBT003 - the standard library's own signature
        with contextlib.suppress(OSError):
            await _run_server(listening)
        _send_away(listening)


async def _asked(listening: socket.socket) -> None:
    """Wait until a command has connected."""
    loop, somebody = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(listening, somebody.set)
    try:
        await somebody.wait()
    finally:
        loop.remove_reader(listening)


async def _run_server(listening: socket.socket) -> None:
    """Run a command server until it ends; it is ended with this. Raises OSError."""
    process = await asyncio.create_subprocess_exec(
        *dying_with_parent(_COMMAND),
        stdin=listening.fileno(),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={**inherited_environment(), **OWN_MODULES},
        start_new_session=True,
    )
    try:
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _send_away(listening: socket.socket) -> None:
    """Close the connections of commands that nobody has served: they are started, and don't wait."""
    listening.setblocking(False)  # noqa: FBT003 - the standard library's own signature
    with contextlib.suppress(OSError):
        while True:
            listening.accept()[0].close()
