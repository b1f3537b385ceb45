"""The supervisor: keeps the programs of one `up` running, and ends them together.

A supervising task that ends by an error of its own would leave a program that nobody looks after and that is still
shown as running. So such an end is the end of the block that holds the supervisor: it raises SupervisionEnded.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from console.stack.errors import SupervisionEnded
from console.stack.forking import ForkServer
from console.stack.supervised import OnChange, Program, Report, RestartPolicy, Supervised
from shared.runtime.background import BackgroundWriter


class Supervisor:
    """All programs of one `up`."""

    def __init__(
        self,
        on_change: OnChange = lambda _: None,
        policy: RestartPolicy | None = None,
        fork_server: ForkServer | None = None,
    ) -> None:
        """Use `async with`: it stops everything at the end, in whatever way the end comes."""
        self._fork_server = fork_server
        self._on_change = on_change
        self._policy = policy or RestartPolicy()
        self._supervised: dict[str, Supervised] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._writer = BackgroundWriter("logs")
        self._holder: asyncio.Task[object] | None = None
        self._failure: tuple[str, BaseException] | None = None

    def start(self, program: Program) -> None:
        """Keep a program running from now on."""
        if program.name in self._supervised:
            raise ValueError(f"{program.name} runs already")
        one = Supervised(program, self._policy, self._on_change, self._writer, self._fork_server)
        self._supervised[program.name] = one
        self._tasks[program.name] = asyncio.create_task(one.run(), name=program.name)
        self.rely_on(self._tasks[program.name])

    def change(self, program: Program) -> None:
        """Start the program of this name in this way from its next start on."""
        self._supervised[program.name].program = program

    def rely_on(self, task: asyncio.Task[None]) -> None:
        """End the block that holds this supervisor with SupervisionEnded if this task ends by an error."""
        task.add_done_callback(self._look_at)

    @property
    def reports(self) -> list[Report]:
        """Where each program stands, in the order in which they were started."""
        return [one.report for one in self._supervised.values()]

    def report(self, name: str) -> Report:
        """Where this program stands. Raises KeyError."""
        return self._supervised[name].report

    def send(self, name: str, what: signal.Signals) -> None:
        """Send a program a signal; one that dies of it comes back."""
        self._supervised[name].send(what)

    async def refusal(self, names: Iterable[str]) -> Report:
        """Wait until one of these programs refuses to start; return how it stands."""
        waiting = {asyncio.create_task(self._supervised[name].refused.wait(), name=name) for name in names}
        try:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        return self.report(done.pop().get_name())

    async def restart(self, name: str) -> None:
        """Let a program finish, kill it if it doesn't within the limit, and start it again without a pause."""
        one = self._supervised[name]
        process = one.process
        one.restart()
        if process is not None:
            _, late = await asyncio.wait(
                {asyncio.create_task(process.wait())}, timeout=self._policy.drain_limit_seconds
            )
            if late:
                one.send(signal.SIGKILL)
                await asyncio.wait(late)

    async def end(self, name: str) -> None:
        """Let one program finish, kill it if it doesn't within the limit, and forget it."""
        one, task = self._supervised.pop(name), self._tasks.pop(name)
        one.stop()
        _, late = await asyncio.wait({task}, timeout=self._policy.drain_limit_seconds)
        if late:
            one.send(signal.SIGKILL)
            await asyncio.wait(late)

    async def stop(self) -> None:
        """Let all finish, at the same time; kill those that don't within the limit."""
        for one in self._supervised.values():
            one.stop()
        if running := set(self._tasks.values()):
            _, late = await asyncio.wait(running, timeout=self._policy.drain_limit_seconds)
            for one in self._supervised.values():
                one.send(signal.SIGKILL)
            if late:
                await asyncio.wait(late)
        await asyncio.to_thread(self._writer.close)

    async def __aenter__(self) -> Self:
        self._holder = asyncio.current_task()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        holder, self._holder = self._holder, None
        await self.stop()
        if self._failure is not None and (holder is None or holder.uncancel() == 0):
            name, failure = self._failure
            raise SupervisionEnded(f"the supervision of {name} ended: {type(failure).__name__}: {failure}") from failure

    def _look_at(self, task: asyncio.Task[None]) -> None:
        """Ask the holder to end, once: it is in the middle of something that relies on what just ended."""
        failure = None if task.cancelled() else task.exception()
        if failure is not None and self._failure is None:
            self._failure = (task.get_name(), failure)
            if self._holder is not None:
                self._holder.cancel()
