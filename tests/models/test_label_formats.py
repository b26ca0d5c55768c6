"""Labels of every format: a table becomes labels and the same table again; faults are named."""

import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from label_folders import imported, write

for name in ("pandas", "imagehash", "jinja2"):
    pytest.importorskip(name, reason="an import needs the extra train")
from models.training.export_labels import export_labels  # noqa: E402
from models.training.imports import Splitting  # noqa: E402
from models.training.label_files import Shown, label_files, written  # noqa: E402
from models.training.labelled import Plate, Wanted  # noqa: E402
from models.training.tables import COLUMNS, AnnotationError, read_tables  # noqa: E402

STYLES = ("voc", "yolo", "coco")


@st.composite
def pictures(draw):
    """Some pictures with their sizes, plates and sides, by name."""
    names = draw(st.sets(st.sampled_from(("a", "b", "x/a", "x/b", "x/y/a", "train/1")), min_size=1))
    found = {}
    for name in sorted(names):
        width, height = draw(st.tuples(st.integers(12, 300), st.integers(12, 200)))
        plates = []
        for _ in range(draw(st.integers(1, 4))):
            x, y = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
            box = (x, y, draw(st.integers(x + 1, width)), draw(st.integers(y + 1, height)))
            text = draw(st.sampled_from(("", "AB123CD", "PLATE", "0", "1234567")))
            plates.append((*box, text))
        found[f"{name}.png"] = (width, height, plates, draw(st.sampled_from(("train", "val"))))
    return found


def same(style, table, found, texts=True):
    before = read_tables(table)[list(COLUMNS)]
    if style == "yolo" or not texts:
        before = before.assign(plate_text="")
    return before.to_numpy().tolist() == found.table.to_numpy().tolist()


@pytest.mark.parametrize("style", STYLES)
@settings(max_examples=25, deadline=None)
@given(found=pictures())
def test_a_table_becomes_labels_and_the_same_table_again(style, found):
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        table = write(root, found)
        assert export_labels(table, root / "labels", style) == len(found)
        keep = Splitting(keep=True)
        again = imported(style, root / "labels", root / "images", splitting=keep)
        assert same(style, table, again)
        assert not again.remarks


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("style", STYLES)
def test_labels_are_of_the_picture_as_shown(tmp_path, style, orientation):
    found = {"a/1.png": (80, 60, [(10, 5, 40, 20, "AB1"), (50, 30, 80, 60, "")], "train")}
    table = write(tmp_path, found, orientation)
    export_labels(table, tmp_path / "labels", style)
    again = imported(
        style, tmp_path / "labels", tmp_path / "images", splitting=Splitting(keep=True)
    )
    assert same(style, table, again)


def test_the_largest_pictures_lose_nothing_in_the_shares_of_yolo(tmp_path):
    box = (7345, 7, 7346, 5999)
    table = write(tmp_path, {"a.png": (8001, 5999, [(*box, "")], "val")})
    export_labels(table, tmp_path / "labels", "yolo")
    keep = Splitting(keep=True)
    found = imported("yolo", tmp_path / "labels", tmp_path / "images", splitting=keep)
    assert same("yolo", table, found)


def test_texts_as_classes_come_back_where_attributes_are_dropped(tmp_path):
    plates = [(1, 2, 30, 20, "AB123CD"), (1, 30, 30, 50, "")]
    table = write(tmp_path, {"a.png": (80, 60, plates, "train")})
    export_labels(table, tmp_path / "labels", "voc", text_as="class")
    text = (tmp_path / "labels/Annotations/a.xml").read_text(encoding="utf-8")
    assert "<name>AB123CD</name>" in text
    assert "<name>plate</name>" in text
    assert "attribute" not in text
    given = {"splitting": Splitting(keep=True)}
    images = tmp_path / "images"
    wanted = Wanted(text_is_class=True)
    assert same("voc", table, imported("voc", tmp_path / "labels", images, wanted=wanted, **given))
    # and without the option they are only names
    assert same("voc", table, imported("voc", tmp_path / "labels", images, **given), texts=False)
    with pytest.raises(AnnotationError, match="--text-as class: is for --format voc; coco"):
        export_labels(table, tmp_path / "other", "coco", text_as="class")


