"""All figures of an evaluation, from what a detector found in each picture."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from models.base import Box, Corners, Detection, ModelError
from models.training.faults import TOUCHES, Bare, Fault, FaultCount, faults_of
from models.training.negatives import ERASED, NEGATIVES, RENDERED_BARE
from models.training.report import bands_text, bare_text, fault_text, scores_text, tightness_text
from models.training.scene import RENDERED, Scene
from models.training.scores import (
    EVERY,
    IOUS,
    Band,
    Curve,
    Matches,
    Score,
    best_threshold,
    curve,
    iou_matrix,
    score,
)
from models.training.tightness import BANDS, BandScore, Tightness, band_score, tightness

ALL_SOURCES = "all"
ANNOTATED = "annotated"
"""The sources together, with and without the rendered scenes."""

APART = (RENDERED_BARE, NEGATIVES)
"""Sources of pictures without plates that are in no score."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a detector found in one picture; `erased`: with its plates painted over before.

    `used` are the detections at the threshold of use, `unsure` all of whatever score, which
    average precision needs. Both come from the detector: one that looks twice, or takes only
    its best, may give other boxes above a threshold when asked for those below it.
    """

    scene: Scene
    used: tuple[Detection, ...]
    unsure: tuple[Detection, ...] = ()
    erased: bool = False

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The plates that can be seen in the picture."""
        return () if self.erased else self.scene.boxes

    @property
    def corners(self) -> tuple[Corners, ...]:
        """Those of `boxes`; empty where they are not known."""
        return () if self.erased else self.scene.corners

    @property
    def source(self) -> str:
        """Where the picture comes from, those painted over apart."""
        return f"{ERASED} {self.scene.source}" if self.erased else self.scene.source


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores by source, the last one over all; `best_score` would be the best threshold by F1.

    `bands` and `curves` are for annotated, rendered and all pictures, `tightness` and `faults`
    by source as the scores, `bare` by source of the pictures without plates.
    """

    scores: tuple[Score, ...]
    min_score: float
    best_score: float
    size: tuple[int, int] | None = None
    runtime: str | None = None
    detector: str = "yolo"
    second_look: bool | None = None
    bands: tuple[BandScore, ...] = ()
    tightness: tuple[Tightness, ...] = ()
    bare: tuple[Bare, ...] = ()
    faults: tuple[FaultCount, ...] = ()
    curves: tuple[Curve, ...] = ()

    def table(self) -> str:
        """The figures as text for people, one source a line, at most 100 columns wide."""
        end = f"at score {self.min_score}, overlap 0.5; best F1 at {self.best_score:.2f}"
        blocks = [scores_text(self.scores, end), fault_text(self.faults)]
        blocks += [tightness_text(self.tightness), bands_text(self.bands), bare_text(self.bare)]
        return "\n\n".join(block for block in blocks if block)

    def to_json(self) -> dict[str, object]:
        """All figures under the names they have here."""
        return asdict(self)


def evaluation_of(outcomes: Iterable[Outcome], min_score: float) -> Evaluation:
    """All figures of `outcomes`; `min_score` is the threshold of use.

    Pictures of the sources of negatives count only among the pictures without plates, so that
    scores with and without them can be compared. Raises `ModelError` where nothing is left.
    """
    outcomes = list(outcomes)
    truth = [one for one in outcomes if not one.erased and one.scene.source not in APART]
    if not truth:
        raise ModelError("nothing to evaluate: the tables have no val picture of a whole scene")
    groups = _groups(truth)
    unsure, used = _matched(groups, EVERY, _unsure), _matched(groups, EVERY, _used)
    wide = {name: groups[name] for name in (ANNOTATED, RENDERED, ALL_SOURCES) if name in groups}
    by_band = [(_matched(wide, band, _unsure), _matched(wide, band, _used)) for band in BANDS]
    found = (tightness(name, one) for name, one in used.items())
    return Evaluation(
        tuple(score(name, unsure[name], used[name]) for name in groups),
        min_score,
        best_threshold(unsure[ALL_SOURCES]),
        tightness=tuple(one for one in found if one is not None),
        bands=tuple(band_score(name, a[name], b[name]) for name in wide for a, b in by_band),
        bare=_bare_by_source(outcomes),
        faults=tuple(_fault_count(name, some) for name, some in groups.items()),
        curves=tuple(curve(name, unsure[name]) for name in wide),
    )


def faults_in(outcome: Outcome) -> list[Fault]:
    """The faults of one picture."""
    return faults_of(outcome.used, outcome.boxes, outcome.unsure)


def new_in(erased: Outcome, before: Outcome) -> list[Detection]:
    """The boxes that appear when plates are painted over: on the paint, or elsewhere."""
    known = [one.box for one in before.used]
    return [
        one for one in erased.used if on_paint(erased, one) or not _overlaps(one, known, IOUS[0])
    ]


def on_paint(erased: Outcome, detection: Detection) -> bool:
    """Whether the box lies where a plate was painted over."""
    return _overlaps(detection, erased.scene.boxes, TOUCHES)


def untouched(outcomes: Iterable[Outcome]) -> dict[Path, Outcome]:
    """By file, the pictures as they are."""
    return {one.scene.path: one for one in outcomes if not one.erased}


def _overlaps(detection: Detection, boxes: Sequence[Box], least: float) -> bool:
    return bool((iou_matrix([detection.box], boxes) >= least).any())


def _groups(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """By source in the order met, then those that are annotated, then all."""
    groups = _by(outcomes, lambda one: one.source)
    if RENDERED in groups and len(groups) > 1:
        groups[ANNOTATED] = [one for one in outcomes if one.source != RENDERED]
    groups[ALL_SOURCES] = list(outcomes)
    return groups


def _by(outcomes: Iterable[Outcome], key: Callable[[Outcome], str]) -> dict[str, list[Outcome]]:
    groups: dict[str, list[Outcome]] = {}
    for one in outcomes:
        groups.setdefault(key(one), []).append(one)
    return groups


def _used(outcome: Outcome) -> Sequence[Detection]:
    return outcome.used


def _unsure(outcome: Outcome) -> Sequence[Detection]:
    return outcome.unsure


def _matched(
    groups: Mapping[str, Sequence[Outcome]],
    band: Band,
    kind: Callable[[Outcome], Sequence[Detection]],
) -> dict[str, Matches]:
    """Each picture is matched once, however many groups it is in."""
    single: dict[int, Matches] = {}
    whole = {name: Matches(band) for name in groups}
    for name, outcomes in groups.items():
        for one in outcomes:
            if id(one) not in single:
                single[id(one)] = Matches(band)
                single[id(one)].add(kind(one), one.boxes, one.corners)
            whole[name].join(single[id(one)])
    return whole


def _bare_by_source(outcomes: Sequence[Outcome]) -> tuple[Bare, ...]:
    before = untouched(outcomes)
    groups = _by((one for one in outcomes if not one.boxes), lambda one: one.source)
    erased = [one for one in outcomes if one.erased]
    if len({one.source for one in erased}) > 1:
        groups[f"{ERASED} {ALL_SOURCES}"] = erased
    bare = {source: _bare(source, some) for source, some in groups.items()}
    return tuple(
        _beside(bare[source], some, before) if some[0].erased else bare[source]
        for source, some in groups.items()
    )


def _bare(source: str, outcomes: Sequence[Outcome]) -> Bare:
    counts = [len(one.used) for one in outcomes]
    any_false = sum(map(bool, counts))
    pictures = len(outcomes)
    return Bare(source, pictures, sum(counts), sum(counts) / pictures, any_false / pictures)


def _beside(bare: Bare, erased: Sequence[Outcome], before: Mapping[Path, Outcome]) -> Bare:
    """With what can be said only of pictures that there are with plates as well."""
    new = [(one, box) for one in erased for box in new_in(one, before[one.scene.path])]
    there = sum(on_paint(one, box) for one, box in new)
    return replace(bare, new=len(new) / len(erased), at_plate=there / len(erased))


def _fault_count(source: str, outcomes: Iterable[Outcome]) -> FaultCount:
    kinds = [fault.kind for one in outcomes for fault in faults_in(one)]
    return FaultCount(
        source,
        missed=kinds.count("missed"),
        loose=kinds.count("loose"),
        double=kinds.count("double"),
        elsewhere=kinds.count("elsewhere"),
    )
