"""One file of Pascal VOC XML: its picture, its plates, and what was not taken as it stood.

The elements are those of the PASCAL VOC challenge (Everingham et al., annotation guidelines and
development kits, 2007 to 2012): `filename`, `size/{width,height}`,
`object/{name,bndbox/{xmin,ymin,xmax,ymax}}`. Its coordinates count from 1; many tools that write
the format count from 0, and nothing in a file tells which. They are taken as they stand, so a
box may lie one pixel too far to the right and down. The text of a plate is where CVAT writes
it: `object/attributes/attribute/{name,value}`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

from models.training.pictures import IntBox, Picture, PictureFolder
from models.training.tables import COLUMNS, AnnotationError

SIGNS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
"""What the text of a plate may hold."""


@dataclass(frozen=True, slots=True)
class Plate:
    """`box` is x1, y1, x2, y2 in whole pixels of the picture as shown; `text` may be empty."""

    box: IntBox
    text: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that was not taken as it stood; `box` is in pixels of `image` as shown."""

    kind: str
    text: str
    image: str = ""
    box: IntBox | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which objects are plates (`classes` empty: all), and which attribute is their text."""

    classes: frozenset[str] = frozenset()
    text_attribute: str | None = None


@dataclass(slots=True)
class VocFile:
    """What one XML file says; `attributes` are the names of all that its objects have.

    `of_stored`: its boxes are of the picture as stored, not of the one that EXIF has turned.
    """

    picture: Picture
    of_stored: bool
    plates: list[Plate] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)

    def remark(self, kind: str, text: str, box: IntBox | None = None) -> None:
        """Note something about this picture."""
        self.remarks.append(Remark(kind, text, self.picture.name, box))


def read_voc(file: Path, annotations: Path, pictures: PictureFolder, wanted: Wanted) -> VocFile:
    """Read one file below the folder `annotations`.

    What of a box lies outside its picture is cut off, and a box without an area is left out;
    both give a remark. Where EXIF turns the picture, the size in the XML tells whether the
    boxes are of the stored picture or of the shown one; where both have one size, or none is
    given, of the stored one. Raises `AnnotationError` that names file, element and value.
    """
    root = _parse(file)
    named = (root.findtext("filename") or "").strip()
    beneath = file.relative_to(annotations).parent.as_posix()
    picture = pictures.find(_names(root, beneath, file), file)
    if picture is None:
        raise AnnotationError(
            f"{file}: <filename> {named!r} is not in {pictures.root}, nor {file.stem}.*"
        )
    read = VocFile(picture, _is_of_stored(file, root, picture))
    if picture.turned:
        kind = "stored" if read.of_stored else "shown"
        read.remark("turned by EXIF", f"{file}: boxes taken to be of the picture as {kind}")
    for number, element in enumerate(root.findall("object"), start=1):
        name = (element.findtext("name") or "").strip()
        if not wanted.classes or name in wanted.classes:
            _add_plate(read, element, (file, number), wanted.text_attribute)
    if not read.plates:
        read.remark("without plates", str(file))
    return read


def _parse(file: Path) -> ElementTree.Element:
    try:
        root = ElementTree.parse(file).getroot()  # noqa: S314 - expat ≥ 2.4.1 refuses entity bombs
    # ValueError and LookupError: an encoding that expat cannot read.
    except (ElementTree.ParseError, OSError, ValueError, LookupError) as error:
        raise AnnotationError(f"{file}: no readable XML ({error})") from error
    if root.tag != "annotation":
        raise AnnotationError(f"{file}: root element <{root.tag}>; expected <annotation>")
    return root


def _names(root: ElementTree.Element, beneath: str, file: Path) -> Iterator[str]:
    """Where the picture may be, most trusted first, relative to the folder of the pictures.

    Many tools write paths of the machine they ran on, so every tail of one is tried, and the
    pictures may be in folders as the annotations are.
    """
    named, path, folder = (_tails(root.findtext(key)) for key in ("filename", "path", "folder"))
    yield from (_join(beneath, tail) for tail in named)
    yield from (_join(over, tail) for over in folder for tail in named[-1:])
    yield from named
    yield from (_join(beneath, tail) for tail in path[-1:])
    yield from path
    yield _join(beneath, file.stem)
    yield file.stem


def _tails(text: str | None) -> list[str]:
    """`a/b/c`, `b/c`, `c` of a path of any system; nothing of an empty one."""
    parts = [
        part for part in (text or "").strip().replace("\\", "/").split("/") if part.strip(". ")
    ]
    return ["/".join(parts[start:]) for start in range(len(parts))]


def _join(folder: str, name: str) -> str:
    return PurePosixPath(folder, name).as_posix()


def _is_of_stored(file: Path, root: ElementTree.Element, picture: Picture) -> bool:
    given = []
    for key, real in zip(("width", "height"), picture.stored, strict=True):
        text = root.findtext(f"size/{key}")
        # Some annotation tools write 0 where they did not look.
        given.append(real if text is None else _number(file, f"size/{key}", text) or real)
    wrong = [
        f"<size/{key}> is {value:g}; {picture.name} has {real}"
        for key, value, real in zip(("width", "height"), given, picture.stored, strict=True)
        if value != real
    ]
    if wrong and tuple(given) != picture.size:
        raise AnnotationError(f"{file}: {wrong[0]}")
    return not wrong


def _add_plate(
    read: VocFile, element: ElementTree.Element, place: tuple[Path, int], text_attribute: str | None
) -> None:
    where = f"{place[0]} object {place[1]}"
    values = _attributes(element)
    read.attributes |= values.keys()
    box = _box_of(*place, element)
    size = read.picture.stored if read.of_stored else read.picture.size
    inside = _inside(box, size)
    if inside is None:
        read.remark("dropped", f"{where}: box {box} has no area in {size[0]}x{size[1]}")
        return
    shown = read.picture.shown(inside) if read.of_stored else inside
    if any(abs(value - kept) > 1 for value, kept in zip(box, inside, strict=True)):
        read.remark("clipped", f"{where}: box {box} clipped to {list(inside)}", shown)
    written = values.get(text_attribute, "") if text_attribute else ""
    text = _text(written)
    if text is None:
        read.remark("text left empty", f"{where}: {written!r} holds more than A-Z and 0-9", shown)
    read.plates.append(Plate(shown, text or ""))


def _attributes(element: ElementTree.Element) -> dict[str, str]:
    found = {}
    for one in element.findall("attributes/attribute"):
        found[(one.findtext("name") or "").strip()] = (one.findtext("value") or "").strip()
    return found


def _text(written: str) -> str | None:
    """Letters and digits in upper case; None where one of them is none of ours.

    A letter left out, or made another, would be a wrong truth to train on.
    """
    signs = "".join(sign for sign in written.upper() if sign.isalnum())
    return signs if SIGNS.issuperset(signs) else None


def _box_of(file: Path, number: int, element: ElementTree.Element) -> list[float]:
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


def _inside(box: list[float], size: tuple[int, int]) -> IntBox | None:
    """The box in whole pixels inside the picture, or None where nothing of it is left."""
    x1, y1, x2, y2 = (
        round(min(max(value, 0), limit)) for value, limit in zip(box, (*size, *size), strict=True)
    )
    return (x1, y1, x2, y2) if x2 > x1 and y2 > y1 else None
