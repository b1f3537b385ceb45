"""Throughput: handshakes, suspends and resumes a second of many connections at once between two workers."""

from __future__ import annotations

from lab.bench.results import Bulk, Rate
from lab.bench.sizes import Sizes
from lab.bench.testbed import Testbed
from lab.bench.workload import change, connections, create

WARM_UP_CONNECTIONS = 500


async def measure_bulk(testbed: Testbed, sizes: Sizes) -> Bulk:
    """Handshakes, suspends and resumes a second between two workers, everything durable at both ends."""
    count = sizes.handshakes
    opened: list[float] = []
    async with testbed.pair("bulk") as pair:
        warm = connections("warm", WARM_UP_CONNECTIONS)
        await create(pair, warm)
        await change(pair, "initiate", "Activated", warm)
        wanted = connections("0", count)
        for number in range(sizes.rounds):
            wanted = connections(str(number), count)
            await create(pair, wanted)
            opened.append((await change(pair, "initiate", "Activated", wanted)).seconds)
        suspended: list[float] = []
        resumed: list[float] = []
        for _ in range(sizes.rounds):
            suspended.append((await change(pair, "suspend", "Suspended", wanted)).seconds)
            resumed.append((await change(pair, "resume", "Activated", wanted)).seconds)
    return Bulk(Rate(count, tuple(opened)), Rate(count, tuple(suspended)), Rate(count, tuple(resumed)))
