"""How well a detector finds plates: runs it over pictures and gives all figures of it.

By source, for real and rendered pictures apart: average precision, precision, recall; how
tight boxes and corners are; what becomes of small plates; false boxes, also where there is no
plate at all.

Pictures whose plates were painted over (`Material.erase`) ask what the detector does without
a plate: whether it sees one in the bumper where one should be, or takes the next best thing,
a lamp or a badge. Few other pictures show so well a vehicle without a plate. All their boxes
are an upper bound, because plates in the background that nobody has boxed stay there; so
those are counted apart that the same picture with its plates does not have (`Bare.new`), and
of these the ones on the paint (`Bare.at_plate`).
"""

import inspect
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from models.base import Detector, ModelError
from models.detectors.yolo import YoloDetector
from models.training.dataset import render_scenes, scenes_of
from models.training.figures import (
    ALL_SOURCES,
    ANNOTATED,
    APART,
    Evaluation,
    Outcome,
    evaluation_of,
)
from models.training.negatives import erase, load_picture, pictures_in, render_bare
from models.training.scene import RENDERED, Scene

__all__ = [
    "ALL_SOURCES",
    "ANNOTATED",
    "Evaluation",
    "Material",
    "evaluate_detector",
    "score_detector",
]

LOWEST_SCORE = 0.001
"""Average precision looks at detections far below any threshold of use."""

REPORT_S = 5.0
"""Seconds between two lines of progress."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Material:
    """The pictures that a detector is held against.

    The val pictures of `tables` (`images`: see `scenes_of`), `rendered` drawn val scenes and as
    many without plates, the same for the same `seed`; the pictures of the folder `negatives`,
    which must hold no plate; with `erase` the annotated ones again, plates painted over.
    """

    tables: Sequence[Path] = ()
    images: Path | None = None
    rendered: int = 0
    seed: int = 0
    negatives: Path | None = None
    erase: bool = False


def evaluate_detector(
    material: Material,
    *,
    make: Callable[..., Detector] = YoloDetector,
    options: Mapping[str, object] | None = None,
    gallery: Path | None = None,
    name: str = "yolo",
) -> Evaluation:
    """Hold a detector, made by `make` with `options`, against pictures: what the daemon runs.

    Its threshold of use is the option `min_score`, by default its constructor's; for average
    precision it is made a second time, with LOWEST_SCORE. A detector without such an option
    reports what it reports, and all of that is in use. `gallery` is an HTML file to write, with
    the faults. Progress goes to stderr. Raises `ModelError` where there is nothing to evaluate.
    """
    chosen = _defaults(make) | dict(options or {})
    shipped = _number(chosen.get("min_score", 0.0))
    used = make(**chosen)
    unsure = make(**chosen | {"min_score": LOWEST_SCORE}) if "min_score" in chosen else used
    with tempfile.TemporaryDirectory() as folder:
        scenes = _scenes(material, Path(folder))
        outcomes = list(run_detector(used, unsure, scenes, material.erase))
        evaluation = replace(
            evaluation_of(outcomes, shipped),
            size=_pair(chosen.get("size")),
            runtime=str(chosen["runtime"]) if "runtime" in chosen else None,
            detector=name,
            second_look=bool(chosen["second_look"]) if "second_look" in chosen else None,
        )
        if gallery is not None:
            from models.training.gallery import write_gallery

            write_gallery(gallery, evaluation, outcomes)
    return evaluation


def score_detector(detector: Detector, scenes: Iterable[Scene], min_score: float) -> Evaluation:
    """Any detector on any scenes. The detector should report all it finds, however unsure."""
    found = (
        replace(one, used=tuple(box for box in one.unsure if box.score >= min_score))
        for one in run_detector(detector, detector, list(scenes))
    )
    return evaluation_of(found, min_score)


def run_detector(
    used: Detector, unsure: Detector, scenes: Sequence[Scene], with_erased: bool = False
) -> Iterator[Outcome]:
    """What it finds in each picture; `with_erased`: and in those annotated without their plates.

    `used` is the detector as it is used, `unsure` the same when it reports all that it finds.
    """
    for scene in told(scenes, "pictures evaluated"):
        image = load_picture(scene.path)
        found = tuple(used.detect(image))
        more = found if unsure is used or scene.source in APART else tuple(unsure.detect(image))
        yield Outcome(scene, found, more)
        if with_erased and scene.boxes and scene.source != RENDERED:
            yield Outcome(scene, tuple(used.detect(erase(image, scene.boxes))), erased=True)


def write_json(evaluation: Evaluation, file: Path) -> None:
    """All figures for programs. Raises `ModelError` where the file cannot be written."""
    text = json.dumps(evaluation.to_json(), indent=1, ensure_ascii=False, allow_nan=False)
    try:
        file.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise ModelError(f"{file}: cannot be written: {error.strerror}") from None


def told(items: Sequence[T], what: str) -> Iterator[T]:
    """The items, with a line on stderr now and then: how many, how fast, how long yet."""
    started = last = time.monotonic()
    for number, item in enumerate(items):
        now = time.monotonic()
        if number and now - last >= REPORT_S:
            rate = number / (now - started)
            left = round((len(items) - number) / rate)
            line = f"{number} of {len(items)} {what}, {rate:.1f} a second, {left} s left"
            print(line, file=sys.stderr, flush=True)
            last = now
        yield item


def _scenes(material: Material, folder: Path) -> list[Scene]:
    """All pictures, each with its plates; the drawn ones are written to `folder`."""
    scenes = pictures_in(material.negatives) if material.negatives else []
    annotated = scenes_of(material.tables, material.images)
    scenes = [scene for scene in annotated if scene.split == "val"] + scenes
    scenes += render_scenes(folder, "val", material.rendered, material.seed)
    numbers = told(range(material.rendered), "scenes without plates rendered")
    return scenes + [render_bare(folder, number, material.seed) for number in numbers]


def _defaults(make: Callable[..., Detector]) -> dict[str, object]:
    """The keyword-only parameters of a constructor that have a default."""
    return {
        name: parameter.default
        for name, parameter in inspect.signature(make).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY and parameter.default is not parameter.empty
    }


def _number(value: object) -> float:
    if not isinstance(value, int | float):
        raise ModelError(f"min_score: {value!r} should be a number")
    return float(value)


def _pair(size: object) -> tuple[int, int] | None:
    if isinstance(size, tuple | list) and len(size) == 2:
        return int(size[0]), int(size[1])
    return None
