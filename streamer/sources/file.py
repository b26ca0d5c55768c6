"""Video files, read by PyAV: every frame, as fast as they are taken or at their own pace."""

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import av

from streamer.data import Frame
from streamer.errors import SourceError, StreamFailure
from streamer.sources.base import Clocks, SourceOptions
from streamer.sources.decoding import decoded, picture, source_error, video_of

log = logging.getLogger(__name__)


class FileSource:
    """One video file; `loop` begins again at its end, for ever."""

    live = False

    def __init__(self, camera: str, path: str, options: SourceOptions) -> None:
        self.camera = camera
        self.url = path
        self._realtime = options.realtime
        self._loop = options.loop
        self._on_corrupt = options.on_corrupt
        self._clocks = Clocks(camera, live=False)

    @classmethod
    def at(cls, camera: str, address: str, options: SourceOptions) -> Self:
        """A source for the video at that path."""
        return cls(camera, address, options)

    def frames(self) -> Iterator[Frame]:
        """Every frame of the file. A missing or unreadable file is a permanent failure."""
        pace = Pace() if self._realtime else None
        while True:
            seen = False
            for frame in self._once():
                seen = True
                if pace is not None:
                    pace.wait_for(frame.time_s)
                yield frame
            if not seen:
                raise self._unusable("no_video", "no frame in it that can be decoded")
            if not self._loop:
                return

    def _once(self) -> Iterator[Frame]:
        """The file from its beginning, as far as it can be read."""
        if not Path(self.url).is_file():
            folder = Path(self.url).is_dir()
            raise self._unusable("not_found", "is a folder, no video" if folder else "no such file")
        self._clocks.reopened()
        try:
            with av.open(self.url) as container:
                stream = video_of(self.url, container, permanent=True)
                stream.thread_type = "AUTO"
                packets = self._packets(container.demux(stream))
                for frame in decoded(self.url, packets, self._on_corrupt):
                    yield self._clocks.stamp(picture(frame), frame.time)
        except (av.FFmpegError, OSError) as error:
            raise source_error(self.url, error, permanent=True) from None

    def _packets(self, packets: Iterator[Any]) -> Iterator[Any]:
        """Up to the place from which on the file cannot be read: what came before it is good."""
        try:
            yield from packets
        except (av.FFmpegError, OSError) as error:
            self._on_corrupt()
            log.warning("%s: broken off: %s", self.url, type(error).__name__)

    def _unusable(self, reason: StreamFailure, words: str) -> SourceError:
        return SourceError(f"{self.url}: {words}", reason=reason, permanent=True)


class Pace:
    """Holds a recording back to its own speed."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._offset_s: float | None = None

    def wait_for(self, time_s: float) -> None:
        """Return when a frame of that time is due; the first one is due at once."""
        now_s = self._clock()
        if self._offset_s is None:
            self._offset_s = now_s - time_s
        late_s = now_s - time_s - self._offset_s
        if late_s > 1.0:  # whoever takes the frames was busy: do not hurry to catch up
            self._offset_s = now_s - time_s
        elif late_s < 0:
            self._sleep(-late_s)
