"""Restarting one worker of a stack that runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from console.client.clients import client_of
from console.stack.errors import StackError
from console.stack.readiness import READY_LIMIT_SECONDS, ask_whether_there, until_answered
from console.stack.stack import Stack
from console.stack.supervised import Report
from console.stack.workers import worker_program


async def restart(
    stack: Stack, endpoint: str, *, restored: bool = False, meanwhile: Callable[[], Awaitable[None]] | None = None
) -> Report:
    """End an endpoint's worker, start it again and wait until it answers; it may be one that had refused to start.

    With `restored` it renews every epoch, this once; `meanwhile` is done while no worker runs.
    Raises StackRefused if it refuses, ClientError if it is silent.
    """
    section = stack.topology.endpoint(endpoint)
    if section is None:
        raise StackError(f"the worker of {endpoint} is not run by this `peering up`")
    try:
        program = worker_program(stack.broker, section, stack.folder, stack.settings, restored=restored)
        if meanwhile is None:
            stack.supervisor.change(program)
            await stack.supervisor.restart(endpoint)
        else:
            await stack.supervisor.end(endpoint)
            try:
                await meanwhile()
            finally:
                stack.supervisor.start(program)
        async with client_of(stack.context, section.account, READY_LIMIT_SECONDS) as client:
            await until_answered(stack.supervisor, [endpoint], ask_whether_there(client, endpoint))
    finally:
        stack.supervisor.change(worker_program(stack.broker, section, stack.folder, stack.settings))
    return stack.supervisor.report(endpoint)
