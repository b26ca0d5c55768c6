"""A vehicle's speed by where it was and when: a robust fit, and how far it may be wrong.

Along a short stretch a vehicle has a constant acceleration, so its way is a polynomial of the
second degree in time, and its speed in the middle of the time is its mean speed. The scene's
times are used as they are: frames may be missing, and their distances vary. Outliers (a box on
something else) are weighed down by Tukey's biweight, with the spread of the residuals by their
median.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]

LEAST = 5
"""So few positions tell no speed with an error."""
ROUNDS = 12
BISQUARE = 4.685
"""Tukey's constant: 95 % of the efficiency of least squares where there are no outliers."""
TO_SIGMA = 1.4826
"""From the median of the deviations to the standard deviation of a normal distribution."""
CONFIDENCE = 0.975
"""Two-sided, this makes 19 times of 20."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """Metres per second, and how far they may be wrong 19 times of 20; `misfit` is the share of
    the way by which the positions lie beside the fit, `used` how many of them count."""

    speed: float
    error: float
    misfit: float
    used: int


def fit(times_s: Array, metres: Array, spread_m: Array) -> Fitted | None:
    """(N,) times, (N, K) positions of K coordinates, (N,) what one pixel is there, in metres.

    None where there are too few of them.
    """
    if len(times_s) < LEAST or np.ptp(times_s) <= 0:
        return None
    middle_s = (times_s.min() + times_s.max()) / 2
    degree = 2 if len(times_s) > LEAST else 1
    powers = np.vander(times_s - middle_s, degree + 1, increasing=True)
    worth = 1 / spread_m**2
    kept = np.ones(len(times_s))
    for _ in range(ROUNDS):
        weights = worth * kept
        normal = powers.T @ (powers * weights[:, None])
        ways = np.linalg.lstsq(normal, powers.T @ (metres * weights[:, None]), rcond=None)[0]
        beside = metres - powers @ ways
        off = np.sqrt((beside**2).sum(1)) / spread_m
        scale = max(TO_SIGMA * float(np.median(off)), 1e-9)
        kept = np.clip(1 - (off / scale / BISQUARE) ** 2, 0, None) ** 2
    used = int((kept > 0.1).sum())
    free = used - degree - 1
    velocity = ways[1]
    speed = float(np.sqrt((velocity**2).sum()))
    if free < 1 or speed == 0:
        return None
    along = beside @ (velocity / speed)
    spread = float((worth * kept * along**2).sum() / free)
    variance = spread * float(np.linalg.pinv(normal)[1, 1])
    way_m = speed * float(np.ptp(times_s))
    misfit = float(np.sqrt(np.average(beside**2 @ np.ones(metres.shape[1]), weights=kept))) / way_m
    error = float(stats.t.ppf(CONFIDENCE, free)) * float(np.sqrt(variance))
    return Fitted(speed, error, misfit, used)
