"""The clients of all accounts of a context: one for each account.

From a context that holds one password this is one owner's client; from `peering up` it is everybody's.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from console.client import Client, ClientError, NotUnderstood, Refused, done
from console.client.client import CONNECT_LIMIT_SECONDS
from console.client.finding import endpoints_with
from console.client.sessions import MoreSlots
from console.client.tracing import tracing_of
from console.topology import Context, NoContext
from console.topology.context import password_variable
from shared.protocol.refusals import NOT_OWNER, UNKNOWN_INTERFACE
from shared.wire import commands
from shared.wire.request import AnswerForm, CommandForm
from shared.wire.views import InterfaceView, WorkerView

if TYPE_CHECKING:
    from shared.runtime.tracing import Tracing


@dataclass(frozen=True, slots=True)
class Located:
    """The place of an interface: its id, and the endpoint that it lives on."""

    interface: str
    endpoint: str


class Clients:
    """The clients of all accounts that may act from here, each connected when it is needed."""

    def __init__(self, context: Context, patience_seconds: float, more_slots: MoreSlots | None = None) -> None:
        """Nothing happens before `async with`. `patience_seconds` is how long one question may take."""
        self._more_slots = more_slots
        self._tracing: Tracing | None = None
        self.context = context
        self.patience_seconds = patience_seconds
        self._opening: dict[str, asyncio.Task[Client]] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Open no connection yet."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every client."""
        for task in self._opening.values():
            task.cancel()
        await asyncio.gather(*self._opening.values(), return_exceptions=True)
        await self._stack.aclose()
        if self._tracing is not None:
            await self._tracing.close()

    async def client(self, endpoint: str, connect_limit_seconds: float | None = None) -> Client:
        """Return the client of an endpoint's owner. Raises Refused NotOwner, or NoContext without a login.

        It connects when it is asked for first, within this limit, or that of a question.
        """
        owner = self.owner(endpoint)
        opening = self._opening.get(owner)
        if opening is None or (opening.done() and (opening.cancelled() or opening.exception() is not None)):
            opening = self._opening[owner] = asyncio.create_task(self._open(owner, connect_limit_seconds))
        return await asyncio.shield(opening)

    def owner(self, endpoint: str) -> str:
        """Return the account that owns this endpoint. Raises Refused NotOwner, or NoContext if nobody knows."""
        acting, owner = self.context.acting, self.context.owner_of(endpoint)
        if owner is None:
            raise NoContext(f"{self.context.source} does not list {endpoint}; say who owns it with --as ACCOUNT.")
        if acting is not None and owner != acting:
            raise Refused(
                NOT_OWNER.code,
                f"{endpoint} belongs to account {self.context.shown(owner)}; "
                f"account {self.context.shown(acting)} cannot command it.",
            )
        return owner

    @property
    def late_seconds(self) -> float:
        """How much longer than the others one endpoint may take where many are asked: a fifth of a question's time."""
        return self.patience_seconds / 5

    async def ask(self, endpoint: str, commands: Sequence[CommandForm]) -> list[AnswerForm]:
        """Ask an endpoint under its owner's name."""
        return await (await self.client(endpoint)).ask(endpoint, commands, self.patience_seconds)

    async def one(self, endpoint: str, command: CommandForm) -> dict[str, Any]:
        """Ask for one thing, and return its result. Raises ClientError, or NoContext without a login."""
        return done((await self.ask(endpoint, [command]))[0])

    async def locate(self, name: str) -> Located:
        """Find where `ri-…` lives, or take `ri-…@ENDPOINT` at its word. Raises ClientError."""
        interface, _, endpoint = name.partition("@")
        if endpoint:
            return Located(interface, endpoint)
        asked = [one.id for one in self.context.at_hand]
        if not asked:
            lacking = sorted({password_variable(one.account) for one in self.context.endpoints})
            passwords = f"; where a password is lacking, set {' or '.join(lacking[:2])}" if lacking else ""
            raise NotUnderstood(f"No endpoint can be asked from here: name it as {interface}@ENDPOINT{passwords}.")
        show = commands.show(interface)
        found, errors = await endpoints_with({one: self.ask(one, [show]) for one in asked})
        if len(found) > 1:
            places = ", ".join(f"{interface}@{one}" for one in found)
            raise Refused("AmbiguousInterface", f"There are several interfaces of that id: {places}. Name one of them.")
        if found:
            return Located(interface, found[0])
        if errors:
            sentence = f"{interface} is not on any endpoint that answered. {errors[0].sentence}"
            raise type(errors[0])(sentence, errors[0].code)
        raise Refused(UNKNOWN_INTERFACE.code, f"There is no interface {interface} on {', '.join(asked)}.")

    async def locate_all(self, names: Sequence[str]) -> list[Located | ClientError]:
        """Find several; one that cannot be found does not stop the others."""

        async def attempt(name: str) -> Located | ClientError:
            try:
                return await self.locate(name)
            except ClientError as error:
                return error

        return list(await asyncio.gather(*(attempt(name) for name in names)))

    async def view(self, place: Located) -> InterfaceView:
        """Return an interface as its worker shows it."""
        return InterfaceView.model_validate(await self.one(place.endpoint, commands.show(place.interface)))

    async def worker(self, endpoint: str) -> WorkerView:
        """Return what a worker says about itself."""
        return WorkerView.model_validate(await self.one(endpoint, commands.worker()))

    async def other_end(self, own: InterfaceView) -> InterfaceView | ClientError | None:
        """Return the peer's view; None if it may not be asked from here, the error if it did not answer."""
        if own.peer is None:
            return None
        place = Located(own.peer.interface, own.peer.endpoint)
        known = self.context.endpoint(place.endpoint)
        owner = own.peer.account if known is None else known.account
        if not self.context.may_act_as(owner):
            return None
        try:
            return await self.view(place)
        except ClientError as error:
            return error
        except NoContext:
            return None

    async def both_ends(self, name: str) -> tuple[InterfaceView, InterfaceView | None, str | None]:
        """Return this end's view, the other's if it may be asked, and why that did not answer if it did not."""
        own = await self.view(await self.locate(name))
        other = await self.other_end(own)
        if isinstance(other, ClientError):
            return own, None, other.sentence
        return own, other, None

    async def _open(self, account: str, connect_limit_seconds: float | None) -> Client:
        limit = connect_limit_seconds or min(self.patience_seconds, CONNECT_LIMIT_SECONDS)
        self._tracing = self._tracing or tracing_of(os.environ)
        client = client_of(self.context, account, limit, self._more_slots, self._tracing)
        return await self._stack.enter_async_context(client)


def client_of(
    context: Context,
    account: str,
    connect_limit_seconds: float = CONNECT_LIMIT_SECONDS,
    more_slots: MoreSlots | None = None,
    tracing: Tracing | None = None,
) -> Client:
    """Make the client of one account of a context; it connects when it is entered."""
    return Client(
        context.login(account),
        account,
        enforced=not context.shared_login,
        connect_limit_seconds=connect_limit_seconds,
        more_slots=more_slots,
        tracing=tracing,
    )
