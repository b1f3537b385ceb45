"""Situations by name: how one is reached on a fresh connection, held, and let heal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final, Literal, Protocol

import yaml
from pydantic import BaseModel, ConfigDict, Field

from console.client import Refused, Unanswered
from console.client.clients import Clients, Located
from console.client.ids import interface_id
from console.client.wanted import WantedPeer, peer_form
from console.faults.faults import Faults
from console.faults.model import Fault
from console.topology import KnownEndpoint
from shared.protocol.words import Status
from shared.wire.request import CommandForm

REACH_LIMIT_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.1


class Shown(BaseModel):
    """What both ends show, and how many messages the situation's faults have struck at least."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    initiator: Status | None = None
    acceptor: Status | None = None
    struck: int = 0


class SituationStep(BaseModel):
    """One step: a fault to make, a command of an owner, or something to wait for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fault: dict[str, Any] | None = None
    do: Literal["initiate", "suspend", "resume", "delete"] | None = None
    end: Literal["initiator", "acceptor"] | None = None
    until: Shown | None = None


class Situation(BaseModel):
    """A named state of disagreement."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(description="by which it is reached")
    sentence: str = Field(description="what it is, and what real automation gets wrong there")
    steps: tuple[SituationStep, ...]
    reached: Shown = Field(description="what tells that it is reached")
    healed: Shown = Field(description="what both ends show after it")


class FaultMaker(Protocol):
    """Who makes faults: a console of another process, or this one."""

    async def add(self, fault: Mapping[str, Any]) -> Mapping[str, Any]:
        """Let a fault stand."""

    async def clear(self, number: int | None, interface: str | None) -> Sequence[int]:
        """Clear faults."""

    async def listed(self, interface: str | None = None) -> Sequence[Mapping[str, Any]]:
        """The faults."""


@dataclass(frozen=True, slots=True)
class OwnFaults:
    """The faults of this very process, asked as those of another one are."""

    faults: Faults

    async def add(self, fault: Mapping[str, Any]) -> Mapping[str, Any]:
        """Let a fault stand. Raises ClientError."""
        return (await self.faults.add(Fault.model_validate(dict(fault)))).model_dump()

    async def clear(self, number: int | None, interface: str | None) -> Sequence[int]:
        """Clear faults. Raises ClientError."""
        return await self.faults.clear(number, interface)

    async def listed(self, interface: str | None = None) -> Sequence[Mapping[str, Any]]:
        """The faults."""
        return [one.model_dump() for one in self.faults.listed(interface)]


def situations() -> list[Situation]:
    """Every situation that there is, by name."""
    folder = files("console.faults.situations")
    found = sorted(file.name for file in folder.iterdir() if file.name.endswith(".yaml"))
    return [_read(name.removesuffix(".yaml"), (folder / name).read_text(encoding="utf-8")) for name in found]


def situation(name: str) -> Situation:
    """The situation of this name. Raises Refused UnknownSituation."""
    found = {one.name: one for one in situations()}
    if name not in found:
        raise Refused("UnknownSituation", f"There is no situation {name}; there are {', '.join(found)}.")
    return found[name]


def _read(name: str, text: str) -> Situation:
    return Situation.model_validate({"name": name, **yaml.safe_load(text)})


@dataclass(slots=True)
class Reaching:
    """One connection on which a situation is reached."""

    clients: Clients
    faults: FaultMaker
    wanted: Situation
    initiator: Located
    acceptor: Located

    @classmethod
    def between(cls, clients: Clients, faults: FaultMaker, wanted: Situation, first: str, second: str) -> Reaching:
        """Name a fresh connection between two endpoints; nothing is made yet."""
        return cls(clients, faults, wanted, Located(interface_id(), first), Located(interface_id(), second))

    async def reach(self) -> None:
        """Make both ends and take every step. Raises ClientError, or Unanswered NotReached when time is up."""
        for place, other in ((self.acceptor, self.initiator), (self.initiator, self.acceptor)):
            create: CommandForm = {
                "kind": "create",
                "interface": place.interface,
                "name": self.wanted.name,
                "peer": await peer_form(
                    self.clients, place, WantedPeer(f"{other.interface}@{other.endpoint}", None, None)
                ),
                "initiate": False,
            }
            await self.clients.one(place.endpoint, create)
        for step in self.wanted.steps:
            await self._take(step)
        await self._until(self.wanted.reached)

    async def hold(self, seconds: float) -> None:
        """Let it be as it is for so long. Raises Unanswered NotHeld if it ends before."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            if not await self._is(self.wanted.reached):
                raise Unanswered(f"{self.wanted.name} did not last for {seconds:g} s.", "NotHeld")
            await asyncio.sleep(_LOOK_SECONDS)

    async def heal(self) -> None:
        """Clear its faults, and wait until both ends are as they should be. Raises ClientError."""
        await self.faults.clear(None, self.initiator.interface)
        await self._until(self.wanted.healed)

    async def _take(self, step: SituationStep) -> None:
        if step.fault is not None:
            places = {"initiator": self.initiator.endpoint, "acceptor": self.acceptor.endpoint}
            given = {name: places.get(value, value) for name, value in step.fault.items()}
            await self.faults.add({"interface": self.initiator.interface, **given})
        if step.do is not None:
            place = self.initiator if step.end == "initiator" else self.acceptor
            await self.clients.one(place.endpoint, {"kind": step.do, "interface": place.interface})
        if step.until is not None:
            await self._until(step.until)

    async def _until(self, shown: Shown) -> None:
        ends = time.monotonic() + REACH_LIMIT_SECONDS
        while not await self._is(shown):
            if time.monotonic() >= ends:
                raise Unanswered(
                    f"{self.wanted.name} was not reached within {REACH_LIMIT_SECONDS:.0f} s.", "NotReached"
                )
            await asyncio.sleep(_LOOK_SECONDS)

    async def _is(self, shown: Shown) -> bool:
        for place, status in ((self.initiator, shown.initiator), (self.acceptor, shown.acceptor)):
            if status is not None and (await self.clients.view(place)).status != status:
                return False
        if not shown.struck:
            return True
        own = [one for one in await self.faults.listed() if one["fault"]["interface"] == self.initiator.interface]
        return sum(int(one["struck"]) for one in own) >= shown.struck


def endpoints(known: Sequence[KnownEndpoint], first: str | None, second: str | None) -> tuple[str, str]:
    """An initiator's and an acceptor's endpoint, of two accounts if there are; raises Refused if there are none."""
    starts = [one for one in known if one.role == "initiator" and first in {None, one.id}]
    waits = [one for one in known if one.role == "acceptor" and second in {None, one.id}]
    pairs = sorted(((a, b) for a in starts for b in waits), key=lambda pair: pair[0].account == pair[1].account)
    if not pairs:
        raise Refused("NoSuchWire", "There is no initiator and acceptor for it here.")
    return pairs[0][0].id, pairs[0][1].id
