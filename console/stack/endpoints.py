"""A town that can't grow is a film set: an endpoint can be added, and taken away, while everything else runs.

What the control plane does at the start for all endpoints is done here for one: its queues are made with the
administrator's credentials, its worker is started, and the running context tells the other commands of it.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from console.client.clients import Clients
from console.stack.brokers import StackRefused, write_private
from console.stack.stack import READY_LIMIT_SECONDS, Stack, program_of
from console.stack.supervisor import State
from console.topology import EndpointSection, KnownEndpoint
from console.topology.context import CONTEXT_FILE
from shared.broker.control import delete_queue, provision
from shared.broker.names import endpoint_queues
from shared.broker.topology import endpoint_definitions

_LOOK_EVERY_SECONDS: Final = 0.05


def can_grow(stack: Stack | None) -> bool:
    """Whether endpoints can be added: workers are ours to start, and somebody may make their queues."""
    return stack is not None and (not stack.broker.enforced or bool(stack.broker.administrator))


async def add_endpoint(stack: Stack, clients: Clients, endpoint: EndpointSection) -> None:
    """Provision an endpoint, start its worker and wait until it answers.

    Raises StackRefused, ControlPlaneError or Unanswered.
    """
    if stack.broker.enforced:
        senders = [one.uid for one in stack.topology.accounts]
        await provision(stack.broker.administrator, endpoint_definitions(endpoint.account, endpoint.id, senders))
    stack.supervisor.start(program_of(stack.broker, endpoint, stack.folder, stack.settings))
    stack.added.append(endpoint)
    known = KnownEndpoint(endpoint.id, endpoint.kind, endpoint.account, endpoint.region, endpoint.role)
    clients.context = replace(clients.context, endpoints=(*clients.context.endpoints, known))
    _tell_others(stack)
    try:
        await _until_ready(stack, clients, endpoint.id)
    except BaseException:
        await _retire(stack, clients, endpoint)
        raise


async def remove_endpoint(stack: Stack, clients: Clients, endpoint: str) -> None:
    """Stop an added endpoint's worker and take its queues and its memory away. Raises ControlPlaneError."""
    section = next((one for one in stack.added if one.id == endpoint), None)
    if section is None:
        return
    await _retire(stack, clients, section)
    if stack.broker.enforced:
        senders = [one.uid for one in stack.topology.accounts]
        for queue in endpoint_queues(section.account, endpoint, senders):
            await delete_queue(stack.broker.administrator, queue.name)
    for file in (stack.folder / "stores").glob(f"{endpoint}.sqlite*"):
        file.unlink()


async def _retire(stack: Stack, clients: Clients, section: EndpointSection) -> None:
    """Stop its worker; nobody looks for it any more."""
    await stack.supervisor.end(section.id)
    stack.added.remove(section)
    remaining = tuple(one for one in clients.context.endpoints if one.id != section.id)
    clients.context = replace(clients.context, endpoints=remaining)
    _tell_others(stack)


def _tell_others(stack: Stack) -> None:
    write_private(stack.folder / CONTEXT_FILE.name, stack.topology.model_dump_json(exclude_none=True, indent=1))


async def _until_ready(stack: Stack, clients: Clients, endpoint: str) -> None:
    """Wait for the worker's first answer. Raises StackRefused if it refuses to start."""
    client = await clients.client(endpoint)
    answering = asyncio.create_task(client.ask(endpoint, [{"kind": "worker"}], READY_LIMIT_SECONDS))
    try:
        while not answering.done():
            report = stack.supervisor.report(endpoint)
            if report.state is State.REFUSED:
                raise StackRefused(f"the worker of {endpoint} refuses to start ({report.last})")
            await asyncio.wait({answering}, timeout=_LOOK_EVERY_SECONDS)
        await answering
    finally:
        answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)
