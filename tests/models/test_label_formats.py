"""Labels of every format: a table becomes labels and the same table again; faults are named."""

import json
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

for name in ("pandas", "imagehash", "jinja2"):
    pytest.importorskip(name, reason="an import needs the extra train")
from models.training.export_labels import export_labels  # noqa: E402
from models.training.imports import Splitting, import_labels  # noqa: E402
from models.training.label_files import Shown, label_files, written  # noqa: E402
from models.training.labelled import Plate, Wanted  # noqa: E402
from models.training.tables import COLUMNS, AnnotationError, read_tables  # noqa: E402

STYLES = ("voc", "yolo", "coco")


def imported(style, labels, images, **options):
    return import_labels(
        style=style, annotations=labels, images=images, duplicate_bits=None, **options
    )


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


def write(root, found, orientation=1):
    """The pictures below `images`, and their table."""
    lines = [",".join(COLUMNS)]
    exif = Image.Exif()
    exif[0x0112] = orientation
    for name, (width, height, plates, split) in found.items():
        file = root / "images" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        stored = (height, width) if orientation >= 5 else (width, height)
        Image.new("L", stored).save(file, exif=exif)
        for *box, text in plates:
            sides = ",".join(map(str, box))
            lines.append(f"{name},{width},{height},{sides},{text},{split}")
    table = root / "table.csv"
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return table


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
    text = (tmp_path / "labels/a.xml").read_text(encoding="utf-8")
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


# YOLO


