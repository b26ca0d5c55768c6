"""Whole pictures in, plates out, held against the truth: what a user of `read` gets."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from models.base import Image, Reading
from models.training.evaluate import told
from models.training.evaluate_reader import Comparison, Read, looks_of
from models.training.plate_crops import Plate, cut_box
from models.training.reader_figures import ReaderEvaluation, evaluation_of
from models.training.reader_report import evaluation_text
from streamer.errors import UserError
from streamer.evaluation.truth import KnownPicture, KnownPlate, paired
from streamer.found import FoundPlate
from streamer.picture_reader import load_picture

MARGIN = 0.15
"""Around a plate in the page of faults, in heights of its box."""

ReadPicture = Callable[[Image], list[FoundPlate]]


@dataclass(frozen=True, slots=True)
class Extra:
    """What was read where no plate is known; `believed` says that nothing speaks against it."""

    picture: str
    plate: str
    believed: bool


@dataclass(frozen=True, slots=True)
class TruthEvaluation:
    """`evaluation` has the figures of the plates whose text is known, `found` and `plates` those of
    all plates; `faults` are pictures that could not be read, `read_s` seconds of reading."""

    evaluation: ReaderEvaluation
    read: Read
    pictures: int
    plates: int
    found: int
    extras: tuple[Extra, ...]
    faults: tuple[str, ...]
    read_s: float

    def table(self) -> str:
        """The figures as text for people."""
        believed = sum(one.believed for one in self.extras)
        per_picture = 1000 * self.read_s / max(self.pictures, 1)
        return (
            f"{self.pictures} pictures, {self.plates} plates, {self.found} of them found"
            f" ({self.found / max(self.plates, 1):.1%});"
            f" {len(self.extras)} read beyond the truth, {believed} of them believed;"
            f" {per_picture:.0f} ms a picture\n\n{evaluation_text(self.evaluation)}"
        )

    def to_json(self) -> dict[str, object]:
        """All figures, and what was read of each plate."""
        return {
            "pictures": self.pictures,
            "plates": self.plates,
            "found": self.found,
            "extras": [
                {"picture": x.picture, "plate": x.plate, "believed": x.believed}
                for x in self.extras
            ],
            "faults": list(self.faults),
            "ms_per_picture": 1000 * self.read_s / max(self.pictures, 1),
            "reader": self.evaluation.to_json(),
            "read": [
                {"picture": plate.file, "truth": plate.truth, "plate": reading.text}
                for plate, reading in zip(self.read.plates, self.read.readings, strict=True)
            ],
        }

    def comparison(self) -> Comparison:
        """What the page of faults is made of."""
        return Comparison((self.evaluation,), (self.read,), (), ((),), {})


def evaluate_truth(
    pictures: Sequence[KnownPicture], folder: Path, read: ReadPicture, name: str
) -> TruthEvaluation:
    """Read every picture of the table, found below `folder`, as `read` does (called `name`).

    A picture that is missing or broken is a fault, its plates are not found. Progress goes to
    stderr. Raises UserError where no picture can be read, or no text is known.
    """
    tally = _Tally()
    for picture in told(pictures, "pictures"):
        image, found = _opened(picture, folder, tally.faults), []
        if image is not None:
            began_s = time.perf_counter()
            found = read(image)
            tally.read_s += time.perf_counter() - began_s
        tally.add(picture, image, found)
    if len(tally.faults) == len(pictures):
        raise UserError(f"{tally.faults[0]}; no picture of the table could be read")
    if not tally.plates:
        raise UserError("the table has no plate with a text; nothing to hold readings against")
    read_all = Read(tuple(tally.plates), tuple(tally.readings))
    evaluation = replace(evaluation_of(name, looks_of(read_all), [], 0.0), informed=True)
    return TruthEvaluation(
        evaluation,
        read_all,
        len(pictures),
        tally.all_plates,
        tally.found,
        tuple(tally.extras),
        tuple(tally.faults),
        tally.read_s,
    )


def _opened(picture: KnownPicture, folder: Path, faults: list[str]) -> Image | None:
    try:
        return load_picture(folder / picture.name)
    except UserError as error:
        faults.append(str(error))
        print(f"plate-streamer: {error}", file=sys.stderr)
        return None


class _Tally:
    def __init__(self) -> None:
        self.plates: list[Plate] = []
        self.readings: list[Reading] = []
        self.extras: list[Extra] = []
        self.faults: list[str] = []
        self.all_plates = self.found = 0
        self.read_s = 0.0

    def add(self, picture: KnownPicture, image: Image | None, found: list[FoundPlate]) -> None:
        """Count one picture."""
        pairs, extras = paired(picture.plates, [(one.plate, one.box) for one in found])
        self.all_plates += len(picture.plates)
        self.found += len(pairs)
        self.extras += [
            Extra(picture.name, found[n].plate, found[n].reason is None) for n in extras
        ]
        for number, known in enumerate(picture.plates):
            if known.text:
                one = found[pairs[number]] if number in pairs else None
                self.plates.append(_plate(picture, known, image, one))
                self.readings.append(_reading(one))


def _plate(
    picture: KnownPicture, known: KnownPlate, image: Image | None, found: FoundPlate | None
) -> Plate:
    box = known.box or (found.box if found else (0.0, 0.0, 1.0, 1.0))
    crop = None if image is None or found is None else cut_box(image, found.box, MARGIN)
    height = box[3] - box[1]
    ratio = (box[2] - box[0]) / max(height, 1.0)
    return Plate(picture.source, picture.name, crop, known.text, height, ratio)


def _reading(found: FoundPlate | None) -> Reading:
    if found is None:
        return Reading("", ())
    return Reading(
        found.plate,
        tuple(character.confidence for character in found.characters),
        confidence=found.confidence,
        country=found.country,
        reason=found.reason,
    )


def wrong(evaluation: TruthEvaluation) -> Iterator[tuple[str, str, str]]:
    """(picture, truth, read) of the plates that were not read right, in the table's order."""
    for plate, reading in zip(evaluation.read.plates, evaluation.read.readings, strict=True):
        if reading.text != plate.truth:
            yield plate.file, plate.truth, reading.text
