"""What stands on the plates of pictures: a table of it, and what was found held against it."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from models.base import Box
from models.edits import distance
from models.training.plate_crops import plain_text
from models.training.scores import SAME_PLATE, iou_matrix
from streamer.errors import UserError

PICTURE_COLUMNS = ("image", "file", "filename", "path", "source")
PLATE_COLUMNS = ("plate", "plate_text", "text", "truth")
BOX_COLUMNS = ("xmin", "ymin", "xmax", "ymax")
ALIKE = 0.6
"""Without a box, what differs in more than this share of its characters is another plate."""


@dataclass(frozen=True, slots=True)
class KnownPlate:
    """One plate of a picture; `text` is empty where nobody knows it, `box` None likewise."""

    text: str
    box: Box | None = None


@dataclass(slots=True)
class KnownPicture:
    """A picture, as the table names it, and all plates that are known to be in it."""

    name: str
    source: str
    plates: list[KnownPlate] = field(default_factory=list)


def read_truth(file: Path, split: str | None = None) -> list[KnownPicture]:
    """The pictures of a table, in its order.

    It has one row per plate, with a column for the picture (`image`, `file`, `path`, …) and one
    for the plate (`plate`, `plate_text`, …); boxes (`xmin`, `ymin`, `xmax`, `ymax`, pixels) and
    `source` are welcome. A row without text says that there is no plate; with a box, that
    there is one whose text is unknown. `split` leaves out the rows of others. Raises UserError
    naming the file and the line.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            rows = csv.DictReader(opened)
            columns = rows.fieldnames or []
            picture = _column(file, columns, PICTURE_COLUMNS, "pictures")
            plate = _column(file, columns, PLATE_COLUMNS, "plates")
            pictures: dict[str, KnownPicture] = {}
            for row in rows:
                if split is not None and (row.get("split") or split) != split:
                    continue
                where = f"{file}:{rows.line_num}"
                name = (row[picture] or "").strip()
                if not name:
                    raise UserError(f"{where}: {picture} is empty; it names the picture")
                known = pictures.setdefault(name, KnownPicture(name, _source(name, row, picture)))
                known.plates += _plates(where, row, plate)
    except OSError as error:
        raise UserError(f"{file}: cannot be opened: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{file}: cannot be read as CSV: {error}") from None
    if not pictures:
        raise UserError(f"{file}: has no rows{'' if split is None else f' of the split {split}'}")
    return list(pictures.values())


def _column(file: Path, columns: Sequence[str], known: Sequence[str], what: str) -> str:
    for name in known:
        if name in columns:
            return name
    raise UserError(
        f"{file}: no column names the {what}; one should be called {', '.join(known)};"
        f" there are: {', '.join(columns) or 'none'}"
    )


def _source(name: str, row: Mapping[str, str], picture: str) -> str:
    if picture != "source" and (row.get("source") or "").strip():
        return row["source"].strip()
    return Path(name).parts[0] if len(Path(name).parts) > 1 else "all pictures"


def _plates(where: str, row: Mapping[str, str], plate: str) -> Iterator[KnownPlate]:
    sides = [(row.get(name) or "").strip() for name in BOX_COLUMNS]
    box = None
    if all(sides):
        try:
            x1, y1, x2, y2 = map(float, sides)
        except ValueError:
            raise UserError(f"{where}: the box {','.join(sides)} should be four numbers") from None
        box = (x1, y1, x2, y2)
    written = (row[plate] or "").strip()
    text = plain_text(written)
    if written and not text:
        raise UserError(f"{where}: {plate} {written!r} has no letter and no digit")
    if text or box:
        yield KnownPlate(text, box)


def paired(
    known: Sequence[KnownPlate], found: Iterable[tuple[str, Box]]
) -> tuple[dict[int, int], list[int]]:
    """Which of the plates `found` (text, box) is which known one, and those that are none.

    By the boxes where they are known, else by the text: the assignment with the fewest errors.
    """
    texts_and_boxes = list(found)
    cost = np.array([[_cost(one, *other) for other in texts_and_boxes] for one in known], float)
    if not cost.size:
        return {}, list(range(len(texts_and_boxes)))
    pairs = {
        int(row): int(column)
        for row, column in zip(*linear_sum_assignment(cost), strict=True)
        if cost[row, column] <= 1.0
    }
    taken = set(pairs.values())
    return pairs, [number for number in range(len(texts_and_boxes)) if number not in taken]


def _cost(known: KnownPlate, text: str, box: Box) -> float:
    """At most 1 for what may be the same plate."""
    if known.box is not None:
        overlap = float(iou_matrix([known.box], [box])[0, 0])
        return 1.0 - overlap if overlap >= SAME_PLATE else 9.0
    errors = distance(known.text, text) / max(len(known.text), len(text), 1)
    return errors if errors <= ALIKE else 9.0
