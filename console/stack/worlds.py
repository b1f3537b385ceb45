"""Worlds beside a stack: simulators of their own on its broker, whose workers its fork server forks.

A world is a virtual host with its own accounts, logins and endpoints, in a folder of its own below the stack's; both
are removed with it.
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from console.stack.brokers import make_world_beside, world_of
from console.stack.private_folder import locked, private_folder
from console.stack.stack import Stack, brought_up
from console.topology import Topology

WORLDS: Final = "worlds"
REGION: Final = "cn-hangzhou"
_ROLES: Final = {"": "initiator", "-in": "acceptor"}
"""What stands behind an account in the ids of its two endpoints."""


def topology_of(accounts: Sequence[str]) -> Topology:
    """The topology of a world: of every account a VPC that initiates, `vpc-UID`, and one that accepts, `vpc-UID-in`.

    Raises ValueError.
    """
    endpoints = [
        {"id": f"vpc-{uid}{end}", "kind": "vpc", "account": uid, "region": REGION, "role": role}
        for uid in accounts
        for end, role in _ROLES.items()
    ]
    return Topology.model_validate({"accounts": [{"uid": uid} for uid in accounts], "endpoints": endpoints})


@asynccontextmanager
async def running_world(beside: Stack, name: str, topology: Topology) -> AsyncIterator[Stack]:
    """Run a world until the block ends, and remove it with all that it kept.

    Raises StackError or ControlPlaneError with a sentence for people.
    """
    folder = beside.folder / WORLDS / name
    private_folder(folder.parent)
    try:
        with locked(folder):
            found = await make_world_beside(beside.broker, topology, folder, f"{world_of(beside.folder)}.{name}")
            async with brought_up(found, folder, beside.settings, beside.fork_server) as stack:
                yield stack
                for one in topology.endpoints:  # there is nothing to finish: their stores go with them
                    stack.supervisor.send(one.id, signal.SIGKILL)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
