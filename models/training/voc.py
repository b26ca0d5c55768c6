"""Annotated pictures as one table: Pascal VOC XML in, our CSV out and in.

The table has one row per plate; `image` is a path relative to the folder of the pictures,
the box is in pixels of the stored picture, `plate_text` is empty where unknown, and `split`
is `train` or `val`.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from models.base import ModelError

if TYPE_CHECKING:
    from pandas import DataFrame

COLUMNS = ("image", "width", "height", "xmin", "ymin", "xmax", "ymax", "plate_text", "split")
SPLITS = ("train", "val")
PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".webp")


class AnnotationError(ModelError):
    """An annotation that cannot be used: the message names file, element and value."""


@dataclass(frozen=True)
class VocImport:
    """What an import found: the table, and everything that is not quite as it was written."""

    table: "DataFrame"
    clipped: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    without_plates: list[str] = field(default_factory=list)


def import_voc(
    *,
    annotations: Path,
    images: Path,
    classes: Sequence[str] = (),
    val_share: float = 0.15,
    output: Path | None = None,
) -> VocImport:
    """Read a folder of Pascal VOC XML and its pictures into one table.

    `classes` keeps only objects of these names (empty: all are plates). Which pictures are
    held back for validation is decided by a hash of the picture's name, so it stays the same
    when pictures are added. `output` also writes the table as CSV. Boxes that reach outside
    their picture are clipped, boxes without an area are dropped; both are listed in the result.
    """
    import pandas as pd

    files = sorted(annotations.glob("*.xml"))
    if not files:
        raise AnnotationError(
            f"{annotations}: no *.xml here; expected a folder of Pascal VOC files"
        )
    found = VocImport(pd.DataFrame(columns=list(COLUMNS)))
    rows: list[dict[str, object]] = []
    for file in files:
        rows += _read_voc(file, images, frozenset(classes), val_share, found)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    if output is not None:
        table.to_csv(output, index=False)
    return VocImport(table, found.clipped, found.dropped, found.without_plates)


def split_of(picture: str, val_share: float) -> str:
    """`train` or `val`, by a hash of the picture's name: the same on every machine and day."""
    digest = hashlib.sha256(picture.encode()).digest()
    return "val" if int.from_bytes(digest[:8], "big") < val_share * 2**64 else "train"


def _read_voc(
    file: Path, images: Path, classes: frozenset[str], val_share: float, found: VocImport
) -> list[dict[str, object]]:
    try:
        root = ElementTree.parse(file).getroot()  # noqa: S314 - expat ≥ 2.4.1 refuses entity bombs
    except (ElementTree.ParseError, OSError) as error:
        raise AnnotationError(f"{file}: no readable XML ({error})") from error
    if root.tag != "annotation":
        raise AnnotationError(f"{file}: root element <{root.tag}>; expected <annotation>")
    picture = _picture_of(file, root, images)
    width, height = _size_of(file, root, picture)
    start = {"image": picture.relative_to(images).as_posix(), "width": width, "height": height}
    end = {"plate_text": "", "split": split_of(str(start["image"]), val_share)}
    rows: list[dict[str, object]] = []
    for number, element in enumerate(root.findall("object"), start=1):
        name = (element.findtext("name") or "").strip()
        if classes and name not in classes:
            continue
        box = _clip(
            _box_of(file, element, number), (width, height), f"{file} object {number}", found
        )
        if box is not None:
            rows.append(start | dict(zip(COLUMNS[3:7], box, strict=True)) | end)
    if not rows:
        found.without_plates.append(str(file))
    return rows


def _picture_of(file: Path, root: ElementTree.Element, images: Path) -> Path:
    """The picture named by the XML, else the one with the XML's own name."""
    named = Path((root.findtext("filename") or "").strip()).name
    tried = [images / named] if named else []
    tried += [images / (file.stem + ending) for ending in PICTURE_ENDINGS]
    for picture in tried:
        if picture.is_file():
            return picture
    raise AnnotationError(f"{file}: <filename> {named!r} is not in {images}, nor {file.stem}.*")


