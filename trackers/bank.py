"""The filters of all tracks at once: `trackers.kalman`'s model, in a few array operations.

In that model each of the centre's coordinates and the area moves by itself, with its own rate,
and the ratio stands for itself: transition, noise, measurement and first covariance all fall
apart into three blocks of 2 x 2 and a scalar, and so does every covariance that follows. For a
block [[a, b], [b, c]] over a step dt, with the spectral density q of its acceleration,

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


class BatchBank:
    """A `Bank` in arrays: its cost hardly grows with the number of tracks."""

    def __init__(self) -> None:
        self._place = np.zeros((0, 3))  # u, v, s
        self._speed = np.zeros((0, 3))
        self._ratio = np.zeros(0)
        # Of each pair: the variances of place and speed, and what they share.
        self._places, self._both, self._speeds = (np.zeros((0, 3)) for _ in range(3))
        self._ratios = np.zeros(0)
        self._scales = np.zeros((0, 3))  # size, area, ratio of the last detection

    def add(self, boxes: Array) -> None:
        """See `Bank`."""
        measured = _measured(boxes)
        scales = _scales(measured)
        noise, ratio_noise = _measurement_noise(scales)
        deviations = [kalman.SPEED_STD, kalman.SPEED_STD, kalman.GROWTH_STD]
        speeds = (np.array(deviations) * scales[:, [0, 0, 1]]) ** 2
        still = np.zeros_like(noise)
        self._place = np.concatenate([self._place, measured[:, :3]])
        self._speed = np.concatenate([self._speed, still])
        self._ratio = np.concatenate([self._ratio, measured[:, 3]])
        self._places = np.concatenate([self._places, noise])
        self._both = np.concatenate([self._both, still])
        self._speeds = np.concatenate([self._speeds, speeds])
        self._ratios = np.concatenate([self._ratios, ratio_noise])
        self._scales = np.concatenate([self._scales, scales])

    def keep(self, places: Places) -> None:
        """See `Bank`."""
        self._place, self._speed, self._ratio = (
            one[places] for one in (self._place, self._speed, self._ratio)
        )
        self._places, self._both, self._speeds, self._ratios = (
            one[places] for one in (self._places, self._both, self._speeds, self._ratios)
        )
        self._scales = self._scales[places]

    def predict(self, step_s: float) -> None:
        """See `Bank`."""
        if not len(self._ratio):
            return  # the step may be of any length, if nothing outlived it
        area, growth = self._place[:, 2], self._speed[:, 2]
        growth[area + growth * step_s < kalman.SMALLEST_AREA] = 0.0
        density = _densities(self._scales)
        self._place += self._speed * step_s
        self._places += (
            2 * step_s * self._both + step_s**2 * self._speeds + density * (step_s**3 / 3)
        )
        self._both += step_s * self._speeds + density * (step_s**2 / 2)
        self._speeds += density * step_s
        self._ratios += (kalman.RATIO_DRIFT * self._scales[:, 2]) ** 2 * step_s

    def update(self, places: Places, boxes: Array) -> None:
        """See `Bank`."""
        measured = _measured(boxes)
        scales = _scales(measured)
        self._scales[places] = scales
        noise, ratio_noise = _measurement_noise(scales)
        self._correct(places, measured[:, :3], noise)
        ratios = self._ratios[places]
        left = ratio_noise / (ratios + ratio_noise)
        ratio = left * self._ratio[places] + (1 - left) * measured[:, 3]
        self._ratios[places] = ratios * left
        # The filter is linear and knows no sign: an abrupt shrinking can overshoot.
        self._ratio[places] = np.where(ratio > 0, ratio, measured[:, 3])
        self._place[places, 2] = np.maximum(self._place[places, 2], kalman.SMALLEST_AREA)

    def _correct(self, places: Places, seen: Array, noise: Array) -> None:
        variance, both = self._places[places], self._both[places]
        total = variance + noise
        gain, gain_of_speed = variance / total, both / total
        off = seen - self._place[places]
        self._place[places] += gain * off
        self._speed[places] += gain_of_speed * off
        self._places[places] = variance * (noise / total)
        self._speeds[places] -= gain_of_speed * both
        self._both[places] = both * (noise / total)

    @property
    def boxes(self) -> Array:
        """See `Bank`."""
        width = np.sqrt(self._place[:, 2] * self._ratio)
        half = np.stack([width, self._place[:, 2] / width], axis=1) / 2
        centre = self._place[:, :2]
        return np.concatenate([centre - half, centre + half], axis=1)

    @property
    def velocities(self) -> Array:
        """See `Bank`."""
        return self._speed[:, :2].copy()

    @property
    def spreads(self) -> Array:
        """See `Bank`."""
        noise, _ = _measurement_noise(self._scales)
        deviations: Array = np.sqrt(self._places[:, :2] + noise[:, :2])
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


def _measured(boxes: Array) -> Array:
    """(N, 4) boxes as (N, 4) u, v, s, r (`kalman.to_measurement`)."""
    sides = boxes[:, 2:] - boxes[:, :2]
    width, height = sides[:, 0], sides[:, 1]
    centres = boxes[:, :2] + sides / 2
    return np.concatenate([centres, np.stack([width * height, width / height], axis=1)], axis=1)


def _scales(measured: Array) -> Array:
    """(N, 3): size in px, area in px², ratio."""
    area, ratio = measured[:, 2], measured[:, 3]
    return np.stack([np.sqrt(area * np.maximum(ratio, 1 / ratio)), area, ratio], axis=1)


def _densities(scales: Array) -> Array:
    """(N, 3) spectral densities of the accelerations (`kalman.process_noise`)."""
    centre = kalman.JERKINESS * scales[:, 0] ** 2
    return np.stack([centre, centre, kalman.GROWTH_JERKINESS * scales[:, 1] ** 2], axis=1)


def _measurement_noise(scales: Array) -> tuple[Array, Array]:
    """Variances of u, v, s, (N, 3), and of r, (N,) (`kalman.measurement_noise`)."""
    centre = (kalman.CENTRE_STD * scales[:, 0]) ** 2
    places = np.stack([centre, centre, (kalman.AREA_STD * scales[:, 1]) ** 2], axis=1)
    return places, (kalman.RATIO_STD * scales[:, 2]) ** 2
