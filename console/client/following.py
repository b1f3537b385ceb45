"""Following a timeline or an inbox: every row once and in order, whatever happens to the connection meanwhile.

A notification may be lost, so it only says that there is something new, and what is new is read from where the reader
left off. Rows are numbered in the worker's store: a reader that asks for what comes after the last one it has seen can
miss none and see none twice.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Literal

from console.client.errors import Unanswered
from shared.wire import commands
from shared.wire.request import ReadForm

if TYPE_CHECKING:
    from console.client.client import Client

LOOK_SECONDS: Final = 2.0
"""How long a notification that was lost can delay what it should have told."""
RENEW_SECONDS: Final = 10.0

_ROWS: Final = {"timeline": "rows", "inbox": "payloads"}


async def follow(
    client: Client, kind: Literal["timeline", "inbox"], endpoint: str, interface: str | None, after: int | None
) -> AsyncIterator[dict[str, Any]]:
    """Yield every row after a place, for ever.

    Raises whatever error there is at first, and later only what waiting cannot cure.
    """
    subscription = _Subscription(client, endpoint, interface)
    try:
        present = await subscription.renew()
        place = present if after is None else after
        while True:
            try:
                last = await subscription.renew_if_worn()
                if kind == "timeline" and last is not None and last < place:
                    place = 0  # the store was lost, and counts from one again
                read: ReadForm = {"kind": kind, "interface": interface, "after": place, "limit": commands.PAGE_ROWS}
                rows = (await client.one(endpoint, read))[_ROWS[kind]]
            except Unanswered as error:
                if error.lasting:
                    raise
                continue
            for row in rows:
                yield row
            place = rows[-1]["row"] if rows else place
            if len(rows) < commands.PAGE_ROWS:
                await subscription.wait()
    finally:
        subscription.end()


class _Subscription:
    """A subscription that is renewed in time, and after every change of the connection."""

    def __init__(self, client: Client, endpoint: str, interface: str | None) -> None:
        self._client, self._endpoint, self._interface = client, endpoint, interface
        self._new = asyncio.Event()
        self._request = uuid.uuid4().hex
        self._session: object = None
        self._renewed = 0.0

    async def renew(self) -> int:
        """Subscribe; return the number of the last row at this moment."""
        if self._session is not self._client.session:
            self.end()
            self._request = uuid.uuid4().hex
        place = await self._client.notify(self._new, self._request, self._endpoint, self._interface)
        self._session, self._renewed = self._client.session, asyncio.get_running_loop().time()
        return place

    async def renew_if_worn(self) -> int | None:
        """Subscribe anew where it is time to; return the number of the last row, None where it was not."""
        worn = asyncio.get_running_loop().time() - self._renewed >= RENEW_SECONDS
        return await self.renew() if worn or self._session is not self._client.session else None

    async def wait(self) -> None:
        """Wait until there is something new to read, or long enough to look without being told."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await self._new.wait()
        self._new.clear()

    def end(self) -> None:
        """Listen no more."""
        self._client.stop_notifying(self._request)
