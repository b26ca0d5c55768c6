"""COCO's JSON: one file for many pictures, read.

The elements are those of the COCO detection task (Lin et al. 2014): `images[].{id, file_name,
width, height}`, `annotations[].{image_id, category_id, bbox: [x, y, width, height]}`,
`categories[].{id, name}`. The text of a plate is where CVAT writes it,
`annotations[].attributes`, or beside `bbox`, as COCO-Text has its `utf8_string`.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from models.training.labelled import Drawn, Labelled, Wanted, boxes_of_stored, number
from models.training.pictures import PictureFolder, files_below, tails
from models.training.progress import counted
from models.training.tables import SPLITS, AnnotationError
from models.training.yolo_txt import picture_names

LISTS = ("images", "annotations", "categories")

NO_BOXES = ("image_info_", "stuff_", "panoptic_", "captions_")
"""How files of COCO's other tasks begin; datumaro writes some beside `instances_*.json`."""


def read_all_coco(annotations: Path, pictures: PictureFolder, wanted: Wanted) -> list[Labelled]:
    """A file, or every *.json below a folder. Raises `AnnotationError`, also for none."""
    files = [annotations]
    if not annotations.is_file():
        files = [
            file
            for file in files_below(annotations)
            if file.suffix.lower() == ".json" and not file.name.startswith(NO_BOXES)
        ]
    if not files:
        raise AnnotationError(f"{annotations}: no *.json here; expected COCO's instances_*.json")
    return [one for file in files for one in _Coco(file).read(pictures, wanted)]


def load_coco(file: Path) -> dict[str, Any]:
    """The file as it stands, its three lists checked to be lists of objects."""
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise AnnotationError(f"{file}: no readable JSON ({error})") from error
    for key in LISTS:
        some = content.get(key) if isinstance(content, dict) else None
        if not isinstance(some, list) or not all(isinstance(one, dict) for one in some):
            raise AnnotationError(
                f"{file}: no list {key!r} of objects; expected COCO: {', '.join(LISTS)}"
            )
    found: dict[str, Any] = content
    return found


class _Coco:
    """One file, its annotations by picture."""

    def __init__(self, file: Path) -> None:
        self._file = file
        content = load_coco(file)
        self._split = _split_of(file)
        # Label Studio gives the size of the stored picture to boxes that were drawn on the turned.
        info = content.get("info")
        self._shown = isinstance(info, dict) and info.get("contributor") == "Label Studio"
        self._images: list[dict[str, Any]] = content["images"]
        self._names = {one.get("id"): str(one.get("name", "")) for one in content["categories"]}
        self._of: dict[object, list[tuple[int, dict[str, Any]]]] = {}
        known = {self._key(one.get("id")) for one in self._images}
        for at, one in enumerate(content["annotations"]):
            image = self._key(one.get("image_id"))
            if image not in known:
                where = f"annotations[{at}].image_id"
                raise AnnotationError(f"{file}: <{where}> {image!r} is the id of no image")
            self._of.setdefault(image, []).append((at, one))

    @staticmethod
    def _key(value: object) -> object:
        return value if isinstance(value, int | str) else repr(value)

    def read(self, pictures: PictureFolder, wanted: Wanted) -> Iterator[Labelled]:
        for at, image in counted(list(enumerate(self._images)), "pictures"):
            yield self._read(at, image, pictures, wanted)

    def _read(
        self, at: int, image: Mapping[str, Any], pictures: PictureFolder, wanted: Wanted
    ) -> Labelled:
        place = f"images[{at}]"
        named = str(image.get("file_name") or "")
        picture = pictures.find(_pictures(named), self._file)
        if picture is None:
            raise AnnotationError(
                f"{self._file}: <{place}.file_name> {named!r} is not in {pictures.root}"
            )
        width, height = (
            None if image.get(key) is None else number(self._file, f"{place}.{key}", image[key])
            for key in ("width", "height")
        )
        of = f"{self._file}: <{place}"
        sides = ((f"{of}.width>", width), (f"{of}.height>", height))
        of_stored = boxes_of_stored(picture, sides, wanted.turned or "shown") and not self._shown
        read = Labelled(picture, of_stored, split=self._split)
        read.tell_turned(f"{self._file} {place}")
        for count, one in self._of.get(self._key(image.get("id")), []):
            self._add(read, f"annotations[{count}]", one, wanted)
        if not read.plates:
            read.remark("without plates", f"{self._file} {place} {named}")
        return read

    def _add(self, read: Labelled, place: str, one: Mapping[str, Any], wanted: Wanted) -> None:
        category = one.get("category_id")
        name = self._names.get(category) if isinstance(category, int | str) else None
        if name is None:
            where = f"<{place}.category_id> {category!r}"
            raise AnnotationError(f"{self._file}: {where} is the id of no category")
        if wanted.takes(name):
            box = self._box(place, one.get("bbox"))
            drawn = Drawn(f"{self._file} {place}", box, name, _attributes(one))
            read.add(drawn, wanted)

    def _box(self, place: str, bbox: object) -> list[float]:
        where = f"{place}.bbox"
        if not isinstance(bbox, list) or len(bbox) != 4:
            told = f"{bbox!r}; expected x, y, width and height in pixels"
            raise AnnotationError(f"{self._file}: <{where}> is {told}")
        x, y, width, height = (number(self._file, where, value) for value in bbox)
        return [x, y, x + width, y + height]


def _pictures(named: str) -> Iterator[str]:
    """As `yolo_txt.picture_names`, with the ending; Label Studio's addresses hold a path."""
    path = unquote(named.rpartition("?d=")[2])
    yield from tails(path)
    yield from picture_names(Path(path.replace("\\", "/")))


def _attributes(one: Mapping[str, Any]) -> dict[str, str]:
    beside = {key: value for key, value in one.items() if isinstance(value, str)}
    inner = one.get("attributes")
    given = inner if isinstance(inner, dict) else {}
    return beside | {str(key): _text(value) for key, value in given.items()}


def _text(value: object) -> str:
    # CVAT writes an attribute of the kind number as 1234.0.
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    return "" if whole is None else str(whole)


def _split_of(file: Path) -> str:
    """`train` or `val` of `instances_train.json`, `instances_val2017.json`; empty of others."""
    named = file.stem.rpartition("_")[2].rstrip("0123456789")
    return named if named in SPLITS and named != file.stem else ""
