"""The places where scenarios run: a stack of their own, or what runs already; each with a console to make faults at."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from console.client.clients import Clients
from console.faults.remote import Access, RemoteFaults, console_of
from console.scenario.surroundings import SETTINGS, surroundings
from console.stack.answering import answer_request
from console.stack.control_socket import control_socket
from console.stack.stack import Stack, running
from console.topology import Context, NoContext, Topology, find_context
from console.web.listening import Listen, bound
from console.web.serving import web

PATIENCE_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a scenario runs: clients of all accounts, the console, what programs are told of both, and their folder.

    `stack` is None where it is not the scenario's own; `seconds` is how long that took to come up.
    """

    clients: Clients
    console: RemoteFaults
    environment: Mapping[str, str]
    folder: Path
    stack: Stack | None = None
    seconds: float = 0.0

    @property
    def context(self) -> Context:
        """Where the broker is, and who is there."""
        return self.clients.context

    @property
    def administrator(self) -> str:
        """The management API's URL with its login, or empty: a secret."""
        return "" if self.stack is None else self.stack.broker.administrator


@asynccontextmanager
async def own_place(
    topology: Topology, folder: Path, programs: Path, say: Callable[[str], None]
) -> AsyncIterator[Place]:
    """A stack of the scenario's own in a folder, with a console; programs run in another folder."""
    began = time.monotonic()
    with bound(Listen(port=0)) as listening:
        stacked = running(topology, folder, say, environment=surroundings(), settings=SETTINGS)
        async with (
            stacked as stack,
            control_socket(folder, partial(answer_request, stack)),
            web(stack.context, folder, listening, Listen().host, stack=stack) as console,
        ):
            access = Access(console.url, console.token)
            async with Clients(stack.context, PATIENCE_SECONDS) as clients:
                environment, seconds = _environment(stack.context, access), time.monotonic() - began
                yield Place(clients, RemoteFaults(access), environment, programs, stack, seconds)
            say("taking everything down")


@asynccontextmanager
async def running_place(topology: Path | None, programs: Path) -> AsyncIterator[Place]:
    """What runs already, found as the other commands find it; what a scenario creates there stays. Raises NoContext."""
    context = find_context(topology)
    access = console_of(context.source)
    if access is None:
        raise NoContext(f"No console of {context.source} is known here, so no faults can be made. Start `peering up`.")
    async with Clients(context, PATIENCE_SECONDS) as clients:
        yield Place(clients, RemoteFaults(access), _environment(context, access), programs)


def _environment(context: Context, access: Access) -> dict[str, str]:
    """What programs are told: with it, `peering` and `python` are these, and ask what the scenario runs on."""
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PEERING_TOPOLOGY": str(Path(context.source).absolute()),
        "PEERING_CONSOLE_URL": access.url,
        "PEERING_CONSOLE_TOKEN": access.token,
    }
