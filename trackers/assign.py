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

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

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

    boxes: Array
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
    expected: Expected, boxes: Array, *, min_iou: float, max_reach: float
) -> tuple[Places, Places]:
    """Which of the `expected` tracks has which of (M, 4) detected `boxes`, each at most once."""
    ours, theirs = _figures(expected.boxes), _figures(boxes)
    rows, columns = _not_too_far(ours, theirs, max_reach)
    # From here on by pairs: of all that there could be, few are near one another.
    one, other = ours.take(rows, axis=1), theirs.take(columns, axis=1)
    away = other[CENTRE] - one[CENTRE]
    square = np.add.reduce(away * away)
    away /= expected.spreads.T.take(rows, axis=1)
    away *= away
    near = np.add.reduce(away) <= GATE**2
    near |= square <= NEAR**2 * one[SQUARE]
    near &= square <= max_reach**2 * one[SQUARE]
    near &= np.abs(other[LOG_SQUARE] - one[LOG_SQUARE]) <= 2 * math.log(RESIZE)
    overlap = _overlap(one, other)
    near |= overlap >= min_iou
    (allowed,) = near.nonzero()
    rows, columns = rows.take(allowed), columns.take(allowed)
    if _each_once(rows) and _each_once(columns):
        return rows, columns  # nobody wants what another wants
    cost = np.full((ours.shape[1], len(boxes)), UNPAIRED)
    reach = np.sqrt(square / one[SQUARE]).take(allowed) / max_reach
    cost[rows, columns] = np.minimum(reach, 1.0) - overlap.take(allowed)
    rows, columns = linear_sum_assignment(cost)
    kept = cost[rows, columns] < UNPAIRED
    return rows[kept], columns[kept]


EDGES, CENTRE = slice(0, 4), slice(4, 6)
AREA, SQUARE, LOG_SQUARE = range(6, 9)


def _figures(boxes: Array) -> Array:
    """(9, N) of (N, 4) boxes: edges, centre, area, the longer side's square and its logarithm."""
    figures = np.empty((9, len(boxes)))
    edges, centre = figures[EDGES], figures[CENTRE]
    edges[...] = boxes.T
    low, high = edges[:2], edges[2:]
    np.add(low, high, out=centre)
    centre *= 0.5
    width, height = high - low
    np.multiply(width, height, out=figures[AREA])
    longer = np.maximum(width, height)
    np.multiply(longer, longer, out=figures[SQUARE])
    np.log(figures[SQUARE], out=figures[LOG_SQUARE])
    return figures


def _not_too_far(ours: Array, theirs: Array, max_reach: float) -> tuple[Places, Places]:
    """The pairs, of all that there could be, that may be allowed."""
    away = theirs[CENTRE, None] - ours[CENTRE, :, None]
    away *= away
    # Boxes that overlap are nearer than the halves of their diagonals: these are at most as long
    # as the longer sides' squares allow, and the mean of two squares is above that of the two.
    overlapping = ours[SQUARE] + np.maximum.reduce(theirs[SQUARE])
    furthest = np.maximum(max_reach**2 * ours[SQUARE], overlapping)
    rows, columns = (np.add.reduce(away) <= furthest[:, None]).nonzero()
    return rows, columns


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


def _areas(boxes: Array) -> Array:
    areas: Array = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return areas
