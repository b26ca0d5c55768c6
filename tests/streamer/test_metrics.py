import re
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from streamer.metrics import Metrics, StageMetrics, serve_metrics


@pytest.fixture
def page():
    metrics = Metrics()
    StageMetrics(metrics, "gate").stage_took("detect", 0.02)
    StageMetrics(metrics, "gate").stage_failed("read")
    metrics.frames_captured.labels("gate").inc(3)
    port, stop = serve_metrics(metrics, "127.0.0.1", 0)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            yield answer.read().decode()
    finally:
        stop()


def test_prometheus_own_parser_reads_the_page(page):
    families = {family.name: family for family in text_string_to_metric_families(page)}
    (captured,) = families["anpr_frames_captured"].samples
    assert (captured.labels, captured.value) == ({"camera": "gate"}, 3.0)
    assert families["anpr_stage_duration_seconds"].type == "histogram"
    assert "process_resident_memory_bytes" in families


def test_every_metric_has_prefix_help_and_base_units(page):
    names = re.findall(r"^# HELP (\S+) (.+)$", page, re.MULTILINE)
    ours = [(name, text) for name, text in names if not name.startswith(("process_", "python_"))]
    assert len(ours) > 15
    for name, text in ours:
        assert name.startswith("anpr_")
        assert text.endswith(".")
        assert not name.endswith(("_ms", "_millis", "_percent"))


def test_two_daemons_do_not_share_metrics():
    first, second = Metrics(), Metrics()
    first.events.labels("gate").inc()
    assert second.registry.get_sample_value("anpr_events_total", {"camera": "gate"}) is None
