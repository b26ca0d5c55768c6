"""The composition root: reads the configuration and builds the object tree. Read this first.

    camera ─ Capture ─▶ Detect ─▶ Follow ─▶ Read ─▶ Vote ─▶ Publish ─▶ Outbox ─▶ Courier ─▶ sink
             one pipeline per camera, a thread per stage               one thread per sink

The car park is served like a sink, and gives its own events back into the outbox.
Nothing else knows how the parts hang together; they are given plain values.
"""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from models.base import Detector
from models.detectors import DETECTORS
from models.readers import READERS
from models.readers.formats import Formats
from models.readers.informed import InformedReader
from streamer.channel import Channel
from streamer.config import CameraConfig, Config, Part, Parts, parse_config, read_config
from streamer.controls import CameraControl, Controls
from streamer.daemon import Daemon
from streamer.data import Decided, Frame, Outcome, Rejection
from streamer.enrich import OWNERS
from streamer.enrich.parking import Parking, Rounds
from streamer.enrich.parking_metrics import ParkingMetrics
from streamer.enrich.watchlists import Watchlists
from streamer.environment import installation_faults
from streamer.errors import UserError
from streamer.metrics import Metrics, serve_metrics
from streamer.pipeline import CHANNEL_SIZE, Pipeline, Stage
from streamer.places import NOWHERE, Places
from streamer.settled import Settled
from streamer.sinks import SINKS
from streamer.sinks.base import Sink
from streamer.sinks.courier import Courier
from streamer.sinks.storage import Storage
from streamer.sinks.within import Within
from streamer.sources import is_camera, source_for
from streamer.sources.base import Source, SourceOptions
from streamer.sources.rotated import RotatedSource, upright
from streamer.stages.capture import Capture
from streamer.stages.detect import Detect
from streamer.stages.passages import Passages
from streamer.stages.publish import Publish, without_pictures
from streamer.stages.remembered import Memory
from streamer.stages.track import Follow
from streamer.stages.vote import utc_now
from streamer.tracing.tracing import Tracing
from streamer.watch import CameraWatch, DeliveryMetrics
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


def build_daemon(config: Config, more_sinks: Sequence[Sink] = ()) -> Daemon:
    """The whole object tree. Opens the models (a faulty one shows now), no source and no sink."""
    metrics = Metrics()
    watchlists = Watchlists([make(one) for one in config.listed["watchlists"]], metrics)
    controls = Controls((camera.name for camera in config.cameras), watchlists)
    sinks = [
        *(_sink(config, part, controls, metrics) for part in config.sinks.values()),
        *more_sinks,
    ]
    kinds = {sink.name: sink.kinds for sink in sinks}
    storage: Storage = make(config.parts["store"], kinds, metrics.pictures_failed.inc)
    watchlists.keep_in(storage.outbox.store)
    owner = make(config.parts["owner"], storage.outbox.amend, metrics)
    daemon = Daemon(storage.outbox)
    traces: Tracing = make(
        config.parts["tracing"], storage.outbox.still_waits, metrics.spans_dropped.inc
    )
    sinks += _car_park(config, storage, metrics, daemon)
    daemon.reloads += [watchlists.reload, owner.reload]
    observer = DeliveryMetrics(metrics, traces.journal, [sink.name for sink in sinks])
    for sink in sinks:
        daemon.couriers.append(Courier(sink, storage.outbox, observer, daemon.fail))
    gates = _gates(config)
    for camera in config.cameras:
        site = Site(controls.cameras[camera.name], gates[camera.gate or camera.name])
        watch = CameraWatch(
            metrics,
            camera.name,
            [sink.camera_status for sink in sinks],
            [sink.rejected for sink in sinks],
            traces.trail(),
        )
        watch.commanded_by(site.control)
        publish = Publish(
            traces.accepting(storage.outbox.accept),
            traces.timed("pictures", storage.media.illustrate)
            if storage.media
            else without_pictures,
            [traces.timed("watchlists", watchlists), traces.timed("owner", owner)],
            on_event=watch.accepted,
            on_failure=lambda name: metrics.store_failures.labels(name).inc(),
        )
        daemon.pipelines.append(camera_pipeline(camera, config, publish, watch, site))
    daemon.services += [
        _storage_service(storage),
        _controls_service(controls, storage),
        _memory_service(_lasting(config, gates), storage),
        watchlists.start,
        owner.start,
        _outbox_gauges(storage, sinks, metrics),
        traces.start,
    ]
    if config.metrics.enabled:
        daemon.services.append(_metrics_service(config, metrics))
    return daemon


