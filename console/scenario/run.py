"""The run of a scenario: each step is carried out on real processes, and is over when its expectation is met."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from console.faults.command_lines import StoryBroke, StoryEnd, TypedLine
from console.faults.made_faults import MadeFaults
from console.faults.performer import WHO, Performer
from console.faults.reaching import Reaching
from console.faults.situation import situation
from console.faults.steps import ROLES, PlacedFault
from console.scenario.expecting import Expecting
from console.scenario.intrusion import intrude
from console.scenario.model import Action, Scenario, Step
from console.scenario.places import Place
from console.scenario.programs import Programs
from console.scenario.watching import Notes, Scene, WatchedEnd, Watching
from console.stack.control_socket import ask
from console.stack.errors import StackError
from shared.wire import commands
from shared.wire.views import InterfaceView, WorkerView

RESTART_LIMIT_SECONDS: Final = 90.0
"""Longer than a worker has to drain and the new one to answer."""


@dataclass(slots=True)
class StepResult:
    """What came of a step; `broken_by` is None where all was as expected."""

    step: Step
    seconds: float = 0.0
    broken_by: str | None = None


class ScenarioRun(Watching):
    """One run of a scenario."""

    def __init__(
        self,
        scenario: Scenario,
        place: Place,
        ends: tuple[StoryEnd, StoryEnd],
        draw: Callable[[Scene], None],
        say: Callable[[str], None],
    ) -> None:
        """`ends` are those of the scenario's connection; `received` counts payloads that were seen in inboxes."""
        super().__init__(place.clients, (WatchedEnd(ends[0]), WatchedEnd(ends[1])), draw, say)
        self.place, self.scenario, self.console = place, scenario, place.console
        self.performer = Performer(place.clients, MadeFaults(place.console), *ends)
        self._ended: dict[str, WorkerView] = {}
        self.results: list[StepResult] = []
        self.received: dict[str, int] = {}
        self.programs = Programs(self.performer, place.environment, place.folder)

    async def prepare(self) -> None:
        """Let what happened before this scenario be the past; an end that is there shows what it shows."""
        for watched in self.watched_ends:
            watched.row = (await self.clients.worker(watched.end.endpoint)).timeline
            shown = (await self.clients.ask(watched.end.endpoint, [commands.show(watched.end.interface)]))[0]
            if shown["outcome"] == "done":
                watched.statuses.append(InterfaceView.model_validate(shown["result"]).status)

    @property
    def watched_ends(self) -> tuple[WatchedEnd, WatchedEnd]:
        """Both ends, and what they showed."""
        return self.first, self.second

    async def catch_up(self, ends: Iterable[WatchedEnd]) -> None:
        """Let the record of these ends be read as far as it is written, so that what comes later is new."""
        for one in ends:
            await self.until_read(one, (await self.clients.worker(one.end.endpoint)).timeline)

    def break_at_last(self, why: str) -> None:
        """Note what broke the run, with the step at which it was."""
        if self.results:
            self.results[-1].broken_by = why

    async def play(self) -> None:
        """Carry out every step. Raises StoryBroke at the first one that goes otherwise, or ClientError."""
        for step in self.scenario.steps:
            result, began = StepResult(step), time.monotonic()
            self.results.append(result)
            self.say(step.shown)
            lines: list[TypedLine] = []
            notes = Notes()
            try:
                for action in step.do:
                    lines.extend(await self.act(action))
                await self._until_back(notes)
                if step.expect is not None:
                    await Expecting(self, step.expect, notes).met()
                else:
                    await self.catch_up(self.watched_ends)
            finally:
                result.seconds = time.monotonic() - began
                await self.draw(step.shown, lines, notes)

    async def act(self, action: Action) -> list[TypedLine]:
        """Do one thing, and say what would have been typed for it."""
        if action.run is not None:
            self.programs.start(action.run, action)
            return [TypedLine("program", shlex.join(action.run))]
        if action.by is not None:
            (typed,) = self.performer.lines(action)
            return [await intrude(self.place.context, typed, action.by, self.place.administrator)]
        if action.kill is not None:
            action = Action(fault=PlacedFault(do="kill", worker=action.kill))
        if action.restart is not None:
            return [await self._restart(action.restart, restored=action.restored)]
        if action.held is not None:
            order = self.performer.placed(action.held)
            moved = await self.console.order(action.held.do, action.held.numbers, order.get("interface"))
            labels = ", ".join(one["label"] for one in moved) or "nothing was held"
            return [TypedLine(WHO, f"peering held {action.held.do}  # {labels}")]
        if action.situation is not None:
            return [await self._reach(action.situation)]
        if action.clear is not None:
            return [await self._clear(action.clear)]
        if action.fault is not None and action.fault.do not in {"stop", "continue"}:
            await self._ends(action.fault.worker)
        return await self.performer.perform(action)

    async def _ends(self, worker: str | None) -> None:
        """Remember the worker that is about to be ended, if one is."""
        if worker is not None:
            endpoint = self.performer.endpoint(worker)
            self._ended[endpoint] = await self.clients.worker(endpoint)

    async def _restart(self, worker: str, *, restored: bool) -> TypedLine:
        await self._ends(worker)
        endpoint = self.performer.endpoint(worker)
        request = {"do": "restart", "endpoint": endpoint, "restored": restored}
        try:
            reply = await ask(Path(self.place.context.source).parent, request, RESTART_LIMIT_SECONDS)
        except StackError as error:
            raise StoryBroke(str(error)) from None
        if reply["outcome"] != "done":
            raise StoryBroke(str(reply["sentence"]))
        return TypedLine(WHO, f"peering restart {endpoint}{' --restored' if restored else ''}")

    async def _until_back(self, notes: Notes) -> None:
        """Wait until the workers that were ended answer again, each as another process."""
        while self._ended:
            endpoint, old = self._ended.popitem()
            new = await self.clients.worker(endpoint)
            if new.pid == old.pid:
                raise StoryBroke(f"the worker of {endpoint} was ended and is still process {old.pid}")
            for watched, noted in ((self.first, notes.first), (self.second, notes.second)):
                if watched.end.endpoint == endpoint:
                    noted.append(f"process {old.pid} is now {new.pid}")
                    if new.store_id != old.store_id:
                        watched.row = 0  # the store was lost, and counts from one again
                    self.read(watched)

    async def _reach(self, name: str) -> TypedLine:
        wanted, (one, two) = situation(name), (self.performer.located(role) for role in ROLES)
        await self._ends(wanted.supervised)
        await Reaching(self.clients, self.performer.faults, wanted, (one, two)).reach()
        return TypedLine(WHO, f"peering situation reach {name}")

    async def _clear(self, which: str) -> TypedLine:
        if which == "all":
            await self.performer.faults.clear_own()
            return TypedLine(WHO, "peering fault clear")
        interface = self.performer.end(which).interface
        await self.performer.faults.clear(None, interface)
        return TypedLine(WHO, f"peering fault clear --interface {interface}")
