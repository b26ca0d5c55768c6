"""Where the rows of characters run across a plate's crop.

A recogniser of text lines expects one line that fills its picture. Crops of plates hold more:
the name of the state above, the dealer's frame below, the bumper around a plate seen at an
angle; and many plates have two rows. The characters of a plate are of one height and stand on
one line, which sets them apart from all of that. All thresholds were set on training crops.
"""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from models.base import Image
from models.readers.rows import Row, by_scale

Grey = NDArray[np.uint8]

Blobs = NDArray[np.float64]
"""(n, 4): left, top, width, height of dark or light spots that might be characters."""

TRIES = ((64, 0.4, 7), (96, 0.2, 4))
"""Height of the picture that is searched, window and offset of the threshold. The first, which
is quick, finds the row in 97 of 100 crops, the second in most of the others."""

ALIKE = 1.47
"""Rows of a plate differ in height by less than this, save for the small upper row of some."""

MOST_BLOBS = 40
"""Rows are proposed by pairs of blobs, so their number is bounded."""


def find_rows(crop: Image) -> tuple[Row, ...]:
    """The rows of a plate, top row first: two, one, or none if nothing looks like characters."""
    for height, window, offset in TRIES:
        small = _resized(crop, height)
        grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
        rows = _rows_in(np.asarray(grey, np.uint8), window, offset)
        if rows:
            across, down = crop.shape[1] / small.shape[1], crop.shape[0] / small.shape[0]
            return tuple(_without_strips(small, row).scaled(across, down) for row in rows)
    return ()


def _resized(crop: Image, height: int) -> Image:
    width = round(crop.shape[1] * height / crop.shape[0])
    size = (int(np.clip(width, 8, 10 * height)), height)
    resized = cv2.resize(crop, size, interpolation=by_scale(crop.shape[0] / height))
    return np.asarray(resized, np.uint8)


def _rows_in(grey: Grey, window: float, offset: int) -> list[Row]:
    found = []
    for dark in (True, False):
        blobs = _blobs(grey, window, offset if dark else -offset)
        found.append((*_main_row(blobs), blobs))
    _, mask, blobs = max(found, key=lambda one: one[0])
    if not mask.any():
        return []
    main = _fit(blobs[mask], grey.shape[1])
    second = _second_row(blobs[~mask], main) or _inked_row(grey, main)
    if second is None:
        return [main]
    middle = grey.shape[1] / 2
    return sorted((main, second), key=lambda row: row.at(middle))


def _blobs(grey: Grey, window: float, offset: int) -> Blobs:
    """Connected spots darker than around (offset > 0) or lighter, of a character's shape."""
    height, width = grey.shape
    kind = cv2.THRESH_BINARY_INV if offset > 0 else cv2.THRESH_BINARY
    side = int(window * height) | 1
    ink = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, kind, side, offset)
    boxes = cv2.connectedComponentsWithStats(ink, connectivity=4)[2][1:]
    _, _, w, h, area = boxes.T
    tall = (h >= 0.14 * height) & (h <= 0.97 * height)
    upright = (w <= 1.5 * h) & (w <= 0.3 * width) & (h <= 9 * w)
    # A solid block is no character, unless it is as slim as an I.
    drawn = (area >= 0.12 * w * h) & ((area <= 0.95 * w * h) | (h > 3 * w))
    blobs = np.asarray(boxes[tall & upright & drawn, :4], np.float64)
    return blobs[np.argsort(-blobs[:, 3])[:MOST_BLOBS]]


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


def _fit(blobs: Blobs, width: int, slope: float | None = None) -> Row:
    """The row on which blobs stand; with `slope`, where they are too few to tell it."""
    x, y = blobs[:, 0] + blobs[:, 2] / 2, blobs[:, 1] + blobs[:, 3] / 2
    if slope is None:  # least squares
        across = x - x.mean()
        slope = float((across * y).sum() / (across**2).sum())
    middle = (y - slope * x).mean()
    right = (blobs[:, 0] + blobs[:, 2]).max()
    return Row(
        slope=slope,
        middle=float(middle),
        height=float(np.median(blobs[:, 3])),
        left=float(blobs[:, 0].min()),
        right=float(right),
        start=0.0,
        end=float(width),
    )


