"""Pascal VOC in, one table out."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streamer.cli import main

for name in ("pandas", "imagehash", "jinja2"):
    pytest.importorskip(name, reason="an import needs the extra train")
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
    assert (found.remarks, found.duplicates) == ([], [])


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
    assert len(found.texts("clipped")) == 1
    assert "object 1" in found.texts("clipped")[0]
    assert [line.split(":")[0].split()[-1] for line in found.texts("dropped")] == ["2", "3"]


def test_a_picture_without_plates_is_told(tmp_path):
    annotations, images = write_voc(tmp_path, "")
    found = import_voc(annotations=annotations, images=images)
    assert found.table.empty
    assert found.texts("without plates") == [str(annotations / "car.xml")]


def test_the_picture_is_found_by_the_name_of_the_xml_too(tmp_path):
    annotations, images = write_voc(tmp_path, plate_xml(1, 2, 30, 40), filename="C:\\x\\other.jpg")
    assert import_voc(annotations=annotations, images=images).table["image"].tolist() == ["car.png"]


@pytest.mark.parametrize(
    ("head", "picture"),
    [
        ("<filename>car.jpg</filename>", "CAR.JPG"),
        ("<filename>car</filename>", "car.JPEG"),
        ("<filename>car.v2</filename>", "car.v2.png"),
        ("<path>C:\\pictures\\Gate\\car.png</path>", "gate/car.png"),
        ("<path>/home/someone/set/gate/car.png</path>", "gate/car.png"),
        ("<folder>gate</folder><filename>car.png</filename>", "gate/car.png"),
        ("<filename>gate/car.png</filename>", "gate/car.png"),
        ("<filename>../../car.png</filename>", "car.png"),
        ("<filename>car.png</filename>", "gate/deep/car.png"),
        ("", "a.png"),
    ],
)
def test_pictures_are_found_however_tools_name_them(tmp_path, head, picture):
    annotations, images = tmp_path / "annotations", tmp_path / "images"
    annotations.mkdir()
    (images / picture).parent.mkdir(parents=True)
    Image.new("RGB", (80, 60)).save(images / picture)
    text = f"<annotation>{head}{plate_xml(1, 2, 30, 40)}</annotation>"
    (annotations / "a.XML").write_text(text, encoding="utf-8")
    (annotations / "._a.xml").write_bytes(b"what a desktop leaves behind")
    table = import_voc(annotations=annotations, images=images).table
    assert table["image"].tolist() == [picture]


def test_the_picture_beside_its_annotation_comes_first(tmp_path):
    for clip, value in (("a", 60), ("b", 200)):
        write_scene(tmp_path, f"{clip}/0001", value)
    write_scene(tmp_path, "0001", 120)
    found = import_voc(annotations=tmp_path, images=tmp_path, duplicate_bits=None)
    assert found.table["image"].tolist() == ["0001.png", "a/0001.png", "b/0001.png"]


def test_a_name_that_two_folders_have_is_refused(tmp_path):
    for clip in ("a", "b"):
        write_scene(tmp_path / "images", f"{clip}/0001", 60)
        (tmp_path / f"images/{clip}/0001.xml").unlink()
    (tmp_path / "0001.xml").write_text("<annotation></annotation>", encoding="utf-8")
    with pytest.raises(AnnotationError, match=r"0001\.xml: its picture may be a/0001\.png or b/"):
        import_voc(annotations=tmp_path, images=tmp_path / "images")


def write_scene(root: Path, name: str, value: int) -> None:
    """A picture with something to see in it, and its XML beside it; each `value` another."""
    file = root / f"{name}.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(value).integers(0, 255, (6, 8, 3), np.uint8)
    Image.fromarray(pixels).resize((80, 60)).save(file)
    head = f"<filename>{file.name}</filename>"
    text = f"<annotation>{head}{plate_xml(10, 20, 50, 30)}</annotation>"
    file.with_suffix(".xml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_files_with_a_byte_order_mark(tmp_path, encoding):
    annotations, images = write_voc(tmp_path, "")
    text = f"<annotation>{plate_xml(10, 20, 40, 30)}</annotation>"
    (annotations / "car.xml").write_text(text, encoding=encoding)
    assert len(import_voc(annotations=annotations, images=images).table) == 1


def test_two_files_on_one_picture_are_put_together(tmp_path):
    annotations, images = write_voc(tmp_path, plate_xml(10, 20, 40, 30))
    both = plate_xml(10, 20, 40, 30) + plate_xml(50, 20, 70, 30)
    text = f"<annotation><filename>car.png</filename>{both}</annotation>"
    (annotations / "other.xml").write_text(text, encoding="utf-8")
    found = import_voc(annotations=annotations, images=images)
    assert found.table["xmin"].tolist() == [10, 50]
    assert len(found.texts("annotated twice")) == 1


def test_an_attribute_that_no_object_has_is_an_error(tmp_path):
    given = "<attributes><attribute><name>plate</name><value>AB1</value></attribute></attributes>"
    plate = plate_xml(10, 20, 40, 30).replace("</object>", f"{given}</object>")
    annotations, images = write_voc(tmp_path, plate)
    found = import_voc(annotations=annotations, images=images, text_attribute="plate")
    assert found.table["plate_text"].tolist() == ["AB1"]
    with pytest.raises(AnnotationError, match="attribute 'text'; there: plate"):
        import_voc(annotations=annotations, images=images, text_attribute="text")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"val_share": 15}, "val share 15; expected a share from 0 to 1"),
        ({"source_by": "clip"}, "source by 'clip'; known: folder, prefix"),
        ({"duplicate_bits": 65}, "duplicate bits 65; expected 0 to 16"),
    ],
)
def test_wrong_options_are_named(tmp_path, options, message):
    annotations, images = write_voc(tmp_path, "")
    with pytest.raises(AnnotationError, match=message):
        import_voc(annotations=annotations, images=images, **options)


def test_whole_folders_are_held_back(tmp_path):
    for clip in range(12):
        for frame in range(3):
            write_scene(tmp_path, f"clip{clip}/{frame}", 100 * clip + frame)
    found = import_voc(annotations=tmp_path, images=tmp_path, val_share=0.4)
    sides = found.table.groupby(found.table["image"].str.split("/").str[0])["split"]
    assert len(found.table) == 36
    assert (sides.nunique() == 1).all()
    assert set(sides.first()) == {"train", "val"}
    assert sides.first().to_dict() == {f"clip{n}": split_of(f"clip{n}", 0.4) for n in range(12)}


def test_the_command_writes_table_page_and_data_set(tmp_path, capsys):
    for name in ("a/1", "a/2", "b/1", "b/2"):
        write_scene(tmp_path / "voc", name, sum(name.encode()) * 7 + ord(name[2]))
    (tmp_path / "voc/b/3.png").write_bytes((tmp_path / "voc/b/2.png").read_bytes())
    xml = (tmp_path / "voc/b/2.xml").read_text(encoding="utf-8")
    (tmp_path / "voc/b/3.xml").write_text(xml.replace("2.png", "3.png"), encoding="utf-8")
    table, yolo = tmp_path / "out/mine.csv", tmp_path / "yolo"
    command = ["train", "import-voc", str(tmp_path / "voc"), "--output", str(table)]
    command += ["--val-share", "0.5", "--yolo", str(yolo)]
    assert main(command) == 0
    assert sorted(set(read_tables(table)["image"])) == ["a/1.png", "a/2.png", "b/1.png", "b/2.png"]
    assert "duplicate: b/3.png shows what b/2.png shows" in capsys.readouterr().err
    assert table.with_suffix(".html").read_text(encoding="utf-8").startswith("<!doctype html>")
    pictures = {path.relative_to(yolo).as_posix() for path in yolo.rglob("*.png")}
    assert {path.split("/")[-1] for path in pictures} == {
        "a__1.png",
        "a__2.png",
        "b__1.png",
        "b__2.png",
    }
    for picture in pictures:
        label = yolo / picture.replace("images", "labels", 1).replace(".png", ".txt")
        values = [float(word) for word in label.read_text().split()]
        assert values == pytest.approx([0, 30 / 80, 25 / 60, 40 / 80, 10 / 60], abs=1e-6)
    # A second time: our own data set may be replaced.
    assert main([*command, "--keep-duplicates", "--no-summary"]) == 0
    assert (yolo / "images").is_dir()
    assert len(read_tables(table)) == 5


@pytest.mark.parametrize("where", ["", "voc", "other"])
def test_a_folder_of_others_is_no_place_for_a_data_set(tmp_path, where, capsys):
    """`build_dataset` empties its folder."""
    write_scene(tmp_path / "voc", "1", 1)
    (tmp_path / "other").mkdir()
    (tmp_path / "other/letters.txt").write_text("precious")
    command = ["train", "import-voc", str(tmp_path / "voc"), "--output", str(tmp_path / "t.csv")]
    assert main([*command, "--yolo", str(tmp_path / where)]) == 2
    assert "expected an" in capsys.readouterr().err
    assert (tmp_path / "voc/1.png").is_file()
    assert (tmp_path / "other/letters.txt").is_file()
    assert not (tmp_path / "t.csv").exists()


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"objects": "", "xml": "<annotation><object>"}, r"car\.xml: no readable XML"),
        ({"objects": "", "xml": "<html></html>"}, r"car\.xml: root element <html>"),
        ({"objects": "", "xml": ""}, r"car\.xml: no readable XML"),
        (
            {"objects": "", "xml": '<?xml version="1.0" encoding="gb2312"?><annotation/>'},
            r"car\.xml: no readable XML",
        ),
        (
            {"objects": "", "xml": '<annotation xmlns="urn:other"/>'},
            r"root element <{urn:other}annotation>; expected <annotation>",
        ),
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
