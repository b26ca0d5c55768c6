"""YOLO's labels in: lines, classes and names as tools write them; faults name file and line."""

import pytest
from PIL import Image

from label_folders import imported, write

for name in ("pandas", "imagehash", "jinja2"):
    pytest.importorskip(name, reason="an import needs the extra train")
from models.training.labelled import Wanted  # noqa: E402
from models.training.tables import COLUMNS, AnnotationError  # noqa: E402


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
