"""The composition root: reads the configuration and builds the object tree. Read this first.

    camera ─ Capture ─▶ Detect ─▶ Follow ─▶ Read ─▶ Vote ─▶ Publish ─▶ Outbox ─▶ Courier ─▶ sink
             one pipeline per camera, a thread per stage               one thread per sink

The car park is served like a sink, and gives its own events back into the outbox.
Nothing else knows how the parts hang together; they are given plain values.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.detectors import DETECTORS
from models.readers import READERS
from streamer.archive.archive import Archive
from streamer.config import CameraConfig, Config, Part, Parts, make, parse_config, read_config
from streamer.controls import Controls
from streamer.daemon import Daemon
from streamer.data import PlateEvent
from streamer.enrich import OWNERS
from streamer.enrich.parking import Parking, Rounds
from streamer.enrich.parking_metrics import ParkingMetrics
from streamer.enrich.watchlists import Watchlists
from streamer.environment import installation_faults
from streamer.live import LiveView
from streamer.metrics import Metrics
from streamer.one_camera import Site, camera_pipeline
from streamer.pipeline import Pipeline
from streamer.portal_root import Announce, log_address, web_service
from streamer.radars import radars_of
from streamer.reads import reading_of
from streamer.services import (
    archive_service,
    controls_service,
    memory_service,
    metrics_service,
    outbox_gauges,
    storage_service,
)
from streamer.sinks import SINKS
from streamer.sinks.base import Sink
from streamer.sinks.courier import Courier
from streamer.sinks.storage import Storage
from streamer.sinks.within import Within
from streamer.sources import is_camera
from streamer.speed.readings import Readings
from streamer.stages.passages import Passages
from streamer.stages.publish import Publish, without_pictures
from streamer.tracing.tracing import Tracing
from streamer.watch import CameraWatch, DeliveryMetrics, PictureMetrics
from streamer.web import news
from streamer.web.films import Films
from streamer.web.hub import Hub
from streamer.web.options import Web
from streamer.web.portal import Portal
from trackers import TRACKERS

log = logging.getLogger(__name__)

PARTS = Parts(
    chosen={
        "detector": (DETECTORS, "yolo"),
        "reader": (READERS, "ensemble"),
        "tracker": (TRACKERS, "sort"),
        "owner": (OWNERS, "none"),
    },
    plain={
        "looks": "streamer.stages.read:Read",
        "vote": "streamer.stages.vote:Vote",
        "store": "streamer.sinks.storage:Storage",
        "tracing": "streamer.tracing.tracing:Tracing",
        "parking": "streamer.enrich.parking:Parking",
        "archive": "streamer.archive.archive:Archive",
        "web": "streamer.web.options:Web",
    },
    several={"sinks": SINKS},
    listed={"watchlists": "streamer.enrich.watchlist:Watchlist"},
)


def checked(path: Path) -> Config:
    """The configuration in a file, checked; faults of the installation are warned of."""
    for fault in installation_faults():
        log.warning("%s", fault)
    return read_config(path, PARTS)


def default_config(url: str) -> Config:
    """What the daemon would run for one source, everything else left at its default."""
    camera = {"name": "camera", "url": url}
    return parse_config(json.dumps({"cameras": [camera]}), PARTS)


def build_daemon(
    config: Config, more_sinks: Sequence[Sink] = (), announce: Announce = log_address
) -> Daemon:
    """The whole object tree. Opens the models (a faulty one shows now), no source and no sink.

    `announce` is told the address of the portal, once it can be opened there.
    """
    metrics = Metrics()
    watchlists = Watchlists([make(one) for one in config.listed["watchlists"]], metrics)
    controls = Controls((camera.name for camera in config.cameras), watchlists)
    pictures = PictureMetrics(metrics)
    given = ((), pictures.failed, pictures.remote_failed)
    storage: Storage = make(config.parts["store"], *given)
    own = (_sink(config, part, controls, metrics, storage) for part in config.sinks.values())
    sinks: list[Sink] = [*own, *more_sinks, *storage.sinks]
    for sink in sinks:
        storage.outbox.add(sink.name, sink.kinds)
    watchlists.keep_in(storage.outbox.store)
    owner = make(config.parts["owner"], storage.outbox.amend, metrics)
    told = (storage.outbox.still_waits, metrics.spans_dropped.inc)
    traces: Tracing = make(config.parts["tracing"], *told)
    daemon = Daemon(storage.outbox)
    daemon.reloads += [watchlists.reload, owner.reload]
    parking = _car_park(config, storage, metrics, daemon)
    archive, hub = _archive(config, storage, daemon), Hub()
    if parking is not None:
        for sink in sinks:
            parking.listen(sink.counted)
        sinks.append(Within(parking.name, parking.kinds, parking.take))
    if archive is not None:
        sinks.append(Within(archive.name, news.KINDS, news.telling(archive.take, hub)))
    observer = DeliveryMetrics(metrics, traces.journal, [sink.name for sink in sinks])
    daemon.couriers += [Courier(sink, storage.outbox, observer, daemon.fail) for sink in sinks]
    gates, views = _gates(config), live_views(config, controls)
    enrich = [traces.timed("watchlists", watchlists), traces.timed("owner", owner)]
    radars, listeners = radars_of(config.cameras, config.sinks.get("mqtt"))
    daemon.services += listeners
    shared = _Shared(metrics, controls, sinks, storage, traces, gates, enrich, views, radars)
    daemon.pipelines += [_pipeline(camera, config, shared) for camera in config.cameras]
    daemon.services += [
        storage_service(storage),
        controls_service(controls, storage),
        memory_service(_lasting(config, gates), storage),
        watchlists.start,
        owner.start,
        outbox_gauges(storage, sinks, metrics),
        traces.start,
    ]
    if config.metrics.enabled:
        daemon.services.append(metrics_service(config, metrics))
    if config.parts["web"].options["enabled"] and archive is not None:
        portal = _portal(config, shared, (archive, hub), parking, watchlists)
        web: Web = make(config.parts["web"])
        daemon.services.append(web_service(portal, web, announce))
    return daemon


@dataclass(frozen=True, slots=True)
class _Shared:
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


def _pipeline(camera: CameraConfig, config: Config, shared: _Shared) -> Pipeline:
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


def _portal(
    config: Config,
    shared: _Shared,
    told: tuple[Archive, Hub],
    parking: Parking | None,
    watchlists: Watchlists,
) -> Portal:
    """What the portal shows; `told` are those who hear of every event."""
    archive, hub = told
    web: Web = make(config.parts["web"])
    news.tell_of_cameras(shared.controls, hub)
    return Portal(
        archive,
        shared.controls,
        watchlists,
        shared.metrics,
        shared.storage.outbox,
        parking=parking,
        pictures=shared.storage.media,
        reading=reading_of(config, web.limits),
        sinks=tuple(sink.name for sink in shared.sinks),
        films=Films(shared.views),
        hub=hub,
        folder=config.parts["store"].options["folder"],
    )


def _gates(config: Config) -> dict[str, Passages]:
    """What each gate has reported; a camera without one is a gate of its own."""
    dedup_seconds = config.parts["vote"].options["dedup_seconds"]
    names = {camera.gate or camera.name for camera in config.cameras}
    return {name: Passages(dedup_seconds) for name in names}


def _lasting(config: Config, gates: dict[str, Passages]) -> dict[str, Passages]:
    """Those gates where a vehicle still stands after a restart: recordings begin anew."""
    replayed = {c.gate or c.name for c in config.cameras if not is_camera(c.url)}
    return {name: passages for name, passages in gates.items() if name not in replayed}


def _sink(
    config: Config, part: Part, controls: Controls, metrics: Metrics, storage: Storage
) -> Sink:
    given: tuple[object, ...] = ()
    if part.name == "webhook":
        given = (time.time, storage.read_picture)
    if part.name == "mqtt":
        # MQTT keeps the states of every camera, takes commands, and tells what there is.
        parking = bool(config.parts["parking"].options["entry"])
        count = metrics.mqtt_commands.labels
        given = (controls, lambda *what: count(*what).inc(), parking, storage.read_picture)
    sink: Sink = make(part, *given)
    return sink


def _car_park(config: Config, storage: Storage, metrics: Metrics, daemon: Daemon) -> Parking | None:
    """What takes the plate events of the car park's cameras, if there is one."""
    lined = [camera.name for camera in config.cameras if camera.places().has_ways]
    observer = ParkingMetrics(metrics)
    parking: Parking = make(config.parts["parking"], storage.outbox, lined, observer)
    storage.retention.others.append(parking.purge)  # what it kept is personal data when it is off
    if not parking.on:
        return None
    storage.outbox.add(parking.name, parking.kinds)

    def start() -> Callable[[], None]:
        observer.show(parking.occupancy, parking.capacity)
        rounds = Rounds(parking)
        rounds.start()
        return lambda: rounds.stop(0.5)

    daemon.services.append(start)
    return parking


def archive_wanted(config: Config) -> bool:
    """Whether somebody reads the archive: it costs the disk writes, and does without otherwise."""
    return bool(config.parts["archive"].options["url"] or config.parts["web"].options["enabled"])


def _archive(config: Config, storage: Storage, daemon: Daemon) -> Archive | None:
    """What takes all plate events for those who look things up, if there are any."""
    if not archive_wanted(config):
        return None
    archive: Archive = make(config.parts["archive"], config.parts["store"].options["folder"])
    storage.outbox.add(archive.name, news.KINDS, amended=True)
    daemon.services.append(archive_service(archive, storage))
    return archive
