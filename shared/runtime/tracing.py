"""Traces: what became of an owner's command at both ends, as spans for OpenTelemetry.

A command's trace begins with whoever asks. A worker follows an interface from the command, or from the message that
moved it, to its next stable status, and what the interface says meanwhile carries its span (W3C trace context) in
headers of the bundle. It looks at a batch from outside, once that is durable: protocol, store and processor know
nothing of it, and without an OTLP endpoint this file is not even imported. Whatever a trace context says, nothing but
spans follows from it.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final, NamedTuple

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, TraceFlags

from shared.broker.messages import Delivery
from shared.runtime.batch import BatchResult, End, Transition
from shared.wire.bundle import read_bundle
from shared.wire.request import CHANGING, KINDS, CommandForm, read_request
from shared.wire.versions import NewerVersion

HEADER: Final = "traceparent"
"""The header of a request, and of a bundle's first message; that of its message N has `-N` behind it."""
HEADERS_LIMIT: Final = 32
"""Messages of one bundle that carry a trace: beyond 4 KiB of headers none is read."""
REQUESTS_LIMIT: Final = 100
"""Requests that are known when they come again: an owner repeats within seconds what was not answered yet."""
OPEN_LIMIT: Final = 10_000
"""Interfaces that are followed at once; beyond it the one that began first is given up."""
EXPORT_LIMIT_SECONDS: Final = 2.0
"""How long one export may take, and so the end of a program whose collector is away."""

_TRACEPARENT: Final = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}", re.ASCII)


class Followed(NamedTuple):
    """An interface's open span, and the id of the AMQP message that it began with, if that is one of ours."""

    span: Span
    message: str


def parent_of(header: object) -> Context | None:
    """The context that a `traceparent` names, read strictly; None if it is anything else than version 00 of W3C's.

    Its flags are not believed: whether spans are recorded is decided here.
    """
    found = _TRACEPARENT.fullmatch(header) if isinstance(header, str) else None
    if found is None:
        return None
    context = SpanContext(int(found[1], 16), int(found[2], 16), True, TraceFlags(TraceFlags.SAMPLED))  # noqa: FBT003
    return trace.set_span_in_context(NonRecordingSpan(context), Context()) if context.is_valid else None


def traceparent(span: Span) -> str:
    """A span as the header that names it to others."""
    context = span.get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


class Tracing:
    """The spans of one program, exported in the background to an OTLP collector."""

    def __init__(self, service: str, instance: str, *processors: SpanProcessor) -> None:
        """`service` and `instance` name the program; nothing is global."""
        resource = Resource.create({"service.name": service, "service.instance.id": instance})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        for processor in processors:
            self._provider.add_span_processor(processor)
        self.tracer = self._provider.get_tracer("peering")

    @classmethod
    def to(cls, url: str, service: str, instance: str) -> Tracing:
        """Export over OTLP (HTTP, protobuf) to a collector, such as http://127.0.0.1:4318."""
        logging.getLogger("opentelemetry").addHandler(logging.NullHandler())  # a collector that is away is no news
        exporter = OTLPSpanExporter(endpoint=f"{url.rstrip('/')}/v1/traces", timeout=EXPORT_LIMIT_SECONDS)
        return cls(service, instance, BatchSpanProcessor(exporter))

    async def close(self) -> None:
        """Export what is there; a collector that is away is waited for EXPORT_LIMIT_SECONDS."""
        await asyncio.to_thread(self._provider.shutdown)

    @contextmanager
    def command(self, account: str, endpoint: str, commands: Sequence[CommandForm]) -> Iterator[Mapping[str, str]]:
        """Follow an owner's request until it is answered; yields its headers. One that only looks has no trace."""
        kinds = sorted({one["kind"] for one in commands} & CHANGING)
        if not kinds:
            yield {}
            return
        attributes = {"peering.account": account, "peering.endpoint": endpoint}
        name = f"command {' '.join(kinds)}"
        with self.tracer.start_as_current_span(name, Context(), SpanKind.CLIENT, attributes) as span:
            yield {HEADER: traceparent(span)}


