"""The work of `send` and `inbox`: what is sent is read from the words typed or the standard input, and told."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.text import Text

from console.client import NotUnderstood, Refused
from console.client.clients import Clients, Located
from console.client.plain import plain
from console.client.sending import accepted, arrived, portions
from console.client.sending import acknowledge as acknowledge_through
from console.commands.running import DONE, FAILED
from console.screen import Screen, moment
from shared.wire.views import PayloadView


async def send(clients: Clients, screen: Screen, name: str, text: str) -> int:
    """Send one payload, or each line of stdin for `-`; Busy is waited out."""
    payloads = _lines(sys.stdin.buffer) if text == "-" else iter([text])
    place = await clients.locate(name)
    numbers: list[int] = []
    count = 0
    try:
        with screen.progress(f"{place.interface}: sending") as line:
            for portion in portions(payloads):
                async for number in accepted(clients, place, portion, line.update):
                    numbers = [*numbers[:1], number]
                    count += 1
                    line.update(f"{place.interface}: {count} accepted")
    except Refused as refused:
        return _tell_refused(screen, place, refused, numbers, count)
    _tell(screen, place, numbers, count)
    return DONE


def _lines(stream: Iterable[bytes]) -> Iterator[str]:
    for number, line in enumerate(stream, 1):
        try:
            yield line.rstrip(b"\r\n").decode()
        except UnicodeDecodeError:
            raise NotUnderstood(f"Line {number} of the input is not UTF-8 text; those before it were sent.") from None


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


async def inbox(  # noqa: PLR0913 - what is asked for
    clients: Clients, screen: Screen, name: str, after: int, *, follow: bool, acknowledge: bool
) -> int:
    """Print what has arrived, and with `follow` what arrives, each payload once and in order.

    With `acknowledge` the worker lets go of what was printed, and of what was before it in the inbox.
    """
    place = await clients.locate(name)
    if follow:
        await clients.view(place)
        client = await clients.client(place.endpoint)
        async for payload in client.listen(place.endpoint, place.interface, after):
            _print(screen, payload)
            if acknowledge:
                await _acknowledge(clients, place, payload)
        return DONE
    payloads = [payload async for payload in arrived(clients, place, after)]
    if screen.as_json:
        listed = [payload.model_dump() for payload in payloads]
        screen.data({"interface": place.interface, "endpoint": place.endpoint, "payloads": listed})
    else:
        for payload in payloads:
            _print(screen, payload)
        if not payloads:
            screen.complain(f"Nothing has arrived at {place.interface}.")
    if acknowledge and payloads:
        await _acknowledge(clients, place, payloads[-1])
    return DONE


async def _acknowledge(clients: Clients, place: Located, last: PayloadView) -> None:
    sys.stdout.flush()  # whoever reads it may be gone: then nothing is let go
    await acknowledge_through(clients, place, last.row)


def _print(screen: Screen, payload: PayloadView) -> None:
    screen.tell(
        payload.model_dump(),
        Text(f"{moment(payload.at)}  {payload.number:>4}  ", "dim").append(plain(payload.body), "not dim"),
    )
