"""Tests of traces as a collector sees them: one for a typed command, and nothing of what a stranger writes."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from pathlib import Path

from shared.broker.messages import OutgoingMessage
from shared.wire.request import KINDS, write_request
from tests.end_to_end.asking import console
from tests.end_to_end.programs import LIMIT_SECONDS, REPOSITORY, configured, peering_up, type_command
from tests.end_to_end.workers import Site, crew, fresh_id
from tests.integration.broker_ladder import BrokerForTests, fresh
from tests.otlp import collector
from tests.waiting import wait_for_blocking

HOSTILE = "00-f00dfeed" + "\n\x1b[31mBOO" * 50


def test_a_typed_command_is_one_trace_from_its_owner_through_both_workers(tmp_path: Path) -> None:
    topology = REPOSITORY / "examples" / "cross-account.yaml"
    with collector() as seen:
        environment = {"PEERING_OTLP_ENDPOINT": seen.url}
        with peering_up(topology, tmp_path / "up", PEERING_LISTEN="127.0.0.1:0", **environment) as up:
            configured(up.terminal, "ri-one", "ri-two")
            replace(up.terminal, environment=environment).done("initiate", "ri-one")
            up.terminal.both_show("Activated", "ri-one", "ri-two")
            found = wait_for_blocking(
                lambda: seen.trace("command initiate"), LIMIT_SECONDS, until=lambda trace: len(trace) >= 3
            )
            log = (up.folder / "logs" / "vpc-bob.log").read_text()
    command, opening = found["command initiate"], found["initiator initiate"]
    heard = found["acceptor heard"]
    assert len(found) == 3
    assert opening.parent_span_id == command.span_id
    assert heard.parent_span_id == opening.span_id
    assert [one.name for one in opening.events] == ["Connecting", "Activated"]
    assert [one.name for one in heard.events] == ["Accepting", "Activated"]
    assert seen.paths == {"/v1/traces"}
    lines = [json.loads(line) for line in log.splitlines() if '"transition"' in line]
    of_trace = [line for line in lines if line.get("trace") == command.trace_id.hex()]
    assert [line["to"] for line in of_trace] == ["Accepting", "Activated"]
    assert all(len(line["message"]) == 32 for line in of_trace)


def test_a_collector_that_is_away_stops_no_command(tmp_path: Path) -> None:
    topology = REPOSITORY / "examples" / "cross-account.yaml"
    with collector() as seen:
        away = {"PEERING_OTLP_ENDPOINT": seen.url}
    with peering_up(topology, tmp_path / "up", PEERING_LISTEN="127.0.0.1:0", **away) as up:
        told = type_command(
            *("create", "--endpoint", "vpc-alice", "--id", "ri-one", *up.terminal.options), environment=away
        )
        assert (told.returncode, told.stderr) == (0, "")


async def test_what_a_stranger_writes_into_a_trace_context_is_neither_believed_nor_logged(
    broker: BrokerForTests, tmp_path: Path
) -> None:
    alice = fresh("alice")
    site = Site("acceptor", fresh_id("vpc"), alice)
    await broker.provision([alice], [(alice.uid, site.endpoint)])
    with collector() as seen, crew(broker, tmp_path, [alice]) as there:
        worker = there.worker(site, "--otlp-endpoint", seen.url, "--log-level", "debug").start()
        worker.wait_for_lines("ready")
        async with console(broker, alice) as asking:
            link = await asking._linked()
            create = {"kind": "create", "interface": fresh_id(), "name": "", "peer": None, "initiate": False}
            request = secrets.token_hex(16)
            body = write_request(request, alice.uid, site.endpoint, [create])  # type: ignore[list-item]
            headers = {"traceparent": HOSTILE, "tracestate": HOSTILE}
            await link.publish(OutgoingMessage(site.endpoint, body, KINDS.request, request, link.reply_to, headers))
            await link.publish(OutgoingMessage(site.endpoint, b"{", KINDS.bundle, headers=headers))
            await asking.until(site, str(create["interface"]), {"status": "Idle"})
        aside = worker.wait_for_lines("set aside")[0]
        assert len(aside["message"]) == 32
        assert worker.stop() == 0
        (span,) = seen.spans
        assert (span.name, span.parent_span_id) == ("acceptor create", b"")
        written = worker.log.read_text()
        assert "BOO" not in written
        assert "f00dfeed" not in written
