"""The classical way, without any network: outlines of four corners with writing inside.

Grey, bilateral filter (Tomasi and Manduchi 1998), Canny's edges (1986), their outlines (Suzuki
and Abe 1985), each approximated by four corners (Douglas and Peucker 1973). What is shaped like
a plate is straightened and looked into. It needs no model and serves as a baseline.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
from annotated_types import Ge, Gt, Le
from numpy.typing import NDArray

from models.base import Detection, Image
from models.detectors.quads import Points, box_around, in_order, settled

Grey = NDArray[np.uint8]
Outline = NDArray[np.int32]

INSIDE = (160, 40)
"""Width and height to which the inside of an outline is straightened."""

SMALLEST = (16, 6)
"""Width and height, in pixels of the scaled picture, below which no stroke can be told."""

LARGEST = 0.4
"""Of the picture's width: a vehicle that fills it has a plate a third as wide."""

TOLERANCES = (0.02, 0.03, 0.04, 0.06, 0.08)
"""Shares of the outline's length by which four corners may miss it; the first that does."""

ASPECT = (1.1, 8.0)
"""Width by height, from the square plates of motorcycles to the longest."""

STEEPEST = 30.0
"""Degrees by which the plate may slope."""

FULLEST = 0.6
"""The least share that outline and corners have of each other: rounded corners cost little."""

CANNY = (30, 90)
"""Grey levels per pixel: from the higher on an edge begins, down to the lower it goes on."""

EDGE, ROWS = 8, (8, 32)
"""Of the inside, what is looked at: not its frame, left and right, above and below."""

UNEVEN, PARALLEL = 0.3, 0.85
"""Opposite sides, the shorter by the longer, both pairs multiplied."""

BLANK, WRITTEN = 2.0, 8.0
"""Changes between dark and light along a row: characters are strokes and gaps."""

FAINT, STRONG = 15.0, 80.0
"""Grey levels between dark and light."""

PART, NEARLY = 5.0, 0.8
"""A plate is at most so many times as large as a part of it, and scores at least nearly as well."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An outline shaped like a plate: its corners in the scaled picture, and its score."""

    corners: Points
    inside: Grey
    score: float


@dataclass(frozen=True, slots=True)
class Look:
    """What was made of one picture; `scale` is by how much it was scaled."""

    scale: float
    grey: Grey
    smooth: Grey
    edges: Grey
    candidates: tuple[Candidate, ...]


class ContoursDetector:
    """Finds plates by their outline and by the writing in it, each with its four corners.

    Pictures wider than `width` pixels are scaled down to it, which bounds the cost. Plates
    below `min_score` are not reported. The score (0..1) is made by rules of our own and is no
    probability: see `plate_likeness`. In rendered scenes by day it finds nine tenths of the
    plates at least 80 pixels wide, and four tenths of what it reports is other lettering
    (`tests/models/test_contours.py`). One instance serves one thread.
    """

    def __init__(
        self,
        *,
        width: Annotated[int, Gt(0)] = 960,
        min_score: Annotated[float, Ge(0), Le(1)] = 0.6,
    ) -> None:
        self._width = width
        self._min_score = min_score

    def detect(self, image: Image) -> list[Detection]:
        """The plates of one picture, best score first, boxes clipped to the picture."""
        if 0 in image.shape:
            return []
        return self._found(image, look(image, self._width))

    def steps(self, image: Image) -> list[tuple[str, Image]]:
        """What `detect` makes of a picture, step by step, as pictures with their names.

        All but the last are scaled as it works; the last is the picture with what was found.
        Outlines that are shaped like a plate are yellow.
        """
        if 0 in image.shape:
            return []
        seen = look(image, self._width)
        shaped = _drawn(seen.grey, [one.corners for one in seen.candidates], (0, 255, 255))
        plates = [np.array(one.corners) for one in self._found(image, seen)]
        return [
            ("grey", _in_colour(seen.grey)),
            ("smooth", _in_colour(seen.smooth)),
            ("edges", _in_colour(seen.edges)),
            ("candidates", shaped),
            ("plates", _drawn(image, plates, (0, 255, 0))),
        ]

    def _found(self, image: Image, seen: Look) -> list[Detection]:
        likely = [one for one in seen.candidates if one.score >= self._min_score]
        found = [
            _detection((one.corners + 0.5) / seen.scale, one.score) for one in without_parts(likely)
        ]
        return settled(found, (image.shape[1], image.shape[0]))


