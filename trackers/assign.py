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

Array = NDArray[np.float64]

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
) -> list[tuple[int, int]]:
    """Pairs (track, detection) of `expected` with (M, 4) detected `boxes`, each at most once."""
    overlap = iou(expected.boxes, boxes)
    away = np.abs(_centres(boxes)[None] - _centres(expected.boxes)[:, None])
    sizes = _sizes(expected.boxes)[:, None]
    reach = np.hypot(away[..., 0], away[..., 1]) / (max_reach * sizes)
    deviations = np.hypot(*np.moveaxis(away / expected.spreads[:, None], 2, 0))
    resized = np.abs(np.log(_sizes(boxes)[None] / sizes))
    expectable = (deviations <= GATE) | (reach * max_reach <= NEAR)
    near = (reach <= 1.0) & expectable & (resized <= np.log(RESIZE))
    allowed = near | (overlap >= min_iou)
    cost = np.where(allowed, np.minimum(reach, 1.0) - overlap, UNPAIRED)
    rows, columns = linear_sum_assignment(cost)
    return [
        (int(row), int(column))
        for row, column in zip(rows, columns, strict=True)
        if allowed[row, column]
    ]


def _areas(boxes: Array) -> Array:
    areas: Array = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return areas


def _centres(boxes: Array) -> Array:
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def _sizes(boxes: Array) -> Array:
    """The longer side of each box."""
    sizes: Array = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    return sizes
