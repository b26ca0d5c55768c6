"""Where events go, put together: the sinks, the car park, the archive."""

import time
from collections.abc import Callable, Sequence

from streamer.archive.archive import Archive
from streamer.config import Config, Part, make
from streamer.controls import Controls
from streamer.daemon import Daemon
from streamer.enrich.parking import Parking, Rounds
from streamer.enrich.parking_metrics import ParkingMetrics
from streamer.metrics import Metrics
from streamer.roots.services import archive_service
from streamer.sinks.base import Sink
from streamer.sinks.storage import Storage
from streamer.sinks.within import Within
from streamer.watch import PictureMetrics
from streamer.web import news
from streamer.web.hub import Hub


def storage_of(config: Config, metrics: Metrics) -> Storage:
    """The store with its outbox, and the pictures."""
    pictures = PictureMetrics(metrics)
    storage: Storage = make(config.parts["store"], (), pictures.failed, pictures.remote_failed)
    return storage


def sinks_of(
    config: Config,
    controls: Controls,
    metrics: Metrics,
    storage: Storage,
    more: Sequence[Sink],
) -> list[Sink]:
    """The sinks of the configuration, `more`, and what carries pictures elsewhere."""
    own = (_sink(config, part, controls, metrics, storage) for part in config.sinks.values())
    sinks = [*own, *more, *storage.sinks]
    for sink in sinks:
        storage.outbox.add(sink.name, sink.kinds)
    return sinks


def within(parking: Parking | None, archive: Archive | None, hub: Hub) -> list[Sink]:
    """Those within the daemon that get events as sinks do; `hub` hears of what is archived."""
    sinks: list[Sink] = []
    if parking is not None:
        sinks.append(Within(parking.name, parking.kinds, parking.take))
    if archive is not None:
        sinks.append(Within(archive.name, news.KINDS, news.telling(archive.take, hub)))
    return sinks


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


def car_park(
    config: Config, storage: Storage, metrics: Metrics, daemon: Daemon, sinks: Sequence[Sink]
) -> Parking | None:
    """What takes the plate events of the car park's cameras, if there is one; `sinks` are told when
    its vehicles are counted anew."""
    lined = [camera.name for camera in config.cameras if camera.places().has_ways]
    observer = ParkingMetrics(metrics)
    parking: Parking = make(config.parts["parking"], storage.outbox, lined, observer)
    storage.retention.others.append(parking.purge)  # what it kept is personal data when it is off
    if not parking.on:
        return None
    storage.outbox.add(parking.name, parking.kinds)
    for sink in sinks:
        parking.listen(sink.counted)

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


def archive_of(config: Config, storage: Storage, daemon: Daemon) -> Archive | None:
    """What takes all plate events for those who look things up, if there are any."""
    if not archive_wanted(config):
        return None
    archive: Archive = make(config.parts["archive"], config.parts["store"].options["folder"])
    storage.outbox.add(archive.name, news.KINDS, amended=True)
    daemon.services.append(archive_service(archive, storage))
    return archive