def _second_row(blobs: Blobs, main: Row) -> Row | None:
    """The row above or below: of about the same height, and a gap away, not farther."""
    x, y, h = blobs[:, 0] + blobs[:, 2] / 2, blobs[:, 1] + blobs[:, 3] / 2, blobs[:, 3]
    off = y - main.middle - main.slope * x
    gap = np.abs(off) / ((main.height + h) / 2)
    # Nearer are pieces of the main row; smaller or larger are names of states, and, above
    # the main row only, the state and district of Indian plates.
    smallest = np.where(off < 0, main.height / 2.2, main.height / ALIKE)
    near = (gap > 1.05) & (gap < 1.75) & (h > smallest) & (h < main.height * ALIKE)
    best: Blobs | None = None
    for seed in np.flatnonzero(near):
        beside = near & (np.abs(off - off[seed]) < 0.25 * h[seed]) & _like(h, h[seed])
        if best is None or h[beside].sum() > best[:, 3].sum():
            best = blobs[beside]
    if best is None:
        return None
    if len(best) >= 3 and np.ptp(best[:, 0]) > 2 * best[0, 3]:
        own = _fit(best, int(main.end))
        if abs(own.slope - main.slope) < 0.2:
            return own
    return _fit(best, int(main.end), main.slope)


STEPS = 20
"""Into how many lines the height of a character is divided to look for a second row."""


def _inked_row(grey: Grey, main: Row) -> Row | None:
    """The row above or below whose characters have run together or into the border.

    Along the main row's slope, the change from pixel to pixel is summed line by line: high
    where upright strokes are, low between rows. A row changes at least half as much as the
    main row does, and is as high from the gap to its far edge.
    """
    ink = _ink_by_line(grey, main)
    around = STEPS * 2
    own = ink[around - 7 : around + 8].mean() + 1e-3
    best: tuple[float, float] = (0.5, 0.0)
    for gap in range(round(1.05 * STEPS), round(1.65 * STEPS)):
        for side in (-1, 1):
            centre = around + side * gap
            share = ink[centre - 7 : centre + 8].mean() / own
            if share > best[0] and _as_high_as_a_row(ink[around::side], gap, own):
                best = (float(share), side * gap / STEPS)
    if not best[1]:
        return None
    return replace(main, middle=main.middle + best[1] * main.height)


def _as_high_as_a_row(ink: NDArray[np.float64], gap: int, own: float) -> bool:
    """Whether the lines about `gap` make a row; `ink` starts in the middle of the main one."""
    level = ink[gap - 7 : gap + 8].mean()
    between = int(ink[:gap].argmin())
    if ink[between] > 0.75 * min(own, level):
        return False
    faint = np.append(np.flatnonzero(ink <= 0.5 * level), (between, len(ink)))
    edges = faint[faint < gap].max(), faint[faint > gap].min()
    return bool(0.85 < (edges[1] - edges[0]) / STEPS < 1.7)


def _ink_by_line(grey: Grey, main: Row) -> NDArray[np.float64]:
    """The mean change from pixel to pixel in 81 lines, the middle one that of the main row."""
    height, width = grey.shape
    left = max(0, int(main.left - main.height / 2))
    x = np.arange(left, min(width, int(main.right + main.height / 2) + 1))
    lines = np.arange(-2 * STEPS, 2 * STEPS + 1) / STEPS * main.height
    y = np.round(main.middle + main.slope * x + lines[:, None]).astype(int)
    sampled = grey[y.clip(0, height - 1), x].astype(np.float64)
    change = np.abs(np.diff(sampled, axis=1)).mean(1)
    centre = y[:, len(x) // 2]
    change[(centre < 0) | (centre >= height)] = 0.0
    return np.convolve(change, np.ones(3) / 3, "same")


def _without_strips(small: Image, row: Row) -> Row:
    """The row without a blue strip at either end: its letters are a country's, not the plate's.

    The strip of European plates (and of Indian ones) is blue where the ground of the plate is
    not, and narrower than a character is high.
    """
    height, width = small.shape[:2]
    lines = np.linspace(-0.5, 0.5, 9) * row.height
    y = np.round(row.middle + row.slope * np.arange(width) + lines[:, None]).astype(int)
    colours = np.median(small[y.clip(0, height - 1), np.arange(width)], axis=0)
    blue = (colours[:, 0] - colours[:, 2]) / np.maximum(colours.max(1), 40)
    left, right = int(max(row.left, 0)), int(min(row.right, width))
    if right - left < 2:
        return row
    strip = (blue > 0.45) & (blue > np.median(blue[left:right]) + 0.2)
    # Half a character into the row, for the strip may have been taken for its first.
    near = max(int(row.left + row.height / 2), 0)
    far = max(int(row.right - row.height / 2), 0)
    start, end = _longest_run(strip[:near])
    if 0.3 < (end - start) / row.height < 1.3:
        row = replace(row, start=float(end))
    start, end = _longest_run(strip[far:])
    if 0.3 < (end - start) / row.height < 1.3:
        row = replace(row, end=float(far + start))
    return row


def _longest_run(flags: NDArray[np.bool_]) -> tuple[int, int]:
    """Start and end of the longest stretch of True; (0, 0) if there is none."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    starts, ends = edges[::2], edges[1::2]
    if not starts.size:
        return 0, 0
    longest = int((ends - starts).argmax())
    return int(starts[longest]), int(ends[longest])
