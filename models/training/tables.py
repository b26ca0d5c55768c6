"""The table of annotated pictures: what its columns mean, and reading it from CSV.

One row per plate. `image` is a path relative to the folder of the pictures. `width`, `height`
and the box (`xmax` and `ymax` lie just outside) are in pixels of the picture as it is shown,
turned by its EXIF orientation: so OpenCV loads it, and everything that trains on it.
`plate_text` is empty where unknown, `split` is `train` or `val`.
"""

import importlib
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from models.base import ModelError
from models.frameworks import TRAIN_EXTRA

if TYPE_CHECKING:
    from pandas import DataFrame

COLUMNS = ("image", "width", "height", "xmin", "ymin", "xmax", "ymax", "plate_text", "split")
SPLITS = ("train", "val")


class AnnotationError(ModelError):
    """An annotation that cannot be used: the message names file, element and value."""


def load_pandas() -> ModuleType:
    """`pandas`. Raises `AnnotationError` where the training extra is not installed."""
    try:
        return importlib.import_module("pandas")
    except ImportError as error:
        raise AnnotationError(f"tables need {error.name or error}: {TRAIN_EXTRA}") from error


def read_tables(*files: Path) -> "DataFrame":
    """Several CSV tables (`annotations/<source>.csv`) as one, with a column `source`.

    `source` is the name of the file. Raises `AnnotationError` that names file and row.
    """
    pd = load_pandas()
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
