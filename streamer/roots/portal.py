"""The portal, put together from what the daemon has, or from what there is without cameras."""

import logging
from collections.abc import Callable
from pathlib import Path

from streamer.archive.archive import Archive
from streamer.config import Config, make
from streamer.controls import Controls
from streamer.enrich.parking import Parking
from streamer.enrich.watchlists import Watchlists
from streamer.metrics import Metrics
from streamer.roots.cameras import Shared
from streamer.roots.reads import reading_of
from streamer.roots.services import Service
from streamer.sinks.storage import Storage
from streamer.web import news
from streamer.web.films import Films
from streamer.web.hub import Hub
from streamer.web.options import Web
from streamer.web.portal import Portal
from streamer.web.server import WebServer
from streamer.web.site import create_app

log = logging.getLogger(__name__)

Announce = Callable[[str], object]


def log_address(url: str) -> None:
    """Says in the log where the portal is."""
    log.info("the portal is at %s", url)


def web_service(portal: Portal, web: Web, announce: Announce = log_address) -> Service:
    """The server of the portal; `announce` is told its address."""

    def start() -> Callable[[], None]:
        server = WebServer(
            create_app(portal, web),
            (web.host, web.port),
            (web.cert_file, web.key_file),
            portal.metrics.web_failures.inc,
        )
        stop = server.start()
        announce(server.url)

        def end() -> None:
            portal.hub.close()  # streams end at once, and need not be cut off
            portal.films.close()
            stop()
            if portal.reading is not None:
                portal.reading.stop()

        return end

    return start


def portal_of(
    config: Config,
    shared: Shared,
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


class NothingWaits:
    """The outbox of a process that makes no events."""

    def depth(self, sink: str) -> int:
        """None."""
        return 0

    def oldest_age_s(self, sink: str) -> float:
        """None has waited."""
        return 0.0

    def dead_letters(self, sink: str) -> int:
        """None."""
        return 0


def portal_alone(config: Config, web: Web) -> tuple[Portal, list[Service]]:
    """The portal of a process without cameras, and what is to be started for it.

    A daemon may run on the same configuration: its store belongs to that one alone, the archive
    and the pictures to both.
    """
    metrics = Metrics()
    watchlists = Watchlists([make(one) for one in config.listed["watchlists"]], metrics)
    storage: Storage = make(config.parts["store"])
    folder: Path = config.parts["store"].options["folder"]
    archive: Archive = make(config.parts["archive"], folder)
    portal = Portal(
        archive,
        Controls((), watchlists),
        watchlists,
        metrics,
        NothingWaits(),
        pictures=storage.media,
        reading=reading_of(config, web.limits),
        folder=folder,
    )

    def start() -> Callable[[], None]:
        folder.mkdir(parents=True, exist_ok=True)
        if storage.media is not None:
            storage.media.open()
        archive.open()
        return archive.close

    return portal, [start, watchlists.start]