class WorkerTracing:
    """What one worker follows: the interfaces that a traced command or message moved, to their next stable status."""

    def __init__(self, tracing: Tracing, end: End) -> None:
        """Follow nothing yet."""
        self._tracing, self._end = tracing, end
        self._open: dict[str, Followed] = {}
        self._requests: deque[str] = deque(maxlen=REQUESTS_LIMIT)

    def follow(self, taken: Sequence[Delivery], result: BatchResult, seconds: float) -> None:
        """Take note of a durable batch that took so many seconds, and have what it says carry its spans."""
        moved = {one.interface: one for one in result.transitions}
        rejected = {place for place, _ in result.rejected}
        began_ns = time.time_ns() - int(seconds * 1e9)
        for place, delivery in enumerate(taken):
            if place not in rejected and delivery.type == KINDS.request:
                self._asked(delivery, moved, began_ns)
            elif place not in rejected and delivery.type == KINDS.bundle and delivery.headers:
                self._heard(delivery, delivery.headers, moved, began_ns)
        if self._open:
            for place, message in enumerate(result.outgoing):
                if message.type == KINDS.bundle and (headers := self._headers(message.body)):
                    result.outgoing[place] = replace(message, headers=headers)
        for transition in result.transitions:
            self._move(transition, result)

    async def close(self) -> None:
        """End every span as far as it has come, and export what is there."""
        for one in self._open.values():
            one.span.end()
        self._open.clear()
        await self._tracing.close()

    def _asked(self, delivery: Delivery, moved: Mapping[str, Transition], began_ns: int) -> None:
        """Begin a span for each command of an owner's request; one that moved nothing is over."""
        parent = parent_of((delivery.headers or {}).get(HEADER))
        request = read_request(delivery.body)
        if request["request"] in self._requests:  # it was asked again, and answered as before
            return
        self._requests.append(request["request"])
        for command in request["commands"]:
            if command["kind"] in CHANGING and (interface := command.get("interface")):
                name = f"{self._end.role.name} {command['kind']}"
                span = self._begin(name, str(interface), parent, delivery, began_ns)
                if interface in moved:
                    self._keep(str(interface), span)
                else:
                    span.span.end()

    def _heard(
        self, delivery: Delivery, headers: Mapping[str, object], moved: Mapping[str, Transition], began_ns: int
    ) -> None:
        """Begin a span for each interface that its own peer's message may have moved, as a part of the peer's."""
        try:
            bundle = read_bundle(delivery.body)
        except NewerVersion:
            return
        for place, one in enumerate(bundle.messages[:HEADERS_LIMIT]):
            transition = moved.get(one.target)
            if transition is None or one.target in self._open:
                continue
            if (transition.peer, transition.peer_account) != (one.source, bundle.account):
                continue
            if (parent := parent_of(headers.get(_header(place)))) is not None:
                name = f"{self._end.role.name} heard"
                self._keep(one.target, self._begin(name, one.target, parent, delivery, began_ns))

    def _begin(self, name: str, interface: str, parent: Context | None, delivery: Delivery, began_ns: int) -> Followed:
        """Begin a span of an interface."""
        own = self._end.endpoint
        attributes = {"peering.interface": interface, "peering.endpoint": own.id, "peering.account": own.account}
        attributes["messaging.message.id"] = delivery.known_id
        context = Context() if parent is None else parent
        span = self._tracing.tracer.start_span(name, context, SpanKind.CONSUMER, attributes, start_time=began_ns)
        return Followed(span, delivery.known_id)

    def _keep(self, interface: str, followed: Followed) -> None:
        """Follow an interface by this span, and no longer by an earlier one."""
        for gone in (interface, next(iter(self._open)) if len(self._open) >= OPEN_LIMIT else interface):
            if (before := self._open.pop(gone, None)) is not None:
                before.span.end()
        self._open[interface] = followed

    def _headers(self, body: bytes) -> dict[str, str]:
        """The headers of a bundle: the span of each message whose interface is followed."""
        messages = read_bundle(body).messages[:HEADERS_LIMIT]
        found = ((place, self._open.get(one.source)) for place, one in enumerate(messages))
        return {_header(place): traceparent(one.span) for place, one in found if one is not None}

    def _move(self, transition: Transition, result: BatchResult) -> None:
        """Note a transition of an interface that is followed; a stable status is the end of it."""
        followed = self._open.get(transition.interface)
        if followed is None:
            return
        span, message = followed
        trace_id = f"{span.get_span_context().trace_id:032x}"
        result.traces[transition.interface] = {"trace": trace_id, "message": message}
        span.add_event(transition.status.value, {"cause": transition.cause})
        if transition.status.stable:
            span.set_attribute("peering.status", transition.status.value)
            span.end()
            del self._open[transition.interface]


def _header(place: int) -> str:
    """The header that carries the trace of a bundle's message at this place."""
    return f"{HEADER}-{place}" if place else HEADER
