"""Where the rows of characters run across a plate's crop, and how to cut them out.

A recogniser of text lines expects one line that fills its picture. Crops of plates hold more:
the name of the state above, the dealer's frame below, the bumper around a plate seen at an
angle; and many plates have two rows. The characters of a plate are of one height and stand on
one line, which sets them apart from all of that.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.base import Image

ROW_HEIGHT = 48
"""Pixels from top to bottom of a row that was cut out: what PP-OCR's recognisers take."""

WIDTHS = range(64, 641, 32)
"""The widths of rows that were cut out: few, for a runtime plans its memory anew for each."""

PAD = 0.3
"""What is left above and below the characters, in their heights. Measured on 700 training
crops: 0.15 reads 1.1 points fewer plates, 0.35 as many."""

WORK_HEIGHT = 64
"""Crops are searched at this height: blobs of 15 px are enough to find a row by."""

Blobs = NDArray[np.float64]
"""(n, 4): left, top, width, height of dark or light blobs that might be characters."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of characters, in pixels of the crop.

    Its middle runs from (0, `middle`) by `slope` pixels down per pixel to the right; `height`
    is that of its characters, `left` and `right` the outer edges of those that were found.
    """

    slope: float
    middle: float
    height: float
    left: float
    right: float

    def at(self, x: float) -> float:
        """The y of the row's middle at `x`."""
        return self.middle + self.slope * x


def find_rows(crop: Image) -> tuple[Row, ...]:
    """The rows of a plate, top row first: two, one, or none if nothing looks like characters."""
    height, width = crop.shape[:2]
    size = (int(np.clip(round(width * WORK_HEIGHT / height), 8, 10 * WORK_HEIGHT)), WORK_HEIGHT)
    grey = cv2.cvtColor(cv2.resize(crop, size, interpolation=_by_scale(height)), cv2.COLOR_BGR2GRAY)
    scale = (width / size[0], height / size[1])
    found = [(*_main_row(blobs), blobs) for blobs in (_blobs(grey, True), _blobs(grey, False))]
    _, mask, blobs = max(found, key=lambda one: one[0])
    if not mask.any():
        return ()
    main = _fit(blobs[mask])
    second = _second_row(blobs[~mask], main)
    if second is None:
        return (_scaled(main, scale),)
    middle = size[0] / 2
    pair = sorted((main, second), key=lambda row: row.at(middle))
    return tuple(_scaled(row, scale) for row in pair)


def cut_row(crop: Image, row: Row) -> Image:
    """The row, straightened: (48, one of `WIDTHS`, 3), over the crop's whole width."""
    width = crop.shape[1]
    high = row.height * (1 + 2 * PAD)
    top, drop = row.middle - high / 2, row.slope * width
    size = (_snapped(ROW_HEIGHT * np.hypot(width, drop) / high), ROW_HEIGHT)
    corners = np.array([[0, top], [width, top + drop], [0, top + high]], np.float32)
    shrink = high / ROW_HEIGHT
    if shrink > 2:  # the warp alone would skip pixels
        crop = cv2.resize(crop, None, fx=1 / shrink, fy=1 / shrink, interpolation=cv2.INTER_AREA)
        corners /= shrink
    target = np.array([[0, 0], [size[0], 0], [0, size[1]]], np.float32)
    matrix = cv2.getAffineTransform(corners - 0.5, target - 0.5)
    cut = cv2.warpAffine(crop, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.uint8)


def whole(crop: Image) -> Image:
    """The crop as it is, as one row: (48, one of `WIDTHS`, 3)."""
    height, width = crop.shape[:2]
    size = (_snapped(ROW_HEIGHT * width / height), ROW_HEIGHT)
    return np.asarray(cv2.resize(crop, size, interpolation=_by_scale(height)), np.uint8)


def _snapped(width: float) -> int:
    """The next of `WIDTHS`: stretched by at most a third of it, which costs no accuracy."""
    return next((one for one in WIDTHS if one >= width), WIDTHS[-1])


def _by_scale(height: int) -> int:
    return cv2.INTER_AREA if height > 2 * ROW_HEIGHT else cv2.INTER_LINEAR