@dataclass(frozen=True, slots=True)
class Site:
    """What a camera shares with others: who commands it, and what its gate has reported."""

    control: CameraControl
    passages: Passages | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What of a camera's picture counts, and what its gate has reported."""

    places: Places = NOWHERE
    passages: Passages | None = None


def camera_pipeline(
    camera: CameraConfig,
    config: Config,
    last: Stage[Decided, Any],
    watch: CameraWatch,
    site: Site | None = None,
) -> Pipeline:
    """One camera from source to the decided event; `last` takes the events."""
    site = site or Site(CameraControl(camera.name))
    source = _source(camera, watch)
    live = source.live
    inbox: Channel[Frame] = (
        Channel(1, "drop_oldest", watch.dropped) if live else Channel(CHANNEL_SIZE)
    )
    view = View(camera.places(), site.passages)
    stages = stages_of(config, models_of(config), watch, live=live, view=view)
    capture = Capture(source, watch, site.control.lets_pass)
    watch.stages.expect(stage.name for stage in (*stages, last))
    pipeline = Pipeline(camera.name, capture, inbox, [*stages, last], watch.stages)
    if watch.on_step is not None:
        pipeline.listen(watch.on_step)
    return pipeline


@dataclass(frozen=True, slots=True)
class Models:
    """What the stages see with; loaded once, and each instance for one thread."""

    detector: Detector
    reader: InformedReader
    formats: Formats


def models_of(config: Config) -> Models:
    """The detector and the reader of the configuration, loaded."""
    formats = formats_of(config)
    return Models(make(config.parts["detector"]), informed_reader(config, formats), formats)


class Told(Protocol):
    """Who is told what the stages do."""

    def tracks(self, active: int) -> None:
        """So many plates are being followed."""

    def outcome(self, outcome: Outcome) -> None:
        """A track ended like this."""

    def rejected(self, rejection: Rejection) -> None:
        """A read was withheld."""


def _gates(config: Config) -> dict[str, Passages]:
    """What each gate has reported; a camera without one is a gate of its own."""
    dedup_seconds = config.parts["vote"].options["dedup_seconds"]
    names = {camera.gate or camera.name for camera in config.cameras}
    return {name: Passages(dedup_seconds) for name in names}


def _lasting(config: Config, gates: dict[str, Passages]) -> dict[str, Passages]:
    """Those gates where a vehicle still stands after a restart: recordings begin anew."""
    replayed = {c.gate or c.name for c in config.cameras if not is_camera(c.url)}
    return {name: passages for name, passages in gates.items() if name not in replayed}


def stages_of(
    config: Config, models: Models, told: Told, *, live: bool, view: View | None = None
) -> list[Stage[Any, Any]]:
    """From frames to decided events: the stages of one camera, at their beginning."""
    settled, view = Settled(), view or View()
    given = (settled, models.formats, told.outcome, utc_now, view.passages, view.places)
    return [
        Detect(models.detector, view.places),
        Follow(make(config.parts["tracker"]), live=live, on_active=told.tracks),
        make(config.parts["looks"], models.reader, settled),
        make(config.parts["vote"], *given, told.rejected),
    ]


