"""How well boxes and corners fit the plates that they found, and what becomes of small plates."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.base import Corners
from models.training.scores import Band, Matches, Pair, ap_at

BANDS: tuple[Band, ...] = (
    (0.0, 12.0),
    (12.0, 16.0),
    (16.0, 24.0),
    (24.0, 48.0),
    (48.0, 96.0),
    (96.0, math.inf),
)
"""Heights of plates in pixels of the stored picture; each doubling is a reader's other world."""

Sides = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True, slots=True)
class BandScore:
    """What a detector does with plates of one band of heights, `low` up to below `high`.

    `recall` and `median_iou` (of the plates found) are at the threshold of use, overlap 0.5;
    `high` None is without limit, `median_iou` None where no plate is found.
    """

    source: str
    low: float
    high: float | None
    plates: int
    recall: float
    ap50: float
    median_iou: float | None


@dataclass(frozen=True, slots=True)
class Tightness:
    """How the boxes at the threshold of use fit the plates that they found (overlap 0.5).

    All are medians. `beyond` is by how much each side reaches beyond the annotated one, as
    share of the plate's width (left, right) or height (top, bottom): negative cuts off.
    `spread` is the median absolute deviation of the same; `area_ratio` is the detected area
    in the annotated one. `corner_share` of the boxes have corners; `corner_error` is the mean
    distance of the four from the true ones as share of the plate's height, `corner_error_p90`
    its 90th percentile: None where truth or detections have none.
    """

    source: str
    found: int
    median_iou: float
    area_ratio: float
    beyond: Sides
    spread: Sides
    corner_share: float
    corner_error: float | None
    corner_error_p90: float | None


def band_score(source: str, unsure: Matches, used: Matches) -> BandScore:
    """The figures of one band: of all detections, and of those at the threshold of use."""
    overlaps = [pair.overlap for pair in used.pairs]
    low, high = used.band
    return BandScore(
        source,
        low,
        None if math.isinf(high) else high,
        used.plates,
        recall=len(used.pairs) / max(1, used.plates),
        ap50=ap_at(unsure),
        median_iou=float(np.median(overlaps)) if overlaps else None,
    )


def tightness(source: str, used: Matches) -> Tightness | None:
    """How the boxes of one source fit; None where no plate was found."""
    pairs = used.pairs
    if not pairs:
        return None
    beyond = np.array([reach(pair) for pair in pairs])
    middle = np.median(beyond, axis=0)
    errors = [error for pair in pairs if (error := corner_error(pair)) is not None]
    return Tightness(
        source,
        len(pairs),
        median_iou=float(np.median([pair.overlap for pair in pairs])),
        area_ratio=float(np.median([_area(p.detection.box) / _area(p.box) for p in pairs])),
        beyond=_sides(middle),
        spread=_sides(np.median(np.abs(beyond - middle), axis=0)),
        corner_share=sum(pair.detection.corners is not None for pair in pairs) / len(pairs),
        corner_error=float(np.median(errors)) if errors else None,
        corner_error_p90=float(np.percentile(errors, 90)) if errors else None,
    )


def reach(pair: Pair) -> Sides:
    """By how much each side of the box lies outside the plate's, in its widths and heights."""
    x1, y1, x2, y2 = pair.box
    left, top, right, bottom = pair.detection.box
    width, height = x2 - x1, y2 - y1
    return (x1 - left) / width, (y1 - top) / height, (right - x2) / width, (bottom - y2) / height


def corner_error(pair: Pair) -> float | None:
    """Mean distance of the four corners in heights of the plate; None where corners are missing.

    The height is the mean length of the plate's own upright sides, not that of its box.
    """
    if pair.corners is None or pair.detection.corners is None:
        return None
    true, found = _points(pair.corners), _points(pair.detection.corners)
    upright = np.hypot(*(true[[0, 1]] - true[[3, 2]]).T).mean()
    return float(np.hypot(*(true - found).T).mean() / upright)


def _points(corners: Corners) -> NDArray[np.float64]:
    return np.array(corners, np.float64)


def _area(box: Sides) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _sides(values: NDArray[np.float64]) -> Sides:
    left, top, right, bottom = values.tolist()
    return left, top, right, bottom
