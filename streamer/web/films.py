"""The pictures of cameras for those who watch them: drawn and encoded once for all of them.

    LiveView ─ Film (a thread while somebody watches) ─▶ Watcher ─▶ a browser
                                                      ─▶ Watcher ─▶ another

While nobody watches there is no thread and nothing is drawn.
"""

import asyncio
import logging
import os
import threading
import time
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from streamer.live import LiveView, Moment
from streamer.overlay import blank, drawn
from streamer.pictures import jpeg

log = logging.getLogger(__name__)

WIDTHS = (320, 480, 640, 960, 1280, 1920)
"""What is encoded: a width that somebody asks for counts as the next of these, so that many
different ones do not cost more than six pictures."""
QUALITY = 78
REPEAT_S = 5.0
"""A picture that stays the same is sent again, so that a connection that is gone is noticed."""
NICENESS = 10
"""Of the threads that draw: where there is too little of the processor, watchers wait, not the
gate."""


class Crowded(Exception):
    """So many watch a camera already that nobody else may."""


@dataclass(frozen=True, slots=True)
class Shot:
    """An encoded picture; `key` as of the `Moment` it shows, `made_s` of `time.monotonic()`."""

    key: tuple[Any, ...]
    made_s: float
    data: bytes


class Watcher:
    """One browser's place: the newest picture, and nothing older. Its methods belong to the event
    loop that made it, but for `offer`."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._loop = asyncio.get_running_loop()
        self._came = asyncio.Event()
        self._shot: Shot | None = None
        self._over = False

    def offer(self, shot: Shot | None) -> None:
        """There is a newer picture; None: there will be none any more. Any thread."""
        with suppress(RuntimeError):  # its loop has ended, and so has the watcher
            self._loop.call_soon_threadsafe(self._take, shot)

    def _take(self, shot: Shot | None) -> None:
        self._over = self._over or shot is None
        self._shot = shot or self._shot
        self._came.set()

    async def shots(self) -> AsyncIterator[Shot]:
        """Pictures as they come; what came while the last one was used, but the newest, is left
        out. The last one again where no other comes for `REPEAT_S`."""
        while not self._over:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._came.wait(), REPEAT_S)
            self._came.clear()
            if self._shot is not None and not self._over:
                yield self._shot


class Film:
    """One camera's pictures, at most `frames_per_second`, for `most` watchers at a time."""

    def __init__(self, view: LiveView, frames_per_second: float, most: int) -> None:
        self.encoded = 0
        self._view = view
        self._every_s = 1.0 / frames_per_second
        self._most = most
        self._watchers: list[Watcher] = []
        self._shots: dict[int, Shot] = {}
        self._thread: threading.Thread | None = None
        self._changing = threading.Lock()
        self._encoding = threading.Lock()
        self._wake = threading.Event()
        self._closed = False

    @property
    def watchers(self) -> int:
        """How many watch."""
        return len(self._watchers)

    @property
    def thread(self) -> threading.Thread | None:
        """What draws, while somebody watches."""
        return self._thread

    @contextmanager
    def watched(self, width: int) -> Iterator[Watcher]:
        """A place among the watchers until the block ends. Raises Crowded. Needs a running loop."""
        watcher = Watcher(_next_width(width))
        with self._changing:
            if len(self._watchers) >= self._most:
                raise Crowded(f"{self._most} watch camera {self._view.control.camera} already")
            self._watchers = [*self._watchers, watcher]
            if self._closed:
                watcher.offer(None)
            elif self._thread is None:
                name = f"film {self._view.control.camera}"
                self._thread = threading.Thread(target=self._run, name=name, daemon=True)
                self._thread.start()
        self._wake.set()
        try:
            yield watcher
        finally:
            with self._changing:
                self._watchers = [one for one in self._watchers if one is not watcher]
            self._wake.set()

    def picture(self, width: int) -> bytes:
        """One picture as it is now, or was less than a frame's time ago, as JPEG."""
        return self._shot(self._view.now(), _next_width(width)).data

    def close(self) -> None:
        """Send everybody home."""
        with self._changing:
            self._closed = True
            watchers = self._watchers
        for watcher in watchers:
            watcher.offer(None)
        self._wake.set()

    def _run(self) -> None:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        shown: dict[Watcher, Shot] = {}
        while self._stays():
            started_s = time.monotonic()
            self._wake.clear()
            try:
                shown = self._show(shown)
            except Exception:  # the next picture may succeed
                log.exception("camera %s: its live picture", self._view.control.camera)
            self._wait(started_s + self._every_s, len(shown))

    def _stays(self) -> bool:
        """Whether anybody watches; if not, the thread counts as ended."""
        with self._changing:
            if self._watchers and not self._closed:
                return True
            self._thread = None
            self._shots.clear()
            return False

    def _show(self, shown: dict[Watcher, Shot]) -> dict[Watcher, Shot]:
        """Offer everybody what they have not been shown."""
        moment, watchers = self._view.now(), self._watchers
        for watcher in watchers:
            shot = self._shot(moment, watcher.width)
            before = shown.get(watcher)
            if before is None or before.key != shot.key:
                watcher.offer(shot)
                shown[watcher] = shot
        return {watcher: shown[watcher] for watcher in watchers}

    def _wait(self, until_s: float, served: int) -> None:
        # Who has just come must not wait for the next frame to be due; the others do.
        while (left_s := until_s - time.monotonic()) > 0:
            if not self._wake.wait(left_s):
                return
            if self._closed or len(self._watchers) != served:
                return
            self._wake.clear()

    def _shot(self, moment: Moment, width: int) -> Shot:
        with self._encoding:
            made = self._shots.get(width)
            now_s = time.monotonic()
            if made is not None:
                fresh = now_s - made.made_s < self._every_s * 0.9
                if made.key == moment.key or fresh:
                    return made
            shot = Shot(moment.key, now_s, _encoded(moment, width))
            self.encoded += 1
            self._shots[width] = shot
            return shot


class Films:
    """The films of all cameras."""

    def __init__(
        self,
        views: Mapping[str, LiveView] | None = None,
        frames_per_second: float = 10.0,
        most_watchers: int = 20,
    ) -> None:
        self.cameras: Mapping[str, Film] = {
            name: Film(view, frames_per_second, most_watchers)
            for name, view in (views or {}).items()
        }

    def close(self) -> None:
        """End all streams, at once and for good; the server can then end."""
        for film in self.cameras.values():
            film.close()


def _next_width(width: int) -> int:
    return WIDTHS[min(bisect_left(WIDTHS, width), len(WIDTHS) - 1)]


def _encoded(moment: Moment, width: int) -> bytes:
    if moment.frame is None:
        return jpeg(blank(moment.scene, width), QUALITY)
    return jpeg(drawn(moment.frame.image, moment.scene, width), QUALITY)
