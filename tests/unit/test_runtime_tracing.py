"""Tests of traces: one for each command, through both workers to the last status, and what no stranger does to them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from console.client import NotUnderstood
from console.client.tracing import tracing_of
from initiator.handshake import INITIATOR
from initiator.handshake import step as initiator_step
from shared.broker.messages import Delivery
from shared.runtime.batch import BatchResult
from shared.runtime.deliveries import IncomingDelivery
from shared.runtime.main import WRONG_USAGE, run
from shared.runtime.tracing import HEADER, HEADERS_LIMIT, Tracing, WorkerTracing, parent_of
from shared.wire.request import KINDS, CommandForm
from tests.unit.runtime_bench import Bench, bench

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
MESSAGE_ID = "0123456789abcdef" * 2


@dataclass
class Traced:
    """A bench whose batches are followed, as a worker does it."""

    there: Bench
    tracing: WorkerTracing
    seen: list[BatchResult] = field(default_factory=list)

    def run(self, *deliveries: Delivery) -> list[Delivery]:
        """Take one batch; return the bundles that leave, as they come to the peer."""
        account = self.there.end.endpoint.account
        read = [IncomingDelivery(one.type, one.user_id, one.body, one.reply_to) for one in deliveries]
        result = self.there.run(*read)
        self.tracing.follow(deliveries, result, 0.001)
        self.seen.append(result)
        said = [one for one in result.outgoing if one.type == KINDS.bundle]
        return [delivery(account, KINDS.bundle, one.body, one.headers) for one in said]

    def ask(self, *commands: dict[str, object], headers: Mapping[str, object] | None = None) -> list[Delivery]:
        """Have the owner's commands carried out in one batch."""
        asked = self.there.asking(*commands)
        return self.run(delivery(self.there.end.endpoint.account, KINDS.request, asked.body, headers))


def delivery(sender: str, kind: str, body: bytes, headers: Mapping[str, object] | None) -> Delivery:
    return Delivery(
        queue="queue",
        exchange="exchange",
        user_id=sender,
        type=kind,
        body=body,
        reply_to="console.0",
        correlation_id=None,
        message_id=MESSAGE_ID,
        redelivered=False,
        tag=1,
        session=1,
        headers=headers,
    )


@contextmanager
def traced(folder: Path) -> Iterator[tuple[Traced, Traced, InMemorySpanExporter]]:
    exporter = InMemorySpanExporter()
    with bench(folder, "initiator", "a") as a, bench(folder, "acceptor", "b") as b:
        ends = [Traced(one, WorkerTracing(tracing(exporter), one.end)) for one in (a, b)]
        yield ends[0], ends[1], exporter


def tracing(exporter: InMemorySpanExporter) -> Tracing:
    return Tracing("test", "test", SimpleSpanProcessor(exporter))


def configured(a: Traced, b: Traced) -> None:
    b.ask(b.there.create("ri-b", a.there.information("ri-a")))
    a.ask(a.there.create("ri-a", b.there.information("ri-b")))


def spans(exporter: InMemorySpanExporter, *, named: str = "") -> list[ReadableSpan]:
    return [one for one in exporter.get_finished_spans() if named in one.name]


def events(span: ReadableSpan) -> list[str]:
    return [one.name for one in span.events]


def test_a_command_is_one_trace_from_its_owner_through_both_ends_to_the_last_status(tmp_path: Path) -> None:
    with traced(tmp_path) as (a, b, exporter):
        configured(a, b)
        exporter.clear()
        commands: list[CommandForm] = [{"kind": "initiate", "interface": "ri-a"}]
        with tracing(exporter).command("a", "vpc-a", commands) as headers:
            opened = a.ask({"kind": "initiate", "interface": "ri-a"}, headers=headers)
        answered = b.run(*opened)
        confirmed = a.run(*answered)
        b.run(*confirmed)
        by_name = {one.name: one for one in spans(exporter)}
    command, initiator = by_name["command initiate"], by_name["initiator initiate"]
    acceptor = by_name["acceptor heard"]
    assert len(by_name) == 3
    assert {one.context.trace_id for one in by_name.values()} == {command.context.trace_id}
    assert command.parent is None
    assert initiator.parent is not None
    assert initiator.parent.span_id == command.context.span_id
    assert acceptor.parent is not None
    assert acceptor.parent.span_id == initiator.context.span_id
    assert (events(initiator), events(acceptor)) == (["Connecting", "Activated"], ["Accepting", "Activated"])
    trace_id = f"{command.context.trace_id:032x}"
    assert a.seen[-1].traces == {"ri-a": {"trace": trace_id, "message": MESSAGE_ID}}
    assert b.seen[-1].traces == {"ri-b": {"trace": trace_id, "message": MESSAGE_ID}}


