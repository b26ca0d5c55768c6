"""Reading what is sent: pictures at once, videos as jobs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from streamer.web.fetch import Fetch
from streamer.web.problems import Problem
from streamer.web.read_jobs import Jobs, Vehicles
from streamer.web.read_limits import MOST_READS, ReadLimits
from streamer.web.read_pool import PictureReader, ReadPool
from streamer.web.upload import Upload

RETRY_S = 2


class Reading:
    """Readers for pictures, one video at a time, and the folder where uploads that are too large
    for memory lie. Opens no model and no file before something is sent."""

    def __init__(
        self,
        readers: Callable[[], PictureReader],
        vehicles: Vehicles,
        folder: Path,
        limits: ReadLimits,
        fetch: Fetch | None = None,
    ) -> None:
        self.limits = limits
        self.folder = folder
        self.pool = ReadPool(readers, limits.read_workers)
        self.jobs = Jobs(vehicles, folder, limits)
        self.fetch = fetch or Fetch()
        self._admitted = 0
        self._lock = Lock()

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """One of `MOST_READS` that are dealt with at a time. Raises Problem (503) beyond."""
        with self._lock:
            if self._admitted >= MOST_READS:
                raise busy(f"{MOST_READS} pictures and videos are being taken already", RETRY_S)
            self._admitted += 1
        try:
            yield
        finally:
            with self._lock:
                self._admitted -= 1

    def upload(self, field: str) -> Upload:
        """For what will be sent. Raises Problem (503) where the disk does not take it."""
        try:
            return Upload(self.folder, self.limits.most_bytes, field)
        except OSError as error:
            raise Problem(503, f"{self.folder} cannot be written to: {error.strerror}") from None

    def stop(self) -> None:
        """Give up what waits, and what is read as soon as can be."""
        self.pool.stop()
        self.jobs.stop()


def busy(words: str, retry_s: int) -> Problem:
    """Come again later."""
    return Problem(503, f"{words}; try again later", headers={"Retry-After": str(retry_s)})
