"""The daemon with tracing on, as users run it, and a collector on loopback."""

import json
import re
import uuid

import pytest

from broker import Mosquitto, Subscriber, free_port, wait_until
from collector import Collector, dawdle, garbage
from processes import DaemonProcess, in_time

pytestmark = pytest.mark.slow
AN_EVENT_S = 250.0
GATE = "synthetic:?vehicles=1&seed=2&fps=10"
STILL = {"url": "synthetic:?vehicles=0&size=320x180&fps=2", "realtime": True, "loop": True}
SPANS = {"plate", "look", "publish", "pictures", "store", "deliver mqtt", "deliver jsonl"}
"""Some of each kind, the root among them, which comes when every sink has the event."""


def config(folder, url, sinks=(), **camera):
    return {
        "cameras": [{"name": "gate", "url": GATE, **camera}],
        "reader": "ctc",
        "sinks": {"jsonl": {"path": str(folder / "events.jsonl")}, **dict(sinks)},
        "tracing": {"enabled": True, "endpoint": url},
    }


def names(collector):
    return {span.name for span in list(collector.spans)}


def events(folder):
    path = folder / "events.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture(scope="module")
def passage(tmp_path_factory):
    """A whole run: (the collector, the events that were written)."""
    folder = tmp_path_factory.mktemp("traced")
    with Collector() as collector, Mosquitto() as broker:
        sinks = {"mqtt": {"host": broker.host, "port": broker.port}}
        settings = config(folder, collector.url, sinks)
        # The end waits for no collector, however busy: it comes when all have arrived.
        settings["cameras"].append({**STILL, "name": "yard"})
        with DaemonProcess(folder, settings) as daemon:
            wait_until(lambda: names(collector) >= SPANS, AN_EVENT_S, lambda: daemon.log)
            assert daemon.stop()[0] == 0, daemon.log
            assert "tracing:" not in daemon.log
        yield collector, events(folder)


def test_each_event_is_one_connected_trace(passage):
    collector, events = passage
    assert events
    assert set(collector.traces) == {uuid.UUID(event["id"]).hex for event in events}
    for event in events:
        spans = collector.traces[uuid.UUID(event["id"]).hex]
        by_id = {span.id: span for span in spans}
        (root,) = (span for span in spans if span.parent_id is None)
        assert len(by_id) == len(spans)
        assert all(span is root or span.parent_id in by_id for span in spans)
        assert root.name == "plate"
        assert root.attributes["anpr.event.id"] == event["id"]
        assert root.attributes["anpr.looks"] == event["looks"]
        assert root.attributes["anpr.confidence"] == event["confidence"]
        assert {span.service for span in spans} == {"plate-streamer"}


def test_the_spans_are_in_order_and_inside_the_root(passage):
    collector, _ = passage
    for spans in collector.traces.values():
        root = spans[0]
        assert root.parent_id is None
        for span in spans:
            assert root.start_ns <= span.start_ns <= span.end_ns <= root.end_ns, span
        looks = [span for span in spans if span.name == "look"]
        assert len([one for one in looks if "anpr.carries_vote" in one.attributes]) == 1
        for look in looks:
            steps = [span for span in spans if span.parent_id == look.id]
            assert [span.name for span in steps] == ["detect", "track", "read", "vote"]
            moments = [look.start_ns]
            for step in steps:
                moments += [step.start_ns, step.end_ns]
            assert moments == sorted(moments)
            assert moments[-1] == look.end_ns


def test_after_the_vote_come_pictures_store_and_every_sink(passage):
    collector, _ = passage
    for spans in collector.traces.values():
        named = {span.name: span for span in spans}
        publish = named["publish"]
        assert named["pictures"].parent_id == named["store"].parent_id == publish.id
        assert publish.start_ns <= named["pictures"].start_ns <= named["pictures"].end_ns
        assert named["pictures"].end_ns <= named["store"].start_ns
        for sink in ("mqtt", "jsonl"):
            delivery = named[f"deliver {sink}"]
            assert delivery.start_ns >= named["store"].start_ns
            assert delivery.attributes["anpr.outcome"] == "delivered"
            assert delivery.outbound
        last = max(span.end_ns for span in spans if span.parent_id is not None)
        assert spans[0].end_ns == last


def test_no_plate_leaves_in_a_trace(passage):
    collector, events = passage
    for event in events:
        for text in {event["plate"], *(one["plate"] for one in event["candidates"])}:
            assert not any(text.encode() in body for body in collector.bodies)


@pytest.mark.parametrize("state", ["dead", "slow", "garbage"])
def test_a_bad_collector_changes_no_event_and_delays_no_stop(tmp_path, passage, state):
    _, expected = passage
    with Collector({"slow": dawdle}.get(state, garbage)) as collector:
        url = f"http://127.0.0.1:{free_port()}/v1/traces" if state == "dead" else collector.url
        with DaemonProcess(tmp_path, config(tmp_path, url, loop=True)) as daemon:
            wait_until(lambda: events(tmp_path), AN_EVENT_S, lambda: daemon.log)
            wait_until(lambda: daemon.metric("anpr_spans_dropped_total"), what=lambda: daemon.log)
            code, took_s = daemon.stop()
    assert (code, in_time(took_s)) == (0, True), (took_s, daemon.log)
    assert [event["plate"] for event in events(tmp_path)] == [one["plate"] for one in expected]
    assert "Traceback" not in daemon.log
    assert len(re.findall("tracing: ", daemon.log)) <= 1 + took_minutes(daemon.log)


def took_minutes(log):
    """Whole minutes between the first and the last line."""
    stamps = re.findall(r"^(\d\d):(\d\d):(\d\d)", log, re.MULTILINE)
    first, last = (int(h) * 60 + int(m) for h, m, _ in (stamps[0], stamps[-1]))
    return (last - first) % (24 * 60) + 1


def test_a_delivery_after_a_restart_joins_the_trace(tmp_path, broker):
    broker.stop()
    sinks = {"mqtt": {"host": broker.host, "port": broker.port}}
    with Collector() as collector:
        settings = config(tmp_path, collector.url, sinks)
        with DaemonProcess(tmp_path, settings) as daemon:
            assert daemon.wait(AN_EVENT_S) == 0, daemon.log
            assert "1 events wait for sink mqtt" in daemon.log
        ((trace_id, before),) = collector.traces.items()
        assert not any(span.parent_id is None for span in before)
        assert {"look", "publish", "store", "deliver jsonl"} <= {span.name for span in before}
        broker.start()
        settings["cameras"][0] |= STILL
        with Subscriber(broker) as seen, DaemonProcess(tmp_path, settings) as daemon:
            wait_until(lambda: seen.of("plates/gate/event"), AN_EVENT_S, lambda: daemon.log)
            wait_until(lambda: "plate" in names(collector), AN_EVENT_S, lambda: daemon.log)
            assert daemon.stop()[0] == 0
        ((same, after),) = collector.traces.items()
        assert same == trace_id == uuid.UUID(events(tmp_path)[0]["id"]).hex
        (root,) = (span for span in after if span.parent_id is None)
        tried = [span.attributes["anpr.outcome"] for span in after if span.name == "deliver mqtt"]
        assert tried[-1] == "delivered"
        assert set(tried[:-1]) <= {"away"}
        by_id = {span.id for span in after}
        assert all(span.parent_id in by_id for span in after if span is not root)
        assert root.end_ns == max(span.end_ns for span in after)
