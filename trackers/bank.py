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
from trackers.kalman import BoxFilter

Array = NDArray[np.float64]
Places = NDArray[np.intp]


class Bank(Protocol):
    """One filter per track, in the order in which they were added."""

    def add(self, boxes: Array) -> None:
        """Begin a filter for each of (N, 4) boxes."""

    def keep(self, places: Places) -> None:
        """Go on with the filters at these places alone."""

    def predict(self, step_s: float) -> None:
        """Move all on by `step_s` seconds, 0 or more."""

    def update(self, places: Places, boxes: Array) -> None:
        """Give each filter at `places` its detection, (N, 4)."""

    @property
    def boxes(self) -> Array:
        """(N, 4) x1, y1, x2, y2 in pixels."""
        ...

    @property
    def velocities(self) -> Array:
        """(N, 2) of the centres, in pixels per second."""
        ...

    @property
    def spreads(self) -> Array:
        """(N, 2) standard deviations, in pixels, of where the next detected centres will lie."""
        ...


NOISE = np.square([kalman.CENTRE_STD, kalman.CENTRE_STD, kalman.AREA_STD, kalman.RATIO_STD])
SPEED = np.square([kalman.SPEED_STD, kalman.SPEED_STD, kalman.GROWTH_STD, 0.0])
JERKINESS = np.array([kalman.JERKINESS, kalman.JERKINESS, kalman.GROWTH_JERKINESS, 0.0])
DRIFT = np.array([0.0, 0.0, 0.0, kalman.RATIO_DRIFT**2])
"""Of u, v, s, r: variances and densities in squares of `unit`. The ratio has no speed."""

U, V, AREA, RATIO = range(4)


class BatchBank:
    """A `Bank` in arrays: its cost hardly grows with the number of tracks."""

    def __init__(self) -> None:
        # Six rows for each track and each of u, v, s, r: the place and its rate, their variances
        # and what these share (place, both, rate), and the square of the unit.
        self._state = np.zeros((6, 0, 4))

    def add(self, boxes: Array) -> None:
        """See `Bank`."""
        measured, squares = _measured(boxes)
        new = np.zeros((6, len(boxes), 4))
        new[[0, 2, 4, 5]] = measured, NOISE * squares, SPEED * squares, squares
        self._state = np.concatenate([self._state, new], axis=1)

    def keep(self, places: Places) -> None:
        """See `Bank`."""
        self._state = self._state[:, places]

    def predict(self, step_s: float) -> None:
        """See `Bank`."""
        place, rate, variance, both, variance_of_rate, squares = self._state
        if not len(place):
            return  # the step may be of any length, if nothing outlived it
        growth = rate[:, AREA]
        growth[place[:, AREA] + growth * step_s < kalman.SMALLEST_AREA] = 0.0
        place += rate * step_s
        variance += (2 * step_s) * both + step_s**2 * variance_of_rate
        variance += (JERKINESS * (step_s**3 / 3) + DRIFT * step_s) * squares
        both += step_s * variance_of_rate + JERKINESS * (step_s**2 / 2) * squares
        variance_of_rate += JERKINESS * step_s * squares

    def update(self, places: Places, boxes: Array) -> None:
        """See `Bank`."""
        measured, squares = _measured(boxes)
        state = self._state[:, places]
        place, rate, variance, both, variance_of_rate, _ = state
        noise = NOISE * squares
        total = variance + noise
        gain_of_rate, left = both / total, noise / total
        off = measured - place
        place += (variance / total) * off
        rate += gain_of_rate * off
        variance *= left
        variance_of_rate -= gain_of_rate * both
        both *= left
        state[5] = squares
        # The filter is linear and knows no sign: an abrupt shrinking can overshoot.
        place[:, AREA] = np.maximum(place[:, AREA], kalman.SMALLEST_AREA)
        place[:, RATIO] = np.where(place[:, RATIO] > 0, place[:, RATIO], measured[:, RATIO])
        self._state[:, places] = state

    @property
    def boxes(self) -> Array:
        """See `Bank`."""
        place = self._state[0]
        half = np.empty((len(place), 2))
        half[:, 0] = np.sqrt(place[:, AREA] * place[:, RATIO])
        half[:, 1] = place[:, AREA] / half[:, 0]
        half /= 2
        return np.concatenate([place[:, :2] - half, place[:, :2] + half], axis=1)

    @property
    def velocities(self) -> Array:
        """See `Bank`."""
        return self._state[1, :, :2].copy()

    @property
    def spreads(self) -> Array:
        """See `Bank`."""
        variances = self._state[2, :, :2] + NOISE[:2] * self._state[5, :, :2]
        deviations: Array = np.sqrt(variances)
        return deviations


class FilterpyBank:
    """A `Bank` of filterpy's filters, one object per track: the reference, and much slower."""

    def __init__(self) -> None:
        self._filters: list[BoxFilter] = []

    def add(self, boxes: Array) -> None:
        """See `Bank`."""
        self._filters += [BoxFilter(box) for box in boxes]

    def keep(self, places: Places) -> None:
        """See `Bank`."""
        self._filters = [self._filters[place] for place in places]

    def predict(self, step_s: float) -> None:
        """See `Bank`."""
        for one in self._filters:
            one.predict(step_s)

    def update(self, places: Places, boxes: Array) -> None:
        """See `Bank`."""
        for place, box in zip(places, boxes, strict=True):
            self._filters[place].update(box)

    @property
    def boxes(self) -> Array:
        """See `Bank`."""
        return _rows([one.box for one in self._filters], 4)

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


def _measured(boxes: Array) -> tuple[Array, Array]:
    """(N, 4) boxes as (N, 4) u, v, s, r (`kalman.to_measurement`), and the squares of their units:
    the longer side for u and v, and the area and the ratio themselves."""
    sides = boxes[:, 2:] - boxes[:, :2]
    width, height = sides.T
    measured, units = np.empty((2, len(boxes), 4))
    measured[:, :2] = boxes[:, :2] + sides / 2
    np.multiply(width, height, out=measured[:, AREA])
    np.divide(width, height, out=measured[:, RATIO])
    units[:, 2:] = measured[:, 2:]
    units[:, :2] = sides.max(axis=1, keepdims=True)
    return measured, units**2
