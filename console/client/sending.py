"""Sending: payloads in portions, sent again where the worker was busy; and what has arrived, page by page."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from typing import Final

from console.client.clients import Clients, Located
from console.client.errors import NotUnderstood, Refused
from shared.protocol.refusals import BUSY
from shared.wire import commands
from shared.wire.forms import PAYLOAD_LIMIT_CHARACTERS
from shared.wire.request import AnswerForm, CommandForm
from shared.wire.views import PayloadView

PORTION_PAYLOADS: Final = 100
PORTION_BYTES: Final = 262_144
"""Payloads and bytes of one request, well below what is read at all."""
FIRST_BUSY_PAUSE_SECONDS: Final = 0.05
LONGEST_BUSY_PAUSE_SECONDS: Final = 1.0

Portion = Sequence[str]
Tell = Callable[[str], None]


async def accepted(
    clients: Clients, place: Located, portion: Portion, tell: Tell = lambda _: None
) -> AsyncIterator[int]:
    """Yield the numbers under which payloads are accepted; those that find the worker busy are sent again."""
    pause = FIRST_BUSY_PAUSE_SECONDS
    waiting = list(portion)
    while waiting:
        forms: list[CommandForm] = [commands.send(place.interface, body) for body in waiting]
        numbers, refused = _until_refused(await clients.ask(place.endpoint, forms))
        for number in numbers:
            yield number
        waiting = waiting[len(numbers) :]
        if refused is not None and refused.code != BUSY.code:
            raise refused
        if refused is not None:
            tell(f"{place.interface}: busy, {len(waiting)} waiting for the peer to acknowledge earlier ones")
            await asyncio.sleep(pause)
        pause = FIRST_BUSY_PAUSE_SECONDS if numbers else min(2 * pause, LONGEST_BUSY_PAUSE_SECONDS)


def _until_refused(answers: Sequence[AnswerForm]) -> tuple[list[int], Refused | None]:
    numbers: list[int] = []
    for answer in answers:
        if answer["outcome"] == "refused":
            return numbers, Refused(answer["code"], answer["sentence"])
        numbers.append(int((answer["result"] or {})["number"]))
    return numbers, None


def portions(payloads: Iterable[str]) -> Iterator[Portion]:
    """Yield as many payloads as go into one request. Raises NotUnderstood for one that is too long."""
    portion: list[str] = []
    size = 0
    for number, payload in enumerate(payloads, 1):
        if len(payload) > PAYLOAD_LIMIT_CHARACTERS:
            if portion:
                yield portion
            raise NotUnderstood(
                f"Payload {number} has {len(payload)} characters, and {PAYLOAD_LIMIT_CHARACTERS} is the limit."
            )
        weight = len(json.dumps(payload))
        if portion and (len(portion) >= PORTION_PAYLOADS or size + weight > PORTION_BYTES):
            yield portion
            portion, size = [], 0
        portion.append(payload)
        size += weight
    if portion:
        yield portion


async def arrived(clients: Clients, place: Located, after: int = 0) -> AsyncIterator[PayloadView]:
    """Yield the payloads that are in an inbox after a row. Raises ClientError."""
    while True:
        page = (await clients.one(place.endpoint, commands.inbox(place.interface, after)))["payloads"]
        for payload in page:
            yield PayloadView.model_validate(payload)
        if not page:
            return
        after = page[-1]["row"]


async def acknowledge(clients: Clients, place: Located, through: int) -> int:
    """Let go of the payloads of an inbox through a row; returns how many went. Raises ClientError."""
    removed = 0
    while True:
        answer = await clients.one(place.endpoint, commands.acknowledge(place.interface, through))
        removed += int(answer["removed"])
        if not answer["more"]:
            return removed
