"""Latency: handshakes made one by one with nothing else to do.

A timeline's `at` is when its batch began, so the commit that made the last status durable is measured apart and added.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from initiator.handshake import INITIATOR
from lab.bench.client import Rows
from lab.bench.results import BenchFailed, Latency, Lone
from lab.bench.sizes import LONE_PAUSE_SECONDS, Sizes
from lab.bench.testbed import Pair, Testbed
from lab.bench.workload import Connection, connections, create, mark, moments, reached, rows
from shared.protocol.interface import Interface
from shared.protocol.words import Endpoint, Epoch, Kind
from shared.store.sqlite import Store, TimelineEntry
from shared.wire import commands

WARM_UP_HANDSHAKES: Final = 20
COMMIT_SAMPLES: Final = 200
SEEN_LIMIT_SECONDS: Final = 10.0
WATCH_SECONDS: Final = 60
_MILLISECONDS: Final = 1_000.0


async def measure_lone(testbed: Testbed, sizes: Sizes) -> Lone:
    """From initiate to both ends Activated, with nothing else to do; by the timelines and by the owners' consoles."""
    commit = commits(testbed.folder)
    async with testbed.pair("lone") as pair:
        await lone_handshakes(pair, connections("w", WARM_UP_HANDSHAKES))
        ends = await lone_handshakes(pair, connections("t", sizes.lone))
        console = await seen_handshakes(pair, connections("c", min(sizes.lone, 200)))
    durable = Latency(tuple(one + commit.p50 for one in ends.milliseconds))
    return Lone(durable, console, commit)


async def lone_handshakes(pair: Pair, wanted: Sequence[Connection]) -> Latency:
    """One after the other, with nobody looking; the times are read afterwards."""
    a, b = pair.ends
    await create(pair, wanted)
    await asyncio.sleep(LONE_PAUSE_SECONDS * 10)
    marks = (await mark(a, "Activated"), await mark(b, "Activated"))
    for one in wanted:
        await a.client.ask(a.endpoint, commands.change("initiate", one.opener))
        await asyncio.sleep(LONE_PAUSE_SECONDS)
    await reached(a, marks[0], [one.opener for one in wanted])
    await reached(b, marks[1], [one.other for one in wanted])
    initiated = [row async for row in rows(a, marks[0].place) if row["cause"] == "command initiate"]
    began = {row["interface"]: row["at"] for row in initiated}
    ended = await moments(a, marks[0]) | await moments(b, marks[1])
    both = [(began[one.opener], max(ended[one.opener], ended[one.other])) for one in wanted]
    return Latency(tuple((done - start) * _MILLISECONDS for start, done in both))


async def seen_handshakes(pair: Pair, wanted: Sequence[Connection]) -> Latency:
    """From sending the command until both owners have been told, over their subscriptions."""
    a, b = pair.ends
    await create(pair, wanted)
    seen: dict[str, asyncio.Event] = {name: asyncio.Event() for one in wanted for name in one}

    def note(_: str, told: Rows) -> None:
        for row in told:
            if row["status"] == "Activated" and row["interface"] in seen:
                seen[row["interface"]].set()

    samples: list[float] = []
    for number, one in enumerate(wanted):
        if number % 500 == 0:
            await a.client.watch(a.endpoint, WATCH_SECONDS, note)
            await b.client.watch(b.endpoint, WATCH_SECONDS, note)
        began = time.perf_counter()
        await a.client.ask(a.endpoint, commands.change("initiate", one.opener))
        try:
            async with asyncio.timeout(SEEN_LIMIT_SECONDS):
                await seen[one.opener].wait()
                await seen[one.other].wait()
        except TimeoutError:
            raise BenchFailed("the owners were not told that a connection is up") from None
        samples.append((time.perf_counter() - began) * _MILLISECONDS)
        await asyncio.sleep(LONE_PAUSE_SECONDS)
    return Latency(tuple(samples))


def commits(folder: Path) -> Latency:
    """What one commit of one interface and one row of the timeline takes on this disk."""
    endpoint = Endpoint("vpc-commits", Kind.VPC, "nobody", "nowhere")
    store = Store(folder / "commits.sqlite", endpoint, INITIATOR)
    store.open(1)
    samples: list[float] = []
    for number in range(COMMIT_SAMPLES):
        state = Interface(f"ri-{number}", endpoint, INITIATOR, Epoch(1, number))
        began = time.perf_counter()
        store.begin()
        store.save(state)
        store.note(TimelineEntry(state.id, 0.0, "", state.status, "measured", ""))
        store.commit()
        samples.append((time.perf_counter() - began) * _MILLISECONDS)
    store.close()
    return Latency(tuple(samples))
