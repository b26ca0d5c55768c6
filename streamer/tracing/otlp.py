"""Sends spans to a collector by OTLP over HTTP: the only module that imports OpenTelemetry.

A collector that is away, slow or answers nonsense costs spans, and nothing else: whoever emits
never waits, what does not fit into the queue is dropped and counted.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from streamer.tracing.ids import root_id, trace_id
from streamer.tracing.spans import Span
from streamer.version import VERSION

QUEUE = 4096
"""Spans, some megabytes: fifty vehicles at once, while the collector is restarted."""
BATCH = 512
EVERY_S = 1.0
TIMEOUT_S = 2.0
"""For one batch, with the exporter's own second tries."""
SAMPLED = TraceFlags(TraceFlags.SAMPLED)
THEIR_LOG = logging.getLogger("opentelemetry")


class Exporter:
    """Spans go to `endpoint` with these `headers`, as those of the service `service_name`.

    What is emitted before `start` and after `close` is dropped.

    `endpoint` None: as the environment says (OTEL_EXPORTER_OTLP_ENDPOINT and its like).
    `on_dropped` is told how many spans were lost, `complain` why, as often as it happens.
    """

    def __init__(
        self,
        endpoint: str | None,
        headers: Mapping[str, str],
        service_name: str,
        on_dropped: Callable[[int], None],
        complain: Callable[[str], None],
    ) -> None:
        self._endpoint = endpoint
        self._headers = headers
        self._on_dropped = on_dropped
        self._complain = complain
        self._resource = {"service.name": service_name, "service.version": VERSION}
        self._ids = _GivenIds()
        self._lock = threading.Lock()
        self._waiting = 0
        self._provider: TracerProvider | None = None
        self._relay = _Relay(complain)

    def start(self) -> None:
        """Start the thread that sends. Nothing is connected to yet."""
        # Their loggers write a line, or a traceback, for every batch.
        THEIR_LOG.propagate = False
        THEIR_LOG.handlers[:] = [self._relay]
        sender = OTLPSpanExporter(self._endpoint, headers=dict(self._headers), timeout=TIMEOUT_S)
        processor = BatchSpanProcessor(
            _Counted(sender, self._gone),
            max_queue_size=QUEUE,
            schedule_delay_millis=EVERY_S * 1000,
            max_export_batch_size=BATCH,
        )
        provider = TracerProvider(
            sampler=ALWAYS_ON,  # who is sampled was decided before
            resource=Resource.create(self._resource),
            id_generator=self._ids,
            shutdown_on_exit=False,
        )
        provider.add_span_processor(processor)
        self._tracer = provider.get_tracer("plate-streamer", VERSION)
        self._provider = provider

    def emit(self, spans: Sequence[Span]) -> None:
        """Queue finished spans; never waits. Too many are dropped."""
        if not spans:
            return
        with self._lock:
            fits = self._provider is not None and self._waiting + len(spans) <= QUEUE
            if fits:
                self._waiting += len(spans)
                for span in spans:
                    self._tell(span)
        if not fits:
            self._on_dropped(len(spans))
            self._complain(f"{len(spans)} spans more than the queue of {QUEUE} can hold")

    def close(self, timeout_s: float) -> None:
        """Send what is queued, for at most `timeout_s`."""
        with self._lock:
            provider, self._provider = self._provider, None
        if provider is None:
            return
        # Their shutdown waits for half a minute; what it has not sent by then dies with us.
        closing = threading.Thread(target=provider.shutdown, name="tracing-close", daemon=True)
        closing.start()
        closing.join(timeout_s)
        with self._lock:
            left, self._waiting = self._waiting, 0
        if left:
            self._on_dropped(left)
        THEIR_LOG.handlers[:] = [logging.NullHandler()]

    def _tell(self, span: Span) -> None:
        context = None
        if span.parent_id is not None:
            parent = SpanContext(span.trace_id, span.parent_id, False, SAMPLED)
            context = set_span_in_context(NonRecordingSpan(parent))
        self._ids.trace_id, self._ids.span_id = span.trace_id, span.span_id
        told = self._tracer.start_span(
            span.name,
            context,
            SpanKind.PRODUCER if span.outbound else SpanKind.INTERNAL,
            span.attributes,
            [Link(_root(one)) for one in span.links],
            span.start_ns,
        )
        if span.error is not None:
            told.set_status(Status(StatusCode.ERROR, span.error))
        told.end(span.end_ns)

    def _gone(self, count: int, sent: bool) -> None:
        with self._lock:
            count = min(count, self._waiting)  # 0 after the end: all were counted then
            self._waiting -= count
        if count and not sent:
            self._on_dropped(count)


def _root(event_id: str) -> SpanContext:
    return SpanContext(trace_id(event_id), root_id(event_id), True, SAMPLED)


class _GivenIds(IdGenerator):
    """Our ids are made from the event's; read under the exporter's lock."""

    trace_id = span_id = 0

    def generate_trace_id(self) -> int:
        return self.trace_id

    def generate_span_id(self) -> int:
        return self.span_id


class _Counted(SpanExporter):
    """An exporter that tells `on_gone` of every batch: how many, and whether they were taken."""

    def __init__(self, sender: SpanExporter, on_gone: Callable[[int, bool], None]) -> None:
        self._sender = sender
        self._on_gone = on_gone

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = SpanExportResult.FAILURE
        try:
            result = self._sender.export(spans)
        finally:
            self._on_gone(len(spans), result is SpanExportResult.SUCCESS)
        return result

    def shutdown(self) -> None:
        self._sender.shutdown()


class _Relay(logging.Handler):
    """What OpenTelemetry has to say, without its tracebacks."""

    def __init__(self, complain: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._tell = complain

    def emit(self, record: logging.LogRecord) -> None:
        self._tell(record.getMessage())
