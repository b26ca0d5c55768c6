"""The stage that keeps plates apart from frame to frame."""

import time
from collections.abc import Callable, Iterable

import numpy as np

from models.base import Detection
from streamer.data import Detected, Tracked
from trackers.base import Track, Tracker

QUIET_S = 3.0
"""No frame of a live camera for so long: nothing is to be expected soon."""


class Follow:
    """Detected → Tracked, one per frame, with the tracks that ended since the last one.

    `live` says that time goes on when no frame comes: a camera that falls silent ends its
    tracks then, so that the vehicle it has just seen still gets its event. A recording that is
    read slowly stands still meanwhile, and gives the same events every time. Once in a silence of
    `QUIET_S` an item says so to those that wait for more tracks, though none ends.

    `on_active` is told the number of living tracks after each step. `clock` counts seconds.
    """

    name = "track"

    def __init__(
        self,
        tracker: Tracker,
        *,
        live: bool,
        on_active: Callable[[int], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tracker = tracker
        self._live = live
        self._on_active = on_active
        self._clock = clock
        self._living: frozenset[int] = frozenset()
        self._time_s = 0.0
        self._came_s = 0.0
        self._told_quiet = True

    def step(self, detected: Detected) -> tuple[Tracked]:
        """The tracks of one frame."""
        frame, detections = detected.frame, detected.detections
        self._time_s, self._came_s, self._told_quiet = frame.time_s, self._clock(), False
        tracks = self._update(detections, frame.time_s)
        return (Tracked(frame, detections, tuple(tracks), self._ended(tracks)),)

    def idle(self) -> Iterable[Tracked]:
        """No frame for a while: the tracks that ended meanwhile, if any."""
        silent_s = self._clock() - self._came_s
        quiet = silent_s >= QUIET_S and not self._told_quiet
        if not self._live or not (self._living or quiet):
            return ()
        self._told_quiet |= quiet
        tracks = self._update((), self._time_s + silent_s)
        ended = self._ended(tracks)
        return (Tracked(None, (), tuple(tracks), ended),) if ended or quiet else ()

    def finish(self) -> Iterable[Tracked]:
        """The end of all tracks."""
        ended = self._ended([])
        return (Tracked(None, (), (), ended),) if ended else ()

    def _update(self, detections: tuple[Detection, ...], time_s: float) -> list[Track]:
        boxes = np.array([one.box for one in detections], dtype=np.float64).reshape(-1, 4)
        scores = np.array([one.score for one in detections], dtype=np.float64)
        return self._tracker.update(boxes, scores, time_s)

    def _ended(self, tracks: list[Track]) -> tuple[int, ...]:
        before, self._living = self._living, frozenset(track.id for track in tracks)
        self._on_active(len(self._living))
        return tuple(sorted(before - self._living))
