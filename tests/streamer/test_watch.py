"""What the stages report, as Prometheus sees it."""

from typing import get_args

import pytest

from streamer.controls import Controls
from streamer.data import Outcome
from streamer.errors import StreamFailure
from streamer.metrics import Metrics
from streamer.watch import CameraWatch, DeliveryMetrics


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def watch(metrics):
    return CameraWatch(metrics, "gate")


@pytest.fixture
def value(metrics):
    def of(name, **labels):
        return metrics.registry.get_sample_value(f"anpr_{name}", {"camera": "gate", **labels})

    return of


def test_counters_of_a_camera_begin_at_zero(watch, value):
    for outcome in get_args(Outcome):
        assert value("plate_reads_total", outcome=outcome) == 0
    for reason in get_args(StreamFailure):
        assert value("stream_reconnects_total", reason=reason) == 0
    watch.stages.expect(["detect"])
    assert value("stage_failures_total", stage="detect") == 0
    assert value("stage_duration_seconds_count", stage="detect") == 0
    for name in ("events_total", "camera_outages_total", "store_failures_total"):
        assert value(name) == 0


def test_counters_of_a_sink_begin_at_zero(metrics):
    DeliveryMetrics(metrics, sinks=["mqtt"])
    for name in ("anpr_dead_letters_total", "anpr_deliveries_failed_total"):
        assert metrics.registry.get_sample_value(name, {"sink": "mqtt"}) == 0


def test_an_outage_is_counted_when_frames_cease_not_when_they_never_came(watch, value):
    watch.up(False)
    assert value("camera_outages_total") == 0
    for arriving in (True, False, True, False):
        watch.up(arriving)
    assert value("camera_outages_total") == 2
    assert value("camera_up") == 0


def test_a_pause_shows(watch, value):
    controls = Controls(["gate"])
    watch.commanded_by(controls.cameras["gate"])
    assert value("camera_paused") == 0
    controls.pause("gate")
    assert value("camera_paused") == 1


def test_an_accepted_event_counts_with_its_confidence(watch, value, make_event):
    watch.accepted(make_event(confidence=0.92))
    assert value("events_total") == 1
    assert value("plate_confidence_sum") == pytest.approx(0.92)
    assert value("plate_confidence_bucket", le="0.9") == 0
    assert value("plate_confidence_bucket", le="0.95") == 1


def test_a_cameras_clock_shows_once_it_is_known(watch, value):
    assert value("camera_clock_skew_seconds") is None
    watch.clock_skew(-0.08)
    assert value("camera_clock_skew_seconds") == -0.08
