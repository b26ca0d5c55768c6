"""A collector of traces on loopback: takes OTLP over HTTP as OpenTelemetry's own would."""

import threading
import time
from collections import defaultdict
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status


class Found:
    """A span as it arrived."""

    def __init__(self, span, service):
        self.name = span.name
        self.trace_id, self.id = span.trace_id.hex(), span.span_id.hex()
        self.parent_id = span.parent_span_id.hex() or None
        self.start_ns, self.end_ns = span.start_time_unix_nano, span.end_time_unix_nano
        self.attributes = {
            one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes
        }
        failed = span.status.code == Status.STATUS_CODE_ERROR
        self.error = span.status.message if failed else None
        self.outbound = span.kind == Span.SPAN_KIND_PRODUCER
        self.links = [link.trace_id.hex() for link in span.links]
        self.service = service

    def __repr__(self):
        return f"{self.name} {self.attributes}"


class Collector:
    """`with Collector() as collector:` `answer(handler)` may answer otherwise than with thanks."""

    def __init__(self, answer=None):
        self.bodies, self.headers, self.spans = [], [], []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.bodies.append(body)
                collector.headers.append(dict(self.headers))
                if answer is not None:
                    with suppress(OSError):
                        answer(self)
                    return
                collector.spans += spans_in(body)
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.end_headers()
                self.wfile.write(ExportTraceServiceResponse().SerializeToString())

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1/traces"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def traces(self):
        """Spans by trace id, in the order of their beginning."""
        found = defaultdict(list)
        for span in sorted(self.spans, key=lambda one: (one.start_ns, -one.end_ns)):
            found[span.trace_id].append(span)
        return dict(found)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


def spans_in(body):
    """The spans of a request, parsed by OpenTelemetry's own definition of it."""
    found = []
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        said = {one.key: one.value.string_value for one in resource.resource.attributes}
        for scope in resource.scope_spans:
            found += [Found(span, said["service.name"]) for span in scope.spans]
    return found


def dawdle(handler):
    """An answer that takes longer than anybody waits."""
    time.sleep(120)


def garbage(handler):
    """Something that is no HTTP."""
    handler.wfile.write(b"\x00\xff" * 500)


def busy(handler):
    """The collector's own way to say: later."""
    handler.send_response(503)
    handler.send_header("Retry-After", "60")
    handler.end_headers()
