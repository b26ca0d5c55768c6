"""What the daemon starts once its store is open, beside the pipelines; each gives what ends it."""

import logging
from collections.abc import Callable, Sequence
from functools import partial

from streamer.archive.archive import Archive
from streamer.archive.filling import Filling
from streamer.config import Config
from streamer.controls import Controls
from streamer.errors import UserError
from streamer.metrics import Metrics, serve_metrics
from streamer.sinks.base import Sink
from streamer.sinks.storage import Storage
from streamer.stages.passages import Passages
from streamer.stages.remembered import Memory

log = logging.getLogger(__name__)

Service = Callable[[], Callable[[], None]]


def storage_service(storage: Storage) -> Service:
    """The folder of pictures, and the sweeping of what is old."""

    def start() -> Callable[[], None]:
        if storage.media is not None:
            storage.media.open()
        storage.retention.start()
        return lambda: storage.retention.stop(0.5)

    return start


def controls_service(controls: Controls, storage: Storage) -> Service:
    """What was paused stays paused."""

    def start() -> Callable[[], None]:
        controls.restore(storage.outbox.store)
        return lambda: None

    return start


def memory_service(gates: dict[str, Passages], storage: Storage) -> Service:
    """What gates have reported outlives the daemon."""

    def start() -> Callable[[], None]:
        memory = Memory(gates, storage.outbox.store)
        memory.start()
        storage.outbox.listen(memory.wake)
        return lambda: memory.stop(0.5)

    return start


def archive_service(archive: Archive, storage: Storage) -> Service:
    """What the archive lacks is given to it, and old events leave it with those of the store.

    Nothing waits for it: a database that is away, or wrong, must not keep the gate from opening.
    """

    def forget(before: float) -> None:
        try:
            archive.purge(before)
        except UserError as error:
            log.warning("old events stay in the archive for now: %s", error)

    storage.retention.others.append(forget)

    def start() -> Callable[[], None]:
        filling = Filling(archive, storage.outbox.stored)
        filling.start()

        def stop() -> None:
            filling.stop(0.5)
            archive.close()

        return stop

    return start


def metrics_service(config: Config, metrics: Metrics) -> Service:
    """`/metrics`."""

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


def outbox_gauges(storage: Storage, sinks: Sequence[Sink], metrics: Metrics) -> Service:
    """What waits for each sink."""

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
