"""The player of situations: one is reached on a fresh connection, held, and let heal."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from console.client import ClientError, Unanswered
from console.client.clients import Clients, Located
from console.client.ids import interface_id
from console.faults.command_lines import StoryBroke, story_end
from console.faults.made_faults import FaultMaker, MadeFaults
from console.faults.performer import Performer
from console.faults.situation import Situation
from console.faults.steps import ROLES, Action, Expectation, PlacedFault

REACH_LIMIT_SECONDS: Final = 60.0
"""How long a step of a situation may take at least: some wait for a peer to count as unreachable."""
_LOOK_SECONDS: Final = 0.1


class Reaching:
    """One connection on which a situation is reached."""

    def __init__(
        self, clients: Clients, faults: FaultMaker, wanted: Situation, places: tuple[Located, Located]
    ) -> None:
        """Nothing is made yet; `places` are the initiator's end and the acceptor's. Raises StoryBroke."""
        self.wanted = wanted
        one, two = (story_end(clients.context, f"{place.interface}@{place.endpoint}") for place in places)
        self._performer = Performer(clients, MadeFaults(faults), one, two, wanted.name)

    @classmethod
    def between(cls, clients: Clients, faults: FaultMaker, wanted: Situation, first: str, second: str) -> Reaching:
        """Name a fresh connection between two endpoints. Raises StoryBroke."""
        return cls(clients, faults, wanted, (Located(interface_id(), first), Located(interface_id(), second)))

    @property
    def initiator(self) -> Located:
        """The initiator's end."""
        return self._performer.located(ROLES[0])

    @property
    def acceptor(self) -> Located:
        """The acceptor's end."""
        return self._performer.located(ROLES[1])

    @property
    def made(self) -> list[int]:
        """The numbers of the faults that stand for it."""
        return self._performer.faults.standing

    async def reach(self) -> None:
        """Take every step, until it is reached. Raises ClientError; StoryBroke when time is up.

        What it could not reach it leaves without faults.
        """
        try:
            if self.wanted.supervised is not None:  # refused before anything is made where nobody supervises it
                fault = PlacedFault(do="continue", worker=self.wanted.supervised)
                await self._performer.perform(Action(fault=fault))
            for step in self.wanted.steps:
                for action in step.do:
                    await self._performer.perform(action)
                if step.expect is not None:
                    await self._until(step.expect)
            await self._until(self.wanted.reached)
        except ClientError:
            await self._performer.faults.clear_own()
            raise

    async def hold(self, seconds: float) -> None:
        """Let it be as it is for so long. Raises Unanswered NotHeld if it ends before."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            if problems := (await self._performer.look(self.wanted.reached)).problems:
                raise Unanswered(f"{self.wanted.name} did not last for {seconds:g} s: {problems[0]}.", "NotHeld")
            await asyncio.sleep(min(_LOOK_SECONDS, max(0.0, ends - time.monotonic())))

    async def heal(self) -> None:
        """Clear its faults, let owners do what heals it, and wait until it has. Raises ClientError."""
        await self._performer.faults.clear_own()
        for action in self.wanted.heal:
            await self._performer.perform(action)
        await self._until(self.wanted.healed)

    @property
    def healing(self) -> list[str]:
        """What heals it, in the words of the commands."""
        lines = [line.text for action in self.wanted.heal for line in self._performer.lines(action)]
        clearing = [f"peering fault clear {number}" for number in self.made]
        return [*clearing, *(line.partition(" --peer-account")[0] for line in lines)]  # which is known from the context

    async def _until(self, wanted: Expectation) -> None:
        limit = max(REACH_LIMIT_SECONDS, wanted.within)
        ends = time.monotonic() + limit
        while problems := (await self._performer.look(wanted)).problems:
            if time.monotonic() >= ends:
                raise StoryBroke(f"{self.wanted.name} was not reached within {limit:.0f} s: {'; '.join(problems)}.")
            await asyncio.sleep(_LOOK_SECONDS)
