"""What labels say of one picture, whatever their format: its plates, and what was not taken."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from models.training.pictures import IntBox, Picture
from models.training.tables import AnnotationError

SIGNS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
"""What the text of a plate may hold."""

TEXT_ATTRIBUTE = "plate_text"
"""The attribute of an object that holds its text, unless another is named."""

PLATE_CLASS = "plate"
"""The class of plates; where classes are texts, that of a plate whose text is not known."""

Turned = Literal["shown", "stored"]
"""Of which picture the boxes are where EXIF turns it."""


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
    """Which objects are plates, and where their texts are.

    `classes` are those of plates (empty: all objects are). `text_attribute` is the attribute that
    is a plate's text (None: `TEXT_ATTRIBUTE` where an object has it); with `text_is_class` the
    name of its class is the text, unless that is `PLATE_CLASS`. `turned` says of which picture
    boxes are where EXIF turns it and its size does not tell (None: what is usual in the format).
    """

    classes: frozenset[str] = frozenset()
    text_attribute: str | None = None
    text_is_class: bool = False
    turned: Turned | None = None

    def takes(self, name: str) -> bool:
        """Whether objects of this class are plates."""
        return not self.classes or name in self.classes


@dataclass(frozen=True, slots=True)
class Drawn:
    """One object as a label file has it; `where` names file and element.

    `box` is x1, y1, x2, y2 in pixels, `name` that of its class.
    """

    where: str
    box: list[float]
    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Labelled:
    """One picture with its labels; `attributes` are the names of all that its objects have.

    `of_stored`: its boxes are of the picture as stored, not of the one that EXIF has turned.
    `split` is the side that its label file is of (empty: of none).
    """

    picture: Picture
    of_stored: bool
    plates: list[Plate] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)
    split: str = ""

    def remark(self, kind: str, text: str, box: IntBox | None = None) -> None:
        """Note something about this picture."""
        self.remarks.append(Remark(kind, text, self.picture.name, box))

    def tell_turned(self, where: str) -> None:
        """Note how its boxes were taken, where that matters."""
        if self.picture.turned:
            kind = "stored" if self.of_stored else "shown"
            self.remark("turned by EXIF", f"{where}: boxes taken to be of the picture as {kind}")

    def add(self, drawn: Drawn, wanted: Wanted) -> None:
        """Take one object as a plate.

        What of its box lies outside the picture is cut off, and a box without an area is left
        out; both give a remark, as does a text that holds more than letters and digits.
        """
        self.attributes |= drawn.attributes.keys()
        size = self.picture.stored if self.of_stored else self.picture.size
        inside = _inside(drawn.box, size)
        if inside is None:
            told = f"{drawn.where}: box {drawn.box} has no area in {size[0]}x{size[1]}"
            self.remark("dropped", told)
            return
        shown = self.picture.shown(inside) if self.of_stored else inside
        if any(abs(value - kept) > 1 for value, kept in zip(drawn.box, inside, strict=True)):
            told = f"{drawn.where}: box {drawn.box} clipped to {list(inside)}"
            self.remark("clipped", told, shown)
        written = _written(drawn, wanted)
        text = text_of(written)
        if text is None:
            told = f"{drawn.where}: {written!r} holds more than A-Z and 0-9"
            self.remark("text left empty", told, shown)
        self.plates.append(Plate(shown, text or ""))


def _written(drawn: Drawn, wanted: Wanted) -> str:
    if wanted.text_is_class:
        return "" if drawn.name == PLATE_CLASS else drawn.name
    return drawn.attributes.get(wanted.text_attribute or TEXT_ATTRIBUTE, "")


def text_of(written: str) -> str | None:
    """Letters and digits in upper case; None where one of them is none of ours.

    A letter left out, or made another, would be a wrong truth to train on.
    """
    signs = "".join(sign for sign in written.upper() if sign.isalnum())
    return signs if SIGNS.issuperset(signs) else None


Side = tuple[str, float | None]
"""The element that gives a width or height, as an error names it, and what it says."""


def boxes_of_stored(picture: Picture, sides: tuple[Side, Side], usual: Turned) -> bool:
    """Whether boxes are of the picture as stored, as the size tells that labels give of it.

    `usual` holds where both pictures have one size, or none is given. Raises `AnnotationError`
    for the size of neither.
    """
    # Some annotation tools write 0 where they did not look.
    given = [value or real for (_, value), real in zip(sides, picture.stored, strict=True)]
    wrong = [
        f"{where} is {value:g}; {picture.name} has {real}"
        for (where, _), value, real in zip(sides, given, picture.stored, strict=True)
        if value != real
    ]
    if wrong and tuple(given) != picture.size:
        raise AnnotationError(wrong[0])
    if wrong:
        return False
    tells = any(value for _, value in sides) and picture.stored != picture.size
    return True if tells else usual == "stored"


def number(file: object, where: str, value: object) -> float:
    """What an element holds as pixels. Raises `AnnotationError`."""
    try:
        found = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        found = float("nan")
    if not abs(found) < float("inf"):
        raise AnnotationError(f"{file}: <{where}> is {value!r}; expected a number of pixels")
    return found


def _inside(box: list[float], size: tuple[int, int]) -> IntBox | None:
    """The box in whole pixels inside the picture, or None where nothing of it is left."""
    x1, y1, x2, y2 = (
        round(min(max(value, 0), limit)) for value, limit in zip(box, (*size, *size), strict=True)
    )
    return (x1, y1, x2, y2) if x2 > x1 and y2 > y1 else None
