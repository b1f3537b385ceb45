"""The client of one account: it sends requests to workers and waits for their replies.

It repeats a request, by the same id, until somebody answers; replies come over a queue that it borrows from the broker
for as long as it runs.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from console.client.errors import BrokerError, NoRoute, NotUnderstood, Refused, Unanswered, WorkerSilent
from console.client.following import follow
from console.client.sessions import Connection, Deliver, Dial, Lost, MoreSlots, Session, Sessions
from shared.broker.address import BrokerAddress
from shared.broker.amqp import ConsoleLink, silence_client_library
from shared.broker.messages import Delivery, OutgoingMessage, PublishResult
from shared.wire import commands
from shared.wire.forms import Unreadable
from shared.wire.request import KINDS, AnswerForm, CommandForm, read_reply, read_request, write_request
from shared.wire.views import PayloadView, TimelineRow

if TYPE_CHECKING:
    from shared.runtime.tracing import Tracing

ASK_LIMIT_SECONDS: Final = 10.0
CONNECT_LIMIT_SECONDS: Final = 3.0
"""How long a client tries to connect when it starts; once it was connected, each question has its own limit."""
FIRST_REPEAT_SECONDS: Final = 1.0
LONGEST_REPEAT_SECONDS: Final = 4.0
ROUTE_GRACE_SECONDS: Final = 1.0
"""How long a missing queue may be one that is just coming up."""
SUBSCRIPTION_SECONDS: Final = 30


@dataclass(slots=True)
class _Question:
    """A request that waits for its reply, and what is known of its fate."""

    endpoint: str
    commands: int
    reply: asyncio.Future[list[AnswerForm]]
    headers: Mapping[str, str] = field(default_factory=dict)
    connected: bool = False
    outcome: PublishResult | None = None
    unroutable_since: float | None = None


class Client:
    """The client of one account. `enforced` is False where all accounts share one login at the broker."""

    def __init__(  # noqa: PLR0913 - what comes after the star has a default
        self,
        address: BrokerAddress,
        account: str,
        *,
        enforced: bool = True,
        dial: Dial | None = None,
        connect_limit_seconds: float = CONNECT_LIMIT_SECONDS,
        more_slots: MoreSlots | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        """Nothing happens before `async with`. `dial` makes a connection; tests give their own."""
        self._tracing = tracing
        self.account = account
        self._address = address
        self._enforced = enforced
        self._connect_limit_seconds = connect_limit_seconds
        more = None if more_slots is None else partial(more_slots, account)
        self._sessions = Sessions(dial or self._dial_broker, self._receive, more)
        self._questions: dict[str, _Question] = {}
        self._notified: dict[str, asyncio.Event] = {}

    async def __aenter__(self) -> Self:
        """Connect, and claim a queue for replies. Raises BrokerError."""
        silence_client_library()
        try:
            async with asyncio.timeout(self._connect_limit_seconds):
                await self._sessions.get()
        except TimeoutError:
            raise BrokerError(self._sessions.last_error) from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the queue back."""
        await self._sessions.close()

    @property
    def session(self) -> Session | None:
        """The present connection, to be compared: a new one needs its subscriptions anew."""
        return self._sessions.present

    async def ask(
        self,
        endpoint: str,
        commands: Sequence[CommandForm],
        timeout_seconds: float = ASK_LIMIT_SECONDS,
        *,
        request: str | None = None,
    ) -> list[AnswerForm]:
        """Ask an endpoint's worker, again and again with one request id; return an answer per command, in order.

        Raises NotUnderstood (nothing was sent), NoRoute, WorkerSilent or BrokerError.
        """
        request = request or uuid.uuid4().hex
        body = write_request(request, self.account, endpoint, commands)
        try:
            read_request(body)
        except Unreadable as error:
            raise NotUnderstood(f"The worker would not understand this: {error}.") from None
        question = _Question(endpoint, len(commands), asyncio.get_running_loop().create_future())
        self._questions[request] = question
        following: AbstractContextManager[Mapping[str, str]] = nullcontext({})
        if self._tracing is not None:
            following = self._tracing.command(self.account, endpoint, commands)
        try:
            async with asyncio.timeout(timeout_seconds):
                with following as question.headers:
                    return await self._ask_until_answered(request, question, body)
        except TimeoutError:
            raise self._why_no_reply(question, timeout_seconds) from None
        finally:
            del self._questions[request]

    async def one(
        self, endpoint: str, command: CommandForm, timeout_seconds: float = ASK_LIMIT_SECONDS
    ) -> dict[str, Any]:
        """Ask for one thing, and return its result. Raises ClientError."""
        return done((await self.ask(endpoint, [command], timeout_seconds))[0])

    async def subscribe(
        self, endpoint: str, interface: str | None = None, after: int | None = None
    ) -> AsyncIterator[TimelineRow]:
        """Yield every new row of a timeline, once and in order, for ever; from the present on where `after` is None.

        A worker or broker that goes away is waited for, once it was there. Raises ClientError.
        """
        async for row in follow(self, "timeline", endpoint, interface, after):
            yield TimelineRow.model_validate(row)

    async def listen(self, endpoint: str, interface: str, after: int = 0) -> AsyncIterator[PayloadView]:
        """Yield every payload that is in the inbox or arrives, once and in order, for ever. Raises as `subscribe`."""
        async for payload in follow(self, "inbox", endpoint, interface, after):
            yield PayloadView.model_validate(payload)

    async def notify(self, event: asyncio.Event, request: str, endpoint: str, interface: str | None) -> int:
        """Have an event set at every new row of a timeline, for SUBSCRIPTION_SECONDS; return the last row's number.

        Asking again with the same request id renews it.
        """
        self._notified[request] = event
        command = commands.subscribe(interface, None, SUBSCRIPTION_SECONDS)
        answers = await self.ask(endpoint, [command], request=request)
        return int(done(answers[0])["after"])

    def stop_notifying(self, request: str) -> None:
        """Set the event no more; the subscription runs out by itself."""
        self._notified.pop(request, None)

    async def _ask_until_answered(self, request: str, question: _Question, body: bytes) -> list[AnswerForm]:
        pause = FIRST_REPEAT_SECONDS
        while True:
            question.connected = False
            session = await self._sessions.get()
            question.connected = True
            reply_to = session.connection.reply_to
            message = OutgoingMessage(question.endpoint, body, KINDS.request, request, reply_to, question.headers)
            question.outcome = await session.connection.publish(message)
            self._check_route(question)
            rest = pause if question.outcome is PublishResult.CONFIRMED else pause / 4
            either: set[asyncio.Future[Any]] = {question.reply, session.lost}
            await asyncio.wait(either, timeout=rest, return_when=asyncio.FIRST_COMPLETED)
            if question.reply.done():
                return question.reply.result()
            pause = min(pause * 2, LONGEST_REPEAT_SECONDS)

    def _check_route(self, question: _Question) -> None:
        """Raise NoRoute if there is certainly nobody to answer."""
        if question.outcome is not PublishResult.UNROUTABLE:
            question.unroutable_since = None
            return
        now = asyncio.get_running_loop().time()
        if question.unroutable_since is None:
            question.unroutable_since = now
        if self._enforced and now - question.unroutable_since >= ROUTE_GRACE_SECONDS:
            raise self._no_route(question)

    def _no_route(self, question: _Question) -> NoRoute:
        if self._enforced:
            way = f"The broker has no queue from account {self.account} to {question.endpoint}"
            return NoRoute(f"{way}: the endpoint is not provisioned.")
        return NoRoute(f"The broker has no queue for {question.endpoint}: its worker never ran here.")

    def _why_no_reply(self, question: _Question, timeout_seconds: float) -> Unanswered:
        if not question.connected:
            return BrokerError(self._sessions.last_error)
        match question.outcome:
            case PublishResult.UNROUTABLE:
                return self._no_route(question)
            case PublishResult.REFUSED:
                return WorkerSilent(f"The queue of {question.endpoint} is full: its worker is away or too slow.")
            case PublishResult.CONFIRMED:
                return WorkerSilent(f"The worker of {question.endpoint} did not answer within {timeout_seconds:g} s.")
            case _:
                return BrokerError(f"{self._address} did not confirm within {timeout_seconds:g} s.")

    def _dial_broker(self, deliver: Deliver, lost: Lost) -> Connection:
        return ConsoleLink(
            self._address,
            account=self.account if self._enforced else None,
            name=f"console of {self.account} ({os.getpid()})",
            on_delivery=deliver,
            on_lost=lost,
        )

    def _receive(self, delivery: Delivery) -> None:
        """Take a delivery: hand a reply to whoever waits for it, or set the event of an observation."""
        if self._enforced and delivery.user_id != self.account:
            return
        request = delivery.correlation_id or ""
        if delivery.type == KINDS.observations and request in self._notified:
            self._notified[request].set()
        question = self._questions.get(request)
        if delivery.type != KINDS.reply or question is None or question.reply.done():
            return
        try:
            reply = read_reply(delivery.body)
        except Unreadable as error:
            question.reply.set_exception(NotUnderstood(f"The reply of {question.endpoint} cannot be read: {error}."))
            return
        if reply["request"] == request and len(reply["replies"]) == question.commands:
            question.reply.set_result(reply["replies"])


def done(answer: AnswerForm) -> dict[str, Any]:
    """Return the result of an answer. Raises Refused if it is a refusal."""
    if answer["outcome"] == "refused":
        raise Refused(answer["code"], answer["sentence"])
    return answer["result"] or {}
