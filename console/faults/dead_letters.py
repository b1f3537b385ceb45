"""The dead letters of one simulator: listed, shown, thrown away, or said again to the endpoint that they were for.

How one would notice that replaying is wrong: somebody's words reach an endpoint in the name of somebody else. Whoever
has an account can write a dead letter with any header in it, so a header proves nothing by itself. Three things must
hold before one is said again, and then the worker of the receiver proves its sender by queue, exchange and `user_id` as
ever:

- It was set aside by the account that owns the queue it names, as the broker proves, or by the broker itself. That
  account can only deceive its own endpoint, which it commands anyway.
- Its sender was proven when it came: what it says of its exchange and user fits the queue it lay in.
- The worker's own reading (`shared.runtime.deliveries`) would take it today, whole, as a bundle of that sender.

An owner's request is never said again: nobody waits for its answer, and what he wanted then he may not want now.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final

from console.client import Refused, Unanswered
from console.client.clients import Clients
from console.faults.login import relay_login
from console.faults.model import DeadLetterPage, DeadLetterView
from shared.broker.amqp import visit_dead_letters
from shared.broker.dead_letters import BROKER, DeadLetter, StoredMessage, read_dead_letter
from shared.broker.errors import BrokerLayerError
from shared.broker.messages import OutgoingMessage, PublishResult
from shared.broker.names import DEAD_LETTER_QUEUE, OPEN_ACCOUNT, OPEN_DEAD_LETTER_QUEUE
from shared.protocol.words import Endpoint, Kind
from shared.runtime.deliveries import prove, read
from shared.runtime.items import IncomingNewer, IncomingRequest
from shared.runtime.rejections import code_of
from shared.wire.bundle import Bundle
from shared.wire.forms import Unreadable
from shared.wire.request import KINDS

SHOWN_BODY_CHARACTERS: Final = 4000

Speak = Callable[[str, OutgoingMessage], Awaitable[PublishResult]]


class DeadLetters:
    """The dead letters of one simulator. `administrator` is the management API's URL with its login, or empty."""

    def __init__(self, clients: Clients, administrator: str = "") -> None:
        """Nothing is asked before the first call. Of two looks at once the second would miss what the first holds."""
        self._clients, self._administrator = clients, administrator
        self._looking = asyncio.Lock()

    async def listed(self, limit: int) -> DeadLetterPage:
        """List the oldest dead letters; every one stays. Raises Refused or Unanswered, as all that follow."""
        found: list[DeadLetter] = []

        async def look(aside: Sequence[DeadLetter], _: Speak) -> Collection[int]:
            found.extend(aside)
            return ()

        behind = await self._visit(look)
        found.sort(key=lambda one: one.at or "")
        views = [self._view(one) for one in found[:limit]]
        return DeadLetterPage(dead_letters=views, more=behind + len(found) - len(views))

    async def shown(self, wanted: str) -> DeadLetterView:
        """Show one, with its body."""
        view: list[DeadLetterView] = []

        async def look(aside: Sequence[DeadLetter], _: Speak) -> Collection[int]:
            view.append(self._view(aside[_place(aside, wanted)], whole=True))
            return ()

        await self._visit(look)
        return view[0]

    async def drop(self, wanted: str | None) -> int:
        """Throw one away, with its twins, or all that one look takes in; returns how many."""
        dropped: list[int] = []

        async def look(aside: Sequence[DeadLetter], _: Speak) -> Collection[int]:
            if wanted is not None:
                _place(aside, wanted)
            dropped.extend(place for place, one in enumerate(aside) if wanted in {None, one.id})
            return dropped

        await self._visit(look)
        return len(dropped)

    async def replay(self, wanted: str) -> DeadLetterView:
        """Say one again to the endpoint that it was for, in its sender's name, and let it go once the broker has it."""
        view: list[DeadLetterView] = []

        async def look(aside: Sequence[DeadLetter], speak: Speak) -> Collection[int]:
            place = _place(aside, wanted)
            dead = aside[place]
            refused = refusal(dead, enforced=not self._clients.context.shared_login)
            if refused is not None:
                raise refused
            if dead.queue is None:
                raise UNKNOWN_ORIGIN
            message = OutgoingMessage(dead.queue.routing_key, dead.delivery.body, KINDS.bundle)
            result = await speak(dead.queue.sender, message)
            if result is not PublishResult.CONFIRMED:
                raise Unanswered(f"The broker did not take it ({result}); it stays where it is.", "NotReplayed")
            view.append(self._view(dead))
            return [place]

        await self._visit(look)
        return view[0]

    async def _visit(self, look: Callable[[Sequence[DeadLetter], Speak], Awaitable[Collection[int]]]) -> int:
        context = self._clients.context
        queue = OPEN_DEAD_LETTER_QUEUE if context.shared_login else DEAD_LETTER_QUEUE

        async def choose(stored: Sequence[StoredMessage], speak: Speak) -> Collection[int]:
            return await look([read_dead_letter(one, context.broker.vhost) for one in stored], speak)

        async with self._looking:
            try:
                address = await relay_login(context, self._administrator)
                return await visit_dead_letters(address, queue, choose, shared_login=context.shared_login)
            except BrokerLayerError as error:
                raise Unanswered(f"{error}.", "BrokerUnanswering") from None

    def _view(self, dead: DeadLetter, *, whole: bool = False) -> DeadLetterView:
        enforced = not self._clients.context.shared_login
        refused = refusal(dead, enforced=enforced)
        body = dead.delivery.body.decode(errors="replace")[:SHOWN_BODY_CHARACTERS] if whole else None
        return DeadLetterView(
            id=dead.id,
            at=dead.at,
            sender=None if dead.queue is None else dead.queue.sender,
            endpoint=None if dead.queue is None else dead.queue.endpoint,
            proven=enforced and _was_proven(dead),
            set_aside_by=dead.set_aside_by,
            code=code_of(dead.reason),
            reason=dead.reason,
            type=dead.delivery.type or "",
            size_bytes=dead.size_bytes,
            would_be=_would_be(dead, enforced=enforced),
            replay=None if refused is None else refused.code,
            body=body,
        )


