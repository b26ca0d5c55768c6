"""Spans on their way to a collector that is there, away, slow, or out of its mind."""

import time
import uuid

import pytest

from broker import free_port, wait_until
from collector import Collector, busy, dawdle, garbage
from streamer.data import new_event_id
from streamer.tracing import otlp
from streamer.tracing.complaints import Complaints
from streamer.tracing.ids import root_id, trace_id
from streamer.tracing.otlp import QUEUE, Exporter
from streamer.tracing.spans import Span, new_span_id

STOP_S = 0.3


@pytest.fixture
def export():
    """`export(url, **more)`: an exporter that runs; `exporter.lost` are the counts it lost."""
    exporters = []

    def make(url, headers=(), complain=lambda _: None):
        lost = []
        exporter = Exporter(url, dict(headers), "gate house", lost.append, complain)
        exporter.lost = lost
        exporters.append(exporter)
        exporter.start()
        assert not otlp.THEIR_LOG.propagate
        return exporter

    yield make
    for exporter in exporters:
        exporter.close(STOP_S)


def complaints_in(caplog):
    """What we say ourselves; pytest listens to OpenTelemetry's loggers too."""
    return [one.getMessage() for one in caplog.records if one.name.startswith("streamer")]


def root(event_id, **fields):
    known = {"start_ns": 1_700_000_000_000_000_000, "end_ns": 1_700_000_001_000_000_000}
    return Span("plate", trace_id(event_id), root_id(event_id), None, **known | fields)


def test_what_arrives_is_what_was_said(export):
    ours, other = new_event_id(), new_event_id()
    whole = root(ours, attributes={"anpr.camera": "gate", "anpr.looks": 7}, links=(other,))
    ids = (whole.trace_id, new_span_id(), whole.span_id)
    part = Span("deliver mqtt", *ids, 5, 7, error="nobody there", outbound=True)
    with Collector() as collector:
        exporter = export(collector.url, {"Authorization": "Bearer s3cret"})
        exporter.emit([whole, part])
        wait_until(lambda: len(collector.spans) == 2)
        exporter.close(STOP_S)
    found = {span.name: span for span in collector.spans}
    plate, delivery = found["plate"], found["deliver mqtt"]
    assert plate.trace_id == uuid.UUID(ours).hex == delivery.trace_id
    assert (plate.parent_id, delivery.parent_id) == (None, plate.id)
    assert (plate.start_ns, plate.end_ns) == (whole.start_ns, whole.end_ns)
    assert (delivery.start_ns, delivery.end_ns) == (5, 7)
    assert plate.attributes == {"anpr.camera": "gate", "anpr.looks": 7}
    assert plate.links == [uuid.UUID(other).hex]
    assert (plate.error, delivery.error) == (None, "nobody there")
    assert (plate.outbound, delivery.outbound) == (False, True)
    assert plate.service == "gate house"
    assert {head["authorization"] for head in collector.headers} == {"Bearer s3cret"}
    assert exporter.lost == []


def test_what_is_queued_is_sent_at_the_end(export):
    with Collector() as collector:
        exporter = export(collector.url)
        exporter.emit([root(new_event_id()) for _ in range(700)])
        exporter.close(60.0)
        assert len(collector.spans) == 700
    assert exporter.lost == []


@pytest.mark.parametrize("answer", [dawdle, garbage, busy, None], ids=lambda one: str(one)[:20])
def test_a_bad_collector_costs_spans_and_no_time(export, answer, caplog):
    with Collector(answer) as collector:
        url = collector.url if answer else f"http://127.0.0.1:{free_port()}/v1/traces"
        exporter = export(url, complain=Complaints())
        for _ in range(3):
            started = time.monotonic()
            exporter.emit([root(new_event_id()) for _ in range(10)])
            assert time.monotonic() - started < 1.0
            time.sleep(1.2)
        started = time.monotonic()
        exporter.close(STOP_S)
        assert time.monotonic() - started < STOP_S + 1.5
    wait_until(lambda: sum(exporter.lost) == 30)
    assert exporter.lost
    said = complaints_in(caplog)
    assert len(said) == 1 or (answer is dawdle and not said), said  # it may still be waiting


def test_it_works_again_when_the_collector_is_back(export):
    answers = [busy, busy]

    def sometimes(handler):
        if answers:
            answers.pop()(handler)
        else:
            handler.send_response(200)
            handler.end_headers()

    with Collector(sometimes) as collector:
        exporter = export(collector.url)
        for number in range(3):
            exporter.emit([root(new_event_id())])
            wait_until(lambda number=number: len(collector.bodies) > number)
        wait_until(lambda: exporter._waiting == 0)
    assert exporter.lost == [1, 1]


def test_the_queue_is_bounded_and_what_does_not_fit_is_counted(export):
    complaints = []
    with Collector(dawdle) as collector:
        exporter = export(collector.url, complain=complaints.append)
        for _ in range(3):
            exporter.emit([root(new_event_id()) for _ in range(QUEUE // 2)])
    assert QUEUE // 2 in exporter.lost  # and on a busy machine batches that took too long
    assert any("spans more than the queue" in one for one in complaints)


def test_what_comes_too_early_or_too_late_is_counted(export):
    lost = []
    exporter = Exporter("http://127.0.0.1:9/x", {}, "gate", lost.append, lambda _: None)
    exporter.emit([root(new_event_id())])
    exporter.start()
    exporter.close(STOP_S)
    exporter.emit([root(new_event_id())] * 2)
    assert lost == [1, 2]


def test_the_environment_names_the_endpoint_as_everywhere(export, monkeypatch):
    with Collector() as collector:
        base = collector.url.removesuffix("/v1/traces")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", base)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=gate")
        export(None).emit([root(new_event_id())])
        wait_until(lambda: collector.spans)
    assert collector.headers[0]["x-tenant"] == "gate"


def test_a_complaint_is_one_line_and_at_most_one_in_a_while(caplog):
    complain = Complaints(every_s=1.0)
    for _ in range(5):
        complain("the collector\nis away")
    time.sleep(1.1)
    complain("still")
    assert complaints_in(caplog) == [
        "tracing: the collector is away",
        "tracing: still",
    ]


def test_their_loggers_are_silent_after_the_end(export, capfd):
    export("http://127.0.0.1:9/x").close(STOP_S)
    otlp.THEIR_LOG.error("too late")
    assert capfd.readouterr().err == ""
