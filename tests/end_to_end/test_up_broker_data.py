"""Tests of a private broker that lost its data: it boots with all that belongs on it, later endpoints included."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

from console.client import Unanswered
from console.client.clients import Clients
from console.stack.endpoints import add_endpoint, remove_endpoint
from console.stack.stack import running
from console.topology import EndpointSection, load
from shared.broker.embedded import PrivateBroker
from shared.wire.views import WorkerView
from tests.end_to_end.programs import REPOSITORY
from tests.waiting import wait_for

CROSS_ACCOUNT = REPOSITORY / "examples" / "cross-account.yaml"
LIMIT_SECONDS = 120.0


async def worker(clients: Clients, endpoint: str) -> WorkerView:
    """Ask a worker about itself until it answers."""
    while True:
        with contextlib.suppress(Unanswered):
            return await clients.worker(endpoint)


async def test_a_broker_without_its_data_gets_added_endpoints_as_well(tmp_path: Path) -> None:
    folder = tmp_path / "peering"
    said: list[str] = []
    async with running(load(CROSS_ACCOUNT), folder, said.append, environment={}) as stack:
        async with Clients(stack.context, 5.0) as clients:
            for name in ("vpc-kept", "vpc-removed"):
                await add_endpoint(
                    stack,
                    clients,
                    EndpointSection.model_validate(
                        {"id": name, "kind": "vpc", "account": "alice", "region": "cn-x", "role": "acceptor"}
                    ),
                )
            await remove_endpoint(stack, clients, "vpc-removed")
            own = stack.broker.own
            assert isinstance(own, PrivateBroker)
            assert own.group is not None
            (folder / "broker" / "data").rename(tmp_path / "lost")
            os.killpg(own.group, signal.SIGKILL)
            await wait_for(lambda: stack.broker_report().restarts == 1, LIMIT_SECONDS)
            async with asyncio.timeout(LIMIT_SECONDS):
                assert (await worker(clients, "vpc-alice")).endpoint == "vpc-alice"
                assert (await worker(clients, "vpc-kept")).endpoint == "vpc-kept"
        assert "vpc-removed" not in (folder / "broker" / "definitions.json").read_text()
