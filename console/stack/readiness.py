"""Waiting for workers that were started: until all of them answer, or the first one refuses to start."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Final

from console.client import Client, Unanswered
from console.client.clients import Clients
from console.stack.errors import StackRefused
from console.stack.supervisor import Supervisor
from shared.wire import commands

READY_LIMIT_SECONDS: Final = 60.0
READY_LIMIT_SECONDS_EACH: Final = 1.0
"""Workers that start together share the machine: with each of them all may take longer."""


async def until_answered(supervisor: Supervisor, names: Sequence[str], answers: Awaitable[object]) -> None:
    """Wait for these workers' answers. Raises StackRefused as soon as one of them refuses to start."""
    answering, refusing = asyncio.ensure_future(answers), asyncio.create_task(supervisor.refusal(names))
    try:
        await asyncio.wait({answering, refusing}, return_when=asyncio.FIRST_COMPLETED)
        if not answering.done():
            report = refusing.result()
            raise StackRefused(f"the worker of {report.name} refuses to start ({report.last})")
        await answering
    finally:
        for task in (answering, refusing):
            task.cancel()
        await asyncio.gather(answering, refusing, return_exceptions=True)


async def until_all_answer(supervisor: Supervisor, clients: Clients) -> None:
    """Wait until every worker answers its owner. Raises StackRefused."""
    try:
        names = [one.id for one in clients.context.endpoints]
        await until_answered(supervisor, names, _all_answers(clients, names))
    except ExceptionGroup as group:
        unanswered = group.subgroup(Unanswered)
        if unanswered is None:
            raise
        last = "".join(f"; {one.name} ended last with {one.last}" for one in supervisor.reports if one.last)
        raise StackRefused(f"not all workers came up: {_first(unanswered)}{last}") from group


async def ask_whether_there(client: Client, endpoint: str, limit_seconds: float = READY_LIMIT_SECONDS) -> None:
    """Ask a worker about itself, and wait for its answer. Raises Unanswered."""
    await client.ask(endpoint, [commands.worker()], limit_seconds)


async def _all_answers(clients: Clients, endpoints: Sequence[str]) -> None:
    limit = READY_LIMIT_SECONDS + READY_LIMIT_SECONDS_EACH * len(endpoints)

    async def answers(endpoint: str) -> None:
        await ask_whether_there(await clients.client(endpoint, limit), endpoint, limit)

    async with asyncio.TaskGroup() as group:
        for one in endpoints:
            group.create_task(answers(one))


def _first(unanswered: ExceptionGroup[Exception]) -> Exception:
    first = unanswered.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first
