"""The head of a pipeline: takes frames from a source, and opens it again when it fails.

The one place of reconnecting. The waits grow from try to try and are a little random, so that
many cameras behind one switch do not all come back in the same moment.
"""

import logging
import random
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol, cast

from streamer.channel import Channel
from streamer.data import Frame
from streamer.errors import SourceError, StreamFailure

log = logging.getLogger(__name__)


class FrameSource(Protocol):
    """What capturing needs of a source. `url` is safe to log."""

    camera: str
    url: str

    def frames(self) -> Iterator[Frame]:
        """Yield frames; return at the end of a recording; raise SourceError on failure."""
        ...


class CaptureObserver(Protocol):
    """Told what becomes of a camera; the metrics in the daemon."""

    def captured(self, frame: Frame) -> None:
        """A frame came."""
        ...

    def reconnected(self, reason: StreamFailure) -> None:
        """The source failed for this reason and will be opened again."""
        ...

    def up(self, arriving: bool) -> None:
        """Frames begin to arrive, or no longer do."""
        ...


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before the next try: doubling, up to a limit, up to half of it random."""

    first_s: float = 1.0
    longest_s: float = 30.0

    def wait_s(self, failures: int, share: float) -> float:
        """Seconds after so many failures in a row (from 1); `share` (0..1) is the dice."""
        full_s = min(self.first_s * 2.0 ** min(failures - 1, 16), self.longest_s)
        return full_s * (0.5 + 0.5 * share)


class Capture:
    """Passes a source's frames on until it ends or is told to stop.

    A permanent error (a missing file, a wrong password) before the first frame ever is
    raised, for somebody has to mend it; once frames have come, waiting may help after all: the
    camera may have been set up anew. Every other failure means trying again, for ever.

    Frames that `lets_pass` refuses (the camera is paused) are not passed on; the stream stays
    open.
    """

    name = "capture"

    def __init__(
        self,
        source: FrameSource,
        observer: CaptureObserver,
        lets_pass: Callable[[Frame], bool] = lambda _: True,
        backoff: Backoff | None = None,
        wait: Callable[[threading.Event, float], object] = threading.Event.wait,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self._source = source
        self._observer = observer
        self._lets_pass = lets_pass
        self._backoff = backoff or Backoff()
        self._wait = wait
        self._dice = dice
        self._failures = 0
        self._arriving = False
        self._ever = False
        self._told: set[StreamFailure] = set()

    def run(self, out: Channel[Frame], stop: threading.Event) -> None:
        """Return at the end of a recording or soon after `stop`. Raises SourceError if hopeless.

        A wait ends at once when `stop` is set; a blocked read after the source's own limit.
        """
        self._observer.up(False)
        try:
            while not stop.is_set():
                try:
                    self._pass_on(out, stop)
                    return
                except SourceError as error:
                    self._failed(error)
                self._wait(stop, self._backoff.wait_s(self._failures, self._dice()))
        finally:
            if self._arriving:
                self._observer.up(False)

    def _pass_on(self, out: Channel[Frame], stop: threading.Event) -> None:
        # closing releases the camera now, not when the garbage is collected
        frames = cast("Generator[Frame, None, None]", self._source.frames())
        with closing(frames):
            for frame in frames:
                # First: whoever hears that frames arrive may ask at once what they show.
                wanted = self._lets_pass(frame)
                self._came(frame)
                if stop.is_set() or (wanted and not out.put(frame)):
                    return
        log.info("camera %s: %s is over", self._source.camera, self._source.url)

    def _came(self, frame: Frame) -> None:
        self._observer.captured(frame)  # before it is said that frames arrive, as above
        if not self._arriving:
            self._arriving = self._ever = True
            log.info("camera %s: frames arrive from %s", self._source.camera, self._source.url)
            self._told.clear()
            self._observer.up(True)
        self._failures = 0

    def _failed(self, error: SourceError) -> None:
        if error.permanent and not self._ever:
            raise error
        self._failures += 1
        if self._arriving:
            self._arriving = False
            self._observer.up(False)
        if error.reason not in self._told:  # one line per outage and reason, not per try
            self._told.add(error.reason)
            log.warning("camera %s: %s; trying again", self._source.camera, error)
        self._observer.reconnected(error.reason)