def look(image: Image, width: int) -> Look:
    """Every outline of a picture that is shaped like a plate, and how it was found."""
    scale = min(1.0, width / image.shape[1])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1 else image
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
    smooth = np.asarray(cv2.bilateralFilter(grey, 5, 40, 5), np.uint8)
    edges = np.asarray(cv2.Canny(smooth, *CANNY), np.uint8)
    outlines, _ = cv2.findContours(edges, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    candidates = []
    for corners in shaped_like_plates(outlines, size[0]):
        inside = straightened(grey, corners)
        candidates.append(Candidate(corners, inside, plate_likeness(corners, inside)))
    return Look(scale, grey, smooth, edges, tuple(candidates))


def shaped_like_plates(outlines: Sequence[Outline], width: int) -> Iterator[Points]:
    """The corners of the outlines that four straight sides fit, in the shape of a plate."""
    for outline in outlines:
        _, _, wide, high = cv2.boundingRect(outline)
        if wide < SMALLEST[0] or high < SMALLEST[1] or wide > LARGEST * width:
            continue
        hull = cv2.convexHull(outline)
        corners = four_corners(hull)
        if corners is not None and _fits(corners, hull) and _lies(corners):
            yield corners


def four_corners(hull: Outline) -> Points | None:
    """The least coarse approximation by four corners, in order; None if there is none."""
    length = cv2.arcLength(hull, True)
    for tolerance in TOLERANCES:
        corners = cv2.approxPolyDP(hull, tolerance * length, True)
        if len(corners) == 4:
            ordered = in_order(corners.reshape(4, 2).astype(np.float64))
            return None if ordered is None else np.array(ordered)
        if len(corners) < 4:
            break
    return None


def plate_likeness(corners: Points, inside: Grey) -> float:
    """0..1: the geometric mean of three marks, each of which can rule a candidate out.

    Rules of our own, whose bounds lie where rendered plates and all else in rendered pictures
    part best: opposite sides are equally long (`UNEVEN` gives 0, `PARALLEL` gives 1), dark and
    light take turns (`BLANK` … `WRITTEN` times) and lie apart (`FAINT` … `STRONG`). Lettering
    of any kind does all that. `inside` is what `straightened` gives.
    """
    top, right, bottom, left = _lengths(corners)
    parallel = min(top, bottom) / max(top, bottom) * min(left, right) / max(left, right)
    changes, contrast = strokes(inside)
    marks = (
        _mark(parallel, UNEVEN, PARALLEL),
        _mark(changes, BLANK, WRITTEN),
        _mark(contrast, FAINT, STRONG),
    )
    return float(np.cbrt(np.prod(marks)))


def strokes(inside: Grey) -> tuple[float, float]:
    """How often dark and light take turns along a row, and how many grey levels lie between.

    Both are of most rows, not of all: between two rows of characters nothing is written. Grey
    between dark and light counts as what was before it, so that noise changes nothing.
    """
    rows = inside[ROWS[0] : ROWS[1], EDGE:-EDGE].astype(np.float32)
    low, high = np.percentile(rows, (10, 90), axis=1, keepdims=True)
    third = 0.35 * (high - low)
    tones = np.where(rows < low + third, -1, np.where(rows > high - third, 1, 0))
    last = np.where(tones != 0, np.arange(tones.shape[1]), 0)
    tones = np.take_along_axis(tones, np.maximum.accumulate(last, axis=1), axis=1)
    changes = (np.diff(tones, axis=1) != 0).sum(axis=1)
    return float(np.percentile(changes, 60)), float(np.median(high - low))


def without_parts(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Without those that lie in a larger one as good: some characters, outlined for themselves.

    What is more than `PART` times as large is no plate, but what a plate hangs on.
    """
    return [one for one in candidates if not any(_is_part(one, other) for other in candidates)]


def straightened(grey: Grey, corners: Points) -> Grey:
    """What lies between the corners, `INSIDE` pixels large."""
    width, height = INSIDE
    target = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    return np.asarray(cv2.warpPerspective(grey, matrix, INSIDE), np.uint8)


def _is_part(one: Candidate, other: Candidate) -> bool:
    if other.score < NEARLY * one.score:
        return False
    small, large = (cv2.contourArea(each.corners.astype(np.float32)) for each in (one, other))
    if not small < large <= PART * small:
        return False
    middle = one.corners.mean(axis=0)
    return cv2.pointPolygonTest(other.corners.astype(np.float32), middle.tolist(), False) > 0


def _fits(corners: Points, hull: Outline) -> bool:
    """Whether the four straight sides hold about what the outline holds."""
    areas = sorted((cv2.contourArea(hull), cv2.contourArea(corners.astype(np.float32))))
    return areas[0] >= FULLEST * areas[1] > 0


def _lies(corners: Points) -> bool:
    """Whether it is as wide and as level as plates are."""
    top, right, bottom, left = _lengths(corners)
    x, y = corners[1] + corners[2] - corners[0] - corners[3]
    level = abs(np.degrees(np.arctan2(y, x))) <= STEEPEST
    return bool(level and ASPECT[0] <= (top + bottom) / (left + right) <= ASPECT[1])


def _lengths(corners: Points) -> tuple[float, float, float, float]:
    """Top, right, bottom, left."""
    top, right, bottom, left = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T).tolist()
    return top, right, bottom, left


def _mark(value: float, none: float, full: float) -> float:
    return min(max((value - none) / (full - none), 0.0), 1.0)


def _detection(corners: Points, score: float) -> Detection:
    return Detection(box_around(corners), score, in_order(corners))


def _in_colour(grey: Grey) -> Image:
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)


def _drawn(picture: Image | Grey, shapes: Sequence[Points], colour: tuple[int, int, int]) -> Image:
    drawn = _in_colour(picture) if picture.ndim == 2 else picture.copy()
    outlines = [np.round(shape).astype(np.int32) for shape in shapes]
    return np.asarray(cv2.polylines(drawn, outlines, True, colour, 2), np.uint8)
