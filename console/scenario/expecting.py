"""The look at an expectation, again and again until all of it holds at once, and then as long as it must last."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

from console.client import ClientError
from console.client.why import link_exists
from console.faults.steps import Expectation
from console.scenario.watching import Notes, StoryBroke, WatchedEnd
from shared.wire import commands
from shared.wire.views import InterfaceView

if TYPE_CHECKING:
    from console.scenario.run import ScenarioRun

LOOK_SECONDS: Final = 0.05


class Expecting:
    """An expectation that is being waited for."""

    def __init__(self, run: ScenarioRun, wanted: Expectation, notes: Notes) -> None:
        """Nothing is asked before `met`; what is seen at an end is added to its notes."""
        self._run, self._wanted, self._told = run, wanted, notes
        self._wrong: list[str] = ["nothing is known yet"]
        self._notes = Notes()

    async def met(self) -> None:
        """Wait until it holds, and as long as it must. Raises StoryBroke."""
        within = self._wanted.within
        try:
            async with asyncio.timeout(within):
                wrong = await self._is_wrong()
                while wrong:
                    await asyncio.sleep(LOOK_SECONDS)
                    wrong = await self._is_wrong()
                if self._wanted.lasting:
                    await self._run.catch_up(self._watched())
        except TimeoutError:
            raise StoryBroke(f"after {within:g} s {'; '.join(self._wrong)}") from None
        self._run.received |= {name: len(bodies) for name, bodies in self._wanted.inbox.items()}
        self._told.first.extend(self._notes.first)
        self._told.second.extend(self._notes.second)
        await self._last()

    async def _last(self) -> None:
        began = time.monotonic()
        seen = {id(one): len(one.statuses) for one in self._watched()}
        while (lasted := time.monotonic() - began) < self._wanted.lasting:
            wrong = await self._is_wrong() or [
                f"{one.end.interface} showed {' and '.join(one.statuses[seen[id(one)] :])}"
                for one in self._watched()
                if len(one.statuses) > seen[id(one)]
            ]
            if wrong:
                told = f"this had to last for {self._wanted.lasting:g} s; after {lasted:.1f} s {'; '.join(wrong)}"
                raise StoryBroke(told)
            await asyncio.sleep(LOOK_SECONDS)

    def _watched(self) -> list[WatchedEnd]:
        """Those of the two ends whose status is expected."""
        ends = [self._run.end(name) for name in self._wanted.statuses]
        return [one for one in self._run.watched_ends if one.end in ends]

    async def _is_wrong(self) -> list[str]:
        """What is not as it must be, in words; empty if all is."""
        self._notes = Notes()
        before = [len(one.statuses) for one in self._watched()]
        try:
            self._wrong = [sentence async for sentence in self._problems()]
            if not self._wrong:  # the ends were asked one after the other: only if none has changed was it so at once
                self._wrong = [sentence async for sentence in self._of_statuses()]
        except ClientError as error:
            self._wrong = [error.sentence]
        if not self._wrong and before != [len(one.statuses) for one in self._watched()]:
            self._wrong = ["the ends still change"]
        return self._wrong

    async def _problems(self) -> AsyncIterator[str]:
        for problems in (self._of_statuses(), self._of_ends(), self._of_inboxes(), self._of_all()):
            async for sentence in problems:
                yield sentence

    async def _of_statuses(self) -> AsyncIterator[str]:
        run = self._run
        for name, status in self._wanted.statuses.items():
            view = await run.clients.view(run.located(name))
            if view.status != status:
                yield f"{view.interface} is {view.status} and not {status}"
            elif any(one.status != status for one in self._watched() if one.end == run.end(name)):
                yield f"{view.interface} is {status}, which its timeline does not tell yet"

    async def _of_ends(self) -> AsyncIterator[str]:
        run = self._run
        for name, payer in self._wanted.charged.items():
            charged = (await run.clients.view(run.located(name))).charged
            if charged != payer:
                yield f"{name} shows that {charged} is charged and not {payer}"
            self._note(name, "charged" if charged == "this end" else "not charged")
        for name, code in self._wanted.reason.items():
            view = await run.clients.view(run.located(name))
            if view.reason_code != code:
                yield f"{view.interface} explains itself with {view.reason_code} and not {code}"
            else:
                self._note(name, f"“{view.reason}”")

    async def _of_inboxes(self) -> AsyncIterator[str]:
        for name, bodies in self._wanted.inbox.items():
            found = await self._received(name, len(bodies))
            if found != list(bodies):
                yield f"{name} received {found} and not {list(bodies)}"
            for body in found[self._run.received.get(name, 0) :]:
                self._note(name, f"✉ {body}")

    async def _of_all(self) -> AsyncIterator[str]:
        wanted, run = self._wanted, self._run
        if wanted.link is not None and await link_is_up(run) is not wanted.link:
            yield f"the link {'does not exist' if wanted.link else 'exists'}"
        if wanted.held is not None and (held := len(await run.console.held(None))) != wanted.held:
            yield f"{held} messages are held and not {wanted.held}"
        if wanted.struck is not None and (struck := await run.faults.struck()) < wanted.struck:
            yield f"the faults have struck {struck} times and not {wanted.struck}"

    async def _received(self, name: str, expected: int) -> list[str]:
        place = self._run.located(name)
        form = commands.inbox(place.interface, 0, max(commands.PAGE_ROWS, expected + 1))
        return [one["body"] for one in (await self._run.clients.one(place.endpoint, form))["payloads"]]

    def _note(self, name: str, note: str) -> None:
        end = self._run.end(name)
        if end in {self._run.one, self._run.two}:
            (self._notes.first if end == self._run.one else self._notes.second).append(note)


async def link_is_up(run: ScenarioRun) -> bool:
    """Whether the link exists between the two ends; not, where one of them is not there. Raises Unanswered."""
    views: list[InterfaceView] = []
    for end in (run.one, run.two):
        answer = (await run.clients.ask(end.endpoint, [commands.show(end.interface)]))[0]
        if answer["outcome"] == "refused":
            return False
        views.append(InterfaceView.model_validate(answer["result"]))
    return bool(link_exists(*views))
