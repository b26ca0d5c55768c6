"""What one file of Pascal VOC says of pictures that EXIF turns, and of the texts of plates."""

import cv2
import numpy as np
import pytest
from PIL import Image

from models.training.labelled import Wanted
from models.training.pictures import PictureFolder
from models.training.voc_xml import read_voc

# A white patch in the stored picture of 80x60; turned by EXIF it is elsewhere.
STORED = (10, 5, 40, 20)


def plate_xml(box, attributes="") -> str:
    names = ("xmin", "ymin", "xmax", "ymax")
    sides = "".join(f"<{n}>{v}</{n}>" for n, v in zip(names, box, strict=True))
    return f"<object><name>plate</name>{attributes}<bndbox>{sides}</bndbox></object>"


def write_picture(file, orientation, **coding) -> np.ndarray:
    """The picture as OpenCV loads it, which is what is trained on."""
    pixels = np.zeros((60, 80, 3), np.uint8)
    pixels[STORED[1] : STORED[3], STORED[0] : STORED[2]] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(file, exif=exif, **coding)
    return cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_COLOR)


def read(folder, content, wanted=None):
    text = f"<annotation><filename>car</filename>{content}</annotation>"
    (folder / "car.xml").write_text(text, encoding="utf-8")
    return read_voc(folder / "car.xml", folder, PictureFolder(folder), wanted or Wanted())


def size_xml(width, height) -> str:
    return f"<size><width>{width}</width><height>{height}</height></size>"


# From 5 on width and height change places, and the size tells which picture the boxes are of.
TURNED = [(n, False) for n in range(1, 9)] + [(n, True) for n in range(5, 9)]


@pytest.mark.parametrize(("orientation", "of_shown"), TURNED)
@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_boxes_follow_a_picture_that_exif_turns(tmp_path, orientation, of_shown, ending):
    loaded = write_picture(tmp_path / f"car.{ending}", orientation, quality=95)
    rows, columns = np.nonzero(loaded[..., 0] > 128)
    truth = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    height, width = loaded.shape[:2]
    box, size = (truth, (width, height)) if of_shown else (STORED, (80, 60))
    found = read(tmp_path, size_xml(*size) + plate_xml(box))
    assert [plate.box for plate in found.plates] == [truth]
    assert found.picture.size == (width, height)
    told = [remark.text for remark in found.remarks if remark.kind == "turned by EXIF"]
    assert len(told) == (orientation != 1)
    assert all(text.endswith("as shown" if of_shown else "as stored") for text in told)


def test_boxes_of_a_turned_picture_are_clipped_where_they_were_drawn(tmp_path):
    write_picture(tmp_path / "car.jpg", 6)
    found = read(tmp_path, plate_xml((60, 5, 95, 20)))
    # Of the stored 80x60 the right end is cut off; turned clockwise that is the lower end.
    assert [plate.box for plate in found.plates] == [(40, 60, 55, 80)]
    assert [(one.kind, one.box) for one in found.remarks][1:] == [("clipped", (40, 60, 55, 80))]


def attribute_xml(value: str) -> str:
    pairs = (("occluded", "false"), ("plate", value))
    inner = "".join(
        f"<attribute><name>{name}</name><value>{text}</value></attribute>" for name, text in pairs
    )
    return plate_xml((10, 20, 40, 30), f"<attributes>{inner}</attributes>")


@pytest.mark.parametrize(
    ("written", "text", "told"),
    [
        ("ab-123 cd", "AB123CD", 0),
        ("A·1", "A1", 0),
        ("", "", 0),
        ("?", "", 0),
        # What cannot be said in our letters is unknown; said without them it would be wrong.
        ("KÖ 12", "", 1),
        ("一二", "", 1),
    ],
)
def test_the_text_of_a_plate_from_an_attribute(tmp_path, written, text, told):
    write_picture(tmp_path / "car.png", 1)
    found = read(tmp_path, attribute_xml(written), Wanted(text_attribute="plate"))
    assert [plate.text for plate in found.plates] == [text]
    assert [one.kind for one in found.remarks] == ["text left empty"] * told
    assert found.attributes == {"occluded", "plate"}
    assert [plate.text for plate in read(tmp_path, attribute_xml(written)).plates] == [""]