def test_a_suspension_by_the_other_end_is_a_trace_of_its_own(tmp_path: Path) -> None:
    with traced(tmp_path) as (a, b, exporter):
        configured(a, b)
        b.run(*a.run(*b.run(*a.ask({"kind": "initiate", "interface": "ri-a"}))))
        exporter.clear()
        a.run(*b.run(*a.run(*b.ask({"kind": "suspend", "interface": "ri-b"}, headers={HEADER: PARENT}))))
        found = {one.name: events(one) for one in spans(exporter)}
        traces = {f"{one.context.trace_id:032x}" for one in spans(exporter)}
    assert found == {"acceptor suspend": ["Suspending", "Suspended"], "initiator heard": ["Suspending", "Suspended"]}
    assert traces == {PARENT.split("-")[1]}


@pytest.mark.parametrize(
    "hostile",
    [
        "",
        "x",
        PARENT + "\n",
        PARENT.upper(),
        "01" + PARENT[2:],
        PARENT + "-more",
        "00-" + "0" * 32 + "-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-" + "0" * 16 + "-01",
        "a" * 1_000_000,
        "\x1b[31m" + PARENT,
        "00-" + "٣" * 32 + "-b7ad6b7169203331-01",
        b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        {"a": [1]},
        7,
        None,
    ],
)
def test_a_hostile_trace_context_is_none_and_changes_nothing(tmp_path: Path, hostile: object) -> None:
    assert parent_of(hostile) is None
    with traced(tmp_path) as (a, b, exporter):
        configured(a, b)
        opened = a.ask({"kind": "initiate", "interface": "ri-a"}, headers={HEADER: hostile})
        assert spans(exporter, named="initiate") == [], "it is still open"
        (bundle,) = opened
        strange = delivery("a", KINDS.bundle, bundle.body, {HEADER: hostile, "other": hostile})
        b.run(*a.run(*b.run(strange)))
        assert b.there.show("ri-b")["status"] == "Activated"
        (span,) = spans(exporter, named="initiate")
        assert span.parent is None
        (heard,) = spans(exporter, named="heard")  # begun by the third message, whose context is a real one
        assert heard.parent is not None
        assert heard.parent.span_id == span.context.span_id


def test_a_stranger_begins_no_span_by_a_message_that_moves_nothing(tmp_path: Path) -> None:
    with traced(tmp_path) as (a, b, exporter), bench(tmp_path / "c", "initiator", "c") as c:
        b.ask(b.there.create("ri-b", a.there.information("ri-a")))
        exporter.clear()
        stranger = Traced(c, WorkerTracing(tracing(InMemorySpanExporter()), c.end))
        said = stranger.ask(c.create("ri-c", b.there.information("ri-b"), initiate=True), headers={HEADER: PARENT})
        assert said[0].headers
        b.run(*said)
        assert b.there.show("ri-b")["status"] == "Idle"
        assert spans(exporter) == []
        assert b.seen[-1].traces == {}


def test_flags_of_others_do_not_decide_what_is_recorded(tmp_path: Path) -> None:
    with traced(tmp_path) as (a, b, exporter):
        configured(a, b)
        exporter.clear()
        a.ask({"kind": "delete", "interface": "ri-a"}, headers={HEADER: PARENT[:-2] + "00"})
        assert [one.name for one in spans(exporter)] == ["initiator delete"]


def test_a_bundle_carries_only_as_many_traces_as_are_read(tmp_path: Path) -> None:
    many = HEADERS_LIMIT + 8
    with traced(tmp_path) as (a, b, exporter):
        for one in range(many):
            b.ask(b.there.create(f"ri-b{one}", a.there.information(f"ri-a{one}")))
        peers = [b.there.information(f"ri-b{one}") for one in range(many)]
        creating = [a.there.create(f"ri-a{one}", peer, initiate=True) for one, peer in enumerate(peers)]
        (bundle,) = a.ask(*creating, headers={HEADER: PARENT})
        assert bundle.headers is not None
        assert len(bundle.headers) == HEADERS_LIMIT
        assert sum(len(name) + len(str(value)) + 8 for name, value in bundle.headers.items()) < 3_000
        b.run(*a.run(*b.run(bundle)))
        assert len(spans(exporter, named="heard")) == HEADERS_LIMIT
        assert b.there.show(f"ri-b{many - 1}")["status"] == "Activated"


def test_a_repeated_request_is_one_span(tmp_path: Path) -> None:
    with traced(tmp_path) as (a, _, exporter):
        asked = a.there.asking(a.there.create("ri-a"))
        for _again in range(2):
            a.run(delivery("a", KINDS.request, asked.body, {HEADER: PARENT}))
        assert [one.name for one in spans(exporter)] == ["initiator create"]


def test_what_was_asked_of_a_worker_without_the_packages_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "shared.runtime.tracing", None)
    assert tracing_of({}) is None
    with pytest.raises(NotUnderstood, match=r"peering-handshake\[otel\]"):
        tracing_of({"PEERING_OTLP_ENDPOINT": "http://127.0.0.1:4318"})
    flags = ["--endpoint=vpc-a", "--account=a", "--region=r", "--broker=amqp://a:b@127.0.0.1", "--store=never.sqlite"]
    monkeypatch.setattr(sys, "argv", ["initiator", *flags, "--otlp-endpoint=http://127.0.0.1:4318"])
    assert run(INITIATOR, initiator_step) == WRONG_USAGE
