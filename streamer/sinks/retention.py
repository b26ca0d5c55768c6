"""Old events and their pictures are thrown away, now and then, by a thread of its own."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from streamer.sinks.media import Media
from streamer.sinks.outbox import Outbox

log = logging.getLogger(__name__)

DAY_S = 86_400.0
EVERY_S = 3_600.0


class Retention:
    """Every hour forgets what is older than `keep_days` and wanted by no sink any more.

    `others` forget what they keep themselves from before that time (seconds since 1970).
    """

    def __init__(self, outbox: Outbox, media: Media | None, keep_days: float) -> None:
        self._outbox = outbox
        self._media = media
        self._keep_s = keep_days * DAY_S
        self.others: list[Callable[[float], object]] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)

    def start(self) -> None:
        """Sweep now, and then every hour."""
        self._thread.start()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.sweep()
            except Exception:  # an unreadable folder must not end the sweeping for ever
                log.exception("old events could not be thrown away; next try in an hour")
            self._stopping.wait(EVERY_S)

    def sweep(self) -> tuple[int, int]:
        """Throw away what is too old; gives how many events and pictures."""
        before = time.time() - self._keep_s
        events = self._outbox.purge(before)
        for forget in self.others:
            forget(before)
        pictures = 0
        if self._media is not None:
            keep = self._outbox.ids_read_before(before)
            pictures = self._media.purge(datetime.fromtimestamp(before, UTC).date(), keep)
            self._media.purge_remote(self._stopping.is_set)
        if events or pictures:
            log.info("threw away %d old events and %d pictures", events, pictures)
        return events, pictures

    def stop(self, timeout_s: float) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
