"""The performer of step words: it does to two ends what an action says, and looks at what an expectation names.

Situations and scenarios are told in the same words (`console.faults.steps`), and are carried out by this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pydantic import BaseModel

from console.client import ClientError, Refused
from console.client.clients import Clients, Located
from console.client.ids import interface_id
from console.client.why import link_exists
from console.faults.command_lines import (
    CommandLine,
    StoryBroke,
    StoryEnd,
    TypedLine,
    change,
    configure,
    create,
    create_both,
    send,
    story_end,
)
from console.faults.made_faults import MadeFaults, fault_line
from console.faults.model import Fault
from console.faults.steps import ROLES, Action, Expectation
from shared.protocol.refusals import UNKNOWN_INTERFACE
from shared.wire import commands
from shared.wire.views import InterfaceView

WHO: Final = "fault"


@dataclass(slots=True)
class Look:
    """What was seen of all that an expectation names, and what of it is not as it must be, in words."""

    problems: list[str] = field(default_factory=list)
    views: dict[str, InterfaceView] = field(default_factory=dict)
    inboxes: dict[str, list[str]] = field(default_factory=dict)


class Performer:
    """The performer of the actions on one connection, by its two ends; whatever it does may raise ClientError."""

    def __init__(self, clients: Clients, faults: MadeFaults, one: StoryEnd, two: StoryEnd, name: str = "") -> None:
        """Nothing is asked yet; `name` is that of the interfaces which are created."""
        self.clients, self.faults, self.one, self.two, self._name = clients, faults, one, two, name
        self._ends = {end.interface: end for end in (one, two)} | dict(zip(ROLES, (one, two), strict=True))

    def end(self, name: str) -> StoryEnd:
        """The end that a step names; `ri-x@initiator` is a fresh interface on that end's endpoint.

        Raises StoryBroke for an endpoint that is not there.
        """
        role = name.partition("@")[2]
        if role in ROLES and name not in self._ends:
            self._ends[name] = StoryEnd(self._ends[role].section, interface_id())
        return self._ends.get(name) or story_end(self.clients.context, name)

    def endpoint(self, name: str) -> str:
        """The endpoint that a step names, which may be a role."""
        return self.end(name).endpoint if name in ROLES else name

    def located(self, name: str) -> Located:
        """Where an interface is asked for."""
        end = self.end(name)
        return Located(end.interface, end.endpoint)

    def placed(self, what: BaseModel) -> dict[str, Any]:
        """A fault or an order with endpoints and interfaces where the step names a role."""
        given = what.model_dump(by_alias=True, exclude_unset=True)
        for key in ("from", "to", "worker"):
            if given.get(key) in ROLES:
                given[key] = self.endpoint(given[key])
        if given.get("interface") is not None:
            given["interface"] = self.end(given["interface"]).interface
        return given

    async def perform(self, action: Action) -> list[TypedLine]:
        """Do what owners do, or let a fault stand; says what would have been typed for it. Raises StoryBroke."""
        if action.fault is not None:
            fault = Fault.model_validate(self.placed(action.fault))
            await self.faults.add(fault.model_dump(by_alias=True, exclude_unset=True))
            return [TypedLine(WHO, fault_line(fault))]
        return [typed for line in self.lines(action) if (typed := await self.type(line)).text]

    def lines(self, action: Action) -> Sequence[CommandLine]:
        """The command lines of an owner's action, each with its request; those without a text belong to the first."""
        end = self.end(getattr(action, action.verb))
        match action.verb:
            case "create" if action.both:
                return create_both(self.one, self.two, self._name)
            case "create":
                line = create(end, self._name)
            case "configure":
                line = configure(end, self._peer(end, action))
            case "send":
                line = send(end, action.body)
            case "initiate" | "suspend" | "resume" | "delete" as verb:
                line = change(verb, end)
            case other:
                raise AssertionError(other)
        return [replace(line, refused=action.refused)]

    async def type(self, typed: CommandLine) -> TypedLine:
        """Ask what was typed. Raises StoryBroke if the answer is not the expected one."""
        answer = (await self.clients.ask(typed.endpoint, [typed.form]))[0]
        if answer["outcome"] == "done":
            if typed.refused is not None:
                raise StoryBroke(f"`{typed.text}` was carried out, and had to be refused with {typed.refused}")
            return TypedLine(typed.owner, typed.text)
        if answer["code"] != typed.refused:
            raise StoryBroke(f"`{typed.text}` was refused with {answer['code']}: {answer['sentence']}")
        return TypedLine(typed.owner, typed.text, f"{answer['code']}: {answer['sentence']}")

    async def look(self, wanted: Expectation) -> Look:
        """Look at all that an expectation names, once; an answer that does not come is a problem. Raises StoryBroke."""
        seen = Look()
        try:
            await self._look(wanted, seen)
        except StoryBroke:
            raise
        except ClientError as error:
            seen.problems = [error.sentence]
        return seen

    async def _look(self, wanted: Expectation, seen: Look) -> None:
        for name in dict.fromkeys((*wanted.statuses, *wanted.charged, *wanted.reason)):
            view = seen.views[name] = await self.clients.view(self.located(name))
            if (status := wanted.statuses.get(name, view.status)) != view.status:
                seen.problems.append(f"{view.interface} is {view.status} and not {status}")
            if (payer := wanted.charged.get(name, view.charged)) != view.charged:
                seen.problems.append(f"{view.interface} shows that {view.charged} is charged and not {payer}")
            if (code := wanted.reason.get(name, view.reason_code)) != view.reason_code:
                seen.problems.append(f"{view.interface} explains itself with {view.reason_code} and not {code}")
        for name, bodies in wanted.inbox.items():
            found = seen.inboxes[name] = await self._inbox(name, len(bodies))
            if found != list(bodies):
                seen.problems.append(f"{name} received {found} and not {list(bodies)}")
        if wanted.link is not None and await self.link_exists() is not wanted.link:
            seen.problems.append(f"the link {'does not exist' if wanted.link else 'exists'}")
        if wanted.held is not None and (held := len(await self.faults.held(None))) != wanted.held:
            seen.problems.append(f"{held} messages are held and not {wanted.held}")
        if wanted.struck is not None and (struck := await self.faults.struck()) < wanted.struck:
            seen.problems.append(f"the faults have struck {struck} times and not {wanted.struck}")

    async def link_exists(self) -> bool:
        """Whether the link exists between the two ends; not, where one of them is not there."""
        try:
            views = [await self.clients.view(self.located(role)) for role in ROLES]
        except Refused as refused:
            if refused.code != UNKNOWN_INTERFACE.code:
                raise
            return False
        return bool(link_exists(*views))

    async def _inbox(self, name: str, expected: int) -> list[str]:
        place = self.located(name)
        form = commands.inbox(place.interface, 0, max(commands.PAGE_ROWS, expected + 1))
        return [one["body"] for one in (await self.clients.one(place.endpoint, form))["payloads"]]

    def _peer(self, end: StoryEnd, action: Action) -> StoryEnd:
        """Peer information: the other end's, but for what is said otherwise."""
        other = self.two if end.endpoint == self.one.endpoint else self.one
        peer = other if action.peer is None else self._ends.get(action.peer) or self._named(action.peer, other)
        changes = {"account": action.peer_account, "region": action.peer_region}
        given = {name: value for name, value in changes.items() if value is not None}
        return StoryEnd(peer.section.model_copy(update=given), peer.interface)

    def _named(self, name: str, other: StoryEnd) -> StoryEnd:
        """An end that peer information names; where no such endpoint is known, all else is as at the other end."""
        named, _, endpoint = name.partition("@")
        interface = self.end(named).interface if named in ROLES else named
        endpoint = self.endpoint(endpoint)
        if self.clients.context.endpoint(endpoint) is not None:
            return story_end(self.clients.context, f"{interface}@{endpoint}")
        return StoryEnd(other.section.model_copy(update={"id": endpoint}), interface)
