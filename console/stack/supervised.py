"""One supervised program: what to run, how it stands, and the task that starts it again whenever it ends.

It is restarted after pauses that grow while it keeps ending and begin anew once it ran for a while; so is a start that
fails (no file descriptor, no memory, no such program). Its output goes through here into a log of bounded size, so that
its last line can be told; a log that can't be written loses lines and stops nothing. Programs lead sessions of their
own: Ctrl-C reaches the supervisor alone, which lets them finish before it kills.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from console.stack.bounded_log import BoundedLog
from console.stack.die_with_parent import dying_with_parent, inherited_environment
from console.stack.forking import ForkServer, Running
from shared.runtime.background import BackgroundWriter

REFUSED_CODE: Final = 1
USAGE_CODE: Final = 2
REFUSALS_IN_A_ROW: Final = 3
"""One refusal may be the shadow of a predecessor that is still going away; three are meant."""

_READ_BYTES: Final = 64 * 1024
_LAST_OUTPUT_SECONDS: Final = 1.0
"""How long the output of an ended program is read on: a child of its own may hold the pipe for ever."""
_START_ERRORS: Final = (OSError, RuntimeError, MemoryError)
"""RuntimeError: asyncio's thread that waits for the process could not be started."""


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """How long things may take, and how long a program is left alone before it is started again."""

    first_pause_seconds: float = 0.2
    longest_pause_seconds: float = 5.0
    refused_pause_seconds: float = 60.0
    stable_after_seconds: float = 10.0
    drain_limit_seconds: float = 10.0


