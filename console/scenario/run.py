"""The run of a scenario: each step is carried out on real processes, and is over when its expectation is met."""

from __future__ import annotations

import shlex
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from console.client.clients import Located
from console.client.ids import interface_id
from console.faults.model import Fault
from console.faults.reaching import Reaching
from console.faults.situation import situation
from console.faults.steps import COMMANDS, ROLES
from console.scenario.command_lines import CommandLine, StoryEnd, change, configure, create, create_both, send
from console.scenario.expecting import Expecting
from console.scenario.intrusion import intrude
from console.scenario.made_faults import MadeFaults, fault_line
from console.scenario.model import Action, Scenario, Step
from console.scenario.places import Place
from console.scenario.programs import Programs
from console.scenario.watching import Notes, Scene, StoryBroke, TypedLine, WatchedEnd, Watching
from console.stack.control_socket import ask
from console.stack.errors import StackError
from console.topology import Context, EndpointSection
from shared.wire import commands
from shared.wire.views import InterfaceView, WorkerView

WHO: Final = "fault"
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
        self.faults = MadeFaults(place.console)
        self._ends = {end.interface: end for end in ends} | dict(zip(ROLES, ends, strict=True))
        self._ended: dict[str, WorkerView] = {}
        self.results: list[StepResult] = []
        self.received: dict[str, int] = {}
        self.programs = Programs(self, place.environment, place.folder)

    def end(self, name: str) -> StoryEnd:
        """The end that a scenario names; `ri-x@initiator` is a fresh interface on that end's endpoint.

        Raises StoryBroke for an endpoint that is not there.
        """
        role = name.partition("@")[2]
        if role in ROLES and name not in self._ends:
            self._ends[name] = story_end(self.place.context, f"{interface_id()}@{self._ends[role].endpoint}")
        return self._ends.get(name) or story_end(self.place.context, name)

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
                async for line in self._acted(step.do):
                    lines.append(line)  # noqa: PERF401 - those before one that fails are drawn as well
                await self._until_back(notes)
                if step.expect is not None:
                    await Expecting(self, step.expect, notes).met()
                else:
                    await self.catch_up(self.watched_ends)
            finally:
                result.seconds = time.monotonic() - began
                await self.draw(step.shown, lines, notes)

    async def _acted(self, actions: Sequence[Action]) -> AsyncIterator[TypedLine]:
        for action in actions:
            for line in await self.act(action):
                yield line

    async def act(self, action: Action) -> list[TypedLine]:
        """Do one thing, and say what would have been typed for it."""
        if action.verb in COMMANDS:
            return await self._type(action)
        if action.run is not None:
            self.programs.start(action.run, action)
            return [TypedLine("program", shlex.join(action.run))]
        if action.fault is not None:
            return [await self._break(Fault.model_validate(self._placed(action.fault)))]
        if action.kill is not None:
            return [await self._break(Fault(do="kill", worker=self.endpoint(action.kill)))]
        if action.restart is not None:
            return [await self._restart(self.endpoint(action.restart), restored=action.restored)]
        if action.held is not None:
            order = self._placed(action.held)
            moved = await self.console.order(action.held.do, action.held.numbers, order.get("interface"))
            labels = ", ".join(one["label"] for one in moved) or "nothing was held"
            return [TypedLine(WHO, f"peering held {action.held.do}  # {labels}")]
        if action.situation is not None:
            return [await self._reach(action.situation)]
        return [await self._clear(action.clear or "all")]

    async def _type(self, action: Action) -> list[TypedLine]:
        if action.both:
            return [line for one in create_both(self.one, self.two) if (line := await self.type(one)).text]
        typed = self._command(action)
        if action.by is not None:
            return [await intrude(self.place.context, typed, action.by, self.place.administrator)]
        return [await self.type(typed)]

    def _command(self, action: Action) -> CommandLine:
        verb, end = action.verb, self.end(getattr(action, action.verb))
        match verb:
            case "create":
                line = create(end)
            case "configure":
                line = configure(end, self._peer(end, action))
            case "send":
                line = send(end, action.body)
            case "initiate" | "suspend" | "resume" | "delete":
                line = change(verb, end)
            case _:
                raise AssertionError(verb)
        return CommandLine(line.owner, line.text, line.endpoint, line.form, action.refused)

    def _peer(self, end: StoryEnd, action: Action) -> StoryEnd:
        other = self.two if end == self.one else self.one
        peer = other if action.peer is None else self._ends.get(action.peer) or self._named(action.peer, other)
        changes = {"account": action.peer_account, "region": action.peer_region}
        given = {name: value for name, value in changes.items() if value is not None}
        return StoryEnd(peer.section.model_copy(update=given), peer.interface)

    def _named(self, name: str, other: StoryEnd) -> StoryEnd:
        """An end that peer information names; where no such endpoint is known, all else is as at the other end."""
        named, _, endpoint = name.partition("@")
        interface = self.end(named).interface if named in ROLES else named
        endpoint = self.endpoint(endpoint)
        if self.place.context.endpoint(endpoint) is not None:
            return story_end(self.place.context, f"{interface}@{endpoint}")
        return StoryEnd(other.section.model_copy(update={"id": endpoint}), interface)

    def _placed(self, what: BaseModel) -> dict[str, Any]:
        """A fault or an order with endpoints and interfaces where the scenario names a role."""
        given = what.model_dump(by_alias=True, exclude_unset=True)
        for key in ("from", "to", "worker"):
            if given.get(key) in ROLES:
                given[key] = self.endpoint(given[key])
        if given.get("interface") is not None:
            given["interface"] = self.end(given["interface"]).interface
        return given

    def endpoint(self, name: str) -> str:
        """The endpoint that a scenario names, which may be a role."""
        return self.end(name).endpoint if name in ROLES else name

    async def _break(self, fault: Fault) -> TypedLine:
        if fault.worker is not None and fault.do not in {"stop", "continue"}:
            self._ended[fault.worker] = await self.clients.worker(fault.worker)
        await self.faults.add(fault.model_dump(by_alias=True, exclude_unset=True))
        return TypedLine(WHO, fault_line(fault))

    async def _restart(self, endpoint: str, *, restored: bool) -> TypedLine:
        self._ended[endpoint] = await self.clients.worker(endpoint)
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
        one, two = (self.located(role) for role in ROLES)
        wanted = situation(name)
        if wanted.supervised is not None:
            endpoint = self.endpoint(wanted.supervised)
            self._ended[endpoint] = await self.clients.worker(endpoint)
        await Reaching(self.clients, self.faults, wanted, one, two).reach()
        return TypedLine(WHO, f"peering situation reach {name}")

    async def _clear(self, which: str) -> TypedLine:
        if which == "all":
            await self.faults.clear_own()
            return TypedLine(WHO, "peering fault clear")
        interface = self.end(which).interface
        await self.faults.clear(None, interface)
        return TypedLine(WHO, f"peering fault clear --interface {interface}")

    def located(self, name: str) -> Located:
        """Where an interface is asked for."""
        end = self.end(name)
        return Located(end.interface, end.endpoint)


def story_end(context: Context, name: str) -> StoryEnd:
    """An end by its whole name. Raises StoryBroke for an endpoint that is not there."""
    interface, _, endpoint = name.partition("@")
    known = context.endpoint(endpoint)
    if known is None or known.region is None or known.role is None:
        there = ", ".join(one.id for one in context.endpoints)
        raise StoryBroke(f"{name}: there is no endpoint {endpoint} in {context.source}, which has {there}")
    section = EndpointSection.model_validate(
        {"id": known.id, "kind": known.kind, "account": known.account, "region": known.region, "role": known.role}
    )
    return StoryEnd(section, interface)
