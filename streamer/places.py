"""Places in a camera's picture: what is not looked at, and where vehicles enter and leave.

Points are (x, y) as shares of the picture's width and height, (0, 0) at its upper left, so that
they outlive a change of resolution. Three points or more are an area. Two are a line, which
counts for what crosses it to its right-hand side as one walks from the first point to the second:
[[0, 0.6], [1, 0.6]], from left to right, for what comes down the picture, towards the camera.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from models.base import Box
from streamer.data import Way
from streamer.speed.speedometer import Speeds

Point = tuple[float, float]
Shape = tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """The places of one camera; `ignore` are areas, `entry` and `exit` areas and lines.

    `directed`: somebody acts on the direction in which vehicles go, so that it must be known.
    `speeds`: what measures how fast they are, so that this must be known.
    """

    ignore: tuple[Shape, ...] = ()
    entry: tuple[Shape, ...] = ()
    exit: tuple[Shape, ...] = ()
    directed: bool = False
    speeds: Speeds | None = None

    @property
    def has_ways(self) -> bool:
        """Whether it is to be told who enters and who leaves."""
        return bool(self.entry or self.exit)

    def is_ignored(self, box: Box, size: tuple[int, int]) -> bool:
        """Whether a box's centre lies in an ignored area of a picture of `size` (width, height)."""
        return any(_is_inside(_centre(box, size), area) for area in self.ignore)

    def way(self, before: Box, now: Box, size: tuple[int, int]) -> Way | None:
        """What a plate does that moves from one box to another: it enters, leaves, or neither."""
        start, end = _centre(before, size), _centre(now, size)
        if any(_passes(start, end, shape) for shape in self.entry):
            return "entry"
        return "exit" if any(_passes(start, end, shape) for shape in self.exit) else None


NOWHERE = Places()


def _centre(box: Box, size: tuple[int, int]) -> Point:
    return (box[0] + box[2]) / 2 / size[0], (box[1] + box[3]) / 2 / size[1]


def _passes(start: Point, end: Point, shape: Shape) -> bool:
    if len(shape) > 2:
        return _is_inside(end, shape)
    first, second = shape
    comes, goes = _side(first, second, start), _side(first, second, end)
    # From the left-hand side, or off the line, to the right-hand side, between its two points.
    apart = _side(start, end, first) * _side(start, end, second)
    return comes <= 0 < goes and apart <= 0


def _side(first: Point, second: Point, point: Point) -> float:
    """Above 0 on the right-hand side of the way from `first` to `second`, as y points down."""
    return (second[0] - first[0]) * (point[1] - first[1]) - (second[1] - first[1]) * (
        point[0] - first[0]
    )


def _is_inside(point: Point, area: Sequence[Point]) -> bool:
    corners = np.array(area, np.float32).reshape(-1, 1, 2)
    return bool(cv2.pointPolygonTest(corners, (float(point[0]), float(point[1])), False) >= 0)
