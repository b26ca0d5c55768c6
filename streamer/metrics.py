"""Every metric, declared once. Prefix `anpr_`, base units, `_total` on counters.

No label may grow without bound: cameras, stages, sinks and reasons are closed sets.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from streamer.version import VERSION

STAGE_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)
CONFIDENCE_BUCKETS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.99, 1.0)
LATENCY_BUCKETS = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 600.0)
SPEED_BUCKETS = tuple(kmh / 3.6 for kmh in (10, 20, 30, 40, 50, 60, 70, 80, 100, 130))
HOUR_S = 3600.0
STAY_BUCKETS = tuple(h * HOUR_S for h in (0.1, 0.25, 0.5, 1, 2, 4, 8, 12, 24, 72, 168, 720))


class Declared(NamedTuple):
    """A metric as the manual lists it; docs/metrics_table.py writes the list."""

    name: str
    kind: str
    labels: tuple[str, ...]
    text: str


class Metrics:
    """The daemon's metrics, in a registry of their own: a second daemon or a test has another."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.declared: list[Declared] = []
        self._declare_capture()
        self._declare_reading()
        self._declare_delivery()
        self._declare_enriching()
        self._declare_web()
        build = self._gauge("build_info", "The version that runs; always 1.", ["version"])
        build.labels(VERSION).set(1)
        clock = self._gauge("clock_seconds", "The box's clock, in seconds since 1970.")
        clock.set_function(time.time)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def _declare_capture(self) -> None:
        self.frames_captured = self._counter(
            "frames_captured", "Frames the source delivered.", ["camera"]
        )
        self.frames_dropped = self._counter(
            "frames_dropped", "Frames thrown away to stay current.", ["camera", "stage"]
        )
        self.frames_corrupt = self._counter(
            "frames_corrupt", "Packets or pictures that could not be decoded.", ["camera"]
        )
        self.stream_reconnects = self._counter(
            "stream_reconnects", "Times a stream failed and was opened again.", ["camera", "reason"]
        )
        self.last_frame_age = self._gauge(
            "last_frame_age_seconds", "Seconds since the last frame.", ["camera"]
        )
        self.camera_up = self._gauge("camera_up", "1 while frames arrive, else 0.", ["camera"])
        self.camera_outages = self._counter(
            "camera_outages", "Times frames ceased to arrive.", ["camera"]
        )
        self.camera_paused = self._gauge(
            "camera_paused", "1 while the camera is paused by command, else 0.", ["camera"]
        )
        self.camera_clock_skew = self._gauge(
            "camera_clock_skew_seconds",
            "The camera's clock minus the box's as a frame arrives; only where RTCP tells of it.",
            ["camera"],
        )

    def _declare_reading(self) -> None:
        self.stage_duration = self._histogram(
            "stage_duration_seconds", "Time of one step.", ["camera", "stage"], STAGE_BUCKETS
        )
        self.stage_failures = self._counter(
            "stage_failures", "Steps that raised an error.", ["camera", "stage"]
        )
        self.tracks_active = self._gauge("tracks_active", "Plates being followed now.", ["camera"])
        self.plate_reads = self._counter(
            "plate_reads",
            "What became of the tracks: published, or why not.",
            ["camera", "outcome"],
        )
        self.events = self._counter("events", "Events accepted into the store.", ["camera"])
        self.plate_confidence = self._histogram(
            "plate_confidence",
            "Confidence (0 to 1) of the events accepted into the store.",
            ["camera"],
            CONFIDENCE_BUCKETS,
        )

        self.speeds = self._counter(
            "speeds",
            "Vehicles whose speed was measured, or why it was not, where a camera measures.",
            ["camera", "outcome"],
        )
        self.vehicle_speed = self._histogram(
            "vehicle_speed_metres_per_second",
            "Speeds that were measured; see docs/speed.md.",
            ["camera"],
            SPEED_BUCKETS,
        )

    def _declare_delivery(self) -> None:
        self.event_latency = self._histogram(
            "event_latency_seconds",
            "From the capture of the look that carried the vote to the sink's acknowledgement.",
            ["camera", "sink"],
            LATENCY_BUCKETS,
        )
        self.outbox_depth = self._gauge("outbox_depth", "Events not yet delivered.", ["sink"])
        self.outbox_oldest_age = self._gauge(
            "outbox_oldest_age_seconds", "Age of the oldest event not yet delivered.", ["sink"]
        )
        self.store_failures = self._counter(
            "store_failures", "Attempts to store an event that failed; it is kept.", ["camera"]
        )
        self.pictures_failed = self._counter(
            "pictures_failed", "Pictures of events that could not be written."
        )
        self.pictures_remote_failures = self._counter(
            "pictures_remote_failures",
            "Pictures that were gone before they got to store.pictures_url (upload), or that could"
            " not be fetched from there (read) or deleted there for now (delete).",
            ["operation"],
        )
        self.deliveries_failed = self._counter(
            "deliveries_failed", "Attempts to deliver an event that failed.", ["sink"]
        )
        self.dead_letters = self._counter(
            "dead_letters", "Events a sink refused for good; kept in the store.", ["sink"]
        )
        self.spans_dropped = self._counter(
            "spans_dropped", "Spans of traces that no collector took; see docs/tracing.md."
        )
        self.mqtt_connected = self._gauge("mqtt_connected", "1 while the broker accepts us.")
        self.mqtt_commands = self._counter(
            "mqtt_commands", "Commands over MQTT, and what became of them.", ["command", "outcome"]
        )

    def _declare_enriching(self) -> None:
        self.watchlist_entries = self._gauge(
            "watchlist_entries", "Entries of a watchlist, in force or not.", ["list"]
        )
        self.watchlist_reload_failures = self._counter(
            "watchlist_reload_failures",
            "Changes of a watchlist's file that were not taken: it is faulty.",
            ["list"],
        )
        self.watchlist_matches = self._counter(
            "watchlist_matches", "Entries that plates of events matched.", ["list", "how"]
        )
        self.owner_lookups = self._counter(
            "owner_lookups", "What became of asking for the owner of a plate.", ["outcome"]
        )
        self.owner_lookup_duration = self._histogram(
            "owner_lookup_duration_seconds", "Time of one request.", [], LATENCY_BUCKETS
        )
        self.owner_breaker_open = self._gauge(
            "owner_breaker_open", "1 while owners are not asked for, after failures in a row."
        )
        self.owner_reload_failures = self._counter(
            "owner_reload_failures", "Changes of the owners' file that were not taken."
        )

    def _declare_web(self) -> None:
        self.web_requests = self._counter(
            "web_requests",
            "Answers of the portal, by class of status: 2xx, 3xx, 4xx, 5xx.",
            ["method", "status"],
        )
        self.web_logins = self._counter(
            "web_logins", "What became of logins: ok, refused, or locked out.", ["outcome"]
        )
        self.web_failures = self._counter(
            "web_failures", "Times the portal's server failed and was started again."
        )

    def declare_parking(self) -> None:
        """The metrics of a car park, where there is one."""
        self.parking_occupancy = self._gauge("parking_occupancy", "Vehicles inside.")
        self.parking_capacity = self._gauge("parking_capacity", "Places; 0 if that is not known.")
        self.parking_entries = self._counter("parking_entries", "Vehicles that entered.")
        self.parking_sessions = self._counter(
            "parking_sessions", "How sessions ended, and how surely.", ["outcome"]
        )
        self.parking_stay = self._histogram(
            "parking_stay_seconds", "From entering to leaving.", [], STAY_BUCKETS
        )
        self.parking_overstays = self._counter("parking_overstays", "Stays beyond max_stay_s.")
        self.parking_ignored = self._counter(
            "parking_ignored", "Plate events that changed nothing, and why.", ["reason"]
        )

    def _counter(self, name: str, text: str, labels: Sequence[str] = ()) -> Counter:
        self._declare(f"{name}_total", "counter", text, labels)
        return Counter(f"anpr_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, labels: Sequence[str] = ()) -> Gauge:
        self._declare(name, "gauge", text, labels)
        return Gauge(f"anpr_{name}", text, labels, registry=self.registry)

    def _histogram(
        self, name: str, text: str, labels: Sequence[str], buckets: tuple[float, ...]
    ) -> Histogram:
        self._declare(name, "histogram", text, labels)
        return Histogram(f"anpr_{name}", text, labels, buckets=buckets, registry=self.registry)

    def _declare(self, name: str, kind: str, text: str, labels: Sequence[str]) -> None:
        self.declared.append(Declared(f"anpr_{name}", kind, tuple(labels), text))


class StageMetrics:
    """What one camera's stages report (the `Observer` of `streamer.pipeline`)."""

    def __init__(self, metrics: Metrics, camera: str) -> None:
        self._metrics = metrics
        self._camera = camera

    def expect(self, stages: Iterable[str]) -> None:
        """Show these stages from the start, with nothing counted yet."""
        for stage in stages:
            self._metrics.stage_duration.labels(self._camera, stage)
            self._metrics.stage_failures.labels(self._camera, stage)

    def stage_took(self, stage: str, seconds: float) -> None:
        """Count one step."""
        self._metrics.stage_duration.labels(self._camera, stage).observe(seconds)

    def stage_failed(self, stage: str) -> None:
        """Count one failed step."""
        self._metrics.stage_failures.labels(self._camera, stage).inc()


def serve_metrics(metrics: Metrics, host: str, port: int) -> tuple[int, Callable[[], None]]:
    """Serve `/metrics`; gives the port (port 0 asks for a free one) and what stops it."""
    server, thread = start_http_server(port, addr=host, registry=metrics.registry)

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return server.server_port, stop
