"""The labels of YOLO: a text file for each picture, read.

A line is `class centre-x centre-y width height`, in shares of the picture's width and height as
shown. A sixth number (a confidence) is not looked at; pairs of numbers from the second on are
the corners of a polygon, whose box is taken. The names of the classes are in `data.yaml`
(ultralytics, CVAT), `classes.txt` (labelImg, Label Studio) or `obj.names` (darknet, CVAT), in the
nearest folder above the file.
"""

from collections.abc import Iterator
from pathlib import Path

import yaml

from models.training.labelled import Drawn, Labelled, Wanted, boxes_of_stored
from models.training.pictures import PictureFolder, files_below, tails
from models.training.progress import counted
from models.training.tables import AnnotationError

NO_LABELS = frozenset({
    "classes", "predefined_classes", "train", "val", "valid", "validation", "test", "readme",
})  # fmt: skip
"""Text files that lie beside labels: names of classes, lists of pictures."""


def read_all_yolo(annotations: Path, pictures: PictureFolder, wanted: Wanted) -> list[Labelled]:
    """Every label *.txt below a folder. Raises `AnnotationError`, also where there is none."""
    files = [
        file
        for file in files_below(annotations)
        if file.suffix.lower() == ".txt" and file.stem.lower() not in NO_LABELS
    ]
    if not files:
        raise AnnotationError(f"{annotations}: no labels *.txt here; expected a folder of YOLO's")
    classes = _Classes(annotations)
    return [
        _read(file, annotations, pictures, wanted, classes.of(file))
        for file in counted(files, "labels")
    ]


def _read(
    file: Path, annotations: Path, pictures: PictureFolder, wanted: Wanted, names: list[str]
) -> Labelled:
    picture = pictures.find(picture_names(file.relative_to(annotations).with_suffix("")), file)
    if picture is None:
        raise AnnotationError(f"{file}: no picture {file.stem}.* in {pictures.root}")
    unknown = ("", None)
    read = Labelled(picture, boxes_of_stored(picture, (unknown, unknown), wanted.turned or "shown"))
    read.tell_turned(str(file))
    for count, values in _lines(file):
        where = f"{file}: line {count}"
        name = _name_of(where, values[0], names)
        if wanted.takes(name):
            read.add(Drawn(where, _box(where, values[1:], read), name), wanted)
    if not read.plates:
        read.remark("without plates", str(file))
    return read


def picture_names(label: Path) -> Iterator[str]:
    """Where the picture of a label without its ending may be, most trusted first.

    Of `labels/train/a`, `images/train/a` and `train/a` are asked for.
    """
    parts = label.parts
    for at, part in enumerate(parts[:-1]):
        if part == "labels":
            yield from tails("/".join((*parts[:at], "images", *parts[at + 1 :])))
    yield from tails(label.as_posix())


def _lines(file: Path) -> Iterator[tuple[int, list[float]]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise AnnotationError(f"{file}: no readable text ({error})") from error
    for count, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            values = [float(word) for word in line.split()]
        except ValueError:
            values = []
        finite = all(abs(value) < float("inf") for value in values)
        if not finite or not (len(values) in (5, 6) or (len(values) >= 7 and len(values) % 2)):
            raise AnnotationError(
                f"{file}: line {count} is {line!r}; expected a class and four shares of the picture"
            )
        yield count, values


def _box(where: str, shares: list[float], read: Labelled) -> list[float]:
    width, height = read.picture.stored if read.of_stored else read.picture.size
    if len(shares) > 5:
        xs, ys = shares[::2], shares[1::2]
        x1, y1, x2, y2 = min(xs), min(ys), max(xs), max(ys)
    else:
        x, y, wide, high = shares[:4]
        x1, y1, x2, y2 = x - wide / 2, y - high / 2, x + wide / 2, y + high / 2
    if max(map(abs, shares)) > 2:
        raise AnnotationError(
            f"{where} has {max(shares, key=abs):g}; expected shares of the picture, not pixels"
        )
    # Shares are written with six digits: a hundredth of a pixel is none.
    return [round(value, 2) for value in (x1 * width, y1 * height, x2 * width, y2 * height)]


def _name_of(where: str, index: float, names: list[str]) -> str:
    if not names:
        return f"{index:g}"
    if index != int(index) or not 0 <= index < len(names):
        raise AnnotationError(f"{where} has the class {index:g}; there are {len(names)}: {names}")
    return names[int(index)]


class _Classes:
    """The names of the classes, from the nearest folder above a label that has some."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[Path, list[str]] = {}

    def of(self, file: Path) -> list[str]:
        """None where no file names any: a class is then called by its number."""
        return self._in(file.parent)

    def _in(self, folder: Path) -> list[str]:
        if folder not in self._known:
            names = _names_in(folder)
            if not names and folder != self._root:
                names = self._in(folder.parent)
            self._known[folder] = names
        return self._known[folder]


def _names_in(folder: Path) -> list[str]:
    for file in (folder / "classes.txt", folder / "obj.names"):
        if file.is_file():
            text = file.read_text(encoding="utf-8-sig", errors="replace")
            return [line.strip() for line in text.splitlines() if line.strip()]
    for file in (folder / "data.yaml", folder / "data.yml"):
        if file.is_file():
            return _names_of_yaml(file)
    return []


def _names_of_yaml(file: Path) -> list[str]:
    try:
        names = (yaml.safe_load(file.read_text(encoding="utf-8")) or {})["names"]
        found = list(names) if isinstance(names, list) else [names[at] for at in range(len(names))]
    except (OSError, ValueError, yaml.YAMLError, TypeError, LookupError) as error:
        raise AnnotationError(f"{file}: no readable 'names' of classes ({error})") from error
    return [str(name) for name in found]
