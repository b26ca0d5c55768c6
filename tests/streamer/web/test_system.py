"""Figures of the daemon for people, against Prometheus' own reckoning of them."""

import math
import time

import pytest
from prometheus_client import CollectorRegistry, Histogram

from live_gate import Gate, until
from streamer.web.figures import Timing, timings, values


def timing(*seen, buckets=(0.1, 0.2, 0.5, 1.0)):
    metric = Histogram("took", "", ["camera"], buckets=buckets, registry=CollectorRegistry())
    child = metric.labels("in")
    for one in seen:
        child.observe(one)
    return timings(metric)[("in",)]


@pytest.mark.parametrize(
    ("seen", "share", "expected"),
    [
        # worked out by hand as PromQL's documentation describes it
        ((0.05,) * 10, 0.5, 0.05),
        ((0.05,) * 10, 0.95, 0.095),
        ((0.05,) * 5 + (0.15,) * 5, 0.75, 0.15),
        ((0.05,) * 90 + (0.3,) * 10, 0.95, 0.35),
        ((0.3,) * 4, 1.0, 0.5),
        ((0.3,) * 4, 0.0, 0.2),
        ((7.0,) * 3, 0.95, 1.0),
        ((0.05,) * 19 + (7.0,), 0.95, 0.1),
    ],
)
def test_quantiles_are_estimated_as_promql_does(seen, share, expected):
    assert timing(*seen).quantile(share) == pytest.approx(expected)


def test_of_nothing_nothing_is_known():
    assert timing().quantile(0.95) is None
    assert timing().mean is None
    assert Timing().quantile(0.95) is None


def test_timings_add_up():
    one, other = timing(0.05, 0.3), timing(7.0)
    one.add(other)
    assert (one.count, one.total) == (3, pytest.approx(7.35))
    assert one.buckets == timing(0.05, 0.3, 7.0).buckets
    assert one.buckets[math.inf] == 3


def test_values_are_by_label(site):
    metrics = site.portal.metrics
    metrics.frames_dropped.labels("in", "capture").inc(3)
    assert values(metrics.frames_dropped) == {("in", "capture"): 3.0}
    assert values(metrics.pictures_failed) == {(): 0.0}


def test_a_fresh_daemon(site):
    system = site.get("/system")
    assert system["uptime_s"] >= 0
    assert system["started_at"].endswith("Z")
    first = system["cameras"][0]
    assert (first["name"], first["captured"], first["stages"]) == ("in", 0, [])
    assert first["clock_skew_s"] is None
    assert system["sinks"] == []
    assert system["store"] == {"failures": 0, "pictures_failed": 0, "free_bytes": None}


def test_the_figures_are_those_of_the_metrics(site, monkeypatch):
    metrics = site.portal.metrics
    metrics.frames_captured.labels("in").inc(50)
    metrics.frames_dropped.labels("in", "capture").inc(2)
    metrics.stream_reconnects.labels("in", "timeout").inc()
    metrics.plate_reads.labels("in", "published").inc(4)
    metrics.camera_clock_skew.labels("in").set(-0.08)
    for seconds in [0.015] * 9 + [0.15]:
        metrics.stage_duration.labels("in", "detect").observe(seconds)
    metrics.stage_failures.labels("in", "detect").inc()
    metrics.pictures_failed.inc()
    for camera in ("in", "out"):
        metrics.event_latency.labels(camera, "mqtt").observe(0.15)
    metrics.deliveries_failed.labels("mqtt").inc(3)
    object.__setattr__(site.portal, "sinks", ("mqtt", "jsonl"))
    object.__setattr__(site.portal, "folder", site.folder)
    system = site.get("/system")
    camera = system["cameras"][0]
    assert (camera["captured"], camera["dropped"]) == (50, 2)
    assert camera["reconnects"] == {"timeout": 1}
    assert camera["reads"] == {"published": 4}
    assert camera["clock_skew_s"] == -0.08
    (stage,) = camera["stages"]
    assert (stage["stage"], stage["steps"], stage["failures"]) == ("detect", 10, 1)
    assert stage["mean_ms"] == pytest.approx(28.5)
    assert stage["p95_ms"] == pytest.approx(150)
    mqtt, jsonl = system["sinks"]
    assert (mqtt["depth"], mqtt["failed"], mqtt["latency_p95_s"]) == (0, 3, pytest.approx(0.2, 0.1))
    assert jsonl["latency_p95_s"] is None
    assert system["store"]["pictures_failed"] == 1
    assert system["store"]["free_bytes"] > 0


def test_what_waits_is_counted(tmp_path, make_event):
    from full_portal import full_portal

    with full_portal(tmp_path) as site:
        site.outbox.add("mqtt", frozenset({"plate-event/1"}))
        object.__setattr__(site.portal, "sinks", ("mqtt",))
        site.outbox.accept(make_event(), time.time())
        (mqtt,) = site.get("/system")["sinks"]
    assert mqtt["depth"] == 1
    assert mqtt["oldest_age_s"] >= 0


def test_a_pipeline_at_work(site):
    gate = Gate(site.portal, "synthetic:?vehicles=1&seed=7&size=640x360")
    with gate.running():
        until(lambda: site.get("/system")["cameras"][0]["tracks"], 60)
        began_s = time.perf_counter()
        camera = site.get("/system")["cameras"][0]
        assert time.perf_counter() - began_s < 5
    assert camera["up"]
    assert camera["captured"] > 0
    stages = {one["stage"]: one for one in camera["stages"]}
    assert list(stages) == ["detect", "track", "read", "vote", "publish"]
    assert stages["detect"]["mean_ms"] > 0
    assert stages["detect"]["p95_ms"] > 0


def test_strangers_learn_nothing(site):
    site.be(None)
    site.get("/system", 401)
