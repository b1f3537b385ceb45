"""A process that dies comes back by itself; one that refuses to start has said why, and is not asked again.

Restarts what dies, after pauses that grow while it keeps dying and begin anew once it ran for a while. Each program's
output goes through here into a log of bounded size, so that its last line can be told when it refuses. Programs lead
sessions of their own: Ctrl-C reaches the supervisor alone, which lets them finish before it kills.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

from console.stack.tether import tethered

REFUSED_CODE: Final = 1
USAGE_CODE: Final = 2
REFUSALS_IN_A_ROW: Final = 3
"""One refusal may be the shadow of a predecessor that is still going away; three are meant."""

LOG_LIMIT_BYTES: Final = 4 * 1024 * 1024
_READ_BYTES: Final = 64 * 1024
_SHOWN_CHARACTERS: Final = 400
_TAIL_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Patience:
    """How long things may take, in seconds."""

    first_pause: float = 0.2
    longest_pause: float = 5.0
    stable_after: float = 10.0
    drain_limit: float = 10.0


class State(StrEnum):
    """What a supervised program is doing."""

    RUNNING = "running"
    PAUSING = "pausing"
    REFUSED = "refused"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Program:
    """What to run. Secrets belong in the environment: a command line is there for everybody to read."""

    name: str
    command: tuple[str, ...]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Report:
    """A program as it stands; `last` is how it ended the last time, with its last words."""

    name: str
    state: State
    pid: int | None = None
    restarts: int = 0
    last: str | None = None


OnChange = Callable[[Report], None]


class Supervised:
    """One program, kept running until it is stopped or refuses."""

    def __init__(self, program: Program, patience: Patience, on_change: OnChange) -> None:
        """Nothing happens before `run`."""
        self.program = program
        self._patience = patience
        self._on_change = on_change
        self._log = BoundedLog(program.log)
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self.report = Report(program.name, State.PAUSING)

    async def run(self) -> None:
        """Start it, and start it again whenever it ends, until `stop` or until it refuses to start."""
        pause, refusals = self._patience.first_pause, 0
        while not self._stopping.is_set():
            began = time.monotonic()
            code = await self._run_once()
            stable = time.monotonic() - began >= self._patience.stable_after
            refusals = 0 if stable or code != REFUSED_CODE else refusals + 1
            if self._stopping.is_set():
                break
            if code == USAGE_CODE or refusals == REFUSALS_IN_A_ROW:
                self._tell(replace(self.report, state=State.REFUSED, pid=None, last=self._ending(code)))
                return
            pause = self._patience.first_pause if stable else pause
            restarts = self.report.restarts + 1
            self._tell(Report(self.program.name, State.PAUSING, None, restarts, self._ending(code)))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            pause = min(2 * pause, self._patience.longest_pause)
        self._tell(replace(self.report, state=State.STOPPED, pid=None))

    def stop(self) -> None:
        """Ask it to finish (SIGTERM), and don't start it again; `run` returns when it has."""
        self._stopping.set()
        self.send(signal.SIGTERM)

    def send(self, what: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(what)

    async def _run_once(self) -> int:
        process = await asyncio.create_subprocess_exec(
            *tethered(self.program.command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, **self.program.environment},
            start_new_session=True,
        )
        self._process = process
        self._tell(replace(self.report, state=State.RUNNING, pid=process.pid))
        try:
            if self._stopping.is_set():
                self.send(signal.SIGTERM)
            await self._copy_output(process)
            return await process.wait()
        finally:
            self._process = None
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def _copy_output(self, process: asyncio.subprocess.Process) -> None:
        """Read until all who can write have ended, so the last words are there when the end is told."""
        while process.stdout is not None and (piece := await process.stdout.read(_READ_BYTES)):
            self._log.write(piece)

    def _ending(self, code: int) -> str:
        """How it ended and what it said last."""
        how = f"exit {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"
        return f"{how}: {said}" if code > 0 and (said := self._log.last_line) else how

    def _tell(self, report: Report) -> None:
        self.report = report
        self._on_change(report)


class Supervisor:
    """All programs of one `up`."""

    def __init__(self, on_change: OnChange = lambda _: None, patience: Patience | None = None) -> None:
        """Prefer `async with`: it stops everything at the end, in whatever way the end comes."""
        self._on_change = on_change
        self._patience = patience or Patience()
        self._supervised: dict[str, Supervised] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, program: Program) -> None:
        """Keep a program running from now on."""
        if program.name in self._supervised:
            raise ValueError(f"{program.name} runs already")
        one = Supervised(program, self._patience, self._on_change)
        self._supervised[program.name] = one
        self._tasks[program.name] = asyncio.create_task(one.run(), name=program.name)

    @property
    def reports(self) -> list[Report]:
        """Where each program stands, in the order in which they were started."""
        return [one.report for one in self._supervised.values()]

    def report(self, name: str) -> Report:
        """Where this program stands."""
        return self._supervised[name].report

    def send(self, name: str, what: signal.Signals) -> None:
        """Send a program a signal; one that dies of it comes back."""
        self._supervised[name].send(what)

    async def end(self, name: str) -> None:
        """Let one program finish, kill it if it doesn't within the limit, and forget it."""
        one, task = self._supervised.pop(name), self._tasks.pop(name)
        one.stop()
        _, late = await asyncio.wait({task}, timeout=self._patience.drain_limit)
        if late:
            one.send(signal.SIGKILL)
        await task

    async def stop(self) -> None:
        """Let all finish, at the same time; kill those that don't within the limit."""
        for one in self._supervised.values():
            one.stop()
        running = list(self._tasks.values())
        if running:
            _, late = await asyncio.wait(running, timeout=self._patience.drain_limit)
            for one in self._supervised.values():
                one.send(signal.SIGKILL)
            if late:
                await asyncio.wait(late)
            await asyncio.gather(*running)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


class BoundedLog:
    """Two files at the most: when the first is full it takes the place of the second."""

    def __init__(self, path: Path, limit_bytes: int = LOG_LIMIT_BYTES) -> None:
        """The file is made with the first line."""
        self._path = path
        self._limit_bytes = limit_bytes
        self._tail = b""

    def write(self, piece: bytes) -> None:
        """Add to the log."""
        with contextlib.suppress(FileNotFoundError):
            if self._path.stat().st_size + len(piece) > self._limit_bytes:
                self._path.replace(self._path.with_suffix(".1.log"))
        with os.fdopen(os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as log:
            log.write(piece)
        self._tail = (self._tail + piece)[-_TAIL_BYTES:]

    @property
    def last_line(self) -> str:
        """What was said last, for people: of a JSON line its reason, or else its event."""
        lines = self._tail.decode(errors="replace").strip().splitlines()
        last = lines[-1].strip() if lines else ""
        with contextlib.suppress(ValueError):
            said = json.loads(last)
            if isinstance(said, dict):
                last = str(said.get("reason") or said.get("event") or last)
        return last[-_SHOWN_CHARACTERS:]
