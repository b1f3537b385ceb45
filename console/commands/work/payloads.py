"""The work of `send` and `inbox`: payloads in portions, sent again where the worker was busy, and pages of an inbox."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from rich.text import Text

from console.client import NotUnderstood, Refused
from console.client.clients import Clients, Located
from console.client.plain import plain
from console.commands.running import DONE, FAILED
from console.screen import Screen, moment
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


async def send(clients: Clients, screen: Screen, name: str, text: str) -> int:
    """Send one payload, or each line of stdin for `-`; Busy is waited out."""
    payloads = _lines(sys.stdin.buffer) if text == "-" else iter([text])
    place = await clients.locate(name)
    numbers: list[int] = []
    count = 0
    try:
        with screen.progress(f"{place.interface}: sending") as line:
            for portion in _portions(payloads):
                async for number in _accepted(clients, place, portion, line.update):
                    numbers = [*numbers[:1], number]
                    count += 1
                    line.update(f"{place.interface}: {count} accepted")
    except Refused as refused:
        return _tell_refused(screen, place, refused, numbers, count)
    _tell(screen, place, numbers, count)
    return DONE


async def _accepted(clients: Clients, place: Located, portion: Portion, tell: Tell) -> AsyncIterator[int]:
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


def _lines(stream: Iterable[bytes]) -> Iterator[str]:
    for number, line in enumerate(stream, 1):
        try:
            yield line.rstrip(b"\r\n").decode()
        except UnicodeDecodeError:
            raise NotUnderstood(f"Line {number} of the input is not UTF-8 text; those before it were sent.") from None


def _portions(payloads: Iterable[str]) -> Iterator[Portion]:
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


def _sent(place: Located, numbers: Sequence[int], count: int) -> dict[str, Any]:
    ends = {"first": numbers[0], "last": numbers[-1]} if numbers else {"first": None, "last": None}
    return {"interface": place.interface, "endpoint": place.endpoint, "count": count, **ends}


def _tell(screen: Screen, place: Located, numbers: Sequence[int], count: int) -> None:
    span = f", numbers {numbers[0]} to {numbers[-1]}" if numbers else ""
    accepted = f"accepted as number {numbers[0]}" if count == 1 else f"{count} accepted{span}"
    screen.tell({"outcome": "done", **_sent(place, numbers, count)}, f"{place.interface}: {accepted}")


def _tell_refused(screen: Screen, place: Located, refused: Refused, numbers: Sequence[int], count: int) -> int:
    if screen.as_json:
        said = {"outcome": refused.outcome, "code": refused.code, "sentence": refused.sentence}
        screen.data({**said, **_sent(place, numbers, count)})
    else:
        before = f" {count} were accepted before." if count else ""
        screen.failed(refused.code, refused.sentence + before, refused.outcome)
    return FAILED


async def inbox(clients: Clients, screen: Screen, name: str, after: int, *, follow: bool) -> int:
    """Print what has arrived, and with `follow` what arrives, each payload once and in order."""
    place = await clients.locate(name)
    if follow:
        await clients.view(place)
        client = await clients.client(place.endpoint)
        async for payload in client.listen(place.endpoint, place.interface, after):
            _print(screen, payload)
        return DONE
    payloads = [payload async for payload in _pages(clients, place, after)]
    if screen.as_json:
        listed = [payload.model_dump() for payload in payloads]
        screen.data({"interface": place.interface, "endpoint": place.endpoint, "payloads": listed})
    else:
        for payload in payloads:
            _print(screen, payload)
        if not payloads:
            screen.complain(f"Nothing has arrived at {place.interface}.")
    return DONE


async def _pages(clients: Clients, place: Located, after: int) -> AsyncIterator[PayloadView]:
    while True:
        page = (await clients.one(place.endpoint, commands.inbox(place.interface, after)))["payloads"]
        for payload in page:
            yield PayloadView.model_validate(payload)
        if not page:
            return
        after = page[-1]["row"]


def _print(screen: Screen, payload: PayloadView) -> None:
    screen.tell(
        payload.model_dump(),
        Text(f"{moment(payload.at)}  {payload.number:>4}  ", "dim").append(plain(payload.body), "not dim"),
    )
