"""What pairing and filtering both need to know of boxes, computed once for all of them."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Places = NDArray[np.intp]

EDGES, CENTRE, MEASURED, SIDES = slice(0, 4), slice(4, 6), slice(4, 8), slice(8, 10)
AREA, RATIO, LONGER = 6, 7, 10
ROWS = 11
UNITS = np.array([LONGER, LONGER, AREA, RATIO])
"""Rows of what u, v, s, r are uncertain by a share of."""


class Figures:
    """N boxes in figures.

    `rows`, (11, N), in pixels: the edges x1, y1, x2, y2; u, v, s, r as `kalman.to_measurement`
    has them; width, height and the longer of these.
    """

    __slots__ = ("rows",)

    def __init__(self, rows: Array) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows[0])

    def take(self, places: Places | list[int]) -> "Figures":
        """Those of the boxes at these places."""
        return Figures(self.rows.take(places, axis=1))


def figures_of(boxes: Array | Figures) -> Figures:
    """Figures of (N, 4) boxes, or those given, if they are figures already."""
    if isinstance(boxes, Figures):
        return boxes
    rows = np.empty((ROWS, len(boxes)))
    rows[EDGES] = boxes.T
    low, high = rows[0:2], rows[2:4]
    centre, sides = rows[CENTRE], rows[SIDES]
    np.add(low, high, out=centre)
    centre *= 0.5
    np.subtract(high, low, out=sides)
    width, height = sides
    np.multiply(width, height, out=rows[AREA])
    np.divide(width, height, out=rows[RATIO])
    np.maximum(width, height, out=rows[LONGER])
    return Figures(rows)


def figures_from(measured: Array) -> Figures:
    """Figures of N boxes of which u, v, s, r are known, (4, N)."""
    rows = np.empty((ROWS, measured.shape[1]))
    rows[MEASURED] = measured
    centre, sides = rows[CENTRE], rows[SIDES]
    width, height = sides
    np.multiply(rows[AREA], rows[RATIO], out=width)
    np.sqrt(width, out=width)
    np.divide(rows[AREA], width, out=height)
    np.maximum(width, height, out=rows[LONGER])
    halves = sides * 0.5
    np.subtract(centre, halves, out=rows[0:2])
    np.add(centre, halves, out=rows[2:4])
    return Figures(rows)


def least(values: Array) -> float:
    """What `values.min()` gives, nan too, in a fifth of its time if they are few."""
    found: float = values.item(values.argmin())
    return found


def most(values: Array) -> float:
    """As `least`, for `values.max()`."""
    found: float = values.item(values.argmax())
    return found
