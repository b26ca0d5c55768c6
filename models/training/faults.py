"""What goes wrong in one picture, by kind: missed plates, loose and double boxes, false ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from models.base import Box, Detection
from models.training.scores import IOUS, NOBODY, iou_matrix, match

Kind = Literal["missed", "elsewhere", "loose", "double"]

TOUCHES, LOOSE = 0.1, 0.6
"""Overlaps: from the first on a box is about that plate; below the second it fits badly."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: where, how sure the detector was, and the overlap with the nearest plate.

    `missed`: a plate that no reported box is about; `score` is then that of the best box that
    found it below the threshold, or None. `elsewhere`: a box that is about no annotated plate.
    `loose`: the best box about a plate overlaps it less than LOOSE. `double`: a box about a
    plate that has its box already.
    """

    kind: Kind
    box: Box
    score: float | None
    overlap: float


@dataclass(frozen=True, slots=True)
class Bare:
    """False boxes at the threshold of use in pictures without plates.

    `with_false` is the share of pictures with any. Where plates were painted over, `new` counts
    the boxes per picture that the same picture with its plates does not have, and `at_plate`
    those on the paint (overlap 0.1 with the plate that was there): these are false for certain,
    while a few of the others are plates in the background that nobody has boxed.
    """

    source: str
    pictures: int
    false_boxes: int
    false_per_picture: float
    with_false: float
    new: float | None = None
    at_plate: float | None = None


@dataclass(frozen=True, slots=True)
class FaultCount:
    """How many faults of each kind (see `Fault`) a source has at the threshold of use."""

    source: str
    missed: int
    loose: int
    double: int
    elsewhere: int


def faults_of(
    used: Sequence[Detection], truth: Sequence[Box], unsure: Sequence[Detection] = ()
) -> list[Fault]:
    """The faults of one picture: of the detections in use; `unsure` are all.

    A loose box below 0.5 is a miss and a false box in the figures.
    """
    reported = sorted(used, key=lambda one: -one.score)
    overlaps = iou_matrix([one.box for one in reported], truth)
    taken = match(reported, truth)[:, 0].tolist()
    about: set[int] = {plate for plate in taken if plate != NOBODY}
    faults = []
    for index, one in enumerate(reported):
        kind: Kind
        if taken[index] != NOBODY:
            plate, kind = taken[index], "loose"
        else:
            plate, kind = _place(overlaps[index].tolist(), about)
        overlap = float(overlaps[index, plate]) if plate != NOBODY else 0.0
        if kind != "loose" or overlap < LOOSE:
            faults.append(Fault(kind, one.box, one.score, overlap))
        about.add(plate)
    missed = [box for plate, box in enumerate(truth) if plate not in about]
    return faults + [Fault("missed", box, _best_below(box, unsure), 0.0) for box in missed]


def _best_below(plate: Box, unsure: Sequence[Detection]) -> float | None:
    """The score of the surest detection that would have found the plate."""
    overlaps = iou_matrix([one.box for one in unsure], [plate])[:, 0]
    pairs = zip(unsure, overlaps, strict=True)
    return max((one.score for one, overlap in pairs if overlap >= IOUS[0]), default=None)


def _place(overlaps: Sequence[float], about: set[int]) -> tuple[int, Kind]:
    """Which plate a box that found none is about, and what that makes it."""
    touched = [plate for plate, overlap in enumerate(overlaps) if overlap >= TOUCHES]
    if not touched:
        return NOBODY, "elsewhere"
    fresh = [plate for plate in touched if plate not in about]
    best = max(fresh or touched, key=lambda plate: overlaps[plate])
    return best, "loose" if fresh else "double"
