"""How good a look at a plate is to read: what tells the looks worth reading from the others.

Four things are measured on a small grey copy of the crop, and the height of the plate is given:
sharpness, contrast, how far the strokes lean, and glare. One score is made of all.

The score was fitted to a judge, PP-OCR (the reader `rapidocr`): logistic regression on 4,800
looks at rendered plates, spoiled by known amounts, and 3,750 looks at real crops, five of six
spoiled further. Area under the curve for "is read right" over all looks, and the share of pairs
of looks at one plate, one read right and one wrong, that are ranked so:

| measure | rendered | pairs | real | pairs |
|---|---|---|---|---|
| before: height and variance of the Laplacian | 0.77 | 0.81 | 0.88 | 0.93 |
| `sharpness` alone | 0.88 | 0.93 | 0.91 | 0.96 |
| `score` | 0.91 | 0.95 | 0.93 | 0.98 |

`python benchmarks/look_quality.py --data DIR --fit` repeats it. The variance of the Laplacian, even
over that of the picture, takes noise for sharpness: among looks that differ in noise and light it
ranked no better than by chance, 0.39 to 0.60, where the score has 0.77. Among real crops as they
are, hardly any of them spoiled, no measure says which are misread: that is the reader's doing.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.base import Image

ROWS = 32
"""All is measured at this height, whatever the size of the plate."""

BLOCK = ROWS // 2
"""Columns of a piece of the plate that cannot be without ink: about a character and its gap."""

EVEN = 0.35
WHITE = 225
"""A piece is washed out where its brightest pixels are nearly white and its darkest are within
this share of the plate's contrast."""

STEEP = 1.5
"""An edge is a stroke's flank where it changes so many times as much across as down."""

SEEN_LEAN = 0.5
"""Of a lean of 10 to 30 degrees about half shows in the gradients: curves and frames stay. The
angle that is given is off by 5 degrees (standard deviation) for that."""

MOST_DEG = 45.0

MIDDLING_CONTRAST = 15.0
"""Grey values of 255. Far above it contrast no longer matters: a dark plate reads as well."""

FLAT = 1.0
"""Below one grey value there is no contrast, only rounding."""

CONSTANT, SHARPNESS, SIZE, CONTRAST, LEAN, GLARE = 3.2, 3.4, 1.0, 5.8, 1.2, 6.1
"""As fitted. `SIZE` is the power of the plate's height, or of a quarter of its width where that is
less: plates that are seen from the side are as hard to read as lower ones."""

LEVEL = 1.5
"""Raises what reads well to about 0.9. It changes no order; the vote's weights are of that size."""

Grey = NDArray[np.uint8]
Slopes = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Quality:
    """What one look is worth.

    `height_px` is that of the plate. `sharpness` (0..0.5) is the share of the contrast that the
    steepest tenth of the pixels cross from one to the next, with the plate 32 pixels high; 0.3 and
    more is sharp, below 0.1 little is read. `contrast` (0..255) is between its dark and its light.
    `angle_deg` (-45..45) is how far upright strokes lean to the right, by a turn of the plate or
    because it is seen from the side. `glare` (0..1) is the share of its width that is washed
    out. `score` (0..1) says which looks to read.
    """

    height_px: float
    sharpness: float
    contrast: float
    angle_deg: float
    glare: float
    score: float


def quality_of(crop: Image, plate_height_px: float | None = None) -> Quality:
    """The quality of a crop (height, width, 3), which need not be upright and is not changed.

    `plate_height_px` is the height of the plate itself where more is known of it than the crop
    shows. All else is measured on the crop, the angle too: that it was measured ranked looks a
    little better (0.907) than the true one of the plate's corners did (0.902), for blur shows
    in it as well. An empty crop has nothing and scores 0. Takes about 0.1 ms.
    """
    height = float(crop.shape[0] if plate_height_px is None else plate_height_px)
    if crop.size == 0:
        return Quality(height, 0.0, 0.0, 0.0, 0.0, 0.0)
    grey = _small(crop)
    middle = grey[ROWS // 8 : -ROWS // 8]  # above and below are borders and the vehicle
    dark, light = _share(middle, 0.05), _share(middle, 0.95)
    contrast = max(light - dark, FLAT)
    across, down = _slopes(grey)
    sharpness = _share(np.abs(across[ROWS // 8 : -ROWS // 8]), 0.9) / contrast
    angle, glare = _lean_deg(across, down), _washed_out(middle, dark, contrast)
    size = min(height, crop.shape[1] / 4)
    score = _score(size, sharpness, contrast, angle, glare)
    return Quality(height, sharpness, contrast, angle, glare, score)


def lean_of(crop: Image) -> float:
    """The `angle_deg` of a crop's quality alone, in degrees; 0 for an empty crop. About 0.08 ms."""
    if crop.size == 0:
        return 0.0
    return _lean_deg(*_slopes(_small(crop)))


def _slopes(grey: Grey) -> tuple[Slopes, Slopes]:
    """How much the grey changes from one pixel to the next, across and down."""
    across, down = (cv2.Sobel(grey, cv2.CV_32F, *way, scale=1 / 8) for way in ((1, 0), (0, 1)))
    return np.asarray(across, np.float32), np.asarray(down, np.float32)


def _small(crop: Image) -> Grey:
    """The crop in grey, `ROWS` high."""
    grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    high, wide = grey.shape
    columns = min(max(1, round(wide * ROWS / high)), 20 * ROWS)
    how = cv2.INTER_AREA if high > ROWS else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (columns, ROWS), interpolation=how), np.uint8)


def _share(values: Grey | Slopes, share: float) -> float:
    """The value that so large a share of all do not exceed; a third of np.percentile's time."""
    place = int(share * (values.size - 1))
    return float(np.partition(values, place, axis=None)[place])


def _lean_deg(across: Slopes, down: Slopes) -> float:
    """How far the strokes' flanks lean to the right, each weighed by its strength."""
    flanks = np.where(np.abs(across) > STEEP * np.abs(down), across, 0)
    strength = float((flanks * flanks).sum())
    if strength == 0:
        return 0.0
    lean = math.degrees(math.atan(float((flanks * down).sum()) / strength))
    return min(max(lean / SEEN_LEAN, -MOST_DEG), MOST_DEG)


def _washed_out(middle: Grey, dark: float, contrast: float) -> float:
    """The share of the plate's pieces that are white where there should be ink."""
    count = max(1, middle.shape[1] // BLOCK)
    pieces = middle[:, : count * BLOCK].reshape(middle.shape[0], count, -1)
    lightest = pieces.max(0).max(1).astype(np.float32)
    darkest = pieces.min(0).min(1).astype(np.float32)
    even = lightest - darkest < EVEN * contrast
    return float((even & (lightest > WHITE) & (darkest > dark + contrast / 2)).mean())


def _score(size: float, sharpness: float, contrast: float, angle: float, glare: float) -> float:
    """The odds that the judge reads it right, their root raised by `LEVEL`, as a share.

    The root, because what is twice as likely to be read should not weigh twice in a vote, and
    not each small step of a plate that comes nearer is worth another reading.
    """
    clear = contrast / (contrast + MIDDLING_CONTRAST)
    spoiled = LEAN * (angle / 30) ** 2 + GLARE * glare
    odds = math.exp(CONSTANT - spoiled) * sharpness**SHARPNESS * size**SIZE * clear**CONTRAST
    root = math.exp(LEVEL) * math.sqrt(odds)
    return root / (1 + root)
