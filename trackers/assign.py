"""Which detection belongs to which track.

SORT pairs boxes by their overlap. Plates are small: between two frames of a slow stream a
plate moves by more than its own width and overlaps nothing. So a pair is allowed by either

* an overlap (IoU) of at least `min_iou`, or
* a centre that lies where the filter expects it: within `GATE` standard deviations of the
  prediction (they grow with the time since the track was last seen, and are wide for a new
  track whose speed is not known yet) or within `NEAR` box sizes, never further than
  `max_reach` box sizes, with a size that has not changed by more than the factor `RESIZE`.

Among the allowed pairs those with the least total cost win; cost = distance / reach - IoU.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from trackers.figures import AREA, CENTRE, LONGER, Figures, figures_of, most

Array = NDArray[np.float64]
Places = NDArray[np.intp]

GATE = 3.0
"""In standard deviations; of two independent ones, 0.989 of all lie within (chi-square)."""
NEAR = 1.0
"""In box sizes; two plates are further apart than this. Cameras stutter: they send one picture
five times, then the next, and a filter that was sure that nothing moves sees a leap."""
RESIZE = 1.6
UNPAIRED = 1.0
"""Cost of leaving a track without detection: as much as the worst allowed pair. Were it
higher, a good pair would be torn apart to give a lost neighbour something too."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Where N tracks are expected: boxes (N, 4) and standard deviations of centres (N, 2), px."""

    boxes: Array | Figures
    spreads: Array


def iou(first: Array, second: Array) -> Array:
    """Intersection over union of each of (N, 4) boxes with each of (M, 4): (N, M), 0..1."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0.0), axis=2)
    areas = _areas(first)[:, None] + _areas(second)[None, :] - shared
    overlap: Array = shared / areas
    return overlap


def assign(
    expected: Expected, boxes: Array | Figures, *, min_iou: float, max_reach: float
) -> tuple[Places, Places]:
    """Which of the `expected` tracks has which of M detected `boxes`, each at most once."""
    ours, theirs = figures_of(expected.boxes).rows, figures_of(boxes).rows
    pairs = _not_too_far(ours, theirs, max_reach)
    # From here on by pairs: of all that there could be, few are near one another.
    rows, columns = np.divmod(pairs, theirs.shape[1])
    one, other = ours.take(rows, axis=1), theirs.take(columns, axis=1)
    away = other[CENTRE] - one[CENTRE]
    away *= away
    lengths = np.sqrt(away[0] + away[1])
    lengths /= one[LONGER]
    away /= np.square(expected.spreads.T).take(rows, axis=1)
    overlap = _overlap(one, other)
    near = away[0] + away[1] <= GATE**2
    near |= lengths <= NEAR
    near &= lengths <= max_reach
    near &= _alike(one[LONGER], other[LONGER])
    near |= overlap >= min_iou
    shape = ours.shape[1], theirs.shape[1]
    if np.count_nonzero(near) <= min(shape):
        found = rows[near], columns[near]
        if _each_once(found[0]) and _each_once(found[1]):
            return found  # nobody wants what another wants
    cost = np.minimum(lengths / max_reach, 1.0)
    cost -= overlap
    return _cheapest(shape, pairs, np.where(near, cost, UNPAIRED))


def _not_too_far(ours: Array, theirs: Array, max_reach: float) -> Places:
    """The pairs that may be allowed, of all that there could be: places in a raveled (N, M)."""
    away = theirs[CENTRE, None] - ours[CENTRE, :, None]
    away *= away
    # Boxes that overlap are nearer than the halves of their diagonals: these are at most as long
    # as the longer sides' squares allow, and the mean of two squares is above that of the two.
    squares = ours[LONGER] * ours[LONGER]
    furthest = np.maximum(max_reach**2 * squares, squares + most(theirs[LONGER]) ** 2)
    pairs: Places = (away[0] + away[1] <= furthest[:, None]).ravel().nonzero()[0]
    return pairs


def _alike(one: Array, other: Array) -> NDArray[np.bool_]:
    """Whether the longer sides of K pairs are of like length: (K,)."""
    limit = np.minimum(one, other)
    limit *= RESIZE
    alike: NDArray[np.bool_] = np.maximum(one, other) <= limit
    return alike


def _overlap(one: Array, other: Array) -> Array:
    """IoU of K pairs, given their figures: (K,)."""
    sides = np.minimum(one[2:4], other[2:4])
    sides -= np.maximum(one[:2], other[:2])
    np.maximum(sides, 0.0, out=sides)
    shared: Array = sides[0] * sides[1]
    every = one[AREA] + other[AREA]
    every -= shared
    shared /= every
    return shared


def _each_once(places: Places) -> bool:
    few = places.tolist()
    return len(set(few)) == len(few)


def _cheapest(shape: tuple[int, ...], pairs: Places, costs: Array) -> tuple[Places, Places]:
    """The rows and columns of the pairs to make, where those at `pairs` in a raveled (N, M) have
    these costs and all others are not allowed."""
    cost = np.empty(shape)
    cost.fill(UNPAIRED)
    cost.ravel()[pairs] = costs
    rows, columns = linear_sum_assignment(cost)
    kept = cost[rows, columns] < UNPAIRED
    return rows[kept], columns[kept]


def _areas(boxes: Array) -> Array:
    areas: Array = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return areas
