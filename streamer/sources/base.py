"""What every source gives, and the clocks that all of them share."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol, Self
from urllib.parse import quote, urlsplit, urlunsplit

from models.base import Image
from streamer.data import Frame

Transport = Literal["tcp", "udp"]

PICTURES = (
    ".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".heic", ".heif", ".hif", ".avif",
)  # fmt: skip
"""How the names of picture files end."""

VIDEOS = (
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mts", ".m2ts", ".mpg", ".mpeg",
    ".flv", ".wmv", ".ogv", ".3gp", ".h264", ".h265", ".hevc",
)  # fmt: skip
"""How the names of video files end, where a folder or a pattern has to tell them from others."""


def nobody(*_: object) -> None:
    """For what sources tell and nobody wants to know."""


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What a camera's configuration may say beside its URL; each source takes what it knows.

    `timeout_s` limits opening and every read; `realtime` plays a recording at its own pace,
    `loop` plays it again and again. `on_corrupt` is called once for each packet or picture
    that could not be decoded; `on_clock_skew` now and then with the seconds by which the
    camera's clock is ahead of ours, where a source can tell.
    """

    username: str | None = None
    password: str | None = None
    transport: Transport = "tcp"
    timeout_s: float = 5.0
    realtime: bool = False
    loop: bool = False
    on_corrupt: Callable[[], None] = nobody
    on_clock_skew: Callable[[float], None] = nobody


class Source(Protocol):
    """Yields frames until it fails; never tries again by itself (`Capture` does).

    `live` says that frames come at their own pace whether anybody takes them or not. `url`
    is safe to log: it holds no password. One instance serves one thread.
    """

    camera: str
    url: str
    live: bool

    @classmethod
    def at(cls, camera: str, address: str, options: SourceOptions) -> Self:
        """A source for what follows the scheme (for rtsp: the whole URL). Opens nothing.

        Raises UserError when the address makes no sense.
        """
        ...

    def frames(self) -> Iterator[Frame]:
        """Open, then yield frames. Returns only at the end of a recording.

        Raises SourceError on any failure. May be called again after one: indexes and
        presentation times go on increasing.
        """
        ...


class Clocks:
    """Stamps the frames of one source: index, wall clock, monotonic clock, presentation time.

    A stream's own timestamps start anywhere, begin anew after a reconnect or a loop, and jump
    when a camera sets its clock. What leaves here begins at 0 and only ever increases. Of a
    live source it also keeps pace with the monotonic clock: after a gap it is as much later.
    """

    def __init__(
        self,
        camera: str,
        *,
        live: bool,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._camera = camera
        self._live = live
        self._monotonic = monotonic
        self._now = now
        self._index = -1
        self._pts_s = 0.0
        self._step_s = FIRST_STEP_S
        self._offset_s: float | None = None
        self._clock_s = 0.0
        self._started_at: datetime | None = None

    def reopened(self) -> None:
        """The next frame is the first of a new stretch: its own timestamps begin anew."""
        self._offset_s = None

    def stamp(self, image: Image, raw_s: float | None) -> Frame:
        """A frame; `raw_s` is what the source says of its time, None where it says nothing."""
        clock_s, now = self._monotonic(), self._now()
        if self._started_at is None:
            self._started_at = now
            self._anchor(raw_s)
        else:
            self._advance(raw_s, clock_s - self._clock_s)
        self._index += 1
        self._clock_s = clock_s
        at = now if self._live else self._started_at + timedelta(seconds=self._pts_s)
        return Frame(self._camera, self._index, at, clock_s, image, self._pts_s)

    def _advance(self, raw_s: float | None, passed_s: float) -> None:
        """Move on to the next frame's time, as the source says if that can be, else by guess."""
        if raw_s is not None and self._offset_s is not None:
            step_s = raw_s + self._offset_s - self._pts_s
            furthest_s = passed_s + JUMP_S if self._live else math.inf
            if -DISORDER_S < step_s < furthest_s:
                self._pts_s += max(step_s, LEAST_STEP_S)
                if 0 < step_s < 1:
                    self._step_s = step_s
                return
        self._pts_s += max(passed_s, LEAST_STEP_S) if self._live else self._step_s
        self._anchor(raw_s)

    def _anchor(self, raw_s: float | None) -> None:
        if raw_s is not None:
            self._offset_s = self._pts_s - raw_s


FIRST_STEP_S = 0.04
"""Between two frames of a recording that never said how far they are apart."""

LEAST_STEP_S = 0.001

DISORDER_S = 1.0
"""Frames that come a little out of order are no new beginning; a larger step back is."""

JUMP_S = 5.0
"""A live step this much larger than the time that passed is a clock that was set, not a gap."""


def with_login(url: str, username: str | None, password: str | None) -> str:
    """The URL with this login in it, percent-encoded; unchanged if `username` is None."""
    if username is None:
        return url
    parts = urlsplit(url)
    login = quote(username, safe="")
    if password is not None:
        login += ":" + quote(password, safe="")
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{login}@{host}"))


# up to the last @: better to hide a part of the path than half a password with a slash in it
