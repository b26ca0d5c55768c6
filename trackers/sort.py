"""SORT: a Kalman filter per track and one assignment per frame.

After Bewley et al., "Simple Online and Realtime Tracking" (2016), with what a plate at a gate
needs: time in seconds, and an assignment that does without overlap (`trackers.assign`).
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt, Le
from numpy.typing import NDArray

from trackers.assign import Expected, assign
from trackers.bank import Bank, BatchBank, FilterpyBank
from trackers.base import Boxes, Track

Array = NDArray[np.float64]
Places = NDArray[np.intp]

BANKS: dict[str, Callable[[], Bank]] = {"batch": BatchBank, "filterpy": FilterpyBank}

SMALLEST_PX = 1.0
FURTHEST_PX = 1e6
UNSEEN = -1
"""In place of a detection's index."""


class _Lives:
    """What is known of N tracks beside where they are."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.hits = np.zeros(0, np.int64)
        self.detections = np.zeros(0, np.int64)
        self.born_s, self.seen_s = np.zeros((2, 0))

    def keep(self, places: Places) -> None:
        self.ids = [self.ids[place] for place in places.tolist()]
        self.hits, self.detections = self.hits[places], self.detections[places]
        self.born_s, self.seen_s = self.born_s[places], self.seen_s[places]

    def add(self, ids: list[int], detections: Places, now_s: float) -> None:
        self.ids += ids
        self.hits = np.append(self.hits, np.ones(len(ids), np.int64))
        self.detections = np.append(self.detections, detections)
        self.born_s = np.append(self.born_s, np.full(len(ids), now_s))
        self.seen_s = np.append(self.seen_s, np.full(len(ids), now_s))


class Sort:
    """A `Tracker`. Ids begin at 1 in every instance.

    `max_age_s`: a track that was given no detection for longer than this has ended.
    `min_iou`: boxes that overlap this much belong together. `max_reach`: how far, in lengths
    of its longer side, a box may at most lie from where it was expected. `start_score`: only a
    box with this score begins a track; fainter ones can still carry it on, for a plate is seen
    less well now and then (the idea of Zhang et al., "ByteTrack", 2022). `kalman`: `batch`
    computes the filters of all tracks at once; `filterpy` is the reference, an object per track,
    with the same results.

    Time that stands still or runs backwards counts as no time: tracks go on from where they
    are. Boxes that are no boxes (not finite, inside out, less than a pixel, absurdly far) are
    passed over; the indices of the others stay as given.
    """

    def __init__(
        self,
        *,
        max_age_s: Annotated[float, Gt(0)] = 1.0,
        min_iou: Annotated[float, Gt(0), Le(1)] = 0.2,
        max_reach: Annotated[float, Ge(0)] = 3.0,
        start_score: Annotated[float, Ge(0), Le(1)] = 0.3,
        kalman: Literal["batch", "filterpy"] = "batch",
    ) -> None:
        if kalman not in BANKS:
            raise ValueError(f"no such kalman {kalman!r}; known: {', '.join(BANKS)}")
        self._max_age_s = max_age_s
        self._min_iou = min_iou
        self._max_reach = max(max_reach, 1e-9)
        self._start_score = start_score
        self._bank = BANKS[kalman]()
        self._lives = _Lives()
        self._given = 0
        self._time_s: float | None = None
        self._now_s = 0.0

    def update(self, boxes: Boxes, scores: NDArray[np.float64], time_s: float) -> list[Track]:
        """See `Tracker.update`."""
        boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
        if len(scores) != len(boxes):
            raise ValueError(f"{len(boxes)} boxes come with {len(scores)} scores")
        self._pass(self._step(time_s))
        free = self._give(boxes, _sound(boxes))
        self._begin(boxes, free[np.asarray(scores)[free] >= self._start_score])
        return self._tracks()

    def _step(self, time_s: float) -> float:
        """Seconds since the last update, by a clock that may jump."""
        if not math.isfinite(time_s):
            return 0.0
        last, self._time_s = self._time_s, time_s
        return 0.0 if last is None else max(0.0, time_s - last)

    def _pass(self, step_s: float) -> None:
        self._now_s += step_s
        lives = self._lives
        oldest_s = self._now_s - self._max_age_s
        if lives.ids and np.minimum.reduce(lives.seen_s) < oldest_s:
            kept = np.flatnonzero(lives.seen_s >= oldest_s)
            lives.keep(kept)
            self._bank.keep(kept)
        lives.detections.fill(UNSEEN)
        self._bank.predict(step_s)

    def _give(self, boxes: Array, sound: Places) -> Places:
        """Give the sound boxes to the tracks; the indices of those that nobody took."""
        lives = self._lives
        if not len(sound) or not lives.ids:
            return sound
        found = boxes if len(sound) == len(boxes) else boxes[sound]
        expected = Expected(self._bank.boxes, self._bank.spreads)
        rows, columns = assign(expected, found, min_iou=self._min_iou, max_reach=self._max_reach)
        if not len(rows):
            return sound
        lives.seen_s[rows] = self._now_s
        lives.hits[rows] += 1
        lives.detections[rows] = sound[columns]
        self._bank.update(rows, found[columns])
        if len(columns) == len(sound):
            return sound[:0]
        free = np.ones(len(sound), np.bool_)
        free[columns] = False
        return sound[free]

    def _begin(self, boxes: Array, free: Places) -> None:
        if not len(free):
            return
        self._bank.add(boxes[free])
        ids = list(range(self._given + 1, self._given + 1 + len(free)))
        self._given += len(free)
        self._lives.add(ids, free, self._now_s)

    def _tracks(self) -> list[Track]:
        lives = self._lives
        return list(
            map(
                _track,
                zip(
                    lives.ids,
                    zip(*self._bank.boxes.T.tolist(), strict=True),
                    zip(*self._bank.velocities.T.tolist(), strict=True),
                    (self._now_s - lives.born_s).tolist(),
                    lives.hits.tolist(),
                    [None if one < 0 else one for one in lives.detections.tolist()],
                    strict=True,
                ),
            )
        )


_track = partial(tuple.__new__, Track)
"""`Track._make`, at half its cost: a frame has as many as there are plates."""


def _sound(boxes: Array) -> Places:
    """Indices of the boxes that can be followed."""
    if not len(boxes):
        return np.zeros(0, np.intp)
    with np.errstate(invalid="ignore", over="ignore"):
        sides = boxes[:, 2:] - boxes[:, :2]
        worst = np.minimum.reduce(sides, axis=None)
        if worst >= SMALLEST_PX and np.maximum.reduce(np.abs(boxes), axis=None) <= FURTHEST_PX:
            return np.arange(len(boxes))
        sound = (sides >= SMALLEST_PX).all(axis=1) & (np.abs(boxes) <= FURTHEST_PX).all(axis=1)
    return np.flatnonzero(sound)
