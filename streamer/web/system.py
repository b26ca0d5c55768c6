"""How the daemon is: its cameras stage by stage, what waits where, the disk."""

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from streamer.codec import Utc
from streamer.metrics import Metrics
from streamer.version import VERSION
from streamer.web.access import Viewer
from streamer.web.cameras import rounded
from streamer.web.figures import Labels, Timing, by_last, of, timings, values
from streamer.web.portal import Portal
from streamer.web.problems import responses

P95 = 0.95

Count = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(ge=0)]


class Stage(BaseModel):
    """One step of the work, since the daemon began."""

    stage: str
    steps: Count
    failures: Count
    mean_ms: Positive | None = Field(description="null: there was no step yet.")
    p95_ms: Positive | None = Field(
        description="95 of 100 steps took less; estimated from the buckets of a histogram."
    )


class CameraFigures(BaseModel):
    """One camera; counts are since the daemon began."""

    name: str
    up: bool
    paused: bool
    frames_per_second: Positive | None
    captured: Count
    dropped: Count = Field(description="Frames that gave way to newer ones.")
    corrupt: Count
    last_frame_age_s: Positive | None
    outages: Count
    reconnects: dict[str, Count] = Field(description="By reason.")
    tracks: Count = Field(description="Plates that are followed now.")
    events: Count
    reads: dict[str, Count] = Field(description="What became of the tracks.")
    clock_skew_s: float | None = Field(description="null: the camera does not tell.")
    stages: list[Stage]


class SinkFigures(BaseModel):
    """One of those that events are delivered to; counts are since the daemon began."""

    name: str
    depth: Count = Field(description="Events that wait.")
    oldest_age_s: Positive
    failed: Count = Field(description="Attempts that failed.")
    dead: Count = Field(description="Events that it refused for good, kept in the store.")
    latency_p95_s: Positive | None = Field(
        description="From the camera's picture to its acknowledgement; null: nothing yet."
    )


class StoreFigures(BaseModel):
    """Where all is kept."""

    failures: Count = Field(description="Attempts to store an event that failed.")
    pictures_failed: Count
    free_bytes: Count | None = Field(description="On its disk; null: not known.")


class System(BaseModel):
    """How the daemon is."""

    version: str
    started_at: Utc
    uptime_s: Positive
    cameras: list[CameraFigures]
    sinks: list[SinkFigures]
    store: StoreFigures


def router(portal: Portal) -> APIRouter:
    """The route of the daemon itself."""
    routes = APIRouter(tags=["system"])

    @routes.get("/system", summary="How the daemon is", responses=responses(401, 503))
    def system(_: Viewer) -> System:
        """Figures out of its metrics. They cost little: to ask every two seconds is all right."""
        now = datetime.now(UTC)
        return System(
            version=VERSION,
            started_at=portal.started_at,
            uptime_s=max(0.0, round((now - portal.started_at).total_seconds(), 1)),
            cameras=_cameras(portal),
            sinks=_sinks(portal),
            store=_store(portal.metrics, portal.folder),
        )

    return routes


def _cameras(portal: Portal) -> list[CameraFigures]:
    metrics = portal.metrics
    captured, dropped = values(metrics.frames_captured), values(metrics.frames_dropped)
    corrupt, outages = values(metrics.frames_corrupt), values(metrics.camera_outages)
    reconnects, reads = values(metrics.stream_reconnects), values(metrics.plate_reads)
    tracks, events = values(metrics.tracks_active), values(metrics.events)
    skews, stages = values(metrics.camera_clock_skew), _stages(metrics)
    return [
        CameraFigures(
            name=name,
            up=control.up,
            paused=control.paused,
            frames_per_second=rounded(control.frames_per_second),
            captured=round(of(captured, name)),
            dropped=sum(by_last(dropped, name).values()),
            corrupt=round(of(corrupt, name)),
            last_frame_age_s=rounded(control.last_frame_age_s),
            outages=round(of(outages, name)),
            reconnects=by_last(reconnects, name),
            tracks=round(of(tracks, name)),
            events=round(of(events, name)),
            reads=by_last(reads, name),
            clock_skew_s=skews.get((name,)),
            stages=stages.get(name, []),
        )
        for name, control in portal.controls.cameras.items()
    ]


def _stages(metrics: Metrics) -> dict[str, list[Stage]]:
    failures = values(metrics.stage_failures)
    found: dict[str, list[Stage]] = {}
    for (camera, stage), timing in timings(metrics.stage_duration).items():
        found.setdefault(camera, []).append(
            Stage(
                stage=stage,
                steps=round(timing.count),
                failures=round(of(failures, camera, stage)),
                mean_ms=_milliseconds(timing.mean),
                p95_ms=_milliseconds(timing.quantile(P95)),
            )
        )
    return found


def _sinks(portal: Portal) -> list[SinkFigures]:
    failed = values(portal.metrics.deliveries_failed)
    latencies = _by_sink(timings(portal.metrics.event_latency))
    return [
        SinkFigures(
            name=name,
            depth=portal.outbox.depth(name),
            oldest_age_s=rounded(max(0.0, portal.outbox.oldest_age_s(name))) or 0.0,
            failed=round(of(failed, name)),
            dead=portal.outbox.dead_letters(name),
            latency_p95_s=rounded(latencies.get(name, Timing()).quantile(P95)),
        )
        for name in portal.sinks
    ]


def _by_sink(found: Mapping[Labels, Timing]) -> dict[str, Timing]:
    summed: dict[str, Timing] = {}
    for (_camera, sink), timing in found.items():
        summed.setdefault(sink, Timing()).add(timing)
    return summed


def _store(metrics: Metrics, folder: Path | None) -> StoreFigures:
    return StoreFigures(
        failures=round(sum(values(metrics.store_failures).values())),
        pictures_failed=round(sum(values(metrics.pictures_failed).values())),
        free_bytes=_free_bytes(folder),
    )


def _free_bytes(folder: Path | None) -> int | None:
    try:
        return None if folder is None else shutil.disk_usage(folder).free
    except OSError:
        return None


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)
