"""The deliveries of a relay: what comes in, its parts that go out, and the memory of those that come again."""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from shared.broker.messages import Delivery
from shared.broker.names import EndpointQueue
from shared.wire.bundle import Addressed, Bundle, read_bundle, write_bundle
from shared.wire.forms import Unreadable
from shared.wire.request import KINDS

UNHELD_LIMIT: Final = 20_000
"""How many deliveries may be out without acknowledgement: where so many are held, the wire stands still."""
_REMEMBERED: Final = 2 * UNHELD_LIMIT


@dataclass(slots=True)
class Waiting:
    """A delivery, and how many parts of it have neither been published nor dropped."""

    delivery: Delivery
    parts: int = 1


class Onward(NamedTuple):
    """Something to publish; `part_of` is the delivery that it finishes a part of."""

    body: bytes
    kind: str
    part_of: Waiting | None = None
    reply_to: str | None = None
    correlation_id: str | None = None
    unproven: bool = False
    sent: Callable[[], None] | None = None


@dataclass(slots=True)
class Known:
    """The deliveries of one wire by their ids, so that one that comes again is nothing new."""

    _known: OrderedDict[str, Waiting] = field(default_factory=OrderedDict)

    def begin(self, delivery: Delivery) -> tuple[Waiting, bool]:
        """The delivery with one part, which is that it is looked at; and whether it came for the first time.

        One that comes again, because its session ended, takes the place of the first and changes nothing else.
        """
        name = delivery.message_id or uuid.uuid4().hex
        known = self._known.get(name)
        if known is not None:
            known.delivery = delivery
            return known, False
        known = self._known[name] = Waiting(delivery)
        while len(self._known) > _REMEMBERED:  # more than can be out, so there is one that is finished
            del self._known[next(name for name, one in self._known.items() if not one.parts)]
        return known, True


def proven(delivery: Delivery, queue: EndpointQueue, *, enforced: bool) -> bool:
    """Whether the broker proves the sender as far as it can: by the exchange and the user."""
    return not enforced or (delivery.exchange == queue.exchange and delivery.user_id == queue.sender)


def bundle_in(delivery: Delivery, queue: EndpointQueue, *, enforced: bool) -> Bundle | None:
    """The bundle of a proven sender that can be read whole; None for everything else, which passes untouched."""
    if delivery.type != KINDS.bundle or not proven(delivery, queue, enforced=enforced):
        return None
    try:
        bundle = read_bundle(delivery.body)
    except Unreadable:
        return None
    meant = bundle.to == queue.endpoint and (not enforced or bundle.account == queue.sender)
    return bundle if meant and bundle.unreadable is None else None


def unchanged(waiting: Waiting, queue: EndpointQueue, *, enforced: bool) -> Onward:
    """A delivery as it came; one without a proven sender gets none here either."""
    one = waiting.delivery
    missing = not proven(one, queue, enforced=enforced)
    return Onward(one.body, one.type or "", waiting, one.reply_to, one.correlation_id, missing)


def alone(bundle: Bundle, messages: Sequence[Addressed], part_of: Waiting | None = None) -> Onward:
    """Some messages of a bundle as a bundle of their own; `part_of` is the delivery of which that finishes a part."""
    return Onward(write_bundle(bundle._replace(messages=messages)), KINDS.bundle, part_of)
