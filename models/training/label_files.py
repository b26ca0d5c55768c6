"""Labels on disk, written one picture after the other: what is there is never overwritten.

    voc    DIR/Annotations/<path of the picture>.xml, DIR/ImageSets/Main/<split>.txt,
           DIR/labelmap.txt
    yolo   DIR/labels/<path>.txt, classes.txt beside them and in DIR, DIR/data.yaml,
           DIR/<split>.txt
    coco   DIR/annotations/instances_default.json            and DIR/<split>.txt

Where the split of a picture is not known, COCO has no list. VOC and YOLO need one: it is listed in
`default.txt`, as CVAT does, or in YOLO's `train.txt`.
"""

import contextlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from models.training.coco_json import load_coco
from models.training.labelled import PLATE_CLASS, TEXT_ATTRIBUTE, Plate
from models.training.tables import AnnotationError
from models.training.voc_xml import XML_FOLDER, voc_xml

SAVED_EVERY = 50
"""So many pictures are lost at most when a run dies that writes one file."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture and its plates: `name` relative to the pictures' folder, `size` as shown."""

    name: str
    size: tuple[int, int]
    plates: Sequence[Plate] = ()
    split: str = ""


class LabelFiles(Protocol):
    """The labels of a folder in one format."""

    def has(self, name: str) -> bool:
        """Whether there are labels of this picture."""
        ...

    def add(self, picture: Shown) -> None:
        """Write those of one that has none. Raises `AnnotationError`."""
        ...

    def close(self) -> None:
        """Write what was not written yet."""
        ...


class VocFiles:
    """A file of XML for each picture; `as_class` writes texts as the names of classes."""

    def __init__(self, folder: Path, *, as_class: bool = False) -> None:
        self._folder = folder
        self._as_class = as_class

    def _file(self, name: str) -> Path:
        return self._folder / XML_FOLDER / PurePosixPath(name).with_suffix(".xml")

    def has(self, name: str) -> bool:
        """As `LabelFiles`; also where somebody saved them beside the folder for them."""
        beside = self._folder / PurePosixPath(name).with_suffix(".xml")
        return self._file(name).exists() or beside.exists()

    def add(self, picture: Shown) -> None:
        """As `LabelFiles`."""
        file = self._file(picture.name)
        plates = list(picture.plates)
        _write(file, voc_xml(picture.name, picture.size, plates, as_class=self._as_class))
        name = PurePosixPath(picture.name).with_suffix("").as_posix()
        _append(self._folder / "ImageSets" / "Main" / f"{picture.split or 'default'}.txt", name)
        # datumaro takes other classes than VOC's twenty only where they are named so.
        names = self._folder / "labelmap.txt"
        if not self._as_class and not names.exists():
            _write(names, f"# label:color_rgb:parts:actions\n{PLATE_CLASS}:::\n".encode())

    def close(self) -> None:
        """Nothing is kept back."""


class YoloFiles:
    """A text file for each picture. The format has no place for the text of a plate."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._splits: set[str] = set()

    def _file(self, name: str) -> Path:
        return self._folder / "labels" / PurePosixPath(name).with_suffix(".txt")

    def has(self, name: str) -> bool:
        """As `LabelFiles`."""
        return self._file(name).exists()

    def add(self, picture: Shown) -> None:
        """As `LabelFiles`."""
        file = self._file(picture.name)
        _write(file, "".join(_yolo_line(one, picture.size) for one in picture.plates).encode())
        # labelImg looks for the names of classes beside the labels, Label Studio at the top.
        for classes in (file.with_name("classes.txt"), self._folder / "classes.txt"):
            if not classes.exists():
                _write(classes, f"{PLATE_CLASS}\n".encode())
        split = picture.split or "train"
        self._splits.add(split)
        _append(self._folder / f"{split}.txt", f"images/{picture.name}")

    def close(self) -> None:
        """Name the classes and the lists."""
        file = self._folder / "data.yaml"
        if self._splits and not file.exists():
            lists = "".join(f"{one}: {one}.txt\n" for one in sorted(self._splits))
            _write(file, f"path: .\n{lists}names:\n  0: {PLATE_CLASS}\n".encode())


def _yolo_line(plate: Plate, size: tuple[int, int]) -> str:
    (x1, y1, x2, y2), (width, height) = plate.box, size
    shares = (x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height
    return " ".join(["0", *(f"{share:.6f}" for share in shares)]) + "\n"


@dataclass(slots=True)
class _Content:
    """COCO's three lists, and the number of the next in each."""

    images: list[dict[str, Any]] = field(default_factory=list)
    annotations: list[dict[str, Any]] = field(default_factory=list)
    categories: list[dict[str, Any]] = field(default_factory=list)


