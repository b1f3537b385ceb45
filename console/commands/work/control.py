"""The work of `provision`: the definitions of a topology, made and imported with an administrator's login."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from urllib.parse import unquote, urlsplit

from console.client.clients import Clients
from console.commands.running import DONE
from console.faults.faults import Faults
from console.screen import Screen, facts
from console.topology import NoContext, Topology, find_context, load
from console.topology.context import password_variable, with_passwords
from shared.broker.control import broker_version
from shared.broker.control import provision as import_definitions
from shared.broker.replacing import replace_queues, unlike_queues
from shared.broker.topology import Account, Definitions, definitions


async def provision(screen: Screen, path: Path, management_url: str) -> int:
    """Make users, exchanges, queues, bindings and limits on a broker; what is there already stays.

    But a queue that has other arguments than it should have is replaced, once its worker has read it.
    """
    topology = with_passwords(load(path), os.environ)
    document = broker_definitions(path, topology)
    with screen.progress("provisioning"):
        version = await broker_version(management_url)
        await import_definitions(management_url, document)
        replaced = await _replaced(path, management_url, document)
        mended = await _mended(path, management_url)
    made = {
        "accounts": [one.uid for one in topology.accounts],
        "endpoints": [one.id for one in topology.endpoints],
        "exchanges": len(document["exchanges"]),
        "queues": len(document["queues"]),
        "bindings": len(document["bindings"]),
        "policies": len(document["policies"]),
        "mended": mended,
        "replaced": replaced,
    }
    shown = {name: ", ".join(value) if isinstance(value, list) else str(value) for name, value in made.items()}
    screen.tell({"outcome": "done", "rabbitmq": version, **made}, facts([("RabbitMQ", version), *shown.items()]))
    return DONE


async def _replaced(path: Path, management_url: str, document: Definitions) -> list[str]:
    """Replace the queues that have other arguments than they should have, and name them. Raises NoContext."""
    queues = await unlike_queues(management_url, document)
    if queues:
        login = urlsplit(management_url)
        user, password = unquote(login.username or ""), unquote(login.password or "")
        await replace_queues(find_context(path).broker.as_user(user, password), management_url, document, queues)
    return queues


async def _mended(path: Path, management_url: str) -> list[str]:
    """Make whole the wires that a console that was killed has left tapped; none where the broker's place is not known.

    What was just bound again beside the tap of a console that runs is led through it once more.
    """
    try:
        context = find_context(path)
    except NoContext:
        return []
    async with Clients(context, 0.0) as clients:
        return await Faults(clients, administrator=management_url).mend()


def broker_definitions(path: Path, topology: Topology) -> Definitions:
    """Make the broker's definitions for a topology. Raises NoContext where a password is missing."""
    accounts = []
    for one in topology.accounts:
        if one.password is None:
            raise NoContext(
                f"{path}: account {one.shown} has no `password`, and {password_variable(one.uid)} is not set."
            )
        accounts.append(Account(one.uid, one.password))
    endpoints = [(one.account, one.id) for one in topology.endpoints]
    heard = {one.id: topology.senders(one) for one in topology.endpoints}
    return definitions(accounts, endpoints, salt=secrets.token_bytes(4), senders=heard)
