"""Brings events into the archive that were stored before it was there, beside everything else."""

import logging
import threading
from collections.abc import Callable

from streamer.archive.archive import Archive
from streamer.codec import decode
from streamer.data import PlateEvent
from streamer.errors import UserError

log = logging.getLogger(__name__)

BATCH = 200
PAUSE_S = 0.05
"""Between two batches: the gate and the portal come first."""
RETRY_S = 10.0

Stored = Callable[[str, int], list[tuple[str, str]]]
"""(id, json) of so many events, in the order of their ids, from behind an id on
(`Outbox.stored`)."""


class Filling:
    """At each start opens the archive, and gives it what it lacks of the events that are `stored`.

    So it gets what came before it was switched on, or while it was off, and everything again when
    it is a new one. Needs no memory of how far it came: what is there is not given again. A
    database that is away is waited for; so is one that is not as it should be, but an error
    says so.
    """

    def __init__(self, archive: Archive, stored: Stored) -> None:
        self._archive = archive
        self._stored = stored
        self._stopping = threading.Event()
        self._filled = 0
        self._complaint = ""
        self._thread = threading.Thread(target=self._run, name="archive", daemon=True)

    def start(self) -> None:
        """Begin. Returns at once."""
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """End; the next start goes on."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        last: str | None = ""
        while last is not None and not self._stopping.is_set():
            try:
                last = self._after(last)
            except UserError as error:
                self._complain(str(error))
                self._stopping.wait(RETRY_S)
            else:
                self._stopping.wait(PAUSE_S)
        if self._filled:
            log.info("the archive lacked %d stored events, and has them now", self._filled)

    def _after(self, last: str) -> str | None:
        """Up to which id the archive has all; None at the end."""
        rows = self._stored(last, BATCH)
        # Asked for nothing, too: so it is opened, and what is wrong with it is said at the start.
        self._filled += self._archive.fill(filter(None, map(_decoded, rows)))
        return rows[-1][0] if rows else None

    def _complain(self, complaint: str) -> None:
        if complaint != self._complaint:
            self._complaint = complaint
            log.error("%s; events wait until it works", complaint)


def _decoded(row: tuple[str, str]) -> PlateEvent | None:
    try:
        return decode(row[1])
    except UserError as error:
        log.warning("event %s stays out of the archive: %s", row[0], error)
        return None
