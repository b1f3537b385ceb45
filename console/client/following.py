"""What is pushed may be lost, so a push is only a bell: what is new is read from where the reader left off.

Rows are numbered in the worker's store. A reader that asks for what comes after the last one it has seen can miss
none and see none twice, whatever happened to the connection, the broker or the worker in between.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any, Final, Literal, Protocol

from console.client.errors import Refused, Unanswered
from shared.wire.request import AnswerForm, CommandForm, ReadForm

PAGE: Final = 500
LOOK_SECONDS: Final = 2.0
"""How long a bell that was lost can delay what it should have told."""
RENEW_SECONDS: Final = 10.0

_ROWS: Final = {"timeline": "rows", "inbox": "payloads"}


class Asker(Protocol):
    """What following needs of a console."""

    @property
    def session(self) -> object:
        """Which connection this is."""

    async def ask(self, endpoint: str, commands: Sequence[CommandForm]) -> list[AnswerForm]:
        """Ask a worker."""

    async def hear(self, bell: asyncio.Event, request: str, endpoint: str, interface: str | None) -> int:
        """Have a bell rung at every new row; return the place of the last one."""

    def forget(self, request: str) -> None:
        """Let a bell be."""


async def follow(
    asker: Asker, kind: Literal["timeline", "inbox"], endpoint: str, interface: str | None, after: int | None
) -> AsyncIterator[dict[str, Any]]:
    """Yield every row after a place, for ever.

    Raises whatever trouble there is at first, and later only what waiting cannot cure.
    """
    bell = _Bell(asker, endpoint, interface)
    try:
        present = await bell.renew()
        place = present if after is None else after
        while True:
            try:
                last = await bell.renew_if_worn()
                if kind == "timeline" and last is not None and last < place:
                    place = 0  # the store was lost, and counts from one again
                rows = await _page(
                    asker, endpoint, {"kind": kind, "interface": interface, "after": place, "limit": PAGE}
                )
            except Unanswered as trouble:
                if trouble.lasting:
                    raise
                continue
            for row in rows:
                yield row
            place = rows[-1]["row"] if rows else place
            if len(rows) < PAGE:
                await bell.wait()
    finally:
        bell.forget()


async def _page(asker: Asker, endpoint: str, read: ReadForm) -> list[dict[str, Any]]:
    """The rows after the place that is asked for. Raises ClientError."""
    answer = (await asker.ask(endpoint, [read]))[0]
    if answer["outcome"] == "refused":
        raise Refused(answer["code"], answer["sentence"])
    rows: list[dict[str, Any]] = (answer["result"] or {})[_ROWS[read["kind"]]]
    return rows


class _Bell:
    """A subscription that is renewed in time, and after every change of the connection."""

    def __init__(self, asker: Asker, endpoint: str, interface: str | None) -> None:
        self._asker, self._endpoint, self._interface = asker, endpoint, interface
        self._rung = asyncio.Event()
        self._request = uuid.uuid4().hex
        self._session: object = None
        self._renewed = 0.0

    async def renew(self) -> int:
        """Subscribe; return the place of the last row at this moment."""
        if self._session is not self._asker.session:
            self.forget()
            self._request = uuid.uuid4().hex
        place = await self._asker.hear(self._rung, self._request, self._endpoint, self._interface)
        self._session, self._renewed = self._asker.session, asyncio.get_running_loop().time()
        return place

    async def renew_if_worn(self) -> int | None:
        """Subscribe anew where it is time to; return the place of the last row, None where it was not."""
        worn = asyncio.get_running_loop().time() - self._renewed >= RENEW_SECONDS
        return await self.renew() if worn or self._session is not self._asker.session else None

    async def wait(self) -> None:
        """Wait until there is something new to read, or long enough to look without being called."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await self._rung.wait()
        self._rung.clear()

    def forget(self) -> None:
        """Stop listening."""
        self._asker.forget(self._request)
