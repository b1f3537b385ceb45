"""Adding an endpoint to a stack that runs, and taking it away again, while everything else goes on.

What the stack does at the start for all endpoints is done here for one: its queues are made with the
administrator's credentials, its worker is started, and the running context tells the other commands of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from console.client.clients import Clients
from console.stack.private_folder import STORES
from console.stack.readiness import ask_whether_there, until_answered
from console.stack.stack import Stack
from console.stack.workers import worker_program
from console.topology import EndpointSection, KnownEndpoint
from shared.broker.control import delete_queue, limit_user, provision
from shared.broker.names import endpoint_queues
from shared.broker.topology import account_limits, endpoint_definitions

_STORE_SUFFIXES: Final = ("", "-wal", "-shm", ".lock")
"""What a store and SQLite make beside each other; anything else there is not ours to remove."""


def can_grow(stack: Stack | None) -> bool:
    """Whether endpoints can be added: workers are ours to start, and somebody may make their queues."""
    return stack is not None and (not stack.broker.enforced or bool(stack.broker.administrator))


async def add_endpoint(stack: Stack, clients: Clients, endpoint: EndpointSection) -> None:
    """Provision an endpoint, start its worker and wait until it answers.

    Raises StackRefused, ControlPlaneError or Unanswered.
    """
    if stack.broker.enforced:
        administrator = stack.broker.administrator
        owned = 1 + sum(one.account == endpoint.account for one in stack.topology.endpoints)
        await limit_user(administrator, endpoint.account, account_limits(owned), vhost=stack.broker.vhost)
        senders = stack.topology.senders(endpoint)
        more = endpoint_definitions(endpoint.account, endpoint.id, senders)
        await provision(administrator, stack.broker.placed(more))
    stack.supervisor.start(worker_program(stack.broker, endpoint, stack.folder, stack.settings))
    stack.added.append(endpoint)
    known = KnownEndpoint(endpoint.id, endpoint.kind, endpoint.account, endpoint.region, endpoint.role)
    clients.context = replace(clients.context, endpoints=(*clients.context.endpoints, known))
    try:
        stack.publish()
        client = await clients.client(endpoint.id)
        await until_answered(stack.supervisor, [endpoint.id], ask_whether_there(client, endpoint.id))
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
        senders = stack.topology.senders(section)
        for queue in endpoint_queues(section.account, endpoint, senders):
            await delete_queue(stack.broker.administrator, queue.name, vhost=stack.broker.vhost)
    for suffix in _STORE_SUFFIXES:
        (stack.folder / STORES / f"{endpoint}.sqlite{suffix}").unlink(missing_ok=True)


async def _retire(stack: Stack, clients: Clients, section: EndpointSection) -> None:
    """Stop its worker; nobody looks for it any more."""
    await stack.supervisor.end(section.id)
    stack.added.remove(section)
    remaining = tuple(one for one in clients.context.endpoints if one.id != section.id)
    clients.context = replace(clients.context, endpoints=remaining)
    stack.publish()
