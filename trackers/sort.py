"""SORT: a Kalman filter per track and one assignment per frame.

After Bewley et al., "Simple Online and Realtime Tracking" (2016), with what a plate at a gate
needs: time in seconds, and an assignment that does without overlap (`trackers.assign`).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt, Le
from numpy.typing import NDArray

from trackers.assign import Expected, assign
from trackers.bank import Bank, BatchBank, FilterpyBank
from trackers.base import Boxes, Track
from trackers.figures import EDGES, SIDES, Figures, figures_of, least, most

Array = NDArray[np.float64]

BANKS: dict[str, Callable[[], Bank]] = {"batch": BatchBank, "filterpy": FilterpyBank}

SMALLEST_PX = 1.0
FURTHEST_PX = 1e6


@dataclass(slots=True)
class _Life:
    """What is known of a track beside where it is. An object each: of a few dozen tracks Python
    counts the hits sooner than numpy is called."""

    id: int
    born_s: float
    seen_s: float
    hits: int
    detection: int | None


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
        self._lives: list[_Life] = []
        self._given = 0
        self._time_s: float | None = None
        self._now_s = 0.0

    def update(self, boxes: Boxes, scores: NDArray[np.float64], time_s: float) -> list[Track]:
        """See `Tracker.update`."""
        boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
        if len(scores) != len(boxes):
            raise ValueError(f"{len(boxes)} boxes come with {len(scores)} scores")
        self._pass(self._step(time_s))
        if len(boxes):
            self._take_in(boxes, scores)
        return self._tracks()

    def _step(self, time_s: float) -> float:
        """Seconds since the last update, by a clock that may jump."""
        if not math.isfinite(time_s):
            return 0.0
        last, self._time_s = self._time_s, time_s
        return 0.0 if last is None else max(0.0, float(time_s - last))

    def _pass(self, step_s: float) -> None:
        self._now_s += step_s
        oldest_s = self._now_s - self._max_age_s
        kept = [place for place, one in enumerate(self._lives) if one.seen_s >= oldest_s]
        if len(kept) < len(self._lives):
            self._lives = [self._lives[place] for place in kept]
            self._bank.keep(np.array(kept, np.intp))
        for one in self._lives:
            one.detection = None
        self._bank.predict(step_s)

    def _take_in(self, boxes: Array, scores: NDArray[np.float64]) -> None:
        """Give the boxes to the tracks, and begin tracks with those that none wants."""
        with np.errstate(all="ignore"):  # the figures of what is no box may be anything
            figures = figures_of(boxes)
        sound = _sound(figures)
        if not sound:
            return
        if len(sound) < len(boxes):
            figures = figures.take(sound)
        taken = self._give(figures, sound) if self._lives else set()
        free = [
            place
            for place, index in enumerate(sound)
            if place not in taken and scores[index] >= self._start_score
        ]
        if free:
            self._begin(figures.take(free), [sound[place] for place in free])

    def _give(self, figures: Figures, indices: list[int]) -> set[int]:
        """Give the boxes, which have these indices in the update, to the tracks: the places, among
        these boxes, of those that were taken."""
        expected = Expected(self._bank.figures, self._bank.spreads)
        rows, columns = assign(expected, figures, min_iou=self._min_iou, max_reach=self._max_reach)
        self._bank.update(rows, figures.take(columns))
        taken = columns.tolist()
        for row, column in zip(rows.tolist(), taken, strict=True):
            life = self._lives[row]
            life.seen_s = self._now_s
            life.hits += 1
            life.detection = indices[column]
        return set(taken)

    def _begin(self, figures: Figures, indices: list[int]) -> None:
        self._bank.add(figures)
        for index in indices:
            self._given += 1
            self._lives.append(_Life(self._given, self._now_s, self._now_s, 1, index))

    def _tracks(self) -> list[Track]:
        if not self._lives:
            return []
        boxes = zip(*self._bank.boxes.T.tolist(), strict=True)
        velocities = zip(*self._bank.velocities.T.tolist(), strict=True)
        return [
            _track((one.id, box, velocity, self._now_s - one.born_s, one.hits, one.detection))
            for one, box, velocity in zip(self._lives, boxes, velocities, strict=True)
        ]


_track = partial(tuple.__new__, Track)
"""`Track._make`, at half its cost: a frame has as many as there are plates."""


def _sound(figures: Figures) -> list[int]:
    """Indices of the boxes that can be followed."""
    sides, far = figures.rows[SIDES], np.abs(figures.rows[EDGES])
    if least(sides) >= SMALLEST_PX and most(far) <= FURTHEST_PX:
        return list(range(len(figures)))
    sound = (sides >= SMALLEST_PX).all(axis=0) & (far <= FURTHEST_PX).all(axis=0)
    return np.flatnonzero(sound).tolist()
