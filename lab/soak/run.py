"""The soak run: steady load on two workers under their operator's limits, and samples of what could grow."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from console.client.clients import Clients, Located
from console.client.sending import accepted
from console.stack.private_folder import STORES
from console.stack.stack import Stack, running
from console.topology import AccountSection, EndpointSection, Topology
from shared.broker.amqp import depths
from shared.broker.names import endpoint_queues
from shared.protocol.words import Status
from shared.wire import commands

PATIENCE_SECONDS: Final = 60.0
SAMPLE_SECONDS: Final = 1.0
LEAST_SAMPLES: Final = 9
"""A short run takes longer on a slow machine, until there is something to compare."""
CONNECTIONS: Final = 10
PORTION: Final = 10
BODY: Final = "x" * 4_000
MIB: Final = 1 << 20

LIMITS: Final = {"PEERING_INBOX_LIMIT_PAYLOADS": "500", "PEERING_TIMELINE_KEPT_SECONDS": "5"}
"""What the operator of this run keeps: so little that a short run comes to the end of it."""

ENDS: Final = (
    EndpointSection(id="vpc-soak-a", kind="vpc", account="alice", region="cn-hangzhou", role="initiator"),
    EndpointSection(id="vpc-soak-b", kind="vpc", account="bob", region="cn-beijing", role="acceptor"),
)
TOPOLOGY: Final = Topology(accounts=tuple(AccountSection(uid=one.account) for one in ENDS), endpoints=ENDS)


class Sample(NamedTuple):
    """What both workers together take at one moment."""

    seconds: float
    memory_mib: float
    stores_mib: float
    logs_mib: float
    queued: int


class Soaked(NamedTuple):
    """What a run did, and the samples of it."""

    payloads: int
    suspensions: int
    samples: Sequence[Sample]


SLACK: Final = Sample(0.0, memory_mib=16.0, stores_mib=8.0, logs_mib=40.0, queued=500)
"""What the last third of a run may take beyond a fifth more than the middle one, for what comes and goes.

Each of the two logs fills up to 16 MiB and is then written over.
"""


def growth(samples: Sequence[Sample]) -> list[str]:
    """What has grown from the middle third of a run to its last, a sentence each; the first third warms up."""
    third = len(samples) // 3
    if not third:
        return ["The run was too short to tell."]
    wrong = []
    for place, name in list(enumerate(Sample._fields))[1:]:
        middle, last = (max(one[place] for one in part) for part in (samples[third:-third], samples[-third:]))
        if last > 1.2 * middle + SLACK[place]:
            wrong.append(f"{name} has grown from {middle:.1f} to {last:.1f}")
    return wrong


async def soak(seconds: float, folder: Path, say: Callable[[str], None]) -> Soaked:
    """Run the load for so long. Raises StackError, BrokerNotStarted, ControlPlaneError or ClientError."""
    async with (
        running(TOPOLOGY, folder, say, environment={}, settings=LIMITS) as stack,
        Clients(stack.context, PATIENCE_SECONDS) as clients,
    ):
        pairs = [await _connected(clients, f"ri-soak{number}") for number in range(CONNECTIONS)]
        sampling = asyncio.create_task(_samples(stack, seconds))
        payloads = suspensions = 0
        try:
            while not sampling.done():
                payloads += sum(await asyncio.gather(*(_send(clients, place) for pair in pairs for place in pair)))
                await _suspend_and_resume(clients, pairs[suspensions % CONNECTIONS])
                suspensions += 1
            return Soaked(payloads, suspensions, await sampling)
        finally:
            sampling.cancel()


async def _connected(clients: Clients, name: str) -> list[Located]:
    """A connection between the two endpoints, of interfaces with the same id."""
    about = {one.id: commands.peer(name, one.id, one.account, one.region) for one in ENDS}
    first, second = ENDS
    await clients.one(second.id, commands.create(name, peer=about[first.id]))
    await clients.one(first.id, commands.create(name, peer=about[second.id], initiate=True))
    pair = [Located(name, one.id) for one in ENDS]
    await _until(clients, pair, Status.ACTIVATED)
    return pair


async def _send(clients: Clients, place: Located) -> int:
    return len([number async for number in accepted(clients, place, [BODY] * PORTION)])


async def _suspend_and_resume(clients: Clients, pair: Sequence[Located]) -> None:
    own = pair[0]
    await clients.one(own.endpoint, commands.change("suspend", own.interface))
    await _until(clients, pair, Status.SUSPENDED)
    await clients.one(own.endpoint, commands.change("resume", own.interface))
    await _until(clients, pair, Status.ACTIVATED)


async def _until(clients: Clients, pair: Sequence[Located], status: Status) -> None:
    """Wait until both ends show a status. Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while {(await clients.view(place)).status for place in pair} != {status}:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


async def _samples(stack: Stack, seconds: float) -> list[Sample]:
    began, samples = time.monotonic(), list[Sample]()
    while (now := time.monotonic() - began) < seconds or len(samples) < LEAST_SAMPLES:
        files = {kind: sum(one.stat().st_size for one in _files(stack, kind)) / MIB for kind in ("", "-wal")}
        memory = sum(_resident_mib(one.pid) for one in stack.supervisor.reports if one.pid)
        samples.append(Sample(now, memory, files[""], files["-wal"], await _queued(stack)))
        await asyncio.sleep(SAMPLE_SECONDS)
    return samples


def _files(stack: Stack, kind: str) -> list[Path]:
    return list((stack.folder / STORES).glob(f"*.sqlite{kind}"))


def _resident_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


async def _queued(stack: Stack) -> int:
    senders = [one.account for one in ENDS]
    queues = {one.account: [q.name for q in endpoint_queues(one.account, one.id, senders)] for one in ENDS}
    found = [await depths(stack.context.login(account), names) for account, names in queues.items()]
    return sum(depth.waiting for each in found for depth in each.values())
