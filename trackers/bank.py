"""The filters of all tracks at once: `trackers.kalman`'s model, in a few array operations.

In that model each of the centre's coordinates and the area moves by itself, with its own rate,
and the ratio stands for itself: transition, noise, measurement and first covariance all fall
apart into blocks of 2 x 2, and so does every covariance that follows (the ratio's has a rate that
is 0 and stays so). For a block [[a, b], [b, c]] over a step dt, with the spectral density q of its
acceleration,

    a += 2 b dt + c dt² + q dt³/3,   b += c dt + q dt²/2,   c += q dt,

and given a measurement z with noise R, gains k = (a, b) / (a + R),

    x += k (z - x),   a *= R / (a + R),   c -= k₂ b,   b *= R / (a + R),

which is the Kalman filter written out (Bar-Shalom, "Estimation with Applications to Tracking and
Navigation", 2001, sections 5.2 and 6.2.2). A property test holds it against filterpy's.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trackers import kalman
from trackers.figures import EDGES, MEASURED, UNITS, Figures, figures_from, figures_of, least
from trackers.kalman import BoxFilter

Array = NDArray[np.float64]
Places = NDArray[np.intp]


class Bank(Protocol):
    """One filter per track, in the order in which they were added."""

    def add(self, boxes: Array | Figures) -> None:
        """Begin a filter for each of N boxes: (N, 4), or their figures."""

    def keep(self, places: Places) -> None:
        """Go on with the filters at these places alone."""

    def predict(self, step_s: float) -> None:
        """Move all on by `step_s` seconds, 0 or more."""

    def update(self, places: Places, boxes: Array | Figures) -> None:
        """Give each filter at `places` its detection, of N boxes: (N, 4), or their figures."""

    @property
    def boxes(self) -> Array:
        """(N, 4) x1, y1, x2, y2 in pixels."""
        ...

    @property
    def figures(self) -> Figures:
        """Those of `boxes`."""
        ...

    @property
    def velocities(self) -> Array:
        """(N, 2) of the centres, in pixels per second."""
        ...

    @property
    def spreads(self) -> Array:
        """(N, 2) standard deviations, in pixels, of where the next detected centres will lie."""
        ...


NOISE = np.square([kalman.CENTRE_STD, kalman.CENTRE_STD, kalman.AREA_STD, kalman.RATIO_STD])[
    :, None
]
SPEED = np.square([kalman.SPEED_STD, kalman.SPEED_STD, kalman.GROWTH_STD, 0.0])[:, None]
NOISE_OF_SIZE = np.stack(
    [
        NOISE[:, 0],
        [kalman.JERKINESS, kalman.JERKINESS, kalman.GROWTH_JERKINESS, 0.0],
        [0.0, 0.0, 0.0, kalman.RATIO_DRIFT**2],
    ]
)[:, :, None]
"""(3, 4, 1): of a detection, of the acceleration, of the drift; of u, v, s, r in squares of
`unit`. The ratio has no speed."""

U, V, AREA, RATIO = range(4)
PLACE, RATE, VARIANCE, BOTH, RATE_VARIANCE, SPREAD, JERK, WANDER = range(8)
NOISES = slice(SPREAD, WANDER + 1)
STEPS_KEPT = 64
"""Matrices of steps: cameras have few different ones, unless their clocks are uneven."""


class BatchBank:
    """A `Bank` in arrays: its cost hardly grows with the number of tracks."""

    def __init__(self) -> None:
        # Rows for each track and each of u, v, s, r: the place and its rate, their variances and
        # what these share (place, both, rate), the noises that its size sets (of a detection, of
        # the acceleration, of the drift).
        self._state = np.zeros((8, 4, 0))
        self._steps: dict[float, Array] = {}

    def add(self, boxes: Array | Figures) -> None:
        """See `Bank`."""
        rows = figures_of(boxes).rows
        noises = _noises(rows)
        new = np.zeros((8, 4, len(boxes)))
        new[PLACE], new[NOISES] = rows[MEASURED], noises
        new[VARIANCE] = noises[0]
        new[RATE_VARIANCE] = (SPEED / NOISE) * noises[0]
        self._state = np.concatenate([self._state, new], axis=2)

    def keep(self, places: Places) -> None:
        """See `Bank`."""
        self._state = self._state[:, :, places]

    def predict(self, step_s: float) -> None:
        """See `Bank`."""
        _, _, count = self._state.shape
        if not count:
            return  # the step may be of any length, if nothing outlived it
        before = self._state[PLACE, AREA]
        # The blocks of 2 x 2 are linear in what they are made of: one product moves all on.
        self._state = self._move(step_s).dot(self._state.reshape(8, -1)).reshape(8, 4, count)
        area = self._state[PLACE, AREA]
        if least(area) < kalman.SMALLEST_AREA:
            small = area < kalman.SMALLEST_AREA
            area[small] = before[small]
            self._state[RATE, AREA, small] = 0.0

    def _move(self, step_s: float) -> Array:
        """(8, 8): what a step makes of the rows of the state."""
        known = self._steps.get(step_s)
        if known is not None:
            return known
        dt = step_s
        move = np.eye(8)
        move[PLACE, RATE] = dt
        move[VARIANCE, [BOTH, RATE_VARIANCE, JERK, WANDER]] = 2 * dt, dt**2, dt**3 / 3, dt
        move[BOTH, [RATE_VARIANCE, JERK]] = dt, dt**2 / 2
        move[RATE_VARIANCE, JERK] = dt
        if len(self._steps) >= STEPS_KEPT:
            self._steps.clear()
        self._steps[step_s] = move
        return move

    def update(self, places: Places, boxes: Array | Figures) -> None:
        """See `Bank`."""
        rows = figures_of(boxes).rows
        state = self._state.take(places, axis=2)
        state[NOISES] = _noises(rows)
        moving, variances = state[PLACE : RATE + 1], state[VARIANCE : BOTH + 1]
        noise = state[SPREAD]
        left = 1.0 / (state[VARIANCE] + noise)
        gains = variances * left
        moving += gains * (rows[MEASURED] - state[PLACE])
        state[RATE_VARIANCE] -= gains[1] * state[BOTH]
        left *= noise
        variances *= left
        # The filter is linear and knows no sign: an abrupt shrinking can overshoot. (The ratio,
        # without a rate, stays between what it was and what is measured.)
        area = state[PLACE, AREA]
        np.maximum(area, kalman.SMALLEST_AREA, out=area)
        self._state[:, :, places] = state

    @property
    def boxes(self) -> Array:
        """See `Bank`."""
        return self.figures.rows[EDGES].T

    @property
    def figures(self) -> Figures:
        """See `Bank`."""
        return figures_from(self._state[PLACE])

    @property
    def velocities(self) -> Array:
        """See `Bank`."""
        return self._state[RATE, :2].T.copy()

    @property
    def spreads(self) -> Array:
        """See `Bank`."""
        deviations: Array = np.sqrt(self._state[VARIANCE, :2] + self._state[SPREAD, :2]).T
        return deviations


class FilterpyBank:
    """A `Bank` of filterpy's filters, one object per track: the reference, and much slower."""

    def __init__(self) -> None:
        self._filters: list[BoxFilter] = []

    def add(self, boxes: Array | Figures) -> None:
        """See `Bank`."""
        self._filters += [BoxFilter(box) for box in figures_of(boxes).rows[EDGES].T]

    def keep(self, places: Places) -> None:
        """See `Bank`."""
        self._filters = [self._filters[place] for place in places]

    def predict(self, step_s: float) -> None:
        """See `Bank`."""
        for one in self._filters:
            one.predict(step_s)

    def update(self, places: Places, boxes: Array | Figures) -> None:
        """See `Bank`."""
        for place, box in zip(places, figures_of(boxes).rows[EDGES].T, strict=True):
            self._filters[place].update(box)

    @property
    def boxes(self) -> Array:
        """See `Bank`."""
        return _rows([one.box for one in self._filters], 4)

    @property
    def figures(self) -> Figures:
        """See `Bank`."""
        return figures_of(self.boxes)

    @property
    def velocities(self) -> Array:
        """See `Bank`."""
        return _rows([one.velocity for one in self._filters], 2)

    @property
    def spreads(self) -> Array:
        """See `Bank`."""
        return _rows([one.spread for one in self._filters], 2)


def _rows(rows: Sequence[Array | tuple[float, ...]], width: int) -> Array:
    return np.array(rows, dtype=np.float64).reshape(-1, width)


def _noises(rows: Array) -> Array:
    """(3, 4, N) of the boxes of which these are the figures."""
    units = rows.take(UNITS, axis=0)
    units *= units
    return NOISE_OF_SIZE * units