@pytest.mark.parametrize("style", STYLES)
def test_a_folder_with_something_in_it_is_no_place_for_labels(tmp_path, style):
    table = write(tmp_path, {"a.png": (80, 60, [(1, 2, 3, 4, "")], "train")})
    with pytest.raises(AnnotationError, match="is there already; expected a new folder"):
        export_labels(table, tmp_path, style)


@pytest.mark.parametrize("style", STYLES[:2])
def test_two_pictures_with_one_label_file_are_refused(tmp_path, style):
    found = {name: (80, 60, [(1, 2, 3, 4, "")], "train") for name in ("a/1.png", "a/1.bmp")}
    table = write(tmp_path, {"a/1.png": found["a/1.png"]})
    text = table.read_text(encoding="utf-8")
    table.write_text(text + text.splitlines()[1].replace(".png", ".bmp") + "\n", encoding="utf-8")
    with pytest.raises(AnnotationError, match=r"a/1\.png and a/1\.bmp would have one label file"):
        export_labels(table, tmp_path / "labels", style)


def test_a_side_that_the_lists_contradict_is_named(tmp_path):
    table = write(tmp_path, {"a.png": (80, 60, [(1, 2, 3, 4, "")], "train")})
    export_labels(table, tmp_path / "labels", "yolo")
    (tmp_path / "labels/val.txt").write_text("images/a.png\n", encoding="utf-8")
    with pytest.raises(AnnotationError, match=r"val\.txt: a\.png is in train and in val"):
        imported("yolo", tmp_path / "labels", tmp_path / "images", splitting=Splitting(keep=True))


def test_lists_that_are_not_there_are_told(tmp_path):
    write(tmp_path, {"a.png": (80, 60, [], "train")})
    (tmp_path / "a.txt").write_text("", encoding="utf-8")
    with pytest.raises(AnnotationError, match=r"no train\.txt or val\.txt here"):
        imported("yolo", tmp_path, tmp_path, splitting=Splitting(keep=True))


# what EXIF turns


@pytest.mark.parametrize(
    ("style", "turned", "box"),
    [
        ("voc", None, [40, 40, 70, 55]),
        ("voc", "shown", [10, 5, 40, 20]),
        ("yolo", None, [10, 5, 40, 20]),
        ("yolo", "stored", [40, 40, 70, 55]),
        ("coco", None, [10, 5, 40, 20]),
        ("coco", "stored", [40, 40, 70, 55]),
    ],
)
def test_half_a_turn_is_taken_as_usual_or_as_told(tmp_path, style, turned, box):
    """Its size does not tell of which picture the boxes are."""
    table = write(tmp_path, {"a.png": (80, 60, [(10, 5, 40, 20, "")], "train")}, orientation=3)
    export_labels(table, tmp_path / "labels", style)
    file = tmp_path / "labels/Annotations/a.xml"
    if style == "voc":  # as a tool writes it anew
        text = file.read_text(encoding="utf-8").replace("<annotation>boxes of", "<annotation>x")
        file.write_text(text, encoding="utf-8")
    found = imported(style, tmp_path / "labels", tmp_path / "images", wanted=Wanted(turned=turned))
    assert found.table[list(COLUMNS[3:7])].to_numpy().tolist() == [box]
    assert len(found.texts("turned by EXIF")) == 1


def test_tiff_is_turned_as_opencv_turns_it(tmp_path):
    pixels = np.zeros((60, 80), np.uint8)
    pixels[5:20, 10:40] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "images").mkdir()
    Image.fromarray(pixels).save(tmp_path / "images/a.tif", exif=exif)
    loaded = cv2.imdecode(np.fromfile(tmp_path / "images/a.tif", np.uint8), cv2.IMREAD_GRAYSCALE)
    rows, columns = np.nonzero(loaded)
    box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    with written(label_files("voc", tmp_path / "labels")) as add:
        add(Shown("a.tif", loaded.shape[::-1], [Plate(tuple(map(int, box)))]))
    found = imported("voc", tmp_path / "labels", tmp_path / "images")
    assert found.table.to_numpy().tolist()[0][1:7] == [60, 80, *box]
