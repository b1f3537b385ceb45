"""Simulators: `Simulator` and `AsyncSimulator`, which differ in nothing but that the latter's answers are awaited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from types import TracebackType
from typing import Any, Final, Generic, NamedTuple, Self, TypeVar

from peering_handshake.dead_letters import DeadLetterTalks
from peering_handshake.ends import AsyncEnd, End, EndTalks, waiting
from peering_handshake.errors import Refused, Unanswered
from peering_handshake.faults import AsyncFaults, Faults
from peering_handshake.models import (
    AccessKey,
    AccountHere,
    BothEnds,
    EndpointHere,
    Happened,
    InterfaceView,
    MadeWorld,
    Status,
)
from peering_handshake.starting import running
from peering_handshake.talking import Access, AsyncLine, Call, Line, Talk, spoken

E = TypeVar("E", bound=EndTalks)

ACCOUNTS: Final = ("alice", "bob")
IDLE_SECONDS: Final = 900.0


class Reached(NamedTuple, Generic[E]):
    """A state of disagreement that was reached: its ends, and the commands (`peering …`) that heal it."""

    initiator: E
    acceptor: E
    healing: list[str]


class SimulatorTalks(DeadLetterTalks, Generic[E]):
    """What can be asked of a simulator. Every method raises Refused with a stable code, or Unanswered."""

    def __init__(self, accounts: Sequence[str] = ACCOUNTS, *, url: str | None = None, token: str | None = None) -> None:
        """Nothing is started or asked before the block begins.

        Args:
            accounts: uids (1 to 32 of a-z, 0-9 and '-') of a simulator that is started; of one that runs they are its.
            url: where one that runs answers, http://HOST:PORT; PEERING_CONSOLE_URL if not given.
            token: its access token, from the file `token` of its folder; PEERING_CONSOLE_TOKEN if not given.
        """
        self._running: AbstractContextManager[Access] = running(accounts, url, token)
        self.access = Access(url or "", token or "")

    def end(self, name: str) -> E:
        """An end by its name, `ri-…@ENDPOINT`; nothing is asked."""
        interface, _, endpoint = name.partition("@")
        return self._end(interface, endpoint)

    def _end(self, interface: str, endpoint: str) -> E:
        raise NotImplementedError

    @spoken
    def accounts(self) -> Talk[list[AccountHere]]:
        """Return the accounts, with their access keys for the cloud's API."""
        return list((yield Call("GET", "/accounts")))

    @spoken
    def key(self, account: str) -> Talk[AccessKey]:
        """Return an account's access key for the cloud's API at the simulator's url. Raises Refused NoKey."""
        for one in (yield Call("GET", "/accounts")):
            if account in {one["account"], one["name"]} and one["key"] is not None:
                found: AccessKey = one["key"]
                return found
        raise Refused("NoKey", f"The simulator has no access key of account {account}.")

    @spoken
    def endpoints(self) -> Talk[list[EndpointHere]]:
        """Return the endpoints: VPCs and VBRs, each in one role."""
        return list((yield Call("GET", "/endpoints")))

    @spoken
    def interfaces(
        self,
        *,
        status: Status | None = None,
        account: str | None = None,
        peer: str | None = None,
        name: str | None = None,
        deleted: bool = False,
    ) -> Talk[list[InterfaceView]]:
        """Return all interfaces, or those that show a status, belong to an account, or have this in peer or name.

        Those that their owners deleted only if asked for.

        Raises Unanswered if one endpoint does not answer: the list would not be whole.
        """
        asked = {"status": status, "account": account, "peer": peer, "name": name, "deleted": deleted}
        answer = yield Call("GET", "/interfaces", asked)
        for silent in answer["silent"]:
            raise Unanswered(silent["code"], silent["sentence"])
        return list(answer["interfaces"])

    @spoken
    def create(self, where: str, interface: str | None = None, name: str = "") -> Talk[E]:
        """Create an interface, Idle, on an endpoint. Its id is chosen if not given; no id is given twice."""
        return (yield from self._created(where, interface, name))

    @spoken
    def pair(
        self, initiator: str, acceptor: str, *, connected: bool = False, timeout: float = 60.0
    ) -> Talk[tuple[E, E]]:
        """Create two ends that name each other, the initiator first.

        Args:
            initiator: account (uid or name) or endpoint that is to initiate.
            acceptor: the same, of the end that accepts.
            connected: initiate as well, and wait until both are Activated.
            timeout: how many seconds to wait for that.

        Raises:
            Refused: NoSuchEndpoint, where there is none in that role; or a worker's refusal.
            TimedOut: they were not Activated in time.
        """
        known: list[EndpointHere] = yield Call("GET", "/endpoints")
        people: list[AccountHere] = yield Call("GET", "/accounts")
        first = yield from self._created(_endpoint(known, people, initiator, "initiator"))
        second = yield from self._created(_endpoint(known, people, acceptor, "acceptor"))
        for own, other in ((first, second), (second, first)):
            yield Call("PUT", f"/interfaces/{own.name}/peer", body={"peer": other.name})
        if connected:
            yield Call("POST", f"/interfaces/{first.name}/initiate")
            for end in (first, second):
                yield from waiting(end, "Activated", timeout)
        return first, second

    @spoken
    def situation(
        self, name: str, initiator: str | None = None, acceptor: str | None = None, times: int | None = None
    ) -> Talk[Reached[E]]:
        """Reach a state of disagreement by name (docs/situations.md) on a fresh connection between two endpoints.

        It stays until what is under `healing` is done; `times` is for those that have a number.
        """
        body = {"initiator": initiator, "acceptor": acceptor, "times": times}
        answer = yield Call("POST", f"/situations/{name}", body=body)
        first = yield from self._located(answer["initiator"])
        second = yield from self._located(answer["acceptor"])
        return Reached(first, second, answer["healing"])

    @spoken
    def reset(self) -> Talk[dict[str, int]]:
        """Clear all faults, mend all wires, delete everything, and return how much of what."""
        return dict((yield Call("POST", "/reset")))

    def _made_world(self, accounts: Sequence[str], idle_seconds: float) -> Talk[MadeWorld]:
        body = {"accounts": list(accounts), "idle_seconds": idle_seconds}
        made: MadeWorld = yield Call("POST", "/worlds", body=body)
        return made

    def _ended_world(self, name: str) -> Talk[None]:
        known = yield Call("GET", "/worlds")
        if name in known["worlds"]:  # or it has ended by itself
            yield Call("DELETE", f"/worlds/{name}")

    def _located(self, interface: str) -> Talk[E]:
        shown: BothEnds = yield Call("GET", f"/interfaces/{interface}")
        return self._end(interface, shown["own"]["endpoint"])

    def _created(self, where: str, interface: str | None = None, name: str = "") -> Talk[E]:
        made = yield Call("POST", "/interfaces", body={"endpoint": where, "interface": interface, "name": name})
        return self._end(made["interface"], made["endpoint"])


