"""Throughput of payloads over established connections; each that arrived is compared with what was accepted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from lab.bench.client import done
from lab.bench.results import BenchFailed, Payloads, Rate
from lab.bench.sizes import COMMANDS_LIMIT, PAYLOAD_CHARACTERS, PAYLOAD_CONNECTIONS, Sizes
from lab.bench.testbed import End, Pair, Testbed
from lab.bench.workload import change, connections, create, until, worker
from shared.protocol.refusals import BUSY
from shared.wire import commands
from shared.wire.request import AnswerForm, CommandForm, SendForm

IN_FLIGHT_LIMIT_REQUESTS: Final = 4
"""Requests on their way at once: 20 payloads for each connection, of which 128 may wait for acknowledgement."""

DELIVERED_LIMIT_SECONDS: Final = 120.0
LOOK_EVERY_SECONDS: Final = 0.05
BUSY_PAUSE_SECONDS: Final = 0.01
INBOX_LIMIT_PAYLOADS: Final = 1_000
INBOXES_A_REQUEST: Final = 10


class Way(NamedTuple):
    """One direction: who sends from which interface, and where it arrives."""

    sender: End
    receiver: End
    routes: dict[str, str]


async def measure_payloads(testbed: Testbed, sizes: Sizes) -> Payloads:
    """Payloads a second over established connections, from the first command until the last is in an inbox."""
    async with testbed.pair("payloads") as pair:
        one = await _ways(pair, "one")
        one_way = await _sent(one[:1], sizes.payloads)
        both_ways = await _sent(await _ways(pair, "two"), sizes.payloads // 2)
    return Payloads(one_way, both_ways)


async def _ways(pair: Pair, name: str) -> list[Way]:
    wanted = connections(name, PAYLOAD_CONNECTIONS)
    await create(pair, wanted)
    await change(pair, "initiate", "Activated", wanted)
    a, b = pair.ends
    there = {one.opener: one.other for one in wanted}
    back = {one.other: one.opener for one in wanted}
    return [Way(a, b, there), Way(b, a, back)]


async def _sent(ways: Sequence[Way], count: int) -> Rate:
    """Send so many payloads each way at the same time, and check all of them."""
    before = [await _delivered(way.receiver) for way in ways]
    began = time.time()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_send(way, count)) for way in ways]
    last = began
    for way, delivered, task in zip(ways, before, tasks, strict=True):
        await _until_delivered(way.receiver, delivered + count)
        last = max(last, await _checked(way, task.result()))
    return Rate(count * len(ways), (last - began,))


async def _send(way: Way, count: int) -> dict[str, dict[int, str]]:
    """Send payloads over all connections in turn; return what was accepted, by interface and number."""
    sources = list(way.routes)
    sends = [
        commands.send(sources[number % len(sources)], f"{number} ".ljust(PAYLOAD_CHARACTERS, "x"))
        for number in range(count)
    ]
    accepted: dict[str, dict[int, str]] = {source: {} for source in sources}
    window = asyncio.Semaphore(IN_FLIGHT_LIMIT_REQUESTS)

    async def one(portion: list[SendForm]) -> None:
        async with window:
            while portion:
                portion = await _try(way.sender, portion, accepted)

    async with asyncio.TaskGroup() as group:
        for at in range(0, count, COMMANDS_LIMIT):
            group.create_task(one(sends[at : at + COMMANDS_LIMIT]))
    return accepted


async def _try(sender: End, portion: list[SendForm], accepted: dict[str, dict[int, str]]) -> list[SendForm]:
    """Send a portion, note what was accepted, and return what the sender was too busy for."""
    client = sender.client
    answers = await client.send(client.write(sender.endpoint, portion)[0])
    again: list[SendForm] = []
    for command, answer in zip(portion, answers, strict=True):
        if _is_busy(answer):
            again.append(command)
        else:
            accepted[command["interface"]][done(answer)["number"]] = command["body"]
    if again:
        await asyncio.sleep(BUSY_PAUSE_SECONDS)
    return again


def _is_busy(answer: AnswerForm) -> bool:
    return answer["outcome"] == "refused" and answer["code"] == BUSY.code


async def _delivered(receiver: End) -> int:
    found: int = (await worker(receiver))["counters"]["delivered_payloads"]
    return found


async def _has_delivered(receiver: End, count: int) -> bool:
    return await _delivered(receiver) >= count


async def _until_delivered(receiver: End, count: int) -> None:
    try:
        async with asyncio.timeout(DELIVERED_LIMIT_SECONDS):
            await until(partial(_has_delivered, receiver, count), LOOK_EVERY_SECONDS)
    except TimeoutError:
        raise BenchFailed(f"not all payloads arrived at {receiver.endpoint}") from None


async def _checked(way: Way, accepted: dict[str, dict[int, str]]) -> float:
    """When the last payload was kept. Raises BenchFailed unless each arrived exactly once and in order."""
    last = 0.0
    sources = list(way.routes)
    for at in range(0, len(sources), INBOXES_A_REQUEST):
        some = sources[at : at + INBOXES_A_REQUEST]
        inboxes = await _inboxes(way.receiver, [way.routes[source] for source in some])
        for source, inbox in zip(some, inboxes, strict=True):
            came = [(payload["number"], payload["body"]) for payload in inbox]
            if came != sorted(accepted[source].items()):
                raise BenchFailed(f"what {source} sent did not arrive exactly once and in order")
            last = max([last, *(payload["at"] for payload in inbox)])
    return last


async def _inboxes(receiver: End, interfaces: Sequence[str]) -> list[list[dict[str, Any]]]:
    reads: list[CommandForm] = [commands.inbox(one, 0, INBOX_LIMIT_PAYLOADS) for one in interfaces]
    answers = await receiver.client.send(receiver.client.write(receiver.endpoint, reads)[0])
    return [done(answer)["payloads"] for answer in answers]
