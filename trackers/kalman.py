"""A box in motion: the Kalman filter of SORT, with time in seconds and noise in box sizes.

State and constant-velocity model are those of Bewley et al., "Simple Online and Realtime
Tracking" (2016): x = (u, v, s, r, u', v', s'), where u, v is the centre in pixels, s the area
in px², r the ratio width / height, and the primes are rates per second.

The paper counts time in frames and gives noise in pixels for pedestrians. We drop frames, and
a plate is 30 or 300 px wide, so both are scaled here:

* the unit of length is the longer side of the box, about half a metre of the real world;
* process noise is continuous white noise on the acceleration (Bar-Shalom, "Estimation with
  Applications to Tracking and Navigation", 2001, section 6.2.2): its covariance over a step is
  q · [[dt³/3, dt²/2], [dt²/2, dt]]. Predicting twice by dt then equals predicting once by
  2·dt, so a dropped frame changes nothing but the uncertainty.
"""

import numpy as np
from filterpy.kalman import KalmanFilter
from numpy.typing import NDArray

Array = NDArray[np.float64]

CENTRE_STD = 0.04
"""Jitter of a detected centre, in box sizes."""
AREA_STD = 0.15
"""Jitter of a detected area, as a share of it."""
RATIO_STD = 0.1
"""Jitter of a detected ratio, as a share of it."""
SPEED_STD = 8.0
"""Speed of a new box, in box sizes per second: 4 m/s for a plate of half a metre."""
GROWTH_STD = 2.0
"""Growth of a new box's area per second, as a share of it: 5 m/s at 5 m distance."""
JERKINESS = 8.0
"""Spectral density of the acceleration, in box sizes² per second³: the speed of a box
drifts by 2.8 sizes (1.4 m) per second within a second."""
GROWTH_JERKINESS = 2.0
"""The same for the area, in shares² per second³."""
RATIO_DRIFT = 0.1
"""Drift of the ratio within a second, as a share of it: vehicles turn."""

SMALLEST_AREA = 1.0
"""px²; a shrinking box that coasts must not turn inside out."""


def to_measurement(box: Array) -> Array:
    """(x1, y1, x2, y2) as (u, v, s, r)."""
    width, height = box[2] - box[0], box[3] - box[1]
    return np.array([box[0] + width / 2, box[1] + height / 2, width * height, width / height])


def to_box(state: Array) -> Array:
    """(u, v, s, r, …) as (x1, y1, x2, y2)."""
    u, v, area, ratio = state[:4]
    width = np.sqrt(area * ratio)
    height = area / width
    return np.array([u - width / 2, v - height / 2, u + width / 2, v + height / 2])


def transition(step_s: float) -> Array:
    """F of the constant-velocity model over `step_s` seconds."""
    matrix = np.eye(7)
    matrix[[0, 1, 2], [4, 5, 6]] = step_s
    return matrix


def process_noise(step_s: float, size: float, area: float, ratio: float) -> Array:
    """Q over `step_s` seconds, for a box of `size` px, `area` px² and that `ratio`."""
    densities = np.array([JERKINESS * size**2] * 2 + [GROWTH_JERKINESS * area**2])
    matrix = np.zeros((7, 7))
    place, speed = [0, 1, 2], [4, 5, 6]
    matrix[place, place] = densities * step_s**3 / 3
    matrix[place, speed] = matrix[speed, place] = densities * step_s**2 / 2
    matrix[speed, speed] = densities * step_s
    matrix[3, 3] = (RATIO_DRIFT * ratio) ** 2 * step_s
    return matrix


def measurement_noise(size: float, area: float, ratio: float) -> Array:
    """R for a box of `size` px, `area` px² and that `ratio`."""
    spread = [CENTRE_STD * size, CENTRE_STD * size, AREA_STD * area, RATIO_STD * ratio]
    return np.diag(np.square(spread))


def first_covariance(size: float, area: float, ratio: float) -> Array:
    """P of a box just seen for the first time: where it is, is known, how it moves, is not."""
    matrix = np.zeros((7, 7))
    matrix[:4, :4] = measurement_noise(size, area, ratio)
    speeds = [SPEED_STD * size, SPEED_STD * size, GROWTH_STD * area]
    matrix[4:, 4:] = np.diag(np.square(speeds))
    return matrix


class BoxFilter:
    """filterpy's `KalmanFilter` around one box: (4,) float64 x1, y1, x2, y2 in pixels."""

    def __init__(self, box: Array) -> None:
        measured = to_measurement(box)
        self._scale(measured)
        self._filter = KalmanFilter(dim_x=7, dim_z=4)
        self._filter.H = np.eye(4, 7)
        self._filter.x[:4, 0] = measured
        self._filter.P = first_covariance(*self._scales)

    def _scale(self, measured: Array) -> None:
        area, ratio = float(measured[2]), float(measured[3])
        # Taken from the last detection and kept while coasting: the noise of a long step is
        # then the sum of the noises of its parts.
        self._scales = (float(np.sqrt(area * max(ratio, 1 / ratio))), area, ratio)

    def predict(self, step_s: float) -> None:
        """Move on by `step_s` seconds, 0 or more."""
        state = self._filter.x[:, 0]
        if state[2] + state[6] * step_s < SMALLEST_AREA:
            state[6] = 0.0
        self._filter.predict(F=transition(step_s), Q=process_noise(step_s, *self._scales))

    def update(self, box: Array) -> None:
        """Take a detection in."""
        measured = to_measurement(box)
        self._scale(measured)
        self._filter.update(measured, R=measurement_noise(*self._scales))
        state = self._filter.x[:, 0]
        # The filter is linear and knows no sign: an abrupt shrinking can overshoot.
        state[2] = max(state[2], SMALLEST_AREA)
        if state[3] <= 0.0:
            state[3] = measured[3]

    @property
    def box(self) -> Array:
        """(4,) x1, y1, x2, y2 in pixels."""
        return to_box(self._filter.x[:, 0])

    @property
    def velocity(self) -> tuple[float, float]:
        """Of the centre, in pixels per second."""
        return float(self._filter.x[4, 0]), float(self._filter.x[5, 0])

    @property
    def spread(self) -> Array:
        """(2,) standard deviation, in pixels, of where the next detected centre will lie."""
        noise = measurement_noise(*self._scales)
        here: Array = np.sqrt(np.diag(self._filter.P)[:2] + np.diag(noise)[:2])
        return here
