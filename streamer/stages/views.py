"""One view of one plate: the crop a reader is given, and how good it is to read."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.base import Box, Corners, Detection, Image
from models.quality import quality_of

MARGIN = 0.02
"""On 286 stills, in the boxes of our detector, PP-OCR reads 83 to 84 % of the plates at any
margin from 0 to 0.05, and 80 % at 0.08."""
TURNED_DEG = 12.0
"""Plates that lean less are cut out as they are: resampling costs more than it mends. Of 388
plates PP-OCR read 323 when all were set upright, 328 from 6 degrees, 329 from 12, 330 when none."""

CUT_SHARE = 0.005
"""A plate nearer to the edge than this share of the picture's side counts as cut by it: a
detector clips its boxes, but not to the pixel."""
CUT_PX = 2.0
STILL = 0.05
"""Change at a place, in standard deviations of its grey. Measured on a camera that sends each
picture six times, coded anew: 0.00 to 0.04; on a plate that moves: 0.1 and more."""
Thumbnail = NDArray[np.float32]
"""(16, 64) grey values."""


def is_cut(box: Box, size: tuple[int, int]) -> bool:
    """Whether the box touches the edge of a picture of `size` (width, height).

    Half a plate reads perfectly well, and wrong.
    """
    near_x, near_y = (max(CUT_PX, CUT_SHARE * side) for side in size)
    x1, y1, x2, y2 = box
    return x1 <= near_x or y1 <= near_y or x2 >= size[0] - near_x or y2 >= size[1] - near_y


def height_px(detection: Detection) -> float:
    """Of the plate itself, if its corners are known, else of the box."""
    if detection.corners is None:
        return detection.box[3] - detection.box[1]
    return _sides(detection.corners)[1]


def cut_out(image: Image, detection: Detection, margin: float = MARGIN) -> Image:
    """The plate with `margin` (share of its width and height) on each side, in its own memory.

    Never empty. Where the detector's corners say that it is turned, the plate is set upright.
    """
    corners = detection.corners
    if corners is None or min(_sides(corners)) < 1 or abs(_turn_deg(corners)) < TURNED_DEG:
        return _straight_crop(image, detection.box, margin)
    return _upright_crop(image, corners, margin)


def quality(crop: Image, plate_height_px: float, score: float) -> float:
    """0..1, from what the crop shows (`models.quality`) and the detection's score."""
    return quality_of(crop, plate_height_px).score * (0.8 + 0.2 * min(max(score, 0.0), 1.0))


def thumbnail(image: Image, box: Box) -> Thumbnail:
    """What is in the box, small and grey: to compare one place in two frames."""
    grey = cv2.cvtColor(_straight_crop(image, box, 0.0), cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (64, 16), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.float32)


def is_same_picture(one: Thumbnail, other: Thumbnail) -> bool:
    """Whether nothing but noise has changed at a place."""
    return bool(np.abs(one - other).mean() <= STILL * max(float(one.std()), 1.0))


def _straight_crop(image: Image, box: Box, margin: float) -> Image:
    height, width = image.shape[:2]
    x1, y1, x2, y2 = box
    more_x, more_y = margin * (x2 - x1), margin * (y2 - y1)
    left, right = _span(x1 - more_x, x2 + more_x, width)
    top, bottom = _span(y1 - more_y, y2 + more_y, height)
    # A view would keep the whole frame in memory.
    return image[top:bottom, left:right].copy()


def _span(low: float, high: float, side: int) -> tuple[int, int]:
    """Whole pixels from `low` to `high` within 0..`side`, one at least."""
    begin = min(max(round(low), 0), side - 1)
    return begin, max(min(round(high), side), begin + 1)


def _upright_crop(image: Image, corners: Corners, margin: float) -> Image:
    width, height = _sides(corners)
    more_x, more_y = margin * width, margin * height
    inner = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)]
    target = np.array([(x + more_x, y + more_y) for x, y in inner], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(np.array(corners, dtype=np.float32), target)
    size = (round(width + 2 * more_x), round(height + 2 * more_y))
    straight = cv2.warpPerspective(image, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(straight, dtype=np.uint8)


def _turn_deg(corners: Corners) -> float:
    """How far the plate's writing leans, clockwise: the mean of its upper and lower edge."""
    a, b, c, d = np.array(corners)
    across = (b - a) + (c - d)
    return float(np.degrees(np.arctan2(across[1], across[0])))


def _sides(corners: Corners) -> tuple[float, float]:
    """Width and height: the longer of each two opposite sides."""
    points = np.array(corners)
    top, right, bottom, left = np.hypot(*(np.roll(points, -1, axis=0) - points).T)
    return float(max(top, bottom)), float(max(left, right))