UNKNOWN_ORIGIN: Final = Refused("UnknownOrigin", "It names no queue of an endpoint: nobody knows whom it was for.")


def refusal(dead: DeadLetter, *, enforced: bool) -> Refused | None:
    """Why a dead letter can't be said again; None if it can. `enforced` is whether the broker proves who speaks."""
    queue = dead.queue
    if queue is None or (not enforced and {queue.owner, queue.sender} != {OPEN_ACCOUNT}):
        return UNKNOWN_ORIGIN
    if enforced and dead.set_aside_by not in {BROKER, queue.owner}:
        by = dead.set_aside_by or "nobody that the broker proves"
        return Refused(
            "NotItsReceiver",
            f"It was set aside by {by} and names a queue of {queue.owner}: its author could speak as {queue.sender}.",
        )
    if enforced and not _was_proven(dead):
        return Refused("SenderNotProven", f"The broker did not prove that it came from {queue.sender}.")
    if dead.size_bytes != len(dead.delivery.body):
        return Refused("CutOff", f"The copy ends before its end: {dead.size_bytes} bytes came.")
    try:
        bundle = _read(dead, enforced=enforced)
    except Unreadable as error:
        return Refused("StillUnreadable", f"It would be set aside again: {error}.")
    if bundle is None:
        return Refused(
            "NotReplayable", "It is an owner's request: nobody waits for its answer. Give the command again."
        )
    return None


def _was_proven(dead: DeadLetter) -> bool:
    """Whether exchange and user were those of the sender whose queue it lay in."""
    queue, delivery = dead.queue, dead.delivery
    return queue is not None and delivery.exchange == queue.exchange and delivery.user_id == queue.sender


def _read(dead: DeadLetter, *, enforced: bool) -> Bundle | None:
    """Read it as its receiver's worker would now; None of a request. Raises Unreadable."""
    queue = dead.queue
    if queue is None:
        raise Unreadable("it names no queue of an endpoint")
    if dead.delivery.type == KINDS.request:
        return None
    kind = Kind.VBR if queue.endpoint.startswith(f"{Kind.VBR}-") else Kind.VPC
    item = read(0, prove(dead.delivery, queue if enforced else None), Endpoint(queue.endpoint, kind, queue.owner, ""))
    if isinstance(item, IncomingNewer):
        raise Unreadable("it is of a newer version, which its receiver would not read now either")
    return None if isinstance(item, IncomingRequest) else item.bundle


def _would_be(dead: DeadLetter, *, enforced: bool) -> str:
    """What it would have been, as far as it can be read."""
    try:
        bundle = _read(dead, enforced=enforced)
    except Unreadable as error:
        return f"nothing that can be read: {error}"
    if bundle is None:
        return "a request of an owner"
    kinds = Counter(type(entry.message).__name__ for entry in bundle.messages)
    return f"a bundle of {bundle.endpoint}: " + (
        ", ".join(f"{n} {kind}" for kind, n in kinds.items()) or "a sign of life"
    )


def _place(aside: Sequence[DeadLetter], wanted: str) -> int:
    """Where the oldest of this id is. Raises Refused."""
    for place, one in enumerate(aside):
        if one.id == wanted:
            return place
    raise Refused("UnknownDeadLetter", f"There is no dead letter {wanted}.")
