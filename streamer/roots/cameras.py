"""The cameras, put together: each with its pipeline, and all with what they share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from streamer.config import CameraConfig, Config
from streamer.controls import Controls
from streamer.data import PlateEvent
from streamer.live import LiveView
from streamer.metrics import Metrics
from streamer.one_camera import Site, camera_pipeline
from streamer.pipeline import Pipeline
from streamer.sinks.base import Sink
from streamer.sinks.storage import Storage
from streamer.sources import is_camera
from streamer.speed.readings import Readings
from streamer.stages.passages import Passages
from streamer.stages.publish import Publish, without_pictures
from streamer.tracing.tracing import Tracing
from streamer.watch import CameraWatch


@dataclass(frozen=True, slots=True)
class Shared:
    """What all cameras share."""

    metrics: Metrics
    controls: Controls
    sinks: Sequence[Sink]
    storage: Storage
    traces: Tracing
    gates: Mapping[str, Passages]
    enrich: Sequence[Callable[[PlateEvent], PlateEvent]]
    views: Mapping[str, LiveView]
    radars: Mapping[str, Readings]


def watched_pipeline(camera: CameraConfig, config: Config, shared: Shared) -> Pipeline:
    """One camera from its source to the outbox, told to metrics, sinks, traces and watchers."""
    control, gate = shared.controls.cameras[camera.name], shared.gates[camera.gate or camera.name]
    site = Site(control, gate, shared.radars.get(camera.name))
    watch = CameraWatch(
        shared.metrics,
        camera.name,
        [shared.controls.arriving, *(sink.camera_status for sink in shared.sinks)],
        [sink.rejected for sink in shared.sinks],
        shared.traces.trail(),
    )
    watch.commanded_by(site.control)
    if camera.name in shared.views:
        watch.shown_in(shared.views[camera.name])
    media = shared.storage.media
    publish = Publish(
        shared.traces.accepting(shared.storage.outbox.accept),
        shared.traces.timed("pictures", media.illustrate) if media else without_pictures,
        shared.enrich,
        on_event=watch.accepted,
        on_failure=lambda name: shared.metrics.store_failures.labels(name).inc(),
    )
    return camera_pipeline(camera, config, publish, watch, site)


def live_views(config: Config, controls: Controls) -> dict[str, LiveView]:
    """What each camera shows those who watch it."""
    return {
        camera.name: LiveView(controls.cameras[camera.name], camera.places())
        for camera in config.cameras
    }


def gates_of(config: Config) -> dict[str, Passages]:
    """What each gate has reported; a camera without one is a gate of its own."""
    dedup_seconds = config.parts["vote"].options["dedup_seconds"]
    names = {camera.gate or camera.name for camera in config.cameras}
    return {name: Passages(dedup_seconds) for name in names}


def lasting(config: Config, gates: dict[str, Passages]) -> dict[str, Passages]:
    """Those gates where a vehicle still stands after a restart: recordings begin anew."""
    replayed = {c.gate or c.name for c in config.cameras if not is_camera(c.url)}
    return {name: passages for name, passages in gates.items() if name not in replayed}
