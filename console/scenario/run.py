"""The run of a scenario: each step is carried out on real processes, and is over when its expectation is met."""

from __future__ import annotations

import shlex
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from console.client.clients import Clients, Located
from console.demo.command_lines import CommandLine, StoryEnd, change, configure, create, send
from console.demo.watching import Notes, Scene, StoryBroke, TypedLine, WatchedEnd, Watching
from console.faults.model import Fault
from console.faults.remote import RemoteFaults
from console.scenario.expecting import Expecting
from console.scenario.model import COMMANDS, Action, Scenario
from console.scenario.programs import Programs
from console.topology import Context, EndpointSection

WHO: Final = "fault"
_OPTIONS: Final = {"source": "from", "version": "of-version"}
_NO_SUFFIX: Final = ("_seconds", "_percent")


@dataclass(slots=True)
class StepResult:
    """What came of a step; `broken_by` is None where all was as expected."""

    title: str
    seconds: float = 0.0
    broken_by: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a scenario runs: the clients of all its accounts, the console, and what programs are told of both."""

    clients: Clients
    console: RemoteFaults
    environment: Mapping[str, str]
    folder: Path

    @property
    def context(self) -> Context:
        """Where the broker is, and who is there."""
        return self.clients.context


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
        """`ends` are those of the scenario's connection."""
        super().__init__(place.clients, (WatchedEnd(ends[0]), WatchedEnd(ends[1])), draw, say)
        self.context, self.scenario, self.console = place.context, scenario, place.console
        self._names = {name.partition("@")[0]: name for name in scenario.connection}
        self._made: list[int] = []
        self.results: list[StepResult] = []
        self.programs = Programs(self, place.environment, place.folder)

    def end(self, name: str) -> StoryEnd:
        """The end that a scenario names. Raises StoryBroke for an endpoint that is not there."""
        return story_end(self.context, self._names.get(name, name))

    async def prepare(self) -> None:
        """Let what happened before this scenario be the past."""
        for watched in self.watched_ends:
            watched.row = (await self.clients.worker(watched.end.endpoint)).timeline

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
            result, began = StepResult(step.shown), time.monotonic()
            self.results.append(result)
            self.say(step.shown)
            lines: list[TypedLine] = []
            notes: Notes | None = None
            try:
                async for line in self._acted(step.do):
                    lines.append(line)  # noqa: PERF401 - those before one that fails are drawn as well
                if step.expect is not None:
                    notes = await Expecting(self, step.expect).met()
                else:
                    await self.catch_up(self.watched_ends)
            finally:
                result.seconds = time.monotonic() - began
                await self.draw(step.shown, lines, notes)

    async def _acted(self, actions: Sequence[Action]) -> AsyncIterator[TypedLine]:
        for action in actions:
            yield await self.act(action)

    async def act(self, action: Action) -> TypedLine:
        """Do one thing, and say what would have been typed for it."""
        if action.verb in COMMANDS:
            return await self.type(self._command(action))
        if action.run is not None:
            self.programs.start(action.run, action)
            return TypedLine("program", shlex.join(action.run))
        if action.fault is not None:
            return await self._break(action.fault)
        if action.kill is not None:
            line = await self._break(Fault(do="kill", worker=action.kill))
            for watched in self.watched_ends:
                if watched.end.endpoint == action.kill:
                    self.read(watched)
            return line
        if action.held is not None:
            moved = await self.console.order(action.held.do, action.held.numbers, action.held.interface)
            return TypedLine(WHO, _typed_order(action.held.do, action.held.interface, [one["label"] for one in moved]))
        return await self._clear(action.clear or "all")

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
        peer = other if action.peer is None else self.end(action.peer)
        changes = {"account": action.peer_account, "region": action.peer_region}
        given = {name: value for name, value in changes.items() if value is not None}
        return StoryEnd(peer.section.model_copy(update=given), peer.interface)

    async def _break(self, fault: Fault) -> TypedLine:
        made = await self.console.add(fault.model_dump(by_alias=True, exclude_unset=True))
        self._made.append(made["number"])
        return TypedLine(WHO, fault_line(fault))

    async def _clear(self, which: str) -> TypedLine:
        if which == "all":
            await self.clear()
            return TypedLine(WHO, "peering fault clear")
        interface = self.end(which).interface
        cleared = await self.console.clear(None, interface)
        self._made = [one for one in self._made if one not in cleared]
        return TypedLine(WHO, f"peering fault clear --interface {interface}")

    async def clear(self) -> None:
        """Clear every fault that this run made, and no other."""
        standing = {one["number"] for one in await self.console.listed()}
        while self._made:
            number = self._made.pop()
            if number in standing:
                await self.console.clear(number, None)

    async def struck(self) -> int:
        """How often the faults of this run that were not cleared have struck."""
        return sum(one["struck"] for one in await self.console.listed() if one["number"] in self._made)

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


def fault_line(fault: Fault) -> str:
    """The command that makes a fault."""
    given: dict[str, Any] = fault.model_dump(exclude_unset=True, exclude={"do"})
    words = ["peering fault add", fault.do]
    for name, value in given.items():
        option = _OPTIONS.get(name, name)
        for suffix in _NO_SUFFIX:
            option = option.removesuffix(suffix)
        if value is not None and value is not False:
            words.append(f"--{option.replace('_', '-')}" + ("" if value is True else f" {value}"))
    return " ".join(words)


def _typed_order(do: str, interface: str | None, labels: list[str]) -> str:
    what = f" --interface {interface}" if interface else ""
    return f"peering held {do}{what}  # {', '.join(labels) or 'nothing was held'}"
