"""The state that all handlers of one web server share: a client for each account, and the stack if it runs here.

Whoever answers a web request asks the workers through `Site.clients`, with the same messages as the command line. Where
this process runs the workers itself (`peering up`), `Site.stack` is there as well, and can start, signal and list them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from fastapi import Request

from console.client import ClientError, WorkerSilent
from console.client.clients import Clients
from console.client.finding import answers_of
from console.faults.dead_letters import DeadLetters
from console.faults.faults import Faults
from console.faults.workers import pid_of
from console.stack.stack import PATIENCE_SECONDS, Stack
from console.stack.supervised import State
from console.topology import Context, NoContext
from shared.wire.views import WorkerView

READY_LIMIT_SECONDS: Final = 2.0
LATE_SECONDS: Final = 1.0
"""How much longer than the first who answers a worker may take before page and metrics call it silent."""
GRACE_SECONDS: Final = 0.2
"""How long page and metrics wait for a worker that was silent the last time."""


@dataclass(frozen=True, slots=True)
class Silent:
    """An endpoint whose worker did not answer, and why, as far as it is known."""

    endpoint: str
    code: str
    sentence: str


@dataclass(slots=True)
class Site:
    """The state that all handlers of one web server share. `folder` is where it may keep things between two runs."""

    clients: Clients
    folder: Path
    faults: Faults
    dead_letters: DeadLetters
    stack: Stack | None = None
    _silent: dict[str, Silent] = field(default_factory=dict)
    _late: dict[str, asyncio.Task[WorkerView | Silent]] = field(default_factory=dict)

    @property
    def context(self) -> Context:
        """Who is there, as it is known now: endpoints may have been added since the start."""
        return self.clients.context

    async def workers(self, limit_seconds: float = READY_LIMIT_SECONDS) -> Sequence[WorkerView | Silent]:
        """Ask every worker about itself; one that does not answer in time is told as silent."""
        return await asyncio.gather(*(self._worker(one.id, limit_seconds) for one in self.context.at_hand))

    async def heard(self) -> Sequence[WorkerView | Silent]:
        """Ask every worker, for who asks often: one that was silent the last time delays nobody any more.

        Its question stays asked after that; once it has answered, it is waited for like every other.
        """
        asked = {
            one.id: self._late.get(one.id) or asyncio.create_task(self._worker(one.id, READY_LIMIT_SECONDS))
            for one in self.context.at_hand
        }
        awaited = {name: asyncio.shield(task) for name, task in asked.items() if name not in self._silent}
        silent = [task for name, task in asked.items() if name not in awaited]
        try:
            await asyncio.gather(answers_of(awaited, LATE_SECONDS), _wait_for(silent, GRACE_SECONDS))
        finally:
            for name, task in asked.items():
                if not task.done():
                    self._leave(name, task)
        return [self._noted(name, task) for name, task in asked.items()]

    def _noted(self, endpoint: str, task: asyncio.Task[WorkerView | Silent]) -> WorkerView | Silent:
        """The answer of a worker, which is remembered if it is silent."""
        if task.done():
            answer = task.result()
        else:
            sentence = f"Its worker did not answer within {LATE_SECONDS:g} s, and others had."
            answer = self._silent.get(endpoint) or Silent(endpoint, WorkerSilent.default_code, sentence)
        if isinstance(answer, Silent):
            self._silent[endpoint] = answer
        else:
            self._silent.pop(endpoint, None)
        return answer

    def _leave(self, endpoint: str, task: asyncio.Task[WorkerView | Silent]) -> None:
        """Let one question to a silent worker stay asked, and no second one."""
        if endpoint not in self._late:
            self._late[endpoint] = task
            task.add_done_callback(partial(self._answered_late, endpoint))
        elif self._late[endpoint] is not task:
            task.cancel()

    def _answered_late(self, endpoint: str, task: asyncio.Task[WorkerView | Silent]) -> None:
        """A question that nobody waited for has its answer, or none."""
        del self._late[endpoint]
        if not task.cancelled() and task.exception() is None:
            self._noted(endpoint, task)

    async def close(self) -> None:
        """Wait for no answer any more, and end every fault."""
        late = list(self._late.values())
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        await self.faults.close()

    async def _worker(self, endpoint: str, limit_seconds: float) -> WorkerView | Silent:
        report = self.stack.report(endpoint) if self.stack is not None else None
        if report is not None and report.state is State.REFUSED:
            return Silent(endpoint, "WorkerRefused", report.sentence)
        pid = pid_of(self.stack, endpoint)
        try:
            async with asyncio.timeout(limit_seconds):
                view = await self.clients.worker(endpoint)
            if pid not in {None, view.pid} and pid == pid_of(self.stack, endpoint):  # else it was just started again
                sentence = f"Another worker of it (process {view.pid}) answers in the place of process {pid}."
                return Silent(endpoint, "AnotherWorker", sentence)
        except TimeoutError:
            process = "" if report is None else f" {report.sentence}"
            return Silent(endpoint, "WorkerSilent", f"Its worker did not answer within {limit_seconds:g} s.{process}")
        except ClientError as error:
            return Silent(endpoint, error.code, error.sentence)
        except NoContext as error:
            return Silent(endpoint, "NoContext", str(error))
        return view


@asynccontextmanager
async def open_site(
    context: Context, folder: Path, stack: Stack | None = None, administrator: str = ""
) -> AsyncIterator[Site]:
    """Open the site; clients connect when they are needed first, and every fault ends with it.

    Those of a stack have asked its workers already, and are taken over.
    `administrator` is the management API's URL with its login; that of the stack where there is one.
    """
    own = Clients(context, PATIENCE_SECONDS)
    async with own if stack is None else contextlib.nullcontext(stack.clients) as clients:
        admin = stack.broker.administrator if stack is not None else administrator
        site = Site(clients, folder, Faults(clients, stack, admin), DeadLetters(clients, admin), stack)
        try:
            yield site
        finally:
            await site.close()


async def _wait_for(tasks: Sequence[asyncio.Task[WorkerView | Silent]], limit_seconds: float) -> None:
    """Wait until all are done, but no longer; none is ended."""
    if tasks:
        await asyncio.wait(tasks, timeout=limit_seconds)


def site_of(request: Request) -> Site:
    """The site of the server that takes this request; for handlers, as a dependency."""
    site = request.app.state.site
    if not isinstance(site, Site):
        raise TypeError("an app is made around a Site")
    return site
