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
BISQUARE = 6.0
"""Tukey's constant, mild: of a dozen positions the spread is not well known. 4.685, which is common
where there are hundreds, threw away sound positions, and the stated error held 17 times of 20."""
KEPT = 0.05
"""What counts less is an outlier."""
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
    ways, kept = _robust(powers, metres, spread_m)
    used = int((kept > KEPT).sum())
    speed = float(np.sqrt((ways[1] ** 2).sum()))
    if used <= degree + 1 or speed == 0:
        return None
    beside = metres - powers @ ways
    error = _error(powers, beside @ (ways[1] / speed) / spread_m, kept, spread_m)
    beside_m = float(np.sqrt(np.average((beside**2).sum(1), weights=kept)))
    return Fitted(speed, error, beside_m / (speed * float(np.ptp(times_s))), used)


def _robust(powers: Array, metres: Array, spread_m: Array) -> tuple[Array, Array]:
    """The coefficients (degree + 1, K), and how much each position counts (0 to 1)."""
    count, unknown = powers.shape
    worth = 1 / spread_m**2
    kept: Array = np.ones(count)
    ways: Array = np.zeros((unknown, metres.shape[1]))
    for _ in range(ROUNDS):
        weights = (worth * kept)[:, None]
        found = np.linalg.lstsq(powers.T @ (powers * weights), powers.T @ (metres * weights))[0]
        ways = np.asarray(found, np.float64)
        off = np.sqrt(((metres - powers @ ways) ** 2).sum(1)) / spread_m
        # Residuals are smaller than what they come from, as the fit has followed them.
        scale = TO_SIGMA * float(np.median(off)) * np.sqrt(count / max(count - unknown, 1))
        kept = np.clip(1 - (off / max(scale, 1e-9) / BISQUARE) ** 2, 0, None) ** 2
    return ways, kept


def _error(powers: Array, off: Array, kept: Array, spread_m: Array) -> float:
    """Bound of the speed's error, from residuals `off` (in spreads) of those that are kept.

    Least squares among those; the biweight itself makes its residuals look smaller than they are.
    """
    counts = kept > KEPT
    free = int(counts.sum()) - powers.shape[1]
    part = powers[counts] / spread_m[counts, None]
    variance = float((off[counts] ** 2).sum() / free) * float(np.linalg.pinv(part.T @ part)[1, 1])
    return float(stats.t.ppf(CONFIDENCE, free)) * float(np.sqrt(variance))
