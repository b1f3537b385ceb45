"""The control socket of a running `up`, through which other commands learn how processes stand and restart workers.

A Unix socket in the folder of the `up`, which is its owner's alone: whoever reaches it may. One request is one line of
JSON, and so is its reply.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

from console.stack.errors import StackRefused

SOCKET: Final = "control.sock"
_REQUEST_LIMIT_SECONDS: Final = 5.0
_DESCRIPTORS: Final = Path("/proc/self/fd")

Answer: TypeAlias = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


@asynccontextmanager
async def control_socket(folder: Path, answer: Answer) -> AsyncIterator[None]:
    """Answer requests until the block ends. A socket that is there already is a dead one's: the folder is locked."""

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError, TimeoutError):
            async with asyncio.timeout(_REQUEST_LIMIT_SECONDS):
                asked = json.loads(await reader.readline())
            writer.write(json.dumps(await answer(asked)).encode() + b"\n")
            await writer.drain()
        writer.close()

    (folder / SOCKET).unlink(missing_ok=True)
    with short_path(folder, SOCKET) as path:
        server = await asyncio.start_unix_server(served, path)
    try:
        (folder / SOCKET).chmod(0o600)
        yield
    finally:
        server.close()
        (folder / SOCKET).unlink(missing_ok=True)


async def ask(folder: Path, request: dict[str, Any], limit_seconds: float) -> dict[str, Any]:
    """Ask the `up` that runs in a folder. Raises StackRefused if none does, or it does not answer in time."""
    try:
        async with asyncio.timeout(limit_seconds):
            with short_path(folder, SOCKET) as path:
                reader, writer = await asyncio.open_unix_connection(path)
            with contextlib.closing(writer):
                writer.write(json.dumps(request).encode() + b"\n")
                reply: dict[str, Any] = json.loads(await reader.readline())
                return reply
    except TimeoutError:
        raise StackRefused(f"the `peering up` in {folder} did not answer within {limit_seconds:g} s") from None
    except (OSError, ValueError):
        raise StackRefused(f"no `peering up` runs in {folder}") from None


async def process_sentence(folder: Path, name: str) -> str:
    """How a process of the `up` in a folder stands, for people; empty if none runs there or knows it."""
    with contextlib.suppress(StackRefused):
        reply = await ask(folder, {"do": "processes"}, _REQUEST_LIMIT_SECONDS)
        return next((str(one["sentence"]) for one in reply["processes"] if one["name"] == name), "")
    return ""


@contextmanager
def short_path(folder: Path, name: str) -> Iterator[str]:
    """A socket's path by way of an open descriptor: a socket's path has at most 107 bytes, and a folder's many."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield str(_DESCRIPTORS / str(descriptor) / name) if _DESCRIPTORS.is_dir() else str(folder / name)
    finally:
        os.close(descriptor)
