"""An imported table as a data set in the layout of YOLO, for trainers other than ours."""

import tempfile
from pathlib import Path

from models.training.dataset import DetectorDataset, build_dataset
from models.training.imports import LabelImport
from models.training.tables import COLUMNS, AnnotationError

OURS = frozenset({"images", "labels", "data.yaml"})
"""What `build_dataset` writes, and therefore what it may replace."""


def write_yolo(found: LabelImport, folder: Path) -> DetectorDataset:
    """Write `folder/{images,labels}/{train,val}` and `folder/data.yaml`; pictures are copied.

    Every folder of pictures is a source of its own, so that the same name in two of them
    makes two pictures. Raises `AnnotationError`, also for a folder that holds anything else
    than an earlier data set: what is there is replaced.
    """
    check_folder(folder, found.images)
    with tempfile.TemporaryDirectory() as place:
        tables = []
        folders = found.table["image"].map(lambda image: Path(image).parent.as_posix())
        for name, rows in found.table.groupby(folders):
            source = "pictures" if name == "." else name.replace("/", "__")
            tables.append(Path(place, f"{source}.csv"))
            rows.to_csv(tables[-1], index=False, columns=list(COLUMNS))
        return build_dataset(tables=tables, folder=folder, images=found.images)


def check_folder(folder: Path, images: Path) -> None:
    """Refuse what must not be replaced: files of others, and the pictures themselves."""
    if folder.resolve() in (images.resolve(), *images.resolve().parents):
        raise AnnotationError(f"{folder}: holds the pictures; expected another folder for YOLO")
    if not folder.exists():
        return
    if not folder.is_dir():
        raise AnnotationError(f"{folder}: is a file; expected a folder for YOLO")
    there = {path.name for path in folder.iterdir()}
    if there and ("data.yaml" not in there or there - OURS):
        other = ", ".join(sorted(there - OURS)[:3]) or "no data.yaml"
        raise AnnotationError(
            f"{folder}: holds {other}; expected an empty folder, or a data set to replace"
        )
