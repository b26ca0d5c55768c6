"""Annotated pictures as one table: Pascal VOC XML in, our CSV out.

The table and its columns are those of `models.training.tables`.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from models.training.duplicates import Duplicate, compare
from models.training.pictures import PictureFolder, files_below
from models.training.splits import SOURCES_BY, source_of, split_of, split_pictures
from models.training.tables import COLUMNS, SPLITS, AnnotationError, read_tables
from models.training.voc_xml import Remark, VocFile, Wanted, read_voc

if TYPE_CHECKING:
    from pandas import DataFrame

MOST_BITS = 16
"""Hashes of any two pictures differ by about 32 of 64 bits."""

__all__ = [
    "COLUMNS",
    "SPLITS",
    "AnnotationError",
    "VocImport",
    "import_voc",
    "read_tables",
    "split_of",
]


@dataclass(frozen=True)
class VocImport:
    """What an import found: the table, and everything that is not quite as it was written.

    `sources` gives the source of each picture in the table, `notes` how they were split.
    """

    table: "DataFrame"
    images: Path
    sources: dict[str, str] = field(default_factory=dict)
    duplicates: list[Duplicate] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def texts(self, kind: str) -> list[str]:
        """The remarks of one kind: clipped, dropped, without plates …"""
        return [remark.text for remark in self.remarks if remark.kind == kind]


def import_voc(
    *,
    annotations: Path,
    images: Path,
    classes: Sequence[str] = (),
    text_attribute: str | None = None,
    source_by: str = "folder",
    val_share: float = 0.15,
    duplicate_bits: int | None = 4,
    output: Path | None = None,
) -> VocImport:
    """Read all Pascal VOC XML below a folder, and its pictures, into one table.

    `classes` keeps only objects of these names (empty: all are plates); `text_attribute` is the
    attribute of an object that holds the plate's text. Of pictures whose perceptual hashes
    differ by at most `duplicate_bits` of 64, and that show the same, the first by name is kept
    (None: all are). Whole sources are held back for validation, by a hash of their name: a
    source is a `folder` of pictures or the `prefix` of their names. `output` also writes the
    table as CSV. Boxes that reach outside their picture are clipped, boxes without an area are
    dropped; these and the rest of what is odd is listed in the result. Progress goes to stderr.
    Raises `AnnotationError`.
    """
    _check(source_by, val_share, duplicate_bits)
    wanted = Wanted(frozenset(classes), text_attribute)
    read = _read_all(annotations, PictureFolder(images), wanted)
    pictures = _one_each(read)
    compared = compare([one for one in pictures if one.plates], duplicate_bits)
    kept = [one for one in pictures if one.picture.name in compared.near]
    split = split_pictures(list(compared.near), compared.near, source_by, val_share)
    found = VocImport(
        _table(kept, split.of),
        images,
        {name: source_of(name, source_by) for name in compared.near},
        compared.duplicates,
        [remark for one in pictures for remark in one.remarks],
        split.notes,
    )
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        found.table.to_csv(output, index=False)
    return found


def _check(source_by: str, val_share: float, duplicate_bits: int | None) -> None:
    if source_by not in SOURCES_BY:
        raise AnnotationError(f"source by {source_by!r}; known: {', '.join(SOURCES_BY)}")
    if not 0 <= val_share <= 1:
        raise AnnotationError(f"val share {val_share:g}; expected a share from 0 to 1, e.g. 0.15")
    if duplicate_bits is not None and not 0 <= duplicate_bits <= MOST_BITS:
        raise AnnotationError(f"duplicate bits {duplicate_bits}; expected 0 to {MOST_BITS}")


def _read_all(annotations: Path, pictures: PictureFolder, wanted: Wanted) -> list[VocFile]:
    files = [file for file in files_below(annotations) if file.suffix.lower() == ".xml"]
    if not files:
        raise AnnotationError(
            f"{annotations}: no *.xml here; expected a folder of Pascal VOC files"
        )
    read = []
    for number, file in enumerate(files, start=1):
        read.append(read_voc(file, annotations, pictures, wanted))
        if number % 500 == 0:
            print(f"read {number} of {len(files)} annotations", file=sys.stderr)
    known = sorted(set().union(*(one.attributes for one in read)))
    if wanted.text_attribute is not None and wanted.text_attribute not in known:
        there = ", ".join(known) or "none at all"
        raise AnnotationError(
            f"{annotations}: no object has the attribute {wanted.text_attribute!r}; there: {there}"
        )
    return read


def _one_each(read: Iterable[VocFile]) -> list[VocFile]:
    """By name; what several files say of one picture is put together."""
    pictures: dict[str, VocFile] = {}
    for one in sorted(read, key=lambda one: one.picture.name):
        first = pictures.setdefault(one.picture.name, one)
        if first is not one:
            known = {plate.box for plate in first.plates}
            first.plates += [plate for plate in one.plates if plate.box not in known]
            first.remarks += one.remarks
            first.remark("annotated twice", f"{one.picture.path} by more than one file")
    return list(pictures.values())


def _table(pictures: Iterable[VocFile], split: Mapping[str, str]) -> "DataFrame":
    import pandas as pd

    rows = [
        (one.picture.name, *one.picture.size, *plate.box, plate.text, split[one.picture.name])
        for one in pictures
        for plate in one.plates
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
