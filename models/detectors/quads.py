"""Four corners: put in order, held against their box, and boxes that overlap left out."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from models.base import Box, Corners, Detection
from models.detectors.network import without_overlaps

Points = NDArray[np.floating]
"""(4, 2): x and y in pixels."""

FIT = 0.3
"""Corners whose own box shares less than this with the detection's box belong to nothing."""


def in_order(points: Points) -> Corners | None:
    """The corners from the top left on, clockwise; None unless they span a convex quadrilateral.

    The top is the side that runs furthest to the right, together with the one opposite: for a
    plate that is wider than high that holds until it stands nearly on end.
    """
    around = points - points.mean(axis=0)
    # y points down, so a growing angle goes clockwise in the picture.
    points = points[np.argsort(np.arctan2(around[:, 1], around[:, 0]), kind="stable")]
    sides = np.roll(points, -1, axis=0) - points
    following = np.roll(sides, -1, axis=0)
    turns = sides[:, 0] * following[:, 1] - sides[:, 1] * following[:, 0]
    if not np.isfinite(points).all() or (turns <= 0).any():
        return None
    rightwards = sides[:, 0] - np.roll(sides, -2, axis=0)[:, 0]
    first, second, third, fourth = np.roll(points, -int(rightwards.argmax()), axis=0).tolist()
    return (tuple(first), tuple(second), tuple(third), tuple(fourth))


def box_around(points: Points) -> Box:
    """The upright box that holds the points."""
    (x1, y1), (x2, y2) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return x1, y1, x2, y2


def corners_in(points: Points, box: Box) -> Corners | None:
    """The corners in order, if they are some and if they are those of this box."""
    corners = in_order(points)
    return corners if corners and _iou(box_around(points), box) >= FIT else None


def settled(found: Sequence[Detection], size: tuple[int, int]) -> list[Detection]:
    """Best first, clipped to a picture of `size` (width, height), without overlaps.

    Corners are kept as they are: a plate may reach beyond the picture.
    """
    inside = clipped(found, size)
    rows = [(*one.box, one.score, number) for number, one in enumerate(inside)]
    kept = without_overlaps(np.array(rows, np.float32).reshape(-1, 6))
    return [inside[int(number)] for number in kept[:, 5]]


def clipped(found: Iterable[Detection], size: tuple[int, int]) -> list[Detection]:
    """In their order, with boxes clipped to a picture of `size` (width, height).

    What is less than a pixel wide or high cannot be cut out, and is left out.
    """
    inside = (Detection(_clip(one.box, size), one.score, one.corners) for one in found)
    return [one for one in inside if min(_sides(one.box)) >= 1]


def _clip(box: Box, size: tuple[int, int]) -> Box:
    x1, y1, x2, y2 = box
    return max(x1, 0.0), max(y1, 0.0), min(x2, float(size[0])), min(y2, float(size[1]))


def _sides(box: Box) -> tuple[float, float]:
    return box[2] - box[0], box[3] - box[1]


def _iou(one: Box, other: Box) -> float:
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    shared = float((high - low).clip(min=0).prod())
    union = sum(width * height for width, height in map(_sides, (one, other))) - shared
    return shared / max(union, 1e-9)
