"""SORT: a Kalman filter per track and one assignment per frame.

After Bewley et al., "Simple Online and Realtime Tracking" (2016), with what a plate at a gate
needs: time in seconds, and an assignment that does without overlap (`trackers.assign`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt, Le
from numpy.typing import NDArray

from trackers.assign import Expected, assign
from trackers.bank import Bank, BatchBank, FilterpyBank
from trackers.base import Boxes, Track

Array = NDArray[np.float64]

BANKS: dict[str, Callable[[], Bank]] = {"batch": BatchBank, "filterpy": FilterpyBank}

SMALLEST_PX = 1.0
FURTHEST_PX = 1e6


@dataclass(slots=True)
class _Followed:
    id: int
    born_s: float
    seen_s: float
    hits: int = 1
    detection: int | None = None


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
        self._followed: list[_Followed] = []
        self._given = 0
        self._time_s: float | None = None
        self._now_s = 0.0

    def update(self, boxes: Boxes, scores: NDArray[np.float64], time_s: float) -> list[Track]:
        """See `Tracker.update`."""
        boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
        if len(scores) != len(boxes):
            raise ValueError(f"{len(boxes)} boxes come with {len(scores)} scores")
        self._pass(self._step(time_s))
        sound = _sound(boxes)
        free = [index for index in self._give(boxes, sound) if scores[index] >= self._start_score]
        self._begin(boxes, free)
        return self._tracks()

    def _step(self, time_s: float) -> float:
        """Seconds since the last update, by a clock that may jump."""
        if not np.isfinite(time_s):
            return 0.0
        last, self._time_s = self._time_s, time_s
        return 0.0 if last is None else max(0.0, time_s - last)

    def _pass(self, step_s: float) -> None:
        self._now_s += step_s
        alive = [
            place
            for place, one in enumerate(self._followed)
            if self._now_s - one.seen_s <= self._max_age_s
        ]
        if len(alive) < len(self._followed):
            self._followed = [self._followed[place] for place in alive]
            self._bank.keep(np.array(alive, dtype=np.intp))
        for one in self._followed:
            one.detection = None
        self._bank.predict(step_s)

    def _give(self, boxes: Array, sound: list[int]) -> list[int]:
        """Give the sound boxes to the tracks; the indices of those that nobody took."""
        if not sound or not self._followed:
            return sound
        expected = Expected(self._bank.boxes, self._bank.spreads)
        pairs = assign(expected, boxes[sound], min_iou=self._min_iou, max_reach=self._max_reach)
        for row, column in pairs:
            one = self._followed[row]
            one.seen_s, one.hits, one.detection = self._now_s, one.hits + 1, sound[column]
        if pairs:
            rows, columns = np.array(pairs, dtype=np.intp).T
            self._bank.update(rows, boxes[np.array(sound)[columns]])
        taken = {sound[column] for _, column in pairs}
        return [index for index in sound if index not in taken]

    def _begin(self, boxes: Array, free: list[int]) -> None:
        if free:
            self._bank.add(boxes[free])
        for index in free:
            self._given += 1
            one = _Followed(self._given, self._now_s, self._now_s, detection=index)
            self._followed.append(one)

    def _tracks(self) -> list[Track]:
        boxes, velocities = self._bank.boxes.tolist(), self._bank.velocities.tolist()
        now_s = self._now_s
        return [
            Track(one.id, tuple(box), tuple(velocity), now_s - one.born_s, one.hits, one.detection)
            for one, box, velocity in zip(self._followed, boxes, velocities, strict=True)
        ]


def _sound(boxes: Array) -> list[int]:
    """Indices of the boxes that can be followed."""
    with np.errstate(invalid="ignore", over="ignore"):
        sides = boxes[:, 2:] - boxes[:, :2]
        sound = (sides >= SMALLEST_PX).all(axis=1) & (np.abs(boxes) <= FURTHEST_PX).all(axis=1)
    return [int(index) for index in np.flatnonzero(sound)]
