"""From places in the picture to metres on the road, and what a plate's height does to them.

A plate is not on the road but at a height h above it. Seen from a camera at the height H, it
covers the place of the road where the ray through it ends; as the vehicle drives s metres, that
place moves by s·H/(H - h), wherever the camera stands and looks (similar triangles: the camera is
the tip, plate and road are parallel). So what is measured on the road is (1 - h/H) of what it
seems. An error δ of h makes one of δ/(H - h) of the speed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Line = tuple[Point, Point]
Matrix = NDArray[np.float64]

LANE_M = 3.5
"""So far apart the ends of a line are taken to be: it cancels, only metres along the road count."""
LOWEST_M, HIGHEST_M = 2.5, 6.0
"""Where cameras hang, if it is not said."""
MISFIT = 0.05
"""Of the size of the area: so far off its metres a point may lie before somebody erred."""
FLAT = 1e-3
"""Of the square of their extent: a smaller triangle is a line."""


@dataclass(frozen=True, slots=True, eq=False)
class Road:
    """A stretch of road in the picture.

    `matrix` (3, 3) takes places (shares of the picture's sides) to metres; `area` is where that
    is known (N, 2 places). `length_m`: the stretch begins at Y = 0 and ends there, X counts for
    nothing; None: all of the area is the stretch. Seeming metres times `factor` are true ones;
    `height_error` and `distance_error` (shares) bound what is wrong with these, by the heights and
    by the metres given, 19 times of 20.
    """

    matrix: Matrix
    area: Matrix
    factor: float
    height_error: float
    distance_error: float
    length_m: float | None = None

    @property
    def method(self) -> Literal["lines", "homography"]:
        """What it was made of."""
        return "homography" if self.length_m is None else "lines"

    def metres(self, places: Matrix) -> Matrix:
        """(N, 2) places to (N, 2) metres; beyond the horizon they are nan."""
        spread = np.column_stack([places, np.ones(len(places))]) @ self.matrix.T
        inside = self._depth_inside()
        with np.errstate(all="ignore"):
            found = spread[:, :2] / spread[:, 2:]
        return np.where((spread[:, 2:] * inside) > 1e-9 * abs(inside), found, np.nan)

    def _depth_inside(self) -> float:
        return float((np.append(self.area.mean(0), 1.0) @ self.matrix.T)[2])

    def covers(self, place: Point) -> bool:
        """Whether a place lies in the area."""
        corners = self.area.astype(np.float32).reshape(-1, 1, 2)
        return bool(cv2.pointPolygonTest(corners, (float(place[0]), float(place[1])), False) >= 0)


def road_of_lines(
    lines: tuple[Line, Line],
    distance_m: float,
    **heights: float | None,
) -> Road:
    """The road between two lines across it, whose ends lie on the same two edges of a lane."""
    (a, b), (c, d) = _alike(lines)
    flat = [(0.0, 0.0), (LANE_M, 0.0), (LANE_M, distance_m), (0.0, distance_m)]
    area = np.array([a, b, d, c], np.float64)
    corrected = _height(**heights)
    return Road(_homography(area, np.array(flat)), area, *corrected, distance_m)


def road_of(points: Sequence[Point], metres: Sequence[Point], **heights: float | None) -> Road:
    """The road by points of it. Raises ValueError where they do not fit their metres."""
    places, flat = np.array(points, np.float64), np.array(metres, np.float64)
    matrix = _homography(places, flat)
    area = cv2.convexHull(places.astype(np.float32)).reshape(-1, 2).astype(np.float64)
    if len(area) < 4:
        raise ValueError("points should be corners of an area with four corners or more")
    corrected = _height(**heights)
    road = Road(matrix, area, *corrected)
    off = np.hypot(*(road.metres(places) - flat).T)
    size = float(np.hypot(*(flat.max(0) - flat.min(0))))
    if not np.isfinite(off).all():
        raise ValueError("points and metres do not go round in the same order")
    if off.max() > MISFIT * size:
        worst = int(off.argmax())
        raise ValueError(
            f"points[{worst}] is {off[worst]:.2f} m off its metres by what the others say"
        )
    return road


def lines_fault(lines: tuple[Line, Line]) -> str:
    """What is wrong with two lines; "" if nothing."""
    (a, b), (c, d) = _alike(lines)
    if a == b or c == d:
        return "lines: one has no length"
    if not cv2.isContourConvex(np.array([a, b, d, c], np.float32).reshape(-1, 1, 2)):
        return (
            "lines: they cross, or would if they were longer on one side; draw both across the"
            " road, from edge to edge"
        )
    if any(_area(np.array(three)) < FLAT * 0.01 for three in ((a, b, c), (a, b, d))):
        return "lines: they touch"
    return ""


def is_in_line(points: Sequence[Point]) -> bool:
    """Whether three of the first four are in line, so that nothing can be told from them."""
    first = np.array(points[:4], np.float64)
    size = float(np.ptp(first, axis=0).max()) or 1.0
    return any(_area(first[list(three)]) < FLAT * size**2 for three in combinations(range(4), 3))


def _area(three: Matrix) -> float:
    a, b, c = three
    return abs(float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))) / 2


def _alike(lines: tuple[Line, Line]) -> tuple[Line, Line]:
    """Both drawn the same way."""
    (a, b), (c, d) = lines
    same = (b[0] - a[0]) * (d[0] - c[0]) + (b[1] - a[1]) * (d[1] - c[1]) >= 0
    return (a, b), ((c, d) if same else (d, c))


def _homography(places: Matrix, flat: Matrix) -> Matrix:
    found, _ = cv2.findHomography(places, flat, 0)
    if found is None:
        raise ValueError("points and metres belong to no flat road")
    return np.asarray(found, np.float64)


def _height(
    plate_height_m: float | None = 0.5,
    plate_height_error_m: float | None = 0.2,
    camera_height_m: float | None = None,
    distance_error: float | None = 0.02,
) -> tuple[float, float, float]:
    """What the plate's height does to seeming metres, how wrong that may be, as a share, and how
    wrong the distance."""
    high, off, distance = plate_height_m or 0.0, plate_height_error_m or 0.0, distance_error or 0.0
    if camera_height_m is not None:
        factor, unknown = 1 - high / camera_height_m, 0.0
        above_m = camera_height_m - high
    else:
        least, most = 1 - high / LOWEST_M, 1 - high / HIGHEST_M
        factor, unknown = (least + most) / 2, (most - least) / (most + least)
        above_m = max(LOWEST_M - high, off)
    return factor, off / max(above_m, 1e-3) + unknown, distance