def yolo(root, lines, label="a.txt", **files):
    """A picture a.png of 80x60, and its label."""
    write(root, {"a.png": (80, 60, [], "train")})
    for name, content in {label: lines, **files}.items():
        file = root / "labels" / name.replace("_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    return root / "labels", root / "images"


@pytest.mark.parametrize(
    ("lines", "boxes"),
    [
        ("0 0.5 0.5 0.5 0.5", [[20, 15, 60, 45]]),
        ("0 0.5 0.5 0.5 0.5 0.87\n\n", [[20, 15, 60, 45]]),
        ("0 0.25 0.25 0.75 0.3 0.7 0.75", [[20, 15, 60, 45]]),
        ("0 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75", [[20, 15, 60, 45]]),
        ("0 0.1 0.1 0.2 0.2\n0 0.9 0.9 0.2 0.2", [[0, 0, 16, 12], [64, 48, 80, 60]]),
        ("\ufeff0 0.9 0.5 0.4 0.5", [[56, 15, 80, 45]]),
    ],
)
def test_lines_of_yolo(tmp_path, lines, boxes):
    found = imported("yolo", *yolo(tmp_path, lines))
    assert found.table[list(COLUMNS[3:7])].to_numpy().tolist() == boxes
    assert [one.kind for one in found.remarks] == (["clipped"] if "\ufeff" in lines else [])


@pytest.mark.parametrize(
    ("lines", "files", "message"),
    [
        ("0 0.5 0.5 0.5", {}, r"a\.txt: line 1 is '0 0\.5 0\.5 0\.5'; expected a class and four"),
        ("0 a b c d", {}, r"a\.txt: line 1 is '0 a b c d'"),
        ("0 0.5 0.5 nan 0.5", {}, r"a\.txt: line 1 is"),
        ("0 0.5 0.5 0.1 0.1 0.1 0.1 0.1", {}, r"a\.txt: line 1 is"),
        ("0 .5 .5 .5 .5\n0 40 30 10 5", {}, r"line 2 has 40; expected shares of the picture"),
        ("3 .5 .5 .5 .5", {"classes_txt": "plate\ncar\n"}, r"line 1 has the class 3; there are 2"),
        ("0 .5 .5 .5 .5", {"data_yaml": "train: x"}, r"data\.yaml: no readable 'names'"),
        ("0 .5 .5 .5 .5", {"b_txt": ""}, r"b\.txt: no picture b\.\* in "),
    ],
)
def test_faults_in_yolo_name_file_and_line(tmp_path, lines, files, message):
    with pytest.raises(AnnotationError, match=message):
        imported("yolo", *yolo(tmp_path, lines, **files))


NAMES = [
    {"classes_txt": "car\nplate\n"},
    {"data_yaml": "names: [car, plate]\n"},
    {"data_yaml": "names:\n  0: car\n  1: plate\n"},
    {"obj_names": "car\nplate"},
]


@pytest.mark.parametrize("files", NAMES)
def test_classes_of_yolo_have_names(tmp_path, files):
    places = yolo(tmp_path, "1 .5 .5 .5 .5\n0 .5 .5 .9 .9", "train/a.txt", **files)
    found = imported("yolo", *places, wanted=Wanted(frozenset({"plate"})))
    assert found.table[["xmin", "xmax"]].to_numpy().tolist() == [[20, 60]]


@pytest.mark.parametrize(
    "label", ["a.txt", "labels/train/a.txt", "obj_train_data/a.txt", "3f2a1b2c-a.txt"]
)
def test_the_picture_of_a_label_is_found_however_tools_name_it(tmp_path, label):
    write(tmp_path, {"a.png": (80, 60, [], "train")})
    file = tmp_path / "set" / label
    file.parent.mkdir(parents=True)
    file.write_text("0 .5 .5 .5 .5", encoding="utf-8")
    (tmp_path / "set/train.txt").write_text("data/obj_train_data/a.png\n", encoding="utf-8")
    found = imported("yolo", tmp_path / "set", tmp_path / "images")
    assert found.table["image"].tolist() == ["a.png"]


def test_labels_in_parallel_folders_find_their_own_pictures(tmp_path):
    for split in ("train", "val"):
        file = tmp_path / "images" / split / "1.png"
        file.parent.mkdir(parents=True)
        Image.new("L", (80, 60)).save(file)
        label = tmp_path / "labels" / split / "1.txt"
        label.parent.mkdir(parents=True)
        label.write_text("0 .5 .5 .5 .5", encoding="utf-8")
    found = imported("yolo", tmp_path, tmp_path)
    assert found.table["image"].tolist() == ["images/train/1.png", "images/val/1.png"]


def test_a_label_without_plates_is_told(tmp_path):
    assert len(imported("yolo", *yolo(tmp_path, "")).texts("without plates")) == 1


# COCO

IMAGE = {"id": 7, "file_name": "a.png", "width": 80, "height": 60}
OBJECT = {"id": 1, "image_id": 7, "category_id": 2, "bbox": [20, 15, 40, 30]}
CATEGORIES = [{"id": 1, "name": "car"}, {"id": 2, "name": "plate"}]


def coco(root, images=(IMAGE,), annotations=(OBJECT,), categories=CATEGORIES):
    write(root, {"a.png": (80, 60, [], "train")})
    file = root / "instances_default.json"
    lists = {"images": images, "annotations": annotations, "categories": categories}
    file.write_text(json.dumps(lists, default=list), encoding="utf-8")
    return file, root / "images"


@pytest.mark.parametrize(
    ("more", "wanted", "text"),
    [
        ({"attributes": {"plate_text": "ab 123", "occluded": False}}, Wanted(), "AB123"),
        ({"attributes": {"plate_text": None}}, Wanted(), ""),
        ({"attributes": {"number": 1234}}, Wanted(text_attribute="number"), "1234"),
        ({"utf8_string": "AB1"}, Wanted(text_attribute="utf8_string"), "AB1"),
        ({"category_id": 1}, Wanted(text_is_class=True), "CAR"),
        ({}, Wanted(text_is_class=True), ""),
        ({}, Wanted(frozenset({"plate"})), ""),
    ],
)
def test_texts_in_coco(tmp_path, more, wanted, text):
    file, images = coco(tmp_path, annotations=[OBJECT | more])
    found = imported("coco", file, images, wanted=wanted)
    assert found.table.to_numpy().tolist()[0][:-1] == ["a.png", 80, 60, 20, 15, 60, 45, text]
    # a folder of such files will do, too
    (tmp_path / "labels").mkdir()
    file.rename(tmp_path / "labels/one.json")
    assert len(imported("coco", tmp_path / "labels", images, wanted=wanted).table) == 1


@pytest.mark.parametrize(
    "named",
    [
        "a.png",
        "images/a.png",
        "C:\\set\\a.png",
        "images/3f2a1b2c-a.png",
        "../../data/local-files/?d=set%2Fa.png",
    ],
)
def test_pictures_are_found_however_coco_names_them(tmp_path, named):
    file, images = coco(tmp_path, images=[IMAGE | {"file_name": named}])
    assert imported("coco", file, images).table["image"].tolist() == ["a.png"]


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        ({"images": [IMAGE | {"file_name": "b.png"}]}, r"<images\[0\]\.file_name> 'b\.png' is not"),
        ({"images": [IMAGE | {"width": 81}]}, r"<images\[0\]\.width> is 81; a\.png has 80"),
        ({"images": [IMAGE | {"height": "x"}]}, r"<images\[0\]\.height> is 'x'; expected a number"),
        ({"annotations": [OBJECT | {"image_id": 8}]}, r"<annotations\[0\]\.image_id> 8 is the id"),
        ({"annotations": [OBJECT | {"category_id": 9}]}, r"<annotations\[0\]\.category_id> 9 is"),
        ({"annotations": [OBJECT | {"bbox": [1, 2, 3]}]}, r"<annotations\[0\]\.bbox> is \[1, 2, 3"),
        (
            {"annotations": [OBJECT | {"bbox": [1, 2, 3, None]}]},
            r"<annotations\[0\]\.bbox> is None",
        ),
        ({"annotations": "none"}, r"no list 'annotations' of objects; expected COCO"),
        ({"categories": ["plate"]}, r"no list 'categories' of objects"),
    ],
)
def test_faults_in_coco_name_file_and_element(tmp_path, lists, message):
    file, images = coco(tmp_path, **lists)
    with pytest.raises(AnnotationError, match=rf"instances_default\.json.*{message}"):
        imported("coco", file, images)


