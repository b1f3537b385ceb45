"""The look at an expectation, again and again until all of it holds at once, and then as long as it must last."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from console.faults.command_lines import StoryBroke
from console.faults.performer import Look
from console.faults.steps import Expectation
from console.scenario.watching import Notes, WatchedEnd

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
        ends = [self._run.performer.end(name) for name in self._wanted.statuses]
        return [one for one in self._run.watched_ends if one.end in ends]

    async def _is_wrong(self) -> list[str]:
        """What is not as it must be, in words; empty if all is."""
        before = [len(one.statuses) for one in self._watched()]
        seen = await self._run.performer.look(self._wanted)
        self._wrong = seen.problems or list(self._untold())
        if not self._wrong:  # the ends were asked one after the other: only if none has changed was it so at once
            again = await self._run.performer.look(Expectation.model_validate(self._wanted.statuses))
            self._wrong = again.problems or list(self._untold())
        if not self._wrong and before != [len(one.statuses) for one in self._watched()]:
            self._wrong = ["the ends still change"]
        if not self._wrong:
            self._notes = self._noted(seen)
        return self._wrong

    def _untold(self) -> Iterator[str]:
        """What an end shows, and its timeline does not tell yet."""
        for name, status in self._wanted.statuses.items():
            for one in self._watched():
                if one.end == self._run.performer.end(name) and one.status != status:
                    yield f"{one.end.interface} is to be {status}, which its timeline does not tell yet"

    def _noted(self, seen: Look) -> Notes:
        """The remarks under each end's statuses: who pays, why, and what has arrived since it was last told."""
        wanted, run, notes = self._wanted, self._run, Notes()
        remarks = [
            (name, "charged" if payer == "this end" else "not charged") for name, payer in wanted.charged.items()
        ]
        remarks += [(name, f"“{seen.views[name].reason}”") for name in wanted.reason]
        for name, bodies in seen.inboxes.items():
            remarks += [(name, f"✉ {body}") for body in bodies[run.received.get(name, 0) :]]
        for name, remark in remarks:
            for end, noted in ((run.one, notes.first), (run.two, notes.second)):
                if run.performer.end(name) == end:
                    noted.append(remark)
        return notes