def _endpoint(known: Sequence[EndpointHere], people: Sequence[AccountHere], named: str, role: str) -> str:
    """Find the endpoint of an account, or the one that is named, in a role. Raises Refused."""
    uids = {one["account"] for one in people if named in {one["account"], one["name"]}}
    for one in known:
        if one["role"] == role and (one["endpoint"] == named or one["account"] in uids):
            return one["endpoint"]
    raise Refused("NoSuchEndpoint", f"No endpoint of {named} runs as the {role}.")


class Simulator(SimulatorTalks[End]):
    """A simulator, asked synchronously: `with Simulator(accounts=["alice", "bob"]) as sim:`."""

    line: Line
    faults: Faults

    def __enter__(self) -> Self:
        """Find it or start it. Raises NotStarted."""
        self.access = self._running.__enter__()
        self.line = Line(self.access)
        self.faults = Faults(self.line)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it, if it was started here."""
        self.line.close()
        self._running.__exit__(kind, error, trace)

    def events(self, end: EndTalks | None = None) -> Iterator[Happened]:
        """Yield what happens from now on, for ever: to a connection, or everywhere. Raises PeeringError."""
        for name, data in self.line.listen(_only(end)):
            yield from _rows(name, data)

    @contextmanager
    def world(self, accounts: Sequence[str] = ACCOUNTS, *, idle_seconds: float = IDLE_SECONDS) -> Iterator[Simulator]:
        """Make another simulator beside this one, with these accounts, and remove it when the block ends.

        It has a broker's virtual host, workers, keys, rules and faults of its own, and neither sees the other. Only
        the first simulator makes them: NotFirstWorld; TooManyWorlds, where there are 32. It ends by itself once nobody
        has asked it for anything for `idle_seconds`.
        """
        made = self.line.speak(self._made_world(accounts, idle_seconds))
        try:
            with Simulator(url=self.access.url, token=made["token"]) as world:
                yield world
        finally:
            self.line.speak(self._ended_world(made["world"]))

    def _end(self, interface: str, endpoint: str) -> End:
        return End(self.line, interface, endpoint)


class AsyncSimulator(SimulatorTalks[AsyncEnd]):
    """A simulator, asked asynchronously: `async with AsyncSimulator(accounts=["alice", "bob"]) as sim:`."""

    line: AsyncLine
    faults: AsyncFaults

    async def __aenter__(self) -> Self:
        """Find it or start it. Raises NotStarted."""
        self.access = await asyncio.to_thread(self._running.__enter__)
        self.line = AsyncLine(self.access)
        self.faults = AsyncFaults(self.line)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it, if it was started here."""
        await self.line.close()
        await asyncio.to_thread(self._running.__exit__, kind, error, trace)

    async def events(self, end: EndTalks | None = None) -> AsyncIterator[Happened]:
        """Yield what happens from now on, for ever: to a connection, or everywhere. Raises PeeringError."""
        async for name, data in self.line.listen(_only(end)):
            for row in _rows(name, data):
                yield row

    @asynccontextmanager
    async def world(
        self, accounts: Sequence[str] = ACCOUNTS, *, idle_seconds: float = IDLE_SECONDS
    ) -> AsyncIterator[AsyncSimulator]:
        """Make another simulator beside this one, with these accounts, and remove it when the block ends.

        It has a broker's virtual host, workers, keys, rules and faults of its own, and neither sees the other. Only
        the first simulator makes them: NotFirstWorld; TooManyWorlds, where there are 32. It ends by itself once nobody
        has asked it for anything for `idle_seconds`.
        """
        made = await self.line.speak(self._made_world(accounts, idle_seconds))
        try:
            async with AsyncSimulator(url=self.access.url, token=made["token"]) as world:
                yield world
        finally:
            await self.line.speak(self._ended_world(made["world"]))

    def _end(self, interface: str, endpoint: str) -> AsyncEnd:
        return AsyncEnd(self.line, interface, endpoint)


def _only(end: EndTalks | None) -> dict[str, Any]:
    return {"interface": None if end is None else end.name}


def _rows(name: str, data: Any) -> list[Happened]:  # noqa: ANN401 - JSON
    """The rows that an event of the stream tells of. Raises Unanswered for the one that is the last."""
    if name == "failed":
        raise Unanswered(data["code"], data["sentence"])
    return [data] if name == "row" else []
