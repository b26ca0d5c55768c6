"""The composition root: reads the configuration and builds the object tree. Read this first.

    camera ─ Capture ─▶ Detect ─▶ Follow ─▶ Read ─▶ Vote ─▶ Publish ─▶ Outbox ─▶ Courier ─▶ sink
             one pipeline per camera, a thread per stage               one thread per sink

The car park is served like a sink, and gives its own events back into the outbox.
Nothing else knows how the parts hang together; they are given plain values.
"""

import json
import logging
from collections.abc import Sequence
from pathlib import Path

from models.detectors import DETECTORS
from models.readers import READERS
from streamer.config import Config, Parts, make, parse_config, read_config
from streamer.controls import Controls
from streamer.daemon import Daemon
from streamer.enrich import OWNERS
from streamer.enrich.watchlists import Watchlists
from streamer.environment import installation_faults
from streamer.metrics import Metrics
from streamer.roots.cameras import Shared, gates_of, lasting, live_views, watched_pipeline
from streamer.roots.delivery import archive_of, car_park, sinks_of, storage_of, within
from streamer.roots.portal import Announce, log_address, portal_of, web_service
from streamer.roots.radars import radars_of
from streamer.roots.services import (
    controls_service,
    memory_service,
    metrics_service,
    outbox_gauges,
    storage_service,
)
from streamer.sinks import SINKS
from streamer.sinks.base import Sink
from streamer.sinks.courier import Courier
from streamer.tracing.tracing import Tracing
from streamer.watch import DeliveryMetrics
from streamer.web.hub import Hub
from streamer.web.options import Web
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
    storage = storage_of(config, metrics)
    watchlists.keep_in(storage.outbox.store)
    owner = make(config.parts["owner"], storage.outbox.amend, metrics)
    told = (storage.outbox.still_waits, metrics.spans_dropped.inc)
    traces: Tracing = make(config.parts["tracing"], *told)
    daemon = Daemon(storage.outbox)
    daemon.reloads += [watchlists.reload, owner.reload]

    sinks = sinks_of(config, controls, metrics, storage, more_sinks)
    parking = car_park(config, storage, metrics, daemon, sinks)
    archive, hub = archive_of(config, storage, daemon), Hub()
    sinks += within(parking, archive, hub)
    observer = DeliveryMetrics(metrics, traces.journal, [sink.name for sink in sinks])
    daemon.couriers += [Courier(sink, storage.outbox, observer, daemon.fail) for sink in sinks]

    shown = config.parts["web"].options["enabled"]
    gates, views = gates_of(config), live_views(config, controls) if shown else {}
    enrich = [traces.timed("watchlists", watchlists), traces.timed("owner", owner)]
    radars, listeners = radars_of(config.cameras, config.sinks.get("mqtt"))
    daemon.services += listeners
    shared = Shared(metrics, controls, sinks, storage, traces, gates, enrich, views, radars)
    daemon.pipelines += [watched_pipeline(camera, config, shared) for camera in config.cameras]
    daemon.services += [
        storage_service(storage),
        controls_service(controls, storage),
        memory_service(lasting(config, gates), storage),
        watchlists.start,
        owner.start,
        outbox_gauges(storage, sinks, metrics),
        traces.start,
    ]
    if config.metrics.enabled:
        daemon.services.append(metrics_service(config, metrics))
    if shown and archive is not None:
        portal = portal_of(config, shared, (archive, hub), parking, watchlists)
        web: Web = make(config.parts["web"])
        daemon.services.append(web_service(portal, web, announce))
    return daemon
