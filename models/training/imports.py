"""Labelled pictures as one table: Pascal VOC, YOLO or COCO in, our CSV out.

The table and its columns are those of `models.training.tables`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from models.training.coco_json import read_all_coco
from models.training.duplicates import Duplicate, compare
from models.training.labelled import Labelled, Remark, Wanted
from models.training.pictures import PictureFolder, files_below, tails
from models.training.splits import SOURCES_BY, source_of, split_pictures
from models.training.tables import COLUMNS, SPLITS, AnnotationError, load_pandas
from models.training.voc_xml import read_all_voc
from models.training.yolo_txt import read_all_yolo

if TYPE_CHECKING:
    from pandas import DataFrame

MOST_BITS = 16
"""Hashes of any two pictures differ by about 32 of 64 bits."""

Read = Callable[[Path, PictureFolder, Wanted], list[Labelled]]
READ: dict[str, Read] = {"voc": read_all_voc, "yolo": read_all_yolo, "coco": read_all_coco}
"""What reads all labels below a folder, by format."""


@dataclass(frozen=True, slots=True)
class Splitting:
    """How pictures are divided: whole sources (`source_by`), about `val_share` of them for val.

    With `keep`, pictures stay on the side whose list (`train.txt`, `val.txt`) names them, or of
    which their file is (`instances_train.json`, `instances_val.json`).
    """

    source_by: str = "folder"
    val_share: float = 0.15
    keep: bool = False


@dataclass(frozen=True)
class LabelImport:
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


def import_labels(
    *,
    style: str,
    annotations: Path,
    images: Path,
    wanted: Wanted | None = None,
    splitting: Splitting | None = None,
    duplicate_bits: int | None = 4,
    output: Path | None = None,
) -> LabelImport:
    """Read all labels below a folder, and their pictures, into one table.

    `style` is a key of `READ`. Of pictures whose perceptual hashes differ by at most
    `duplicate_bits` of 64, and that show the same, the first by name is kept (None: all are).
    Whole sources are held back for validation, by a hash of their name. `output` also writes the
    table as CSV. Boxes that reach outside their picture are clipped, boxes without an area are
    dropped; these and the rest of what is odd is listed in the result. Progress goes to stderr.
    Raises `AnnotationError`.
    """
    wanted, splitting = wanted or Wanted(), splitting or Splitting()
    _check(splitting, duplicate_bits)
    folder = PictureFolder(images)
    read = READ[style](annotations, folder, wanted)
    _check_attribute(annotations, read, wanted)
    pictures = _one_each(read)
    compared = compare([one for one in pictures if one.plates], duplicate_bits)
    kept = [one for one in pictures if one.picture.name in compared.near]
    split = split_pictures(
        list(compared.near), compared.near, splitting.source_by, splitting.val_share
    )
    if splitting.keep:
        of_files = {one.picture.name: one.split for one in read if one.split}
        given = of_files | _listed(annotations, folder, needed=not of_files)
        split.of.update((name, given[name]) for name in split.of.keys() & given.keys())
        split.notes.append(f"lists give the side of {len(split.of.keys() & given.keys())} pictures")
    found = LabelImport(
        _table(kept, split.of),
        images,
        {name: source_of(name, splitting.source_by) for name in compared.near},
        compared.duplicates,
        [remark for one in pictures for remark in one.remarks],
        split.notes,
    )
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        found.table.to_csv(output, index=False)
    return found


def _check(splitting: Splitting, duplicate_bits: int | None) -> None:
    if splitting.source_by not in SOURCES_BY:
        known = ", ".join(SOURCES_BY)
        raise AnnotationError(f"source by {splitting.source_by!r}; known: {known}")
    if not 0 <= splitting.val_share <= 1:
        raise AnnotationError(
            f"val share {splitting.val_share:g}; expected a share from 0 to 1, e.g. 0.15"
        )
    if duplicate_bits is not None and not 0 <= duplicate_bits <= MOST_BITS:
        raise AnnotationError(f"duplicate bits {duplicate_bits}; expected 0 to {MOST_BITS}")


def _check_attribute(annotations: Path, read: Iterable[Labelled], wanted: Wanted) -> None:
    known = sorted(set().union(*(one.attributes for one in read)))
    if wanted.text_attribute is not None and wanted.text_attribute not in known:
        there = ", ".join(known) or "none at all"
        raise AnnotationError(
            f"{annotations}: no object has the attribute {wanted.text_attribute!r}; there: {there}"
        )


def _one_each(read: Iterable[Labelled]) -> list[Labelled]:
    """By name; what several files say of one picture is put together."""
    pictures: dict[str, Labelled] = {}
    for one in sorted(read, key=lambda one: one.picture.name):
        first = pictures.setdefault(one.picture.name, one)
        if first is not one:
            known = {plate.box for plate in first.plates}
            first.plates += [plate for plate in one.plates if plate.box not in known]
            first.remarks += one.remarks
            first.remark("annotated twice", f"{one.picture.path} by more than one file")
    return list(pictures.values())


def root_of(annotations: Path) -> Path:
    """The folder of a data set that is given as such, or as one file of labels in it."""
    folder = annotations.parent if annotations.is_file() else annotations
    inner = annotations.is_file() and folder.name == "annotations"
    return folder.parent if inner else folder


def _listed(annotations: Path, pictures: PictureFolder, *, needed: bool) -> dict[str, str]:
    """The side of each picture that a `train.txt` or `val.txt` names, with its ending or without.

    Such lists are in the root of YOLO's data sets and in `ImageSets/Main` of VOC's.
    """
    root = root_of(annotations)
    lists = [file for file in files_below(root) if file.name in ("train.txt", "val.txt")]
    if needed and not lists:
        raise AnnotationError(f"{annotations}: no train.txt or val.txt here that gives the split")
    sides: dict[str, str] = {}
    for file in lists:
        for line in file.read_text(encoding="utf-8-sig", errors="replace").splitlines():
            picture = pictures.find(tails(line), file) if line.strip() else None
            if picture and sides.setdefault(picture.name, file.stem) != file.stem:
                raise AnnotationError(
                    f"{file}: {picture.name} is in {SPLITS[0]} and in {SPLITS[1]}"
                )
    return sides


def _table(pictures: Iterable[Labelled], split: Mapping[str, str]) -> "DataFrame":
    rows = [
        (one.picture.name, *one.picture.size, *plate.box, plate.text, split[one.picture.name])
        for one in pictures
        for plate in one.plates
    ]
    return load_pandas().DataFrame(rows, columns=list(COLUMNS))
