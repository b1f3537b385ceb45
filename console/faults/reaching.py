"""The player of situations: one is reached on a fresh connection, held, and let heal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from console.client import ClientError, Refused, Unanswered
from console.client.clients import Clients, Located
from console.client.ids import interface_id
from console.client.wanted import WantedPeer, peer_form
from console.client.why import link_exists
from console.faults.faults import Faults
from console.faults.model import Fault
from console.faults.situation import Situation
from console.faults.steps import ROLES, Action, Expectation, PlacedFault
from shared.protocol.refusals import UNKNOWN_INTERFACE
from shared.wire import commands
from shared.wire.request import CommandForm, PeerForm

REACH_LIMIT_SECONDS: Final = 60.0
"""How long a step of a situation may take at least: some wait for a peer to count as unreachable."""
_LOOK_SECONDS: Final = 0.1


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


@dataclass(slots=True)
class Reaching:
    """One connection on which a situation is reached; `made` are the faults that stand for it."""

    clients: Clients
    faults: FaultMaker
    wanted: Situation
    initiator: Located
    acceptor: Located
    made: list[int] = field(default_factory=list, init=False)
    _further: dict[str, Located] = field(default_factory=dict, init=False)

    @classmethod
    def between(cls, clients: Clients, faults: FaultMaker, wanted: Situation, first: str, second: str) -> Reaching:
        """Name a fresh connection between two endpoints; nothing is made yet."""
        return cls(clients, faults, wanted, Located(interface_id(), first), Located(interface_id(), second))

    async def reach(self) -> None:
        """Take every step, until it is reached. Raises ClientError, or Unanswered NotReached when time is up.

        What it could not reach it leaves without faults.
        """
        try:
            if self.wanted.supervised is not None:  # refused before anything is made where nobody supervises it
                await self._break(PlacedFault(do="continue", worker=self.wanted.supervised))
            for step in self.wanted.steps:
                for action in step.do:
                    await self._act(action)
                if step.expect is not None:
                    await self._until(step.expect)
            await self._until(self.wanted.reached)
        except ClientError:
            await self._clear()
            raise

    async def hold(self, seconds: float) -> None:
        """Let it be as it is for so long. Raises Unanswered NotHeld if it ends before."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            async for problem in self._problems(self.wanted.reached):
                raise Unanswered(f"{self.wanted.name} did not last for {seconds:g} s: {problem}.", "NotHeld")
            await asyncio.sleep(min(_LOOK_SECONDS, max(0.0, ends - time.monotonic())))

    async def heal(self) -> None:
        """Clear its faults, let owners do what heals it, and wait until it has. Raises ClientError."""
        await self._clear()
        for action in self.wanted.heal:
            await self._act(action)
        await self._until(self.wanted.healed)

    @property
    def healing(self) -> list[str]:
        """What heals it, in the words of the commands."""
        lines = [f"peering fault clear {number}" for number in self.made]
        for action in self.wanted.heal:
            place = self.place(getattr(action, action.verb))
            other = self._other(place)
            how = f" --peer {other.interface}@{other.endpoint}" if action.verb == "configure" else ""
            how = f" --endpoint {place.endpoint} --id {place.interface}" if action.verb == "create" else how
            lines.append(f"peering {action.verb}" + (how if action.verb == "create" else f" {place.interface}{how}"))
        return lines

    def place(self, name: str) -> Located:
        """The interface of this name in the situation's file, and where it lives."""
        own = {"initiator": self.initiator, "acceptor": self.acceptor}
        if name not in own and name not in self._further:
            self._further[name] = Located(interface_id(), own[name.partition("@")[2]].endpoint)
        return own.get(name) or self._further[name]

    def _other(self, place: Located) -> Located:
        return self.initiator if place.endpoint == self.acceptor.endpoint else self.acceptor

    async def _clear(self) -> None:
        standing = {one["number"] for one in await self.faults.listed()}
        while self.made:
            number = self.made.pop()
            if number in standing:
                await self.faults.clear(number, None)

    async def _act(self, action: Action) -> None:
        if action.fault is not None:
            await self._break(action.fault)
            return
        place = self.place(getattr(action, action.verb))
        if action.both:
            for one, initiates in ((self.acceptor, False), (self.initiator, True)):
                form = commands.create(one.interface, self.wanted.name, await self._peer(one), initiate=initiates)
                await self.clients.one(one.endpoint, form)
            return
        try:
            await self.clients.one(place.endpoint, await self._form(place, action))
        except Refused as refused:
            if refused.code != action.refused:
                raise
        else:
            if action.refused is not None:
                raise Unanswered(f"{action.verb} was not refused with {action.refused}.", "NotReached")

    async def _form(self, place: Located, action: Action) -> CommandForm:
        match action.verb:
            case "create":
                return commands.create(place.interface, self.wanted.name)
            case "configure":
                return commands.configure(place.interface, await self._peer(place, action))
            case "send":
                return commands.send(place.interface, action.body)
            case "initiate" | "suspend" | "resume" | "delete" as verb:
                return commands.change(verb, place.interface)
            case other:
                raise AssertionError(other)

    async def _peer(self, place: Located, action: Action | None = None) -> PeerForm:
        """Peer information: the other end's, but for what is said otherwise."""
        other = self._other(place)
        account, region = (None, None) if action is None else (action.peer_account, action.peer_region)
        wanted = WantedPeer(f"{other.interface}@{other.endpoint}", account, region)
        name, _, endpoint = ("" if action is None else action.peer or "").partition("@")
        interface = self.place(name).interface if name in ROLES else name
        endpoint = self.place(endpoint).endpoint if endpoint in ROLES else endpoint
        form = await peer_form(self.clients, place, wanted)
        return {**form, "interface": interface or other.interface, "endpoint": endpoint or other.endpoint}

    async def _break(self, fault: PlacedFault) -> None:
        given = fault.model_dump(by_alias=True, exclude_unset=True)
        for key in ("from", "to", "worker"):
            if given.get(key) in ROLES:
                given[key] = self.place(given[key]).endpoint
        if fault.interface is not None:
            given["interface"] = self.place(fault.interface).interface
        made = await self.faults.add(given)
        if not made["over"]:
            self.made.append(made["number"])

    async def _until(self, wanted: Expectation) -> None:
        limit = max(REACH_LIMIT_SECONDS, wanted.within)
        ends = time.monotonic() + limit
        while problems := [one async for one in self._problems(wanted)]:
            if time.monotonic() >= ends:
                said = f"{self.wanted.name} was not reached within {limit:.0f} s: {'; '.join(problems)}."
                raise Unanswered(said, "NotReached")
            await asyncio.sleep(_LOOK_SECONDS)

    async def _problems(self, wanted: Expectation) -> AsyncIterator[str]:
        """What is not as it must be."""
        musts: Sequence[Mapping[str, str]] = (wanted.statuses, wanted.reason, wanted.charged)
        for name in dict.fromkeys(name for must in musts for name in must):
            view = await self.clients.view(self.place(name))
            for shown, must in zip((view.status, view.reason_code, view.charged), musts, strict=True):
                if name in must and must[name] != shown:
                    yield f"{view.interface} is {shown} and not {must[name]}"
        for name, bodies in wanted.inbox.items():
            place = self.place(name)
            found = (await self.clients.one(place.endpoint, commands.inbox(place.interface)))["payloads"]
            if [one["body"] for one in found] != list(bodies):
                yield f"{place.interface} has received {len(found)} payloads and not {len(bodies)}"
        if wanted.link is not None and await self._link() is not wanted.link:
            yield f"the link {'does not exist' if wanted.link else 'exists'}"
        own = [one for one in await self.faults.listed() if one["number"] in self.made]
        if wanted.struck is not None and (struck := sum(int(one["struck"]) for one in own)) < wanted.struck:
            yield f"its faults have struck {struck} times and not {wanted.struck}"

    async def _link(self) -> bool:
        """Whether the link exists; not, where an end is not there."""
        try:
            views = [await self.clients.view(place) for place in (self.initiator, self.acceptor)]
        except Refused as refused:
            if refused.code != UNKNOWN_INTERFACE.code:
                raise
            return False
        return bool(link_exists(*views))
