"""The supervisor's side of the fork server: workers that are forked instead of started."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self

from console.stack.die_with_parent import dying_with_parent, inherited_environment

_PR_SET_CHILD_SUBREAPER: Final = 36
REQUEST_LIMIT_BYTES: Final = 256 * 1024
"""Command line and environment of a worker; what is longer than the socket takes is refused where it is sent."""

OWN_MODULES: Final = {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
"""Where a process of ours finds the programs, wherever it is started and whatever PYTHONPATH said before."""

_COMMAND: Final = (sys.executable, "-P", "-m", "console.stack.fork_server")


class Running(Protocol):
    """A process that runs, as `asyncio.subprocess.Process` is one."""

    pid: int

    @property
    def returncode(self) -> int | None:
        """How it ended: an exit code, or a signal's number made negative; None while it runs."""

    async def wait(self) -> int:
        """Wait until it ended; return how."""

    def send_signal(self, what: int) -> None:
        """Send it a signal. Raises ProcessLookupError if it is gone."""

    def kill(self) -> None:
        """End it at once. Raises ProcessLookupError if it is gone."""


def can_fork() -> bool:
    """Whether workers can be forked here: on Linux, where one process may watch another (not in every sandbox).

    Elsewhere nobody can adopt a worker, or have it end with its parent, and each is started by its command.
    """
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True


class Forked:
    """A worker that was forked, and that this process has adopted."""

    def __init__(self, pid: int) -> None:
        """Watch it until it ended. Raises OSError."""
        self.pid = pid
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._watched = os.pidfd_open(pid)
        asyncio.get_running_loop().add_reader(self._watched, self._end)

    @property
    def returncode(self) -> int | None:
        """How it ended, or None."""
        return self._ended.result() if self._ended.done() else None

    async def wait(self) -> int:
        """Wait until it ended; return how."""
        return await asyncio.shield(self._ended)

    def send_signal(self, what: int) -> None:
        """Send it a signal. Raises ProcessLookupError if it is gone."""
        if not self._ended.done():
            os.kill(self.pid, what)

    def kill(self) -> None:
        """End it at once. Raises ProcessLookupError if it is gone."""
        self.send_signal(signal.SIGKILL)

    def _end(self) -> None:
        """Take down how it ended."""
        asyncio.get_running_loop().remove_reader(self._watched)
        os.close(self._watched)
        self._ended.set_result(os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1]))


class ForkServer:
    """A fork server that is started before the first worker is wanted, and again if it ended."""

    def __init__(self) -> None:
        """Nothing happens before `begin`, or `async with`, which begins it if nobody did."""
        self._turn = asyncio.Lock()
        self._channel: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._reply: asyncio.Future[dict[str, Any]] | None = None

    async def __aenter__(self) -> Self:
        with contextlib.suppress(OSError):
            self._listen(self._channel or self.begin())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lose()
        if self._process is not None:
            await asyncio.to_thread(self._process.wait)

    def begin(self) -> socket.socket:
        """Start it; what it is sent before it listens waits. Raises OSError."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - this program
                dying_with_parent(_COMMAND),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env={**inherited_environment(), **OWN_MODULES},
                start_new_session=True,
            )
        ours.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        self._channel = ours
        return ours

    def end(self) -> None:
        """End it at once, if it was begun and has not ended; its workers stay."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    async def fork(self, arguments: Sequence[str], environment: Mapping[str, str], output: int) -> Forked:
        """Fork a worker whose first argument is its role, with this output. Raises OSError."""
        async with self._turn:
            channel = self._channel or await self._again()
            request = json.dumps({"arguments": list(arguments), "environment": dict(environment)})
            self._reply = asyncio.get_running_loop().create_future()
            with _adopting():
                socket.send_fds(channel, [request.encode()], [output])
                said = await self._reply
        if "error" in said:
            raise OSError(0, said["error"])
        return _looked_after(said["pid"])

    async def _again(self) -> socket.socket:
        """Start it anew where it ended. Raises OSError."""
        if self._process is not None:
            await asyncio.to_thread(self._process.wait)
        channel = self.begin()
        self._listen(channel)
        return channel

    def _listen(self, channel: socket.socket) -> None:
        asyncio.get_running_loop().add_reader(channel, self._hear, channel)

    def _hear(self, channel: socket.socket) -> None:
        """Take what the fork server says."""
        try:
            heard = channel.recv(REQUEST_LIMIT_BYTES)
        except BlockingIOError:
            return
        except OSError:
            heard = b""
        if not heard:
            self._lose()
        elif self._reply is not None and not self._reply.done():
            self._reply.set_result(json.loads(heard))

    def _lose(self) -> None:
        """Let go of a fork server; its workers stay."""
        if self._channel is not None:
            asyncio.get_running_loop().remove_reader(self._channel)
            self._channel.close()
            self._channel = None
        if self._reply is not None and not self._reply.done():
            self._reply.set_result({"error": "the fork server ended"})


@contextmanager
def begun() -> Iterator[ForkServer | None]:
    """Begin a fork server before anything else is imported, and end it; None where workers can't be forked."""
    if not can_fork():
        yield None
        return
    server = ForkServer()
    with contextlib.suppress(OSError):
        server.begin()
    try:
        yield server
    finally:
        server.end()


def _looked_after(pid: int) -> Forked:
    """A worker that is watched; one that nobody can watch is ended. Raises OSError."""
    try:
        return Forked(pid)
    except OSError:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise


@contextmanager
def _adopting() -> Iterator[None]:
    """Become the parent of those whose own parent ends meanwhile, as only a worker's does."""
    library = ctypes.CDLL(None)
    library.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        library.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
