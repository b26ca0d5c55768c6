"""What happens, told to the metrics and to whoever else wants to know."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, get_args

from streamer.controls import CameraControl
from streamer.data import Attempt, Event, Frame, NoSpeed, Outcome, PlateEvent, Rejection
from streamer.errors import StreamFailure
from streamer.live import LiveView
from streamer.metrics import Metrics, StageMetrics
from streamer.pictures import RemoteUse
from streamer.pipeline import OnStep


class CameraTrail(Protocol):
    """Who keeps what the stages do to each frame of a camera; must not raise."""

    def step(
        self, stage: str, item: Any, results: Sequence[Any], started_s: float, ended_s: float
    ) -> None:
        """A stage has made `results` of `item`."""
        ...

    def rejected(self, rejection: Rejection) -> None:
        """A read was withheld."""
        ...


class CameraWatch:
    """All that the stages of one camera report.

    `tell_status` are called with the camera and whether frames arrive, when that changes,
    `tell_rejected` with every read that is withheld. `trail` keeps what the stages do to each
    frame, for traces. `on_steps` are to be told of every step of the stages.
    """

    def __init__(
        self,
        metrics: Metrics,
        camera: str,
        tell_status: Sequence[Callable[[str, bool], None]] = (),
        tell_rejected: Sequence[Callable[[Rejection], None]] = (),
        trail: CameraTrail | None = None,
    ) -> None:
        self.on_steps: list[OnStep] = [] if trail is None else [trail.step]
        self.stages = StageMetrics(metrics, camera)
        self._metrics = metrics
        self._camera = camera
        self._tell_status = tell_status
        self._tell_rejected = list(tell_rejected)
        if trail is not None:
            self._tell_rejected.append(trail.rejected)
        self._tell_accepted: list[Callable[[PlateEvent], None]] = []
        self._last_frame_s = time.monotonic()  # a camera that never comes ages too
        self._captured = metrics.frames_captured.labels(camera)
        self._dropped = metrics.frames_dropped.labels(camera, "capture")
        metrics.last_frame_age.labels(camera).set_function(self._age_s)
        self._arriving = False
        metrics.camera_up.labels(camera).set(0)
        self._begin_at_zero()

    def _begin_at_zero(self) -> None:
        # A counter that first appears with its first count looks to Prometheus as if nothing
        # had happened: increase() needs the zero before it.
        for reason in get_args(StreamFailure):
            self._metrics.stream_reconnects.labels(self._camera, reason)
        for outcome in get_args(Outcome):
            self._metrics.plate_reads.labels(self._camera, outcome)
        for outcome in ("measured", *get_args(NoSpeed)):
            self._metrics.speeds.labels(self._camera, outcome)
        for metric in (
            self._metrics.frames_corrupt,
            self._metrics.camera_outages,
            self._metrics.tracks_active,
            self._metrics.events,
            self._metrics.plate_confidence,
            self._metrics.vehicle_speed,
            self._metrics.store_failures,
        ):
            metric.labels(self._camera)

    def _age_s(self) -> float:
        return time.monotonic() - self._last_frame_s

    def captured(self, frame: Frame) -> None:
        """A frame came."""
        self._last_frame_s = frame.clock_s
        self._captured.inc()

    def dropped(self) -> None:
        """A frame gave way to a newer one."""
        self._dropped.inc()

    def corrupt(self) -> None:
        """Something could not be decoded."""
        self._metrics.frames_corrupt.labels(self._camera).inc()

    def clock_skew(self, seconds: float) -> None:
        """The camera's clock is this far ahead of ours."""
        self._metrics.camera_clock_skew.labels(self._camera).set(seconds)

    def commanded_by(self, control: CameraControl) -> None:
        """Show from now on whether `control` has the camera paused."""
        paused = self._metrics.camera_paused.labels(self._camera)
        paused.set_function(lambda: float(control.paused))

    def shown_in(self, view: LiveView) -> None:
        """Have `view` show what the stages make of the frames."""
        self.on_steps.append(view.step)
        self._tell_rejected.append(view.rejected)
        self._tell_accepted.append(view.accepted)

    def reconnected(self, reason: StreamFailure) -> None:
        """The source failed and is opened again."""
        self._metrics.stream_reconnects.labels(self._camera, reason).inc()

    def up(self, arriving: bool) -> None:
        """Frames begin to arrive, or no longer do."""
        self._metrics.camera_up.labels(self._camera).set(arriving)
        if self._arriving and not arriving:
            self._metrics.camera_outages.labels(self._camera).inc()
        self._arriving = arriving
        for tell in self._tell_status:
            tell(self._camera, arriving)

    def tracks(self, active: int) -> None:
        """So many plates are being followed."""
        self._metrics.tracks_active.labels(self._camera).set(active)

    def outcome(self, outcome: str) -> None:
        """A track ended like this."""
        self._metrics.plate_reads.labels(self._camera, outcome).inc()

    def accepted(self, event: PlateEvent) -> None:
        """An event is in the store."""
        self._metrics.events.labels(self._camera).inc()
        self._metrics.plate_confidence.labels(self._camera).observe(event.confidence)
        if event.speed is not None:
            self._metrics.speeds.labels(self._camera, event.speed.reason or "measured").inc()
            if event.speed.kmh is not None:
                self._metrics.vehicle_speed.labels(self._camera).observe(event.speed.kmh / 3.6)
        for tell in self._tell_accepted:
            tell(event)

    def rejected(self, rejection: Rejection) -> None:
        """A read was withheld."""
        for tell in self._tell_rejected:
            tell(rejection)


