"""Detections held against the truth: average precision, precision and recall.

Pure functions of boxes and scores; method of the COCO evaluation (cocodataset.org, "Detection
Evaluation": overlaps 0.50 to 0.95, 101 recall points, area ranges).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.base import Box, Corners, Detection

IOUS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
"""The overlaps at which a detection counts as right, as in the COCO evaluation."""

Band = tuple[float, float]
"""Heights of plates in pixels, from the first up to, and without, the second."""

EVERY: Band = (0.0, math.inf)

SAME_PLATE = 0.3
"""Overlap (intersection over union) from which on two boxes are about one plate."""

NOBODY = -1

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Score:
    """What a detector does on the pictures of one source.

    `ap50` and `ap50_95` are average precisions (COCO: 101 recall points) at an overlap of 0.5
    and as mean over 0.5 to 0.95; `precision`, `recall` and `false_per_picture` (boxes that
    match no plate) are at the score threshold of use and an overlap of 0.5.
    """

    source: str
    pictures: int
    plates: int
    ap50: float
    ap50_95: float
    precision: float
    recall: float
    false_per_picture: float


@dataclass(frozen=True, slots=True)
class Pair:
    """A detection and the plate that it found (overlap 0.5 or more)."""

    detection: Detection
    box: Box
    corners: Corners | None
    overlap: float


@dataclass(slots=True)
class Matches:
    """Detections of many pictures held against the truth, for plates of one band of heights.

    `right` and `left_out` are (len(IOUS),) per detection. Left out is, as in COCO's area
    ranges, what found a plate of another height, and what found none and has another height.
    """

    band: Band = EVERY
    pictures: int = 0
    plates: int = 0
    scores: list[float] = field(default_factory=list)
    right: list[Flags] = field(default_factory=list)
    left_out: list[Flags] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)

    def add(
        self,
        detections: Sequence[Detection],
        truth: Sequence[Box],
        corners: Sequence[Corners] = (),
    ) -> None:
        """Count one picture; `corners` belong to `truth`, or are not known."""
        counts = np.array([is_in(self.band, box) for box in truth], bool)
        own = np.array([is_in(self.band, one.box) for one in detections], bool)
        taken = match(detections, truth, counts)
        found = taken != NOBODY
        # one more for NOBODY, who stands at the end
        right = found & np.append(counts, False)[taken]
        self.pictures += 1
        self.plates += int(counts.sum())
        self.scores += [one.score for one in detections]
        self.right += list(right)
        self.left_out += list(np.where(found, ~right, ~own[:, None]))
        for index in np.flatnonzero(right[:, 0]).tolist():
            one, plate = detections[index], int(taken[index, 0])
            overlap = float(iou_matrix([one.box], [truth[plate]])[0, 0])
            known = corners[plate] if corners else None
            self.pairs.append(Pair(one, truth[plate], known, overlap))

    def join(self, other: Self) -> None:
        """Count the pictures of `other` as well."""
        self.pictures += other.pictures
        self.plates += other.plates
        self.scores += other.scores
        self.right += other.right
        self.left_out += other.left_out
        self.pairs += other.pairs

    def at(self, column: int = 0) -> tuple[NDArray[np.float64], Flags]:
        """(n,) scores, best first, and whether each is right at `IOUS[column]`."""
        kept = ~np.array(self.left_out, bool).reshape(-1, len(IOUS))[:, column]
        scores = np.array(self.scores, np.float64)[kept]
        right = np.array(self.right, bool).reshape(-1, len(IOUS))[kept, column]
        order = np.argsort(-scores, kind="stable")
        return scores[order], right[order]


def is_in(band: Band, box: Box) -> bool:
    """Whether the box is of a height of this band."""
    return band[0] <= box[3] - box[1] < band[1]


def match(
    detections: Sequence[Detection], truth: Sequence[Box], counts: Flags | None = None
) -> NDArray[np.intp]:
    """(detections, len(IOUS)): which plate each detection has found at which overlap, or NOBODY.

    Best score first, each takes the free plate that it overlaps most; a second detection of
    the same plate finds nobody. Plates that do not count are taken only where none that counts
    can be had.
    """
    taken = np.full((len(detections), len(IOUS)), NOBODY, np.intp)
    if not truth or not detections:
        return taken
    preferred = np.ones(len(truth), bool) if counts is None else counts
    overlaps = iou_matrix([one.box for one in detections], truth)
    near = np.flatnonzero(overlaps.max(axis=1) >= IOUS[0])
    order = sorted(near.tolist(), key=lambda index: -detections[index].score)
    for column, wanted in enumerate(IOUS):
        free = np.ones(len(truth), bool)
        for index in order:
            for allowed in (free & preferred, free & ~preferred):
                candidates = np.where(allowed, overlaps[index], -1)
                best = int(candidates.argmax())
                if candidates[best] >= wanted:
                    taken[index, column] = best
                    free[best] = False
                    break
    return taken


def iou_matrix(first: Sequence[Box], second: Sequence[Box]) -> NDArray[np.float64]:
    """(first, second) shares of common area in joint area."""
    a = np.array(first, np.float64).reshape(-1, 1, 4)
    b = np.array(second, np.float64).reshape(1, -1, 4)
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = sides.clip(min=0).prod(axis=-1)
    areas = [(boxes[..., 2:] - boxes[..., :2]).prod(axis=-1) for boxes in (a, b)]
    return np.asarray(shared / (areas[0] + areas[1] - shared))


def score(source: str, unsure: Matches, used: Matches) -> Score:
    """The figures of one source: of all detections, and of those at the threshold of use."""
    precisions = [ap_at(unsure, column) for column in range(len(IOUS))]
    _, right = used.at()
    found = int(right.sum())
    return Score(
        source,
        used.pictures,
        used.plates,
        ap50=precisions[0],
        ap50_95=float(np.mean(precisions)),
        precision=found / max(1, len(right)),
        recall=found / max(1, used.plates),
        false_per_picture=(len(right) - found) / max(1, used.pictures),
    )


def ap_at(matches: Matches, column: int = 0) -> float:
    """The average precision at the overlap `IOUS[column]`."""
    scores, right = matches.at(column)
    return average_precision(right, matches.plates, scores)


def average_precision(
    right: Flags, plates: int, scores: NDArray[np.float64] | None = None
) -> float:
    """Mean of the best precision reachable at recall 0, 0.01 … 1 (COCO).

    `right` is (n,) with the best score first. No threshold can part detections of the same
    score, so with `scores` (n,) they count all at once, in whatever order they stand; COCO
    takes them one by one as they come.
    """
    if plates == 0 or not len(right):
        return 0.0
    found = np.cumsum(right)
    recall, precision = found / plates, found / np.arange(1, len(right) + 1)
    if scores is not None:
        ends = np.append(scores[1:] != scores[:-1], True)
        recall, precision = recall[ends], precision[ends]
    best = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(recall, np.linspace(0, 1, 101) - 1e-12)
    return float(np.append(best, 0.0)[at].mean())


def best_threshold(matches: Matches) -> float:
    """The score at which precision and recall (overlap 0.5) have the best harmonic mean."""
    scores, right = matches.at()
    if not len(scores):
        return 0.0
    f1 = 2 * np.cumsum(right) / (np.arange(1, len(scores) + 1) + matches.plates)
    return float(scores[int(f1.argmax())])


@dataclass(frozen=True, slots=True)
class Curve:
    """Precision against recall at an overlap of 0.5: (recall, precision, score) per point."""

    source: str
    points: tuple[tuple[float, float, float], ...]


def curve(source: str, matches: Matches, most: int = 200) -> Curve:
    """The curve of one source, from the best score down, thinned out to about `most` points."""
    scores, right = matches.at()
    found = np.cumsum(right)
    points = np.stack(
        [found / max(1, matches.plates), found / np.arange(1, len(right) + 1), scores], axis=1
    )
    # beyond the last right one the recall stands still
    points = points[: int(np.flatnonzero(right)[-1]) + 1] if right.any() else points[:0]
    kept = np.unique(np.linspace(0, len(points) - 1, min(most, len(points))).round().astype(int))
    return Curve(source, tuple((a, b, c) for a, b, c in points[kept].round(4).tolist()))
