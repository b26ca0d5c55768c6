"""Pascal VOC XML: one file for each picture, read and written.

The elements are those of the PASCAL VOC challenge (Everingham et al., annotation guidelines and
development kits, 2007 to 2012): `filename`, `size/{width,height}`,
`object/{name,bndbox/{xmin,ymin,xmax,ymax}}`. Its coordinates count from 1; many tools that write
the format count from 0, and nothing in a file tells which. They are taken as they stand, so a
box may lie one pixel too far to the right and down. The text of a plate is where CVAT writes
it: `object/attributes/attribute/{name,value}`.
"""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from models.training.labelled import (
    PLATE_CLASS,
    TEXT_ATTRIBUTE,
    Drawn,
    Labelled,
    Plate,
    Wanted,
    boxes_of_stored,
    number,
)
from models.training.pictures import Picture, PictureFolder, files_below, joined, tails
from models.training.progress import counted
from models.training.tables import COLUMNS, AnnotationError

XML_FOLDER = "Annotations"
"""Where VOC's data sets have their XML."""

AS_SHOWN = "boxes of the picture as shown"
"""What our own files say in `source/annotation`: where EXIF turns a picture, theirs is known."""


def read_all_voc(annotations: Path, pictures: PictureFolder, wanted: Wanted) -> list[Labelled]:
    """Every *.xml below a folder. Raises `AnnotationError`, also where there is none."""
    files = [file for file in files_below(annotations) if file.suffix.lower() == ".xml"]
    if not files:
        raise AnnotationError(
            f"{annotations}: no *.xml here; expected a folder of Pascal VOC files"
        )
    return [read_voc(file, annotations, pictures, wanted) for file in counted(files, "annotations")]


def read_voc(file: Path, annotations: Path, pictures: PictureFolder, wanted: Wanted) -> Labelled:
    """Read one file below the folder `annotations`.

    Where EXIF turns the picture, the size in the XML tells whether the boxes are of the stored
    picture or of the shown one; where both have one size, or none is given, of the stored one,
    unless `wanted` or the file says otherwise. Raises `AnnotationError` that names file, element
    and value.
    """
    root = _parse(file)
    named = (root.findtext("filename") or "").strip()
    picture = pictures.find(_names(root, _beneath(file, annotations), file), file)
    if picture is None:
        raise AnnotationError(
            f"{file}: <filename> {named!r} is not in {pictures.root}, nor {file.stem}.*"
        )
    read = Labelled(picture, _is_of_stored(file, root, picture, wanted))
    read.tell_turned(str(file))
    for count, element in enumerate(root.findall("object"), start=1):
        name = (element.findtext("name") or "").strip()
        if wanted.takes(name):
            box = _box_of(file, count, element)
            drawn = Drawn(f"{file} object {count}", box, name, _attributes(element))
            read.add(drawn, wanted)
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
        hint = "; of CVAT's own format export 'Pascal VOC' instead"
        told = hint if root.tag == "annotations" else ""
        raise AnnotationError(f"{file}: root element <{root.tag}>; expected <annotation>{told}")
    return root


def _beneath(file: Path, annotations: Path) -> list[str]:
    """The folders in which its picture may be: its own, also without a leading `Annotations`."""
    parts = file.relative_to(annotations).parent.parts
    folders = [parts, parts[1:]] if parts[:1] == (XML_FOLDER,) else [parts]
    return ["/".join(one) for one in folders]


def _names(root: ElementTree.Element, beneath: list[str], file: Path) -> Iterator[str]:
    """Where the picture may be, most trusted first, relative to the folder of the pictures.

    Many tools write paths of the machine they ran on, so every tail of one is tried, and the
    pictures may be in folders as the annotations are.
    """
    named, path, folder = (tails(root.findtext(key)) for key in ("filename", "path", "folder"))
    yield from (joined(one, tail) for one in beneath for tail in named)
    yield from (joined(over, tail) for over in folder for tail in named[-1:])
    yield from named
    yield from (joined(one, tail) for one in beneath for tail in path[-1:])
    yield from path
    yield from (joined(one, file.stem) for one in beneath)
    yield file.stem


def _is_of_stored(file: Path, root: ElementTree.Element, picture: Picture, wanted: Wanted) -> bool:
    width, height = (
        None if text is None else number(file, f"size/{key}", text)
        for key, text in ((key, root.findtext(f"size/{key}")) for key in ("width", "height"))
    )
    sides = ((f"{file}: <size/width>", width), (f"{file}: <size/height>", height))
    ours = root.findtext("source/annotation") == AS_SHOWN
    return boxes_of_stored(picture, sides, "shown" if ours else wanted.turned or "stored")


def _attributes(element: ElementTree.Element) -> dict[str, str]:
    found = {}
    for one in element.findall("attributes/attribute"):
        value = (one.findtext("value") or "").strip()
        # What datumaro, and with it CVAT, writes of an attribute that was empty.
        found[(one.findtext("name") or "").strip()] = "" if value == "None" else value
    return found


def _box_of(file: Path, count: int, element: ElementTree.Element) -> list[float]:
    values = []
    for key in COLUMNS[3:7]:
        where = f"object {count} bndbox/{key}"
        text = element.findtext(f"bndbox/{key}")
        if text is None:
            raise AnnotationError(f"{file}: <{where}> is missing")
        values.append(number(file, where, text))
    return values


def voc_xml(name: str, size: tuple[int, int], plates: list[Plate], *, as_class: bool) -> bytes:
    """A file that says so of the picture `name` as shown, of `size` (width, height).

    The text of a plate is its attribute `TEXT_ATTRIBUTE` (none where it is not known), or with
    `as_class` the name of its class.
    """
    root = ElementTree.Element("annotation")
    _put(root, "filename", name)
    source = ElementTree.SubElement(root, "source")
    _put(source, "database", "plate-streamer")
    _put(source, "annotation", AS_SHOWN)
    element = ElementTree.SubElement(root, "size")
    for key, value in zip(("width", "height", "depth"), (*size, 3), strict=True):
        _put(element, key, value)
    for plate in plates:
        _put_plate(ElementTree.SubElement(root, "object"), plate, as_class=as_class)
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    return written + b"\n"


def _put_plate(element: ElementTree.Element, plate: Plate, *, as_class: bool) -> None:
    _put(element, "name", (as_class and plate.text) or PLATE_CLASS)
    _put(element, "difficult", 0)
    box = ElementTree.SubElement(element, "bndbox")
    for key, value in zip(COLUMNS[3:7], plate.box, strict=True):
        _put(box, key, value)
    # An empty attribute would be shown as "None" in CVAT.
    if plate.text and not as_class:
        inner = ElementTree.SubElement(element, "attributes")
        attribute = ElementTree.SubElement(inner, "attribute")
        _put(attribute, "name", TEXT_ATTRIBUTE)
        _put(attribute, "value", plate.text)


def _put(parent: ElementTree.Element, tag: str, value: object) -> None:
    ElementTree.SubElement(parent, tag).text = str(value)