def _blobs(grey: NDArray[np.uint8], dark: bool) -> Blobs:
    """Connected dark (or light) spots with the shape of a character."""
    height, width = grey.shape
    kind, offset = (cv2.THRESH_BINARY_INV, 7) if dark else (cv2.THRESH_BINARY, -7)
    window = int(0.4 * height) | 1
    ink = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, kind, window, offset)
    _, _, boxes, _ = cv2.connectedComponentsWithStats(ink, connectivity=4)
    _, _, w, h, area = boxes[1:].T
    tall = (h >= 0.16 * height) & (h <= 0.97 * height)
    upright = (w <= 1.1 * h) & (w <= 0.3 * width) & (h <= 9 * w)
    # A solid block is no character, unless it is as slim as an I.
    drawn = (area >= 0.12 * w * h) & ((area <= 0.95 * w * h) | (h > 3 * w))
    blobs = np.asarray(boxes[1:, :4][tall & upright & drawn], np.float64)
    return blobs[np.argsort(-blobs[:, 3])[:40]]  # pairs are tried, so their number is bounded


def _main_row(blobs: Blobs) -> tuple[float, NDArray[np.bool_]]:
    """The blobs of the best row, and how good it is: number of characters times their height.

    Each pair of blobs of like height proposes a row; it holds whatever has about that height
    and stands on that line.
    """
    x, y, h = blobs[:, 0] + blobs[:, 2] / 2, blobs[:, 1] + blobs[:, 3] / 2, blobs[:, 3]
    first, second = np.nonzero((x > x[:, None] + 0.4 * h[:, None]) & _like(h[:, None], h))
    slope = (y[second] - y[first]) / (x[second] - x[first])
    level = np.abs(slope) < 0.6
    first, second, slope = first[level], second[level], slope[level, None]
    if not first.size:
        return 0.0, np.zeros(len(blobs), np.bool_)
    height = (h[first, None] + h[second, None]) / 2
    off = np.abs(y - y[first, None] - slope * (x - x[first, None]))
    members = (off < 0.17 * height) & _like(height, h)
    scores = members.sum(1) * height[:, 0]
    best = int(scores.argmax())
    return float(scores[best]), members[best]


def _like(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray((a < 1.33 * b) & (b < 1.33 * a))


def _fit(blobs: Blobs) -> Row:
    x, y = blobs[:, 0] + blobs[:, 2] / 2, blobs[:, 1] + blobs[:, 3] / 2
    slope, middle = np.polyfit(x, y, 1)
    right = (blobs[:, 0] + blobs[:, 2]).max()
    height = np.median(blobs[:, 3])
    return Row(float(slope), float(middle), float(height), float(blobs[:, 0].min()), float(right))


def _second_row(blobs: Blobs, main: Row) -> Row | None:
    """The row above or below: of about the same height, and a gap away, not farther."""
    x, y, h = blobs[:, 0] + blobs[:, 2] / 2, blobs[:, 1] + blobs[:, 3] / 2, blobs[:, 3]
    off = y - main.middle - main.slope * x
    gap = np.abs(off) / ((main.height + h) / 2)
    # Nearer are pieces of the main row; what is smaller or larger are names of states.
    near = (gap > 1.05) & (gap < 1.75) & (h > main.height / 1.47) & (h < main.height * 1.47)
    best: Blobs | None = None
    for seed in np.flatnonzero(near):
        beside = near & (np.abs(off - off[seed]) < 0.25 * h[seed]) & _like(h, h[seed])
        if best is None or h[beside].sum() > best[:, 3].sum():
            best = blobs[beside]
    if best is None:
        return None
    if len(best) >= 3 and np.ptp(best[:, 0]) > 2 * best[0, 3]:
        own = _fit(best)
        if abs(own.slope - main.slope) < 0.2:
            return own
    # Too few to say how the row slopes: it does as the main row.
    at_zero = np.median(best[:, 1] + best[:, 3] / 2 - main.slope * (best[:, 0] + best[:, 2] / 2))
    right = (best[:, 0] + best[:, 2]).max()
    height = np.median(best[:, 3])
    return Row(main.slope, float(at_zero), float(height), float(best[:, 0].min()), float(right))


def _scaled(row: Row, scale: tuple[float, float]) -> Row:
    across, down = scale
    return Row(
        row.slope * down / across,
        row.middle * down,
        row.height * down,
        row.left * across,
        row.right * across,
    )
