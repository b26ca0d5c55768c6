"""What was corrected at the gate, as a training set: `plate-streamer train reader` takes it.

    annotations/corrections.csv    the table of `models.training.tables`, a row for each plate
    images/corrections/<event>.png
    negatives/<event>.png          no plate, or none that a person could read
    README.txt

A read that somebody has confirmed is a lesson as a wrong one is. Whoever trains on the rows of
`train` is measured on vehicles that are not among them: all pictures of a plate are on one side,
chosen by its hash, so that a later export leaves it there (but one of the first few plates, which
otherwise would all be on one side).
"""

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from models.base import Image
from models.training.splits import sides_of
from models.training.tables import COLUMNS
from streamer.archive.records import Correction
from streamer.errors import NotThere
from streamer.pictures import png

VAL_SHARE = 0.15
SOURCE = "corrections"
TOLD_EVERY = 100

README = """\
What people corrected or confirmed at the gate: {plates} pictures of plates ({val} of them for
validation), {negatives} without a plate that could be read.

    plate-streamer train reader --data annotations --start models/weights/plate-reader.onnx

See docs/corrections.md of plate-streamer. These are personal data.

`negatives` is for `plate-streamer evaluate detector --data annotations --negatives negatives`. Look
through it first, and throw away what shows a plate after all, too dirty or too dark to be read.
"""

Box = tuple[int, int, int, int]
Write = Callable[[str, bytes], object]


class NoLessonsError(NotThere):
    """There is nothing to make a training set of."""


class Corrected(Protocol):
    """Who knows the corrections: the archive."""

    def corrections(self) -> Iterator[Correction]:
        """All of them."""
        ...


class Kept(Protocol):
    """Who has kept their pictures."""

    def lesson(self, event_id: str) -> tuple[Image, Box] | None:
        """A piece of the event's picture, (H, W, 3) uint8 BGR, and the plate's box in it."""
        ...


@dataclass(frozen=True, slots=True)
class Exported:
    """How many pictures of plates there are, how many of these for validation, how many without
    a readable plate; and of how many corrections the picture is gone."""

    plates: int
    val: int
    negatives: int
    missing: int


def lessons_zip(
    archive: Corrected,
    pictures: Kept,
    file: IO[bytes],
    tell: Callable[[int], None] = lambda _: None,
) -> Exported:
    """Write the training set as a ZIP file into `file`; `tell` hears now and then how many
    corrections are done. Raises NoLessonsError, or UserError where one cannot be fetched."""
    with zipfile.ZipFile(file, "w") as packed:

        def write(name: str, content: bytes) -> None:
            kind = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
            packed.writestr(zipfile.ZipInfo(name), content, kind)

        return _write_all(archive, pictures, write, tell)


def lessons_folder(
    archive: Corrected,
    pictures: Kept,
    folder: Path,
    tell: Callable[[int], None] = lambda _: None,
) -> Exported:
    """Write the training set into `folder`, which is made; otherwise as `lessons_zip`."""

    def write(name: str, content: bytes) -> None:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    return _write_all(archive, pictures, write, tell)


@dataclass(frozen=True, slots=True)
class _Row:
    image: str
    size: tuple[int, int]
    box: Box
    plate: str


def _write_all(
    archive: Corrected, pictures: Kept, write: Write, tell: Callable[[int], None]
) -> Exported:
    rows: list[_Row] = []
    negatives = missing = 0
    for done, correction in enumerate(archive.corrections(), start=1):
        lesson = pictures.lesson(correction.event_id)
        if lesson is None:
            missing += 1
        elif correction.plate is None:
            write(f"negatives/{correction.event_id}.png", png(lesson[0]))
            negatives += 1
        else:
            rows.append(_row(correction, correction.plate, lesson))
            write(f"images/{rows[-1].image}", png(lesson[0]))
        if done % TOLD_EVERY == 0:
            tell(done)
    if not rows and not negatives:
        raise NoLessonsError(_nothing(missing))
    sides = _sides(rows)
    if rows:
        write(f"annotations/{SOURCE}.csv", _table(rows, sides).encode())
    val = sum(sides[row.plate] == "val" for row in rows)
    exported = Exported(len(rows), val, negatives, missing)
    about = {"plates": exported.plates, "val": exported.val, "negatives": exported.negatives}
    write("README.txt", README.format(**about).encode())
    return exported


def _row(correction: Correction, plate: str, lesson: tuple[Image, Box]) -> _Row:
    image, box = lesson
    size = image.shape[1], image.shape[0]
    return _Row(f"{SOURCE}/{correction.event_id}.png", size, box, plate)


def _sides(rows: list[_Row]) -> dict[str, str]:
    sides = sides_of(Counter(row.plate for row in rows), VAL_SHARE, [])
    # One plate alone is trained on: without any, nothing could be.
    return sides if len(sides) > 1 else dict.fromkeys(sides, "train")


def _table(rows: list[_Row], sides: dict[str, str]) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows((row.image, *row.size, *row.box, row.plate, sides[row.plate]) for row in rows)
    return text.getvalue()


def _nothing(missing: int) -> str:
    if missing:
        return (
            f"of {missing} corrections no picture was kept; one is kept where"
            " 'store.pictures' was on when the plate was read, and is corrected within"
            " 'store.keep_days'"
        )
    return "nobody has corrected or confirmed a plate yet; the portal's page Events is the place"
