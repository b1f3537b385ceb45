"""The OTLP collector of tests: it takes traces over HTTP, as protobuf, and keeps their spans."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass
class Collector:
    """What has been exported so far."""

    url: str = ""
    spans: list[Span] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)

    def trace(self, name: str) -> dict[str, Span]:
        """The spans of the trace whose root has this name, by their names; empty while there is none."""
        spans = list(self.spans)
        root = next((one for one in spans if one.name == name and not one.parent_span_id), None)
        return {} if root is None else {one.name: one for one in spans if one.trace_id == root.trace_id}


@contextmanager
def collector() -> Iterator[Collector]:
    """Collect spans for the length of a block."""
    kept = Collector()

    class Handler(BaseHTTPRequestHandler):
        """Takes one export."""

        def do_POST(self) -> None:
            """Keep the spans of an export, and answer that they were taken."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = ExportTraceServiceRequest.FromString(body)
            kept.paths.add(self.path)
            kept.spans += [
                span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans
            ]
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Write no log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        kept.url = f"http://127.0.0.1:{server.server_port}"
        serving = Thread(target=server.serve_forever)
        serving.start()
        try:
            yield kept
        finally:
            server.shutdown()
            serving.join()