class State(StrEnum):
    """What a supervised program is doing."""

    RUNNING = "running"
    PAUSING = "pausing"
    REFUSED = "refused"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Program:
    """What to run. Secrets belong in the environment: a command line is there for everybody to read.

    Of this process's own environment it gets everything but PEERING_… variables: those are not meant for it. A worker
    that the fork server may fork, instead of starting the command, has in `forked` its role and arguments.
    """

    name: str
    command: tuple[str, ...]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    forked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A program as it stands; `last` is how it ended the last time, with its last words."""

    name: str
    state: State
    pid: int | None = None
    restarts: int = 0
    last: str | None = None

    @property
    def sentence(self) -> str:
        """How it stands, for people who wonder why it does not answer."""
        match self.state:
            case State.RUNNING:
                return f"Its process runs (pid {self.pid})."
            case State.REFUSED:
                return f"Its process refuses to start ({self.last}); `peering restart {self.name}` tries again at once."
            case State.PAUSING:
                return f"Its process is about to be started again ({self.last})."
            case State.STOPPED:
                return "Its process was stopped."


OnChange = Callable[[Report], None]


class Supervised:
    """One program, kept running until it is stopped."""

    def __init__(
        self,
        program: Program,
        policy: RestartPolicy,
        on_change: OnChange,
        writer: BackgroundWriter,
        fork_server: ForkServer | None,
    ) -> None:
        """Nothing happens before `run`."""
        self.program = program
        self.report = Report(program.name, State.PAUSING)
        self.refused = asyncio.Event()
        self.process: Running | None = None
        self._policy = policy
        self._on_change = on_change
        self._writer = writer
        self._fork_server = fork_server
        self._log = BoundedLog(program.log)
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()

    async def run(self) -> None:
        """Start it, and start it again whenever it ends, until `stop`.

        One that refuses to start three times in a row is tried again seldom: what is wrong may have been mended. One
        that was called wrongly (exit 2) is left alone until somebody asks for it.
        """
        policy, starts, refusals = self._policy, 0, 0
        pause = policy.first_pause_seconds
        while not self._stopping.is_set():
            began = time.monotonic()
            self.report = replace(self.report, restarts=starts)
            code, ending = await self._run_once()
            if self._stopping.is_set():
                break
            stable = time.monotonic() - began >= policy.stable_after_seconds
            starts, refusals = starts + 1, 0 if stable or code != REFUSED_CODE else refusals + 1
            if code == USAGE_CODE or refusals >= REFUSALS_IN_A_ROW:
                self._tell(State.REFUSED, last=ending)
                self.refused.set()
                hurried = await self._rest(None if code == USAGE_CODE else policy.refused_pause_seconds)
            else:
                pause = policy.first_pause_seconds if stable else pause
                self._tell(State.PAUSING, last=ending)
                hurried = await self._rest(pause)
                pause = min(2 * pause, policy.longest_pause_seconds)
            if hurried:
                refusals, pause = 0, policy.first_pause_seconds
        self._tell(State.STOPPED, last=self.report.last)

    def stop(self) -> None:
        """Ask it to finish (SIGTERM), and don't start it again; `run` returns when it has."""
        self._stopping.set()
        self.restart()

    def restart(self) -> None:
        """Ask it to finish (SIGTERM) if it runs, and start it again without a pause."""
        self.refused.clear()
        self._hurry.set()
        self.send(signal.SIGTERM)

    def send(self, what: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(what)

    async def _rest(self, seconds: float | None) -> bool:
        """Wait; return whether somebody cut it short."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._hurry.wait(), seconds)
        hurried = self._hurry.is_set()
        self._hurry.clear()
        return hurried

    async def _run_once(self) -> tuple[int | None, str]:
        """Run it to its end; return its exit code, None if it could not be started, and how it ended."""
        try:
            process, output, pipe = await self._start()
        except _START_ERRORS as error:
            return None, f"could not be started: {getattr(error, 'strerror', None) or error}"
        self.process = process
        try:
            self.refused.clear()
            self._tell(State.RUNNING, process.pid, self.report.last)
            if self._stopping.is_set():
                self.send(signal.SIGTERM)
            code = await self._until_ended(process, output)
        finally:
            self.process = None
            pipe.close()
            if process.returncode is None:
                process.kill()
                await process.wait()
        return code, self._ending(code)

    async def _start(self) -> tuple[Running, asyncio.StreamReader, asyncio.ReadTransport]:
        """Start it, with a pipe of ours for its output: one of asyncio's stays open while a child of its holds it.

        Raises one of _START_ERRORS.
        """
        output = asyncio.StreamReader()
        reading, writing = os.pipe()
        with os.fdopen(writing, "wb", 0) as into, contextlib.ExitStack() as undo:
            pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(output), undo.enter_context(os.fdopen(reading, "rb", 0))
            )
            undo.callback(pipe.close)
            process = await self._start_with(into.fileno())
            undo.pop_all()
        return process, output, pipe

    async def _start_with(self, output: int) -> Running:
        """Fork it or start its command, with this output."""
        program = self.program
        environment = {**inherited_environment(), **program.environment}
        if program.forked and self._fork_server is not None:
            return await self._fork_server.fork(program.forked, environment, output)
        return await asyncio.create_subprocess_exec(
            *dying_with_parent(program.command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )

    async def _until_ended(self, process: Running, output: asyncio.StreamReader) -> int:
        """Read its output until it has ended and all has been read, so that its last words are there."""
        async with asyncio.TaskGroup() as group:
            copying = group.create_task(self._copy(output))
            code = await process.wait()
            await asyncio.wait({copying}, timeout=_LAST_OUTPUT_SECONDS)
            copying.cancel()
        return code

    async def _copy(self, output: asyncio.StreamReader) -> None:
        while piece := await output.read(_READ_BYTES):
            self._log.remember(piece)
            if not self._writer.put(self._log.write, piece):
                self._log.lose(piece)

    def _ending(self, code: int) -> str:
        """How it ended and what it said last."""
        how = f"exit {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"
        return f"{how}: {said}" if code > 0 and (said := self._log.last_line) else how

    def _tell(self, state: State, pid: int | None = None, last: str | None = None) -> None:
        self.report = replace(self.report, state=state, pid=pid, last=last)
        self._on_change(self.report)
