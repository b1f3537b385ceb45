"""The faults of one console: adds, lists and clears them, and taps the wires that they concern.

Commands, page and HTTP all make faults here, and nowhere else.

A wire leads through the console from the first fault that concerns it until the last one is over and nothing is kept
back any more. What a console that was killed has left is let pass and made whole by the next one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Final

from console.client import Refused, Unanswered
from console.client.clients import Clients
from console.faults.login import relay_login
from console.faults.mending import mend
from console.faults.model import TO_WORKER, Fault, HeldMessage, HeldOrder, StandingFault
from console.faults.reach import resolved, wires_of
from console.faults.relay import TapFailed
from console.faults.standing import Kept, Listed, Standing
from console.faults.wire import Wire
from console.faults.workers import change_worker_store, signal_worker
from console.stack.stack import Stack
from console.topology import NoContext
from console.trace.strikes import Strike
from shared.broker.errors import BrokerLayerError
from shared.broker.names import EndpointQueue
from shared.broker.tap import Tap
from shared.wire.request import ListForm

LOOK_SECONDS: Final = 0.2
"""How often it is looked whether a fault is over or an endpoint new, while any fault stands."""
_PAGE: Final = 500

_CANNOT: Final = (TapFailed, BrokerLayerError)


class Faults:
    """The faults of one console. `administrator` is the management API's URL with its login, or empty."""

    def __init__(self, clients: Clients, stack: Stack | None = None, administrator: str = "") -> None:
        """Nothing stands, and nothing is connected."""
        self._clients, self._stack, self._administrator = clients, stack, administrator
        self._changed = asyncio.Event()
        self.standing = Standing(on_change=self._changed.set)
        self._known = clients.context
        self._wires: dict[EndpointQueue, Wire] = {}
        self._of: dict[int, list[EndpointQueue]] = {}
        self._at: dict[int, frozenset[str]] = {}
        self._changing = asyncio.Lock()
        self._tending: asyncio.Task[None] | None = None

    @property
    def possible(self) -> bool:
        """Whether wires can be tapped from here."""
        return self._clients.context.shared_login or bool(self._administrator)

    @property
    def tapped(self) -> Sequence[EndpointQueue]:
        """The wires that lead through here now."""
        return list(self._wires)

    async def add(self, wanted: Fault) -> StandingFault:
        """Let a fault stand; when this returns, nothing that it concerns passes beside it.

        Raises Refused, or Unanswered where the broker cannot be changed.
        """
        fault = resolved(wanted, self._clients.context)
        async with self._alone():
            if fault.do in TO_WORKER:
                return await self._done_to_worker(fault)
            at = await self._endpoints_of(fault.interface)
            older = await self._older(fault.next_of)
            wires = wires_of(fault, self._clients.context, at)
            if not wires:
                raise Refused("NoSuchWire", "No two endpoints here talk to each other in this way.")
            await self._tap(wires)
            listed = self.standing.add(fault, older)
            self._of[listed.rule.number], self._at[listed.rule.number] = wires, at
        if self._tending is None or self._tending.done():
            self._tending = asyncio.create_task(self._tend(), name="faults")
        return self._view(listed.rule.number)

    def listed(self, interface: str | None = None) -> list[StandingFault]:
        """Every fault that was not cleared; of an interface, those that stand and have struck its messages."""
        views = [self._view(number) for number in self.standing.listed]
        if interface is None:
            return views
        struck = {one.fault for one in self.strikes(interface)}
        return [one for one in views if one.number in struck and (not one.over or one.held)]

    async def clear(self, number: int | None = None, interface: str | None = None) -> list[int]:
        """Clear one fault, or those of an interface, or all; what they keep back goes on, in order.

        When this returns, no wire leads through here that need not. Raises Refused UnknownFault, or Unanswered where
        the broker cannot be changed.
        """
        found = [one for one, listed in self.standing.listed.items() if _means(one, listed, number, interface)]
        if number is not None and not found:
            raise Refused("UnknownFault", f"There is no fault {number}.")
        async with self._alone():
            for one in found:
                self._undo(self.standing.listed[one])
                self.standing.remove(one)
                self._of.pop(one, None)
                self._at.pop(one, None)
            await self._untap()
        return found

    def held(self, interface: str | None = None) -> list[HeldMessage]:
        """The messages that are held, in the order in which they would go on."""
        return [view for kept in self._held(interface) for view in kept.views]

    def order(self, order: HeldOrder) -> list[HeldMessage]:
        """Do something with held messages; returns those that it was done to. Raises Refused UnknownMessage."""
        held = {kept.number: kept for kept in self._held(order.interface)}
        unknown = [number for number in order.numbers if number not in held]
        if unknown:
            raise Refused("UnknownMessage", f"No message of number {', '.join(map(str, unknown))} is held.")
        chosen = [held[number] for number in order.numbers] if order.numbers else list(held.values())
        views = [view for kept in chosen for view in kept.views]
        if order.do == "reorder":
            kept = self.standing.kept
            first = {one.number: kept[one.number] for one in chosen}
            self.standing.kept = first | {number: one for number, one in kept.items() if number not in first}
            return views
        for one in chosen:
            {"release": one.let_go, "drop": one.lose, "replay": one.replay}[order.do]()
        return views

    def strikes(self, *interfaces: str) -> list[Strike]:
        """The messages that were struck, the latest thousands of them; all, or those from or to an interface."""
        wanted = set(interfaces)
        struck = [one for one in self.standing.strikes if not wanted or wanted & {one.entry.source, one.entry.target}]
        return [one.view for one in struck]

    async def mend(self) -> list[str]:
        """Let pass what lies in taps that nobody reads, and make their wires whole; returns which wires these were.

        Does nothing where wires can't be tapped from here. Raises Unanswered where the broker cannot be changed.
        """
        if not self.possible:
            return []
        async with self._alone():
            left = await mend(self._clients.context, self._administrator, self._wires)
        return [shown(queue) for queue in left]

    async def close(self) -> None:
        """Clear everything; what can't be made whole now, the next console makes."""
        if self._tending is not None:
            async with self._changing:  # a wire that is just being made whole must not be left half-way
                self._tending.cancel()
            await asyncio.gather(self._tending, return_exceptions=True)
        if not self.standing.listed and not self._wires:
            return
        with contextlib.suppress(Unanswered):
            await self.clear()
        await asyncio.gather(*(wire.relay.stop() for wire in self._wires.values()))

    @contextlib.asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Change the broker and nobody else meanwhile; what goes wrong with it is raised as Unanswered."""
        async with self._changing:
            try:
                yield
            except _CANNOT as error:
                raise Unanswered(f"{str(error).rstrip('.')}.", "ControlPlane") from error

    def _view(self, number: int) -> StandingFault:
        return self.standing.view(number, [shown(queue) for queue in self._of.get(number, [])])

    def _held(self, interface: str | None) -> list[Kept]:
        return [kept for kept in self.standing.kept.values() if kept.held and kept.concerns(interface)]

    async def _done_to_worker(self, fault: Fault) -> StandingFault:
        """A stop stands until it is cleared; everything else is over at once."""
        match fault.do:
            case "lose" | "backup" | "restore" as change:
                await change_worker_store(self._stack, fault.worker or "", change)
            case signal:
                signal_worker(self._stack, fault.worker or "", signal)
        over = {"kill": ("kill",), "stop": ()}.get(fault.do, ("stop",))
        for number, one in list(self.standing.listed.items()):
            if one.rule.fault.worker == fault.worker and one.rule.fault.do in over:
                self.standing.remove(number)
        listed = self.standing.add(fault if fault.do == "stop" else fault.model_copy(update={"times": 1}))
        listed.count.struck += 1
        return self._view(listed.rule.number)

    def _undo(self, listed: Listed) -> None:
        """Let a stopped worker go on, once."""
        fault = listed.rule.fault
        if fault.do == "stop" and fault.worker is not None and not listed.undone:
            listed.undone = True
            with contextlib.suppress(Refused):  # it was killed meanwhile, and whoever runs now is not stopped
                signal_worker(self._stack, fault.worker, "continue")

    async def _endpoints_of(self, interface: str | None) -> frozenset[str]:
        """Where an interface lives and where its peer does, as far as anybody knows yet."""
        if interface is None:
            return frozenset()
        try:
            place = await self._clients.locate(interface)
            view = await self._clients.view(place)
        except (Refused, Unanswered, NoContext):
            return frozenset()
        return frozenset({place.endpoint} | ({view.peer.endpoint} if view.peer is not None else set()))

    async def _older(self, account: str | None) -> frozenset[str]:
        """The interfaces of an account that are past Idle already, and so are not of its next connection."""
        found: set[str] = set()
        for endpoint in [one.id for one in self._clients.context.at_hand if account and one.account == account]:
            after: str | None = ""
            while after is not None:
                form: ListForm = {"kind": "list", "after": after, "limit": _PAGE, "deleted": True}
                page = await self._clients.one(endpoint, form)
                found |= {one["interface"] for one in page["interfaces"] if one["status"] != "Idle"}
                after = page["next"]
        return frozenset(found)

    async def _made(self, queue: EndpointQueue) -> Wire:
        context = self._clients.context
        known = context.endpoint(queue.endpoint)
        address = await relay_login(context, self._administrator)
        receiver = queue.owner if known is None else known.account
        return Wire(Tap(queue), address, self.standing, receiver=receiver, enforced=not context.shared_login)

    async def _tap(self, wires: Sequence[EndpointQueue]) -> None:
        """Lead these wires through here; all of them, or none more than before."""
        new: list[EndpointQueue] = []
        try:
            for queue in wires:
                if queue not in self._wires:
                    self._wires[queue] = await self._made(queue)
                    new.append(queue)
                    await self._wires[queue].relay.put_on()
        except BaseException:
            for queue in new:
                relay = self._wires.pop(queue).relay
                with contextlib.suppress(*_CANNOT):
                    if relay.reads:
                        await relay.take_off()
                await relay.stop()
            raise

    async def _untap(self) -> None:
        """Make every wire whole that no fault concerns any more and that keeps nothing back."""
        over = {number for number, one in self.standing.listed.items() if one.over}
        needed = {queue for number, wires in self._of.items() if number not in over for queue in wires}
        for queue, wire in list(self._wires.items()):
            if queue not in needed and wire.empty:
                await wire.relay.take_off()
                del self._wires[queue]

    async def _tend(self) -> None:
        """Follow what changes by itself, until no fault stands: faults that are over, endpoints that are new."""
        while self._wires or any(not one.over for one in self.standing.listed.values()):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._changed.wait()
            self._changed.clear()
            with contextlib.suppress(*_CANNOT, Refused):  # the broker is away; the next look tries again
                async with self._changing:
                    await self._follow()

    async def _follow(self) -> None:
        for number, listed in self.standing.listed.items():
            if listed.over:
                self._undo(listed)
                continue
            if self._clients.context is not self._known:
                wires = wires_of(listed.rule.fault, self._clients.context, self._at.get(number, frozenset()))
                await self._tap(wires)
                self._of[number] = wires
        self._known = self._clients.context
        await self._untap()


def shown(queue: EndpointQueue) -> str:
    """A wire, for people."""
    return f"{queue.sender}→{queue.endpoint}"


def _means(number: int, listed: Listed, wanted: int | None, interface: str | None) -> bool:
    if wanted is not None:
        return number == wanted
    fault = listed.rule.fault
    return interface is None or interface in {fault.interface, listed.count.interface}