@pytest.mark.parametrize("content", ["{", "[]", '"x"', "[" * 100_000])
def test_what_is_no_coco_is_refused(tmp_path, content):
    file, images = coco(tmp_path)
    file.write_text(content, encoding="utf-8")
    with pytest.raises(AnnotationError, match=r"instances_default\.json: no "):
        imported("coco", file, images)


@pytest.mark.parametrize("style", STYLES)
def test_no_labels_at_all_is_an_error(tmp_path, style):
    with pytest.raises(AnnotationError, match="here; expected"):
        imported(style, tmp_path, tmp_path)


def test_cvats_own_xml_is_told_from_vocs(tmp_path):
    (tmp_path / "annotations.xml").write_text("<annotations/>", encoding="utf-8")
    with pytest.raises(AnnotationError, match="export 'Pascal VOC' instead"):
        imported("voc", tmp_path, tmp_path)


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
    file = tmp_path / "labels/a.xml"
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


def test_labels_that_a_person_corrected_in_coco_stay(tmp_path):
    folder = tmp_path / "labels"
    folder.mkdir()
    file, _ = coco(tmp_path)
    content = json.loads(file.read_text(encoding="utf-8")) | {"info": {"by": "somebody"}}
    (folder / "instances.json").write_text(json.dumps(content), encoding="utf-8")
    files = label_files("coco", folder)
    assert files.has("a.png")
    with written(files) as add:
        add(Shown("b.png", (80, 60), [Plate((1, 2, 30, 20), "AB1")]))
    after = json.loads((folder / "instances.json").read_text(encoding="utf-8"))
    assert after["info"] == {"by": "somebody"}
    assert after["images"][0] == IMAGE
    assert after["annotations"][0] == OBJECT
    added = after["annotations"][1]
    assert (added["id"], added["image_id"], added["category_id"]) == (2, 8, 2)
    assert after["categories"] == CATEGORIES
