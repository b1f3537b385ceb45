"""Tests of a second worker of one endpoint: the broker gives it nothing, and it says so instead of looking well."""

from __future__ import annotations

from pathlib import Path

from shared.broker.amqp.taken_queues import TAKEN
from tests.end_to_end.workers import LIMIT_SECONDS, Site, crew, fresh_id
from tests.integration.broker_ladder import BrokerForTests, fresh
from tests.waiting import wait_for_blocking


async def test_a_second_worker_says_that_another_reads_until_it_takes_over(
    broker: BrokerForTests, tmp_path: Path
) -> None:
    alice, bob = fresh("alice"), fresh("bob")
    site = Site("initiator", fresh_id("vpc"), alice)
    await broker.provision([alice, bob], [(alice.uid, site.endpoint)])
    folders = [tmp_path / name for name in ("first", "second")]
    healthy = [folder / "healthy" for folder in folders]
    for folder in folders:
        folder.mkdir()
    with (
        crew(broker, folders[0], [alice, bob]) as there,
        crew(broker, folders[1], [alice, bob]) as beside,
    ):
        first = there.worker(site, "--health-file", str(healthy[0])).start()
        first.wait_for_lines("ready")
        wait_for_blocking(healthy[0].exists, LIMIT_SECONDS)
        second = beside.worker(site, "--health-file", str(healthy[1])).start()
        told = second.wait_for_lines("queue missing", 2)
        assert {line["reason"] for line in told} == {TAKEN}
        second.wait_for_lines("reads no queue", 2)  # it has looked again, and found the same
        assert second.lines("ready") == []
        assert not healthy[1].exists()
        assert len(second.lines("queue missing")) == 2, "what stays as it was is said once"
        assert healthy[0].exists()
        assert first.lines("queue missing") == []
        first.kill()
        wait_for_blocking(healthy[1].exists, LIMIT_SECONDS, what="the second one has taken over")
        assert second.lines("ready")[-1]["queues"] == 2
