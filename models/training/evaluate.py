"""How well a detector finds plates: average precision, precision and recall by source."""

import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.base import Box, Detection, Detector, ModelError
from models.training.dataset import RENDERED, Scene, render_scenes, scenes_of

IOUS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
"""The overlaps at which a detection counts as right, as in the COCO evaluation."""

ALL_SOURCES = "all"
ANNOTATED = "annotated"
"""The sources together, with and without the rendered scenes."""

LOWEST_SCORE = 0.001
"""Average precision looks at detections far below any threshold of use."""


@dataclass(frozen=True, slots=True)
class Score:
    """What a detector does on the pictures of one source.

    `ap50` and `ap50_95` are average precisions (COCO: 101 recall points) at an overlap of 0.5
    and as mean over 0.5 to 0.95; `precision` and `recall` are at the score threshold of use
    and an overlap of 0.5.
    """

    source: str
    pictures: int
    plates: int
    ap50: float
    ap50_95: float
    precision: float
    recall: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores by source, the last one over all; `best_score` would be the best threshold by F1."""

    scores: tuple[Score, ...]
    min_score: float
    best_score: float
    size: tuple[int, int] | None = None
    runtime: str | None = None

    def table(self) -> str:
        """The scores as text for people, one source a line."""
        head = f"{'source':18} pictures plates   AP50 AP50-95  precision recall"
        lines = [
            f"{one.source:18} {one.pictures:8d} {one.plates:6d}  {one.ap50:5.3f}   "
            f"{one.ap50_95:5.3f}      {one.precision:5.3f}  {one.recall:5.3f}"
            for one in self.scores
        ]
        end = f"precision and recall at score {self.min_score}; best F1 at {self.best_score:.2f}"
        return "\n".join([head, *lines, end])


@dataclass(slots=True)
class Matches:
    """Detections held against the truth: `right` is (n, len(IOUS)) bool, beside (n,) scores."""

    pictures: int = 0
    plates: int = 0
    scores: list[float] = field(default_factory=list)
    right: list[NDArray[np.bool_]] = field(default_factory=list)

    def add(self, detections: Sequence[Detection], truth: Sequence[Box]) -> None:
        """Count one picture."""
        self.pictures += 1
        self.plates += len(truth)
        self.scores += [one.score for one in detections]
        self.right += list(match(detections, truth))

    def join(self, other: Self) -> None:
        """Count the pictures of `other` as well."""
        self.pictures += other.pictures
        self.plates += other.plates
        self.scores += other.scores
        self.right += other.right


def evaluate_detector(
    *,
    tables: Sequence[Path],
    images: Path | None = None,
    weights: Path | None = None,
    size: tuple[int, int] | None = None,
    min_score: float | None = None,
    runtime: str = "onnxruntime",
    rendered: int = 0,
    seed: int = 0,
) -> Evaluation:
    """Hold exported weights (None: the bundled ones) against the val pictures of the tables.

    It measures what the daemon runs: the ONNX file through `YoloDetector`. `size` and
    `min_score` are by default that detector's own; `rendered` adds drawn val scenes, the same
    for the same seed. Progress goes to stderr.
    """
    from models.detectors.yolo import YoloDetector

    defaults = YoloDetector.__init__.__kwdefaults__ or {}
    size = size or defaults["size"]
    shipped = defaults["min_score"] if min_score is None else min_score
    detector = YoloDetector(weights=weights, size=size, min_score=LOWEST_SCORE, runtime=runtime)
    scenes = [scene for scene in scenes_of(tables, images) if scene.split == "val"]
    with tempfile.TemporaryDirectory() as folder:
        scenes += render_scenes(Path(folder), "val", rendered, seed)
        evaluation = score_detector(detector, scenes, shipped)
    return replace(evaluation, size=size, runtime=runtime)


def score_detector(detector: Detector, scenes: Iterable[Scene], min_score: float) -> Evaluation:
    """Any detector on any scenes. The detector should report all it finds, however unsure."""
    import cv2

    by_source: dict[str, Matches] = {}
    for number, scene in enumerate(scenes, start=1):
        image = cv2.imread(str(scene.path))
        if image is None:
            raise ModelError(f"{scene.path}: no readable picture")
        detections = detector.detect(np.asarray(image, np.uint8))
        by_source.setdefault(scene.source, Matches()).add(detections, scene.boxes)
        if number % 100 == 0:
            print(f"evaluated {number} pictures", file=sys.stderr)
    if not by_source:
        raise ModelError("nothing to evaluate: the tables have no val picture of a whole scene")
    overall = _together(by_source.values())
    named = [*by_source.items(), (ALL_SOURCES, overall)]
    if RENDERED in by_source and len(by_source) > 1:
        annotated = _together(one for name, one in by_source.items() if name != RENDERED)
        named.insert(-1, (ANNOTATED, annotated))
    scores = tuple(score(source, matches, min_score) for source, matches in named)
    return Evaluation(scores, min_score, best_threshold(overall))


def _together(parts: Iterable[Matches]) -> Matches:
    whole = Matches()
    for one in parts:
        whole.join(one)
    return whole


def match(detections: Sequence[Detection], truth: Sequence[Box]) -> NDArray[np.bool_]:
    """(detections, len(IOUS)): which detection is right at which overlap.

    Best score first, each takes the free plate that it overlaps most; a second detection of
    the same plate is wrong.
    """
    right = np.zeros((len(detections), len(IOUS)), bool)
    if not truth:
        return right
    order = sorted(range(len(detections)), key=lambda index: -detections[index].score)
    overlaps = iou_matrix([one.box for one in detections], truth)
    for column, wanted in enumerate(IOUS):
        free = np.ones(len(truth), bool)
        for index in order:
            candidates = np.where(free, overlaps[index], -1)
            best = int(candidates.argmax())
            if candidates[best] >= wanted:
                right[index, column] = True
                free[best] = False
    return right


def iou_matrix(first: Sequence[Box], second: Sequence[Box]) -> NDArray[np.float64]:
    """(first, second) shares of common area in joint area."""
    a = np.array(first, np.float64).reshape(-1, 1, 4)
    b = np.array(second, np.float64).reshape(1, -1, 4)
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = sides.clip(min=0).prod(axis=-1)
    areas = [(boxes[..., 2:] - boxes[..., :2]).prod(axis=-1) for boxes in (a, b)]
    return np.asarray(shared / (areas[0] + areas[1] - shared))


def score(source: str, matches: Matches, min_score: float) -> Score:
    """The figures of one source."""
    scores, right = _sorted(matches)
    precisions = [average_precision(right[:, n], matches.plates) for n in range(len(IOUS))]
    reported = scores >= min_score
    found = int(right[reported, 0].sum())
    return Score(
        source,
        matches.pictures,
        matches.plates,
        ap50=precisions[0],
        ap50_95=float(np.mean(precisions)),
        precision=found / max(1, int(reported.sum())),
        recall=found / max(1, matches.plates),
    )


def average_precision(right: NDArray[np.bool_], plates: int) -> float:
    """Mean of the best precision reachable at recall 0, 0.01 … 1 (COCO).

    `right` is (n,) with the best score first.
    """
    if plates == 0 or not len(right):
        return 0.0
    found = np.cumsum(right)
    recall, precision = found / plates, found / np.arange(1, len(right) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(recall, np.linspace(0, 1, 101) - 1e-12)
    return float(np.append(best, 0.0)[at].mean())


def best_threshold(matches: Matches) -> float:
    """The score at which precision and recall (overlap 0.5) have the best harmonic mean."""
    scores, right = _sorted(matches)
    if not len(scores):
        return 0.0
    found = np.cumsum(right[:, 0])
    f1 = 2 * found / (np.arange(1, len(scores) + 1) + matches.plates)
    return float(scores[int(f1.argmax())])


def _sorted(matches: Matches) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    scores = np.array(matches.scores, np.float64)
    order = np.argsort(-scores, kind="stable")
    right = np.array(matches.right, bool).reshape(-1, len(IOUS))
    return scores[order], right[order]
