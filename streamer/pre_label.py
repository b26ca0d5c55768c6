"""`plate-streamer train pre-label`: labels in advance, so that a person only corrects them."""

import dataclasses
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from models.base import Box, Image
from models.training.label_files import Shown, check_names, label_files, written
from models.training.labelled import Plate
from models.training.pictures import PICTURE_ENDINGS, IntBox, PictureFolder
from streamer.app import checked, default_config
from streamer.config import Config, make
from streamer.errors import UserError
from streamer.one_camera import formats_of, informed_reader
from streamer.picture_reader import load_picture
from streamer.stages.views import cut_out

TOLD_EVERY_S = 5.0

Labeller = Callable[[Image], list[Plate]]


def pre_label(
    pictures: Path,
    output: Path,
    *,
    style: str,
    text_as: str = "attribute",
    min_score: float | None = None,
    config: Path | None = None,
) -> int:
    """Label every picture below a folder that has no labels in `output` yet.

    Gives 0, or 2 if a picture could not be read; those are named on stderr at the end. What the
    detector scores below `min_score` (None: its own limit) is left out. Raises `UserError` and
    `AnnotationError`.
    """
    names = _names(pictures, style)
    files = label_files(style, output, text_as=text_as)
    wanted = [name for name in names if not files.has(name)]
    _tell(f"{len(names)} pictures, {len(names) - len(wanted)} of them labelled already")
    faults: list[str] = []
    if wanted:
        label = labeller(checked(config) if config else default_config("unused"), min_score)
        progress = _Progress(len(wanted))
        with written(files) as add:
            for name in wanted:
                try:
                    one = _labelled(pictures, name, label)
                except UserError as error:
                    faults.append(str(error))
                    continue
                add(one)
                progress.step(len(one.plates), sum(bool(plate.text) for plate in one.plates))
        _tell(f"{output}: {progress.done()}")
    for fault in faults:
        print(f"plate-streamer: {fault}", file=sys.stderr)
    return 2 if faults else 0


def _names(pictures: Path, style: str) -> list[str]:
    if not pictures.is_dir():
        raise UserError(f"{pictures}: no such folder; expected a folder of pictures")
    names = PictureFolder(pictures).pictures()
    if not names:
        raise UserError(f"{pictures}: no picture found; known: {', '.join(PICTURE_ENDINGS)}")
    check_names(names, style)
    return names


def _labelled(pictures: Path, name: str, label: Labeller) -> Shown:
    image = load_picture(pictures / name)
    height, width = image.shape[:2]
    return Shown(name, (width, height), label(image))


def labeller(config: Config, min_score: float | None = None) -> Labeller:
    """What gives the plates of one picture as shown: (H, W, 3) uint8 BGR.

    A text that should not be believed is left empty: an empty one is seen when it is corrected,
    a wrong one is not. Raises `UserError` or `ModelError`.
    """
    part = config.parts["detector"]
    if min_score is not None:
        if "min_score" not in part.options:
            raise UserError(f"--min-score: detector {part.name} has no score to compare with")
        if not 0 < min_score <= 1:
            raise UserError(f"--min-score {min_score:g}: expected a score from 0 to 1, e.g. 0.4")
        part = dataclasses.replace(part, options={**part.options, "min_score": min_score})
    detector, reader = make(part), informed_reader(config, formats_of(config))

    def label(image: Image) -> list[Plate]:
        found = detector.detect(image)
        readings = reader.read([cut_out(image, one) for one in found])
        plates = [
            Plate(_whole(one.box, image), reading.text if reading.reason is None else "")
            for one, reading in zip(found, readings, strict=True)
        ]
        return [one for one in plates if one.box[0] < one.box[2] and one.box[1] < one.box[3]]

    return label


def _whole(box: Box, image: Image) -> IntBox:
    limits: Sequence[int] = (image.shape[1], image.shape[0]) * 2
    x1, y1, x2, y2 = (
        min(max(round(side), 0), limit) for side, limit in zip(box, limits, strict=True)
    )
    return x1, y1, x2, y2


def _tell(text: str) -> None:
    print(text, file=sys.stderr)


class _Progress:
    """How many of `total` pictures are done, every few seconds."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._pictures = self._plates = self._texts = 0
        self._started_s = self._told_s = time.monotonic()

    def step(self, plates: int, texts: int) -> None:
        """One more is done, with so many plates, so many of them read."""
        self._pictures += 1
        self._plates += plates
        self._texts += texts
        now_s = time.monotonic()
        if now_s - self._told_s >= TOLD_EVERY_S:
            self._told_s = now_s
            rate = self._pictures / (now_s - self._started_s)
            left_s = (self._total - self._pictures) / rate
            _tell(f"{self._pictures} of {self._total}, {rate:.1f}/s, {left_s:.0f} s left")

    def done(self) -> str:
        """What was done."""
        return f"{self._pictures} pictures labelled: {self._plates} plates, {self._texts} read"
