"""Tests of a worker that dies of one message again and again: the batch is taken apart, and all else gets through."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection, Sequence
from pathlib import Path
from urllib.parse import quote

import httpx

from shared.broker.amqp import visit_dead_letters
from shared.broker.amqp.dead_letters import Speak
from shared.broker.dead_letters import BROKER, StoredMessage, read_dead_letter
from shared.broker.declarations import ENDPOINT_LIMITS
from shared.broker.messages import OutgoingMessage, PublishResult
from shared.broker.names import DEAD_LETTER_QUEUE, VHOST, console_routing_key, endpoint_queue
from shared.runtime.inbox import SUSPECT_DELIVERIES
from shared.wire.commands import create
from shared.wire.request import KINDS, write_request
from tests.end_to_end.asking import console
from tests.end_to_end.workers import Site, WorkerProcess, crew, fresh_id
from tests.integration.broker_ladder import BrokerForTests, Heard, fresh, linked
from tests.integration.poisoned import POISON
from tests.waiting import wait_for

LIMIT_SECONDS = 120.0
DELIVERIES = SUSPECT_DELIVERIES + 2
"""Before the broker sets a message aside, here: a quarter of the real limit, which takes as many workers' ends."""
MESSAGES = 12


async def limit_deliveries(broker: BrokerForTests, queue: str) -> None:
    """Lower the limit of deliveries of one queue, as an operator does: by a policy that comes before ours."""
    policy = {
        "pattern": f"^{queue.replace('.', '[.]')}$",
        "apply-to": "queues",
        "priority": 20,
        "definition": {**ENDPOINT_LIMITS, "delivery-limit": DELIVERIES},
    }
    async with httpx.AsyncClient(trust_env=False, timeout=LIMIT_SECONDS) as client:
        path = f"{broker.management_url}/api/policies/{quote(VHOST, safe='')}/{secrets.token_hex(8)}"
        (await client.put(path, json=policy)).raise_for_status()


async def dies_of_it(worker: WorkerProcess) -> None:
    """Start the worker, and wait until it has ended itself."""
    worker.start(["tests.integration.poisoned"])
    process = worker._running()
    assert await wait_for(process.poll, LIMIT_SECONDS, until=lambda code: code is not None, what="its end") == -9


async def set_aside_by_broker(broker: BrokerForTests, queue: str) -> list[bytes]:
    """Wait until RabbitMQ itself has set the poisonous message aside, and return all that it set aside there."""
    found: list[bytes] = []

    async def look(stored: Sequence[StoredMessage], _: Speak) -> Collection[int]:
        dead = [read_dead_letter(one, VHOST) for one in stored]
        found[:] = [one.delivery.body for one in dead if one.delivery.queue == queue and one.set_aside_by == BROKER]
        return ()

    async def there() -> list[bytes]:
        await visit_dead_letters(broker.administrator_address, DEAD_LETTER_QUEUE, look)
        return found

    return await wait_for(there, LIMIT_SECONDS, until=lambda bodies: any(POISON in body for body in bodies))


async def test_only_the_message_that_ends_a_worker_is_lost_to_the_dead_letters(
    broker: BrokerForTests, tmp_path: Path
) -> None:
    """All others are carried out; one whose acknowledgement ended with the worker may lie there as well."""
    alice = fresh("alice")
    site = Site("initiator", fresh_id("vpc"), alice)
    await broker.provision([alice], [(alice.uid, site.endpoint)])
    queue = endpoint_queue(alice.uid, site.endpoint, alice.uid).name
    await limit_deliveries(broker, queue)
    interfaces = [fresh_id() for _ in range(MESSAGES)]
    poisonous = interfaces[MESSAGES // 2]
    async with linked(broker.address(alice), alice.uid, Heard()) as owner:
        for interface in interfaces:
            name = POISON.decode() if interface == poisonous else "harmless"
            body = write_request(secrets.token_hex(16), alice.uid, site.endpoint, [create(interface, name)])
            asked = OutgoingMessage(site.endpoint, body, KINDS.request, reply_to=console_routing_key(0))
            assert await owner.publish(asked) is PublishResult.CONFIRMED
    with crew(broker, tmp_path, [alice]) as gathered:
        worker = gathered.worker(site)
        for _ in range(DELIVERIES + 1):
            await dies_of_it(worker)
        worker.start()
        async with console(broker, alice) as asking:

            async def shown() -> set[str]:
                asked_for = {"kind": "list", "after": "", "limit": 100, "deleted": False}
                listed = await asking.ask(site.endpoint, asked_for, limit_seconds=LIMIT_SECONDS)
                return {one["interface"] for one in listed["interfaces"]}

            # suspects are taken one by one, and the question comes between two of them
            await wait_for(shown, LIMIT_SECONDS, until=(set(interfaces) - {poisonous}).__eq__)
        alone = await asyncio.to_thread(worker.wait_for_lines, "taken alone")
        assert {line["queue"] for line in alone} == {queue}
        assert {line["delivered_in_vain"] for line in alone} <= set(range(SUSPECT_DELIVERIES, DELIVERIES + 1))
        assert worker.stop() == 0
    dead = await set_aside_by_broker(broker, queue)
    assert sum(POISON in body for body in dead) == 1