def formats_of(config: Config) -> Formats:
    """What the configuration says of the plates to come."""
    return Formats(config.formats.countries, config.formats.patterns)


def informed_reader(config: Config, formats: Formats) -> InformedReader:
    """The reader of the configuration, which decides with formats."""
    return InformedReader(make(config.parts["reader"]), formats)


def make(part: Part, *given: Any) -> Any:
    """A part, from what the root gives and the options of the configuration."""
    return part.make(*given, **part.options)


def _sink(config: Config, part: Part, controls: Controls, metrics: Metrics) -> Sink:
    if part.name != "mqtt":
        plain: Sink = make(part)
        return plain
    # MQTT keeps the states of every camera, takes commands, and tells what there is.
    parking = bool(config.parts["parking"].options["entry"])
    count = metrics.mqtt_commands.labels
    sink: Sink = make(part, controls, lambda *what: count(*what).inc(), parking)
    return sink


def _source(camera: CameraConfig, watch: CameraWatch) -> Source | RotatedSource:
    options = SourceOptions(
        username=camera.username,
        password=camera.password,
        transport=camera.transport,
        timeout_s=camera.timeout_s,
        realtime=camera.realtime,
        loop=camera.loop,
        on_corrupt=watch.corrupt,
        on_clock_skew=watch.clock_skew,
    )
    return upright(source_for(camera.name, camera.url, options), camera.rotate)


Service = Callable[[], Callable[[], None]]


def _car_park(config: Config, storage: Storage, metrics: Metrics, daemon: Daemon) -> list[Sink]:
    """What takes the plate events of the car park's cameras, if there is one."""
    lined = [camera.name for camera in config.cameras if camera.places().has_ways]
    observer = ParkingMetrics(metrics)
    parking: Parking = make(config.parts["parking"], storage.outbox, lined, observer)
    storage.retention.others.append(parking.purge)  # what it kept is personal data when it is off
    if not parking.on:
        return []
    storage.outbox.add(parking.name, parking.kinds)

    def start() -> Callable[[], None]:
        observer.show(parking.occupancy, parking.capacity)
        rounds = Rounds(parking)
        rounds.start()
        return lambda: rounds.stop(0.5)

    daemon.services.append(start)
    return [Within(parking.name, parking.kinds, parking.take)]


def _storage_service(storage: Storage) -> Service:
    def start() -> Callable[[], None]:
        if storage.media is not None:
            storage.media.open()
        storage.retention.start()
        return lambda: storage.retention.stop(0.5)

    return start


def _controls_service(controls: Controls, storage: Storage) -> Service:
    def start() -> Callable[[], None]:
        controls.restore(storage.outbox.store)
        return lambda: None

    return start


def _memory_service(gates: dict[str, Passages], storage: Storage) -> Service:
    def start() -> Callable[[], None]:
        memory = Memory(gates, storage.outbox.store)
        memory.start()
        storage.outbox.listen(memory.wake)
        return lambda: memory.stop(0.5)

    return start


def _metrics_service(config: Config, metrics: Metrics) -> Service:
    def start() -> Callable[[], None]:
        host, port = config.metrics.host, config.metrics.port
        try:
            port, stop = serve_metrics(metrics, host, port)
        except OSError as error:
            raise UserError(
                f"metrics: {host}:{port} cannot be listened on: {error.strerror};"
                " choose another metrics.port, or metrics: {enabled: false}"
            ) from None
        log.info("metrics on http://%s:%d/metrics", host, port)
        return stop

    return start


def _outbox_gauges(storage: Storage, sinks: Sequence[Sink], metrics: Metrics) -> Service:
    def start() -> Callable[[], None]:
        for sink in sinks:
            metrics.outbox_depth.labels(sink.name).set_function(
                partial(storage.outbox.depth, sink.name)
            )
            metrics.outbox_oldest_age.labels(sink.name).set_function(
                partial(storage.outbox.oldest_age_s, sink.name)
            )
        return lambda: None

    return start
