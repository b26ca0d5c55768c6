"""Annotated pictures as one table: Pascal VOC XML in, our CSV out."""

from collections.abc import Sequence
from pathlib import Path

from models.training.imports import LabelImport, Splitting, import_labels
from models.training.labelled import Wanted
from models.training.splits import split_of
from models.training.tables import COLUMNS, SPLITS, AnnotationError, read_tables

__all__ = [
    "COLUMNS",
    "SPLITS",
    "AnnotationError",
    "LabelImport",
    "import_voc",
    "read_tables",
    "split_of",
]


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
) -> LabelImport:
    """Read all Pascal VOC XML below a folder, and its pictures, into one table.

    `classes` keeps only objects of these names (empty: all are plates); `text_attribute` is the
    attribute of an object that holds the plate's text (None: `plate_text`, where there is one). A
    source, which is never divided between train and val, is a `folder` of pictures or the
    `prefix` of their names. For the rest see `import_labels`. Raises `AnnotationError`.
    """
    return import_labels(
        style="voc",
        annotations=annotations,
        images=images,
        wanted=Wanted(frozenset(classes), text_attribute),
        splitting=Splitting(source_by, val_share),
        duplicate_bits=duplicate_bits,
        output=output,
    )