class PictureMetrics:
    """What becomes of the pictures of events, told to the metrics."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        for use in get_args(RemoteUse):
            metrics.pictures_remote_failures.labels(use)

    def failed(self) -> None:
        """One could not be written."""
        self._metrics.pictures_failed.inc()

    def remote_failed(self, use: RemoteUse) -> None:
        """One is elsewhere, and this could not be done."""
        self._metrics.pictures_remote_failures.labels(use).inc()


class DeliveryJournal(Protocol):
    """Who keeps the story of each event; must not raise."""

    def attempted(self, event: Event, attempt: Attempt) -> None:
        """A sink was asked to take the event, with this outcome."""
        ...

    def settled(self, event: Event) -> None:
        """A sink has the event, or never will; the outbox knows."""
        ...


class DeliveryMetrics:
    """What becomes of the events (the `DeliveryObserver` of the couriers), told to the metrics and
    to `journal`, if there is one. The counters of `sinks` are there from the start."""

    def __init__(
        self,
        metrics: Metrics,
        journal: DeliveryJournal | None = None,
        sinks: Iterable[str] = (),
    ) -> None:
        self._metrics = metrics
        self._journal = journal
        for sink in sinks:
            metrics.deliveries_failed.labels(sink)
            metrics.dead_letters.labels(sink)

    def delivered(self, sink: str, event: Event, latency_s: float) -> None:
        """`sink` has the event."""
        self._metrics.event_latency.labels(event.camera, sink).observe(latency_s)

    def failed(self, sink: str) -> None:
        """An attempt failed."""
        self._metrics.deliveries_failed.labels(sink).inc()

    def buried(self, sink: str) -> None:
        """A sink refused an event for good."""
        self._metrics.dead_letters.labels(sink).inc()

    def attempted(self, event: Event, attempt: Attempt) -> None:
        """A sink was asked to take the event."""
        if self._journal is not None:
            self._journal.attempted(event, attempt)

    def settled(self, event: Event) -> None:
        """A sink has the event, or never will."""
        if self._journal is not None:
            self._journal.settled(event)

    def reachable(self, sink: str, up: bool) -> None:
        """The other side can be reached, or cannot."""
        if sink == "mqtt":
            self._metrics.mqtt_connected.set(up)
