"""One chaos run: bring everything up, load it, break it, let the owners finish, take it down, check what is left.

A run that ends early has shown nothing, so each part of it has a limit, and what is late counts as broken.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from console.stack.supervised import State
from lab.chaos.checker import check
from lab.chaos.disks import DISK_MEGABYTES
from lab.chaos.evidence import Evidence, asked_in, remembered
from lab.chaos.fault_schedule import inject_faults
from lab.chaos.faults.worker import NOT_STARTED, STORE_COMPLAINT
from lab.chaos.figures import Figures, count
from lab.chaos.finishing import finish
from lab.chaos.history import History, read
from lab.chaos.load import Load
from lab.chaos.owners import Owners
from lab.chaos.system import LOGS, Say, System, running, store_of
from lab.chaos.workers import WORKERS, Connections
from shared.broker.control import dead_letters

PREPARE_LIMIT_SECONDS: Final = 90.0
ANSWER_LIMIT_SECONDS: Final = 60.0
"""How long an owner may still wait for his answer when the faults are over."""
AGREE_LIMIT_SECONDS: Final = 60.0
REPAIR_LIMIT_SECONDS: Final = 150.0
"""How long the last faults may take to be repaired."""
EXPECTED_ERRORS: Final = (STORE_COMPLAINT, b'"event":"refused"', b'"event":"blocked"')
"""What a worker logs as an error when its disk is full, the broker does not let it in, or takes nothing."""
HISTORY: Final = "history.jsonl"
ON_PURPOSE: Final = ("exit 0", "killed by SIGKILL", "killed by SIGTERM")
"""How a worker ends that was killed, or told to end; the last if it was told before it had begun anything."""

_DEAD_LETTERS_LIMIT: Final = 1000
_SHOWN_CHARACTERS: Final = 400


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is to be."""

    name: str
    cluster: bool
    seed: str
    seconds: float
    connections: int


@dataclass(frozen=True, slots=True)
class Result:
    """What a run came to, and all that is wrong with it."""

    figures: Figures
    wrong: Sequence[str]


async def run_chaos(plan: Plan, folder: Path, say: Say) -> Result:
    """Do one run in this empty folder. Raises BrokerNotStarted, ControlPlaneError or Unanswered."""
    with History(folder / HISTORY) as history:
        async with running(folder, say, cluster=plan.cluster) as system:
            run = ChaosRun(plan, system, history, say)
            await run.go()
            run.set_aside = len(await dead_letters(await system.management(), _DEAD_LETTERS_LIMIT))
    say("check: what both ends remember, and what their owners were told")
    return await asyncio.to_thread(run.checked)


class _Late(Exception):
    """Something took longer than it may; the text says what."""


class ChaosRun:
    """The course of a run, and what went wrong in it."""

    def __init__(self, plan: Plan, system: System, history: History, say: Say) -> None:
        """Nothing is asked before `go`."""
        self._plan, self._site, self._history, self._say = plan, system, history, say
        self._connections = Connections()
        self._owners = Owners(system.clients, history, Random(f"{plan.seed} owners"))  # noqa: S311 - no secret
        self._load = Load(self._owners, self._connections, Random(f"{plan.seed} load"))  # noqa: S311 - no secret
        self._late: list[str] = []
        self._answered_seconds = self._agreed_seconds = 0.0
        self.set_aside = 0

    async def go(self) -> None:
        """Load the system, break it, and let the owners finish."""
        loading: asyncio.Task[None] | None = None
        try:
            self._say(f"owners: {self._plan.connections} connections, and more as time goes by")
            await _within(PREPARE_LIMIT_SECONDS, self._load.prepare(self._plan.connections), "the first connections")
            loading = asyncio.create_task(self._load.run(), name="load")
            self._say(f"faults: for {self._plan.seconds:g} s")
            faults = inject_faults(self._site, self._history, self._plan.seed, self._plan.seconds)
            await _within(self._plan.seconds + REPAIR_LIMIT_SECONDS, faults, "repairing the last fault")
            self._history.calm()
            self._say("calm: everybody is answered, and the owners finish")
            self._load.stop()
            self._answered_seconds = await _within(ANSWER_LIMIT_SECONDS, loading, "an owner's answer after the faults")
            finishing = finish(self._owners, self._connections)
            self._agreed_seconds = await _within(AGREE_LIMIT_SECONDS, finishing, "agreement after the faults")
        except _Late as late:
            self._late.append(str(late))
        finally:
            if loading is not None:
                loading.cancel()
                await asyncio.gather(loading, return_exceptions=True)

    def checked(self) -> Result:
        """Check everything, now that all has ended."""
        entries = list(read(self._history.path))
        requests = asked_in(entries)
        folder = self._site.folder
        stores = {one.id: remembered(store_of(folder, one), one, requests) for one in WORKERS}
        evidence = Evidence(self._connections.all, stores, requests)
        figures = count(self._plan.name, evidence, entries)
        figures.set_aside = self.set_aside
        figures.answered_seconds = round(self._answered_seconds, 1)
        figures.agreed_seconds = round(self._agreed_seconds, 1)
        figures.disk = f"tmpfs of {DISK_MEGABYTES} MiB" if self._site.small_disks else "RLIMIT_FSIZE"
        return Result(figures, [*self._late, *_unexpected_ends(self._site), *_logged_errors(folder), *check(evidence)])


async def _within(limit_seconds: float, what: Awaitable[None], name: str) -> float:
    """Wait for it, and return how many seconds that took. Raises _Late."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    limit = asyncio.timeout(limit_seconds)
    try:
        async with limit:
            await what
    except TimeoutError:
        if not limit.expired():
            raise
        raise _Late(f"{name} took longer than {limit_seconds:g} s") from None
    return loop.time() - began


def _unexpected_ends(system: System) -> Iterator[str]:
    """Workers that ended by themselves, or oftener than they were ended."""
    ended = Counter(name for name, last in system.endings if not last.startswith(NOT_STARTED))
    for name, last in system.endings:
        if last not in ON_PURPOSE and not last.startswith(NOT_STARTED):
            yield f"the worker of {name} ended by itself: {last}"
    for name, times in ended.items():
        if times > system.expected[name]:
            yield f"the worker of {name} ended {times} times, and was ended {system.expected[name]} times"
    for report in system.supervisor.reports:
        if report.state is State.REFUSED:
            yield f"the worker of {report.name} starts no more: {report.last}"


def _logged_errors(folder: Path) -> Iterator[str]:
    """Errors in the workers' logs, but for those that the faults call for."""
    for path in sorted((folder / LOGS).glob("*.log")):
        for line in path.read_bytes().splitlines():
            if any(expected in line for expected in EXPECTED_ERRORS):
                continue
            if b'"level":"error"' in line or b"Traceback" in line:
                yield f"{path.stem} says: {line.decode(errors='replace')[:_SHOWN_CHARACTERS]}"
