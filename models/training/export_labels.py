"""An annotation table as label files, for the tools in which people correct them."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from models.training.label_files import Shown, check_names, label_files, written
from models.training.labelled import Plate
from models.training.tables import AnnotationError, read_tables

if TYPE_CHECKING:
    from pandas import DataFrame


def export_labels(table: Path, folder: Path, style: str, *, text_as: str = "attribute") -> int:
    """Write the labels of all pictures of a table; gives their number.

    `style` is `voc`, `yolo` or `coco`; boxes are rounded to whole pixels. Pictures are not copied.
    Raises `AnnotationError` for a folder that is not empty, and as `read_tables`.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise AnnotationError(f"{folder}: is there already; expected a new folder")
    pictures = list(_pictures(read_tables(table)))
    check_names([one.name for one in pictures], style)
    with written(label_files(style, folder, text_as=text_as)) as add:
        for one in pictures:
            add(one)
    return len(pictures)


def _pictures(table: "DataFrame") -> Iterator[Shown]:
    for image, rows in table.groupby("image", sort=False):
        plates = [
            Plate((round(r.xmin), round(r.ymin), round(r.xmax), round(r.ymax)), r.plate_text)
            for r in rows.itertuples()
        ]
        first = rows.iloc[0]
        size = (int(first["width"]), int(first["height"]))
        yield Shown(str(image), size, plates, str(first["split"]))
