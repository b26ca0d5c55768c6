"""An alphabet drawn with one stroke, as plates' own alphabets are: no two plates' are alike.

Number plates are embossed or milled in typefaces made for them (DIN 1451, FE-Schrift, Charles
Wright, the dies of each American state): even strokes, rounded corners, narrow bowls. None of
these may be taken along, so here is what they have in common, with the rest left to chance:
how wide the strokes are, how square the bowls, whether a 1 has a foot and a 0 a slash.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Path = list[tuple[float, float]]
"""Points of one stroke: (0, 0) the upper left corner of a sign's box, (1, 1) the lower right."""

POINTS = 9
"""Of a quarter of a bowl."""


@dataclass(frozen=True, slots=True)
class Pen:
    """How an alphabet is drawn.

    `weight` is the width of its strokes in heights of a sign, `square` the exponent of its bowls
    (2 an ellipse, 5 nearly a rectangle: Lamé's curve), `foot` gives 1 and I a base, `flat` the 3
    an upper edge, `slash` the 0 a stroke across it, `waist` is where B, E, R, … are tied.
    """

    weight: float = 0.14
    square: float = 2.6
    foot: bool = False
    flat: bool = False
    slash: bool = False
    waist: float = 0.48
    round_ends: bool = True


def draw_pen(rng: np.random.Generator) -> Pen:
    """An alphabet of its own."""
    return Pen(
        weight=float(rng.uniform(0.09, 0.2)),
        square=float(rng.choice([2.0, 2.4, 3.0, 4.0, 6.0])),
        foot=bool(rng.random() < 0.3),
        flat=bool(rng.random() < 0.25),
        slash=bool(rng.random() < 0.08),
        waist=float(rng.uniform(0.42, 0.55)),
        round_ends=bool(rng.random() < 0.6),
    )


