"""Subscriptions: who is told of new rows of the worker's timeline.

The timeline is durable and numbered, so a subscription is a place in it: whoever was away goes on where they were.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from shared.broker.messages import OutgoingMessage
from shared.store.sqlite import Store
from shared.wire.request import KINDS, write_observations
from shared.wire.views import TimelineRow

OBSERVATIONS_LIMIT_ROWS: Final = 500
"""How many rows of the timeline go into one AMQP message."""


class Subscription(NamedTuple):
    """A subscriber to new rows of the timeline."""

    request: str
    reply_to: str
    interface: str | None
    after: int
    expires: float


class Subscriptions:
    """The subscribers to new rows of this worker's timeline."""

    def __init__(self, endpoint: str) -> None:
        """Begin with nobody; observations are sent in this endpoint's name."""
        self._endpoint = endpoint
        self._subscriptions: dict[str, Subscription] = {}

    def add(self, subscription: Subscription) -> None:
        """Begin to tell somebody, or go on for longer."""
        self._subscriptions[subscription.request] = subscription

    def observations(self, store: Store, now: float) -> list[OutgoingMessage]:
        """Write what is new since the last time; who has not renewed in time is told no more."""
        messages: list[OutgoingMessage] = []
        for one in list(self._subscriptions.values()):
            if now > one.expires:
                del self._subscriptions[one.request]
            elif one.after < store.last_row:
                messages += self._rows(one, store)
                self._subscriptions[one.request] = one._replace(after=store.last_row)
        return messages

    def _rows(self, one: Subscription, store: Store) -> list[OutgoingMessage]:
        """Write the rows after a subscription's place."""
        messages: list[OutgoingMessage] = []
        after = one.after
        while rows := timeline(store, one.interface, after, OBSERVATIONS_LIMIT_ROWS):
            after = rows[-1]["row"]
            body = write_observations(one.request, self._endpoint, rows)
            messages.append(OutgoingMessage(one.reply_to, body, KINDS.observations, one.request))
        return messages


def timeline(
    store: Store, interface: str | None, after: int, limit: int, before: int | None = None
) -> list[dict[str, Any]]:
    """Read a page of the timeline as it is shown: the first rows after a place, or the last ones before another."""
    return [
        TimelineRow(
            row=row.place,
            at=row.at,
            interface=row.interface,
            was=row.was,
            status=row.status,
            cause=row.cause,
            said=row.said.split("\n") if row.said else [],
        ).model_dump()
        for row in store.memory.timeline(interface, after, limit, before)
    ]
