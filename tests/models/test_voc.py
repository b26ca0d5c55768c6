"""Pascal VOC in, one table out; and tables that were written by other hands."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pd = pytest.importorskip("pandas", reason="tables need the extra train")
from models.training.voc import (  # noqa: E402
    COLUMNS,
    AnnotationError,
    import_voc,
    read_tables,
    split_of,
)

PLATE = "<object><name>{name}</name><bndbox>{box}</bndbox></object>"


def box_xml(*values) -> str:
    names = ("xmin", "ymin", "xmax", "ymax")
    return "".join(f"<{n}>{v}</{n}>" for n, v in zip(names, values, strict=True))


def plate_xml(*values, name="licence") -> str:
    return PLATE.format(name=name, box=box_xml(*values))


def write_voc(folder: Path, objects: str, *, name="car", size=(80, 60), filename=None, xml=None):
    """A picture of 80x60 and its XML; returns the folders (annotations, images)."""
    annotations, images = folder / "annotations", folder / "images"
    for place in (annotations, images):
        place.mkdir(exist_ok=True)
    Image.fromarray(np.zeros((60, 80, 3), np.uint8)).save(images / f"{name}.png")
    filename = f"{name}.png" if filename is None else filename
    head = f"<filename>{filename}</filename>"
    head += f"<size><width>{size[0]}</width><height>{size[1]}</height></size>"
    text = f"<annotation>{head}{objects}</annotation>" if xml is None else xml
    (annotations / f"{name}.xml").write_text(text, encoding="utf-8")
    return annotations, images


def test_one_row_per_plate(tmp_path):
    objects = plate_xml(10, 20, 40, 30) + plate_xml("50.6", 20, "70.2", 30)
    annotations, images = write_voc(tmp_path, objects)
    found = import_voc(annotations=annotations, images=images, val_share=0.0)
    assert tuple(found.table.columns) == COLUMNS
    assert found.table.to_numpy().tolist() == [
        ["car.png", 80, 60, 10, 20, 40, 30, "", "train"],
        ["car.png", 80, 60, 51, 20, 70, 30, "", "train"],
    ]
    assert (found.clipped, found.dropped, found.without_plates) == ([], [], [])


def test_the_table_written_is_the_table_read(tmp_path):
    annotations, images = write_voc(tmp_path, plate_xml(10, 20, 40, 30))
    output = tmp_path / "mine.csv"
    found = import_voc(annotations=annotations, images=images, output=output)
    read = read_tables(output)
    assert read["source"].tolist() == ["mine"]
    assert read[list(COLUMNS)].to_numpy().tolist() == found.table.to_numpy().tolist()


def test_only_the_classes_asked_for(tmp_path):
    objects = plate_xml(1, 1, 70, 50, name="car") + plate_xml(10, 20, 40, 30, name="plate")
    annotations, images = write_voc(tmp_path, objects)
    found = import_voc(annotations=annotations, images=images, classes=["plate"])
    assert found.table["xmax"].tolist() == [40]
    assert len(import_voc(annotations=annotations, images=images).table) == 2


def test_boxes_outside_are_clipped_and_told(tmp_path):
    objects = plate_xml(-5, 20, 90, 30) + plate_xml(85, 10, 95, 20) + plate_xml(30, 30, 30, 40)
    annotations, images = write_voc(tmp_path, objects)
    found = import_voc(annotations=annotations, images=images)
    assert found.table[["xmin", "ymin", "xmax", "ymax"]].to_numpy().tolist() == [[0, 20, 80, 30]]
    assert len(found.clipped) == 1
    assert "object 1" in found.clipped[0]
    assert [line.split(":")[0].split()[-1] for line in found.dropped] == ["2", "3"]


def test_a_picture_without_plates_is_told(tmp_path):
    annotations, images = write_voc(tmp_path, "")
    found = import_voc(annotations=annotations, images=images)
    assert found.table.empty
    assert found.without_plates == [str(annotations / "car.xml")]


def test_the_picture_is_found_by_the_name_of_the_xml_too(tmp_path):
    annotations, images = write_voc(tmp_path, plate_xml(1, 2, 30, 40), filename="C:\\x\\other.jpg")
    assert import_voc(annotations=annotations, images=images).table["image"].tolist() == ["car.png"]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"objects": "", "xml": "<annotation><object>"}, r"car\.xml: no readable XML"),
        ({"objects": "", "xml": "<html></html>"}, r"car\.xml: root element <html>"),
        ({"objects": "", "xml": ""}, r"car\.xml: no readable XML"),
        (
            {"objects": plate_xml(1, 2, "wide", 4)},
            r"car\.xml: <object 1 bndbox/xmax> is 'wide'; expected a number",
        ),
        ({"objects": plate_xml(1, 2, "nan", 4)}, r"<object 1 bndbox/xmax> is 'nan'"),
        (
            {"objects": plate_xml(1, 2, 3, 4) + "<object><name>x</name></object>"},
            r"car\.xml: <object 2 bndbox/xmin> is missing",
        ),
        ({"objects": "", "size": (81, 60)}, r"car\.xml: <size/width> is 81; car\.png has 80"),
        ({"objects": "", "size": (80, "tall")}, r"<size/height> is 'tall'"),
    ],
)
def test_faults_name_file_element_and_value(tmp_path, fault, message):
    annotations, images = write_voc(tmp_path, **fault)
    with pytest.raises(AnnotationError, match=message):
        import_voc(annotations=annotations, images=images)


def test_a_missing_picture_is_named(tmp_path):
    annotations, images = write_voc(tmp_path, "", filename="gone.jpg")
    (images / "car.png").unlink()
    with pytest.raises(AnnotationError, match=r"car\.xml: <filename> 'gone\.jpg' is not in"):
        import_voc(annotations=annotations, images=images)


def test_a_broken_picture_is_named(tmp_path):
    annotations, images = write_voc(tmp_path, "")
    (images / "car.png").write_bytes(b"no picture")
    with pytest.raises(AnnotationError, match=r"car\.png: no readable picture"):
        import_voc(annotations=annotations, images=images)


def test_a_folder_without_xml_is_named(tmp_path):
    with pytest.raises(AnnotationError, match=r"no \*\.xml here"):
        import_voc(annotations=tmp_path, images=tmp_path)


def test_the_split_is_stable_and_about_as_large_as_asked():
    names = [f"picture{n}.jpg" for n in range(2000)]
    first = [split_of(name, 0.15) for name in names]
    assert first == [split_of(name, 0.15) for name in names]
    assert first.count("val") == pytest.approx(300, abs=60)
    assert {split_of(name, 0.0) for name in names} == {"train"}
    assert {split_of(name, 1.0) for name in names} == {"val"}
    # More held back means: all that was held back before, and some more.
    wider = [split_of(name, 0.3) for name in names]
    assert all(b == "val" for a, b in zip(first, wider, strict=True) if a == "val")


ROW = "a.jpg,80,60,10,20,40,30,AB123,train"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["image,width", "a.jpg,80"], r"no column height, xmin"),
        ([",".join(COLUMNS), ROW.replace("train", "test")], r"row 2 split 'test'; known: train"),
        ([",".join(COLUMNS), ROW, ROW.replace("10,", "x,")], r"column xmin holds"),
        ([",".join(COLUMNS), ROW.replace("40,30", "81,30")], r"row 2 box \[10, 20, 81, 30\]"),
        ([",".join(COLUMNS), ROW.replace("40,30", "10,30")], r"is not inside its picture of 80x60"),
        ([",".join(COLUMNS), ROW, ROW.replace("train", "val")], r"a\.jpg is in train and in val"),
        ([""], r"no readable table"),
    ],
)
def test_faults_of_a_table_are_named(tmp_path, lines, message):
    file = tmp_path / "mine.csv"
    file.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(AnnotationError, match=message) as caught:
        read_tables(file)
    assert str(file) in str(caught.value)


def test_several_tables_are_one(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.csv").write_text(f"{','.join(COLUMNS)}\n{ROW}\n", encoding="utf-8")
    table = read_tables(tmp_path / "one.csv", tmp_path / "two.csv")
    assert table["source"].tolist() == ["one", "two"]
    assert table["plate_text"].tolist() == ["AB123", "AB123"]


def test_no_or_a_missing_table(tmp_path):
    with pytest.raises(AnnotationError, match="no annotation table given"):
        read_tables()
    with pytest.raises(AnnotationError, match=r"gone\.csv"):
        read_tables(tmp_path / "gone.csv")


def test_plate_texts_stay_texts(tmp_path):
    """`NA` is a plate here, not a missing value; so is 007."""
    file = tmp_path / "mine.csv"
    rows = [ROW.replace("AB123", "NA"), ROW.replace("AB123", "007"), ROW.replace("AB123", "")]
    file.write_text("\n".join([",".join(COLUMNS), *rows]), encoding="utf-8")
    assert read_tables(file)["plate_text"].tolist() == ["NA", "007", ""]