class CocoFiles:
    """One file for all pictures; to one that is there, pictures are added."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # CVAT and datumaro know the file by this name, in this folder.
        self._file = folder / "annotations" / "instances_default.json"
        # What others wrote beside the three lists stays.
        self._whole: dict[str, Any] = load_coco(self._file) if self._file.exists() else {}
        lists = (self._whole.get(key, []) for key in ("images", "annotations", "categories"))
        self._content = _Content(*lists)
        self._names = {one.get("file_name") for one in self._content.images}
        self._unsaved = 0

    def has(self, name: str) -> bool:
        """As `LabelFiles`."""
        return name in self._names

    def add(self, picture: Shown) -> None:
        """As `LabelFiles`."""
        image = _next(self._content.images)
        width, height = picture.size
        named = {"file_name": picture.name, "width": width, "height": height}
        self._content.images.append({"id": image, **named})
        self._names.add(picture.name)
        for plate in picture.plates:
            self._content.annotations.append(self._annotation(image, plate))
        if picture.split:
            _append(self._folder / f"{picture.split}.txt", picture.name)
        self._unsaved += 1
        if self._unsaved >= SAVED_EVERY:
            self.close()

    def _annotation(self, image: int, plate: Plate) -> dict[str, Any]:
        x1, y1, x2, y2 = plate.box
        return {
            "id": _next(self._content.annotations),
            "image_id": image,
            "category_id": self._category(),
            "bbox": [x1, y1, x2 - x1, y2 - y1],
            "area": (x2 - x1) * (y2 - y1),
            "segmentation": [],
            "iscrowd": 0,
            "attributes": {TEXT_ATTRIBUTE: plate.text},
        }

    def _category(self) -> int:
        for one in self._content.categories:
            if one.get("name") == PLATE_CLASS:
                return int(one["id"])
        number = _next(self._content.categories)
        added = {"id": number, "name": PLATE_CLASS, "supercategory": ""}
        self._content.categories.append(added)
        return number

    def close(self) -> None:
        """Write the file."""
        if self._unsaved:
            self._category()
            lists = {key: getattr(self._content, key) for key in _Content.__slots__}
            text = json.dumps(self._whole | lists, indent=1, ensure_ascii=False)
            _write(self._file, text.encode())
            self._unsaved = 0


def _next(some: Sequence[dict[str, Any]]) -> int:
    """A number that none of them has; ids grow, so the last is looked at first."""
    last = some[-1].get("id") if some else 0
    if isinstance(last, int) and last == len(some):
        return last + 1
    return max((one["id"] for one in some if isinstance(one.get("id"), int)), default=0) + 1


STYLES = ("voc", "yolo", "coco")
TEXT_AS = ("attribute", "class")


def label_files(style: str, folder: Path, *, text_as: str = "attribute") -> LabelFiles:
    """Labels in one of `STYLES`. Raises `AnnotationError` for a file there that is of another."""
    if text_as == "class" and style != "voc":
        raise AnnotationError(f"--text-as class: is for --format voc; {style} has one class here")
    if style == "voc":
        return VocFiles(folder, as_class=text_as == "class")
    return YoloFiles(folder) if style == "yolo" else CocoFiles(folder)


@contextlib.contextmanager
def written(files: LabelFiles) -> Iterator[Callable[[Shown], None]]:
    """Gives what adds a picture; closes the files whatever happens."""
    try:
        yield files.add
    finally:
        files.close()


def check_names(names: Sequence[str], style: str) -> None:
    """Raise `AnnotationError` where two pictures would have one label file."""
    if style == "coco":
        return
    stems = Counter(PurePosixPath(name).with_suffix("").as_posix() for name in names)
    stem, count = stems.most_common(1)[0] if stems else ("", 0)
    if count > 1:
        both = [one for one in names if PurePosixPath(one).with_suffix("").as_posix() == stem]
        told = " and ".join(both[:2])
        raise AnnotationError(f"{told} would have one label file; rename one, or take coco")


def _write(file: Path, content: bytes) -> None:
    half = file.with_name(f".{file.name}.half")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(content)
        os.replace(half, file)
    except OSError as error:
        raise AnnotationError(f"{file}: cannot be written ({error.strerror})") from error


def _append(file: Path, line: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as opened:
            opened.write(f"{line}\n")
    except OSError as error:
        raise AnnotationError(f"{file}: cannot be written ({error.strerror})") from error