def _size_of(file: Path, root: ElementTree.Element, picture: Path) -> tuple[int, int]:
    """Width and height of the stored picture, which must be those that the XML gives."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(picture) as opened:
            stored = opened.size
    except (UnidentifiedImageError, OSError) as error:
        raise AnnotationError(f"{picture}: no readable picture ({error})") from error
    for key, real in zip(("width", "height"), stored, strict=True):
        text = root.findtext(f"size/{key}")
        # Some annotation tools write 0 where they did not look.
        if text is not None and _number(file, f"size/{key}", text) not in (0, real):
            raise AnnotationError(f"{file}: <size/{key}> is {text}; {picture.name} has {real}")
    return stored


def _box_of(file: Path, element: ElementTree.Element, number: int) -> list[float]:
    values = []
    for key in COLUMNS[3:7]:
        where = f"object {number} bndbox/{key}"
        text = element.findtext(f"bndbox/{key}")
        if text is None:
            raise AnnotationError(f"{file}: <{where}> is missing")
        values.append(_number(file, where, text))
    return values


def _number(file: Path, where: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not abs(value) < float("inf"):
        raise AnnotationError(f"{file}: <{where}> is {text!r}; expected a number of pixels")
    return value


def _clip(
    box: list[float], size: tuple[int, int], where: str, found: VocImport
) -> tuple[int, ...] | None:
    """The box in whole pixels inside the picture, or None where nothing of it is left."""
    limits = (*size, *size)
    inside = tuple(
        round(min(max(value, 0), limit)) for value, limit in zip(box, limits, strict=True)
    )
    if inside[2] <= inside[0] or inside[3] <= inside[1]:
        found.dropped.append(f"{where}: box {box} has no area in {size[0]}x{size[1]}")
        return None
    if any(abs(value - kept) > 1 for value, kept in zip(box, inside, strict=True)):
        found.clipped.append(f"{where}: box {box} clipped to {list(inside)}")
    return inside


def read_tables(*files: Path) -> "DataFrame":
    """Several CSV tables (`annotations/<source>.csv`) as one, with a column `source`.

    `source` is the name of the file. Raises `AnnotationError` that names file and row.
    """
    import pandas as pd

    tables = []
    for file in files:
        try:
            table = pd.read_csv(file, dtype={"plate_text": str}, keep_default_na=False)
        except (OSError, ValueError) as error:
            raise AnnotationError(f"{file}: no readable table ({error})") from error
        _check_table(file, table)
        tables.append(table.assign(source=file.stem))
    if not tables:
        raise AnnotationError("no annotation table given; expected at least one CSV file")
    return pd.concat(tables, ignore_index=True)


def _check_table(file: Path, table: "DataFrame") -> None:
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise AnnotationError(
            f"{file}: no column {', '.join(missing)}; expected {','.join(COLUMNS)}"
        )
    for name in COLUMNS[1:7]:
        if table[name].dtype.kind not in "iuf":
            raise AnnotationError(f"{file}: column {name} holds something that is no number")
    wrong = ~table["split"].isin(SPLITS)
    if wrong.any():
        row = wrong.idxmax()
        raise AnnotationError(
            f"{file}: row {row + 2} split {table['split'][row]!r}; known: train, val"
        )
    flat = (table.xmax <= table.xmin) | (table.ymax <= table.ymin)
    outside = (table.xmin < 0) | (table.ymin < 0) | (table.xmax > table.width)
    bad = flat | outside | (table.ymax > table.height)
    if bad.any():
        row = bad.idxmax()
        box = table.loc[row, list(COLUMNS[3:7])].tolist()
        size = f"{table.width[row]}x{table.height[row]}"
        raise AnnotationError(
            f"{file}: row {row + 2} box {box} is not inside its picture of {size}"
        )
    both = table.groupby("image")["split"].nunique()
    if (both > 1).any():
        raise AnnotationError(f"{file}: {both[both > 1].index[0]} is in train and in val")