def glyph(pen: Pen, sign: str, width: int, height: int) -> NDArray[np.uint8]:
    """The ink of one sign, (height, width) 0..255, filling that size."""
    scale = 4 if height < 60 else 2
    wide, high = width * scale, height * scale
    thick = max(round(pen.weight * high), 2)
    # An I is no wider than its stroke unless it has a foot.
    sheet = np.zeros((high, wide), np.uint8)
    inner = np.array([max(wide - thick, 1), max(high - thick, 1)], float)
    for path in _paths(pen, sign):
        points = np.round(np.array(path) * inner + thick / 2).astype(np.int32)
        cv2.polylines(sheet, [points], False, 255, thick, cv2.LINE_8)
        if not pen.round_ends:
            _square_ends(sheet, points, thick)
    return np.asarray(cv2.resize(sheet, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _square_ends(sheet: NDArray[np.uint8], points: NDArray[np.int32], thick: int) -> None:
    half = thick // 2
    for end in (points[0], points[-1]):
        x, y = int(end[0]), int(end[1])
        cv2.rectangle(sheet, (x - half, y - half), (x + half, y + half), 255, -1)


def _bowl(
    pen: Pen, centre: tuple[float, float], reach: tuple[float, float], start: float, end: float
) -> Path:
    """Part of a Lamé curve; degrees clockwise from the right."""
    count = max(int(abs(end - start) / 90 * POINTS), 3)
    angles = np.radians(np.linspace(start, end, count))
    c, s = np.cos(angles), np.sin(angles)
    power = 2 / pen.square
    x = centre[0] + reach[0] * np.sign(c) * np.abs(c) ** power
    y = centre[1] + reach[1] * np.sign(s) * np.abs(s) ** power
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _paths(pen: Pen, sign: str) -> list[Path]:
    """The strokes of one sign."""
    if sign in _STRAIGHT:
        return [list(path) for path in _STRAIGHT[sign]]
    shapes = _bowed(pen)
    if sign == "9":
        return [[(1 - x, 1 - y) for x, y in path] for path in shapes["6"]]
    if sign == "0" and pen.slash:
        return [*shapes["0"], [(0.15, 0.85), (0.85, 0.15)]]
    return shapes[sign]


@lru_cache(maxsize=16)
def _bowed(pen: Pen) -> dict[str, list[Path]]:
    """The strokes of all signs with bowls. A plate asks for several signs of one pen."""
    w = pen.waist
    full = (0.5, 0.5)
    low, high = (0.5, (1 + w) / 2), (0.5, w / 2)
    low_r, high_r = (0.5, (1 - w) / 2), (0.48, w / 2)
    return {
        "0": [_bowl(pen, full, full, 0, 360)],
        "O": [_bowl(pen, full, full, 0, 360)],
        "Q": [_bowl(pen, full, full, 0, 360), [(0.6, 0.68), (1.0, 1.0)]],
        "C": [_bowl(pen, full, full, -38, -322)],
        "G": [[*_bowl(pen, full, full, -38, -350), (1.0, 0.56), (0.55, 0.56)]],
        "D": [[(0.0, 0.0), (0.4, 0.0), *_bowl(pen, (0.4, 0.5), (0.6, 0.5), -90, 90), (0.0, 1.0),
               (0.0, 0.0)]],
        "U": [[(0.0, 0.0), (0.0, 0.5), *_bowl(pen, full, full, 180, 0), (1.0, 0.0)]],
        "J": [[(0.9, 0.0), (0.9, 0.6), *_bowl(pen, (0.45, 0.65), (0.45, 0.35), 0, 165)]],
        "B": [[(0.0, 0.0), (0.45, 0.0), *_bowl(pen, (0.45, w / 2), (0.48, w / 2), -90, 90),
               (0.0, w)],
              [(0.0, 0.0), (0.0, 1.0), (0.45, 1.0),
               *_bowl(pen, (0.45, (1 + w) / 2), (0.55, (1 - w) / 2), 90, -90), (0.0, w)]],
        "P": [[(0.0, 1.0), (0.0, 0.0), (0.5, 0.0),
               *_bowl(pen, (0.5, w / 2 + 0.04), (0.5, w / 2 + 0.04), -90, 90), (0.0, w + 0.08)]],
        "R": [[(0.0, 1.0), (0.0, 0.0), (0.5, 0.0),
               *_bowl(pen, (0.5, w / 2 + 0.02), (0.5, w / 2 + 0.02), -90, 90), (0.0, w + 0.04)],
              [(0.5, w + 0.04), (1.0, 1.0)]],
        "S": [[*_bowl(pen, high, high_r, -25, -270), *_bowl(pen, low, low_r, -90, 155)]],
        "8": [_bowl(pen, high, high_r, 0, 360), _bowl(pen, low, low_r, 0, 360)],
        "3": [[*((0.02, 0.0), (0.95, 0.0), (0.45, w - 0.06)),
               *_bowl(pen, low, low_r, -90, 155)]] if pen.flat else
             [[*_bowl(pen, high, high_r, -155, 90), *_bowl(pen, low, low_r, -90, 155)]],
        "6": [_bowl(pen, (0.5, 0.68), (0.5, 0.32), 0, 360),
              [*_bowl(pen, (0.55, 0.55), (0.55, 0.55), 180, 290)]],
        "2": [[*_bowl(pen, (0.5, 0.28), (0.48, 0.28), -170, 25), (0.0, 1.0), (1.0, 1.0)]],
        "5": [[(0.92, 0.0), (0.12, 0.0), (0.06, w - 0.04),
               *_bowl(pen, (0.48, 0.68), (0.52, 0.32), -120, 155)]],
        "1": [[(0.1, 0.26), (0.6, 0.0), (0.6, 1.0)], *([[(0.1, 1.0), (1.0, 1.0)]] * pen.foot)],
        "I": [[(0.5, 0.0), (0.5, 1.0)],
              *([[(0.0, 0.0), (1.0, 0.0)], [(0.0, 1.0), (1.0, 1.0)]] * pen.foot)],
    }  # fmt: skip


_STRAIGHT: dict[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    "A": (((0, 1), (0.5, 0), (1, 1)), ((0.17, 0.68), (0.83, 0.68))),
    "E": (((1, 0), (0, 0), (0, 1), (1, 1)), ((0, 0.48), (0.85, 0.48))),
    "F": (((1, 0), (0, 0), (0, 1)), ((0, 0.48), (0.85, 0.48))),
    "H": (((0, 0), (0, 1)), ((1, 0), (1, 1)), ((0, 0.5), (1, 0.5))),
    "K": (((0, 0), (0, 1)), ((1, 0), (0, 0.6)), ((0.32, 0.42), (1, 1))),
    "L": (((0, 0), (0, 1), (1, 1)),),
    "M": (((0, 1), (0, 0), (0.5, 0.65), (1, 0), (1, 1)),),
    "N": (((0, 1), (0, 0), (1, 1), (1, 0)),),
    "T": (((0, 0), (1, 0)), ((0.5, 0), (0.5, 1))),
    "V": (((0, 0), (0.5, 1), (1, 0)),),
    "W": (((0, 0), (0.25, 1), (0.5, 0.3), (0.75, 1), (1, 0)),),
    "X": (((0, 0), (1, 1)), ((1, 0), (0, 1))),
    "Y": (((0, 0), (0.5, 0.5), (1, 0)), ((0.5, 0.5), (0.5, 1))),
    "Z": (((0, 0), (1, 0), (0, 1), (1, 1)),),
    "4": (((0.72, 1), (0.72, 0), (0, 0.7), (1, 0.7)),),
    "7": (((0, 0), (1, 0), (0.35, 1)),),
}
