"""Labels as other tools wrote them, in; and what of ours those tools need to read them.

The literals are as datumaro 0.3.1 and 1.13.12 and Label Studio's converter (label-studio-sdk 2.1.2)
wrote them, shortened. docs/labelling.md says what was tried with which tool.
"""

import json

import pytest
from PIL import Image

from label_folders import imported, write

for name in ("pandas", "imagehash", "jinja2"):
    pytest.importorskip(name, reason="an import needs the extra train")
from models.training.export_labels import export_labels  # noqa: E402
from models.training.imports import Splitting  # noqa: E402
from models.training.label_files import Shown, label_files, written  # noqa: E402
from models.training.labelled import Plate, Wanted  # noqa: E402
from models.training.tables import AnnotationError  # noqa: E402
from streamer.cli import main  # noqa: E402

BOX = [10, 20, 50, 40]


def pictures(root, *names, size=(80, 60), orientation=1):
    """Empty pictures of this size (as shown) below `images`."""
    write(root, {name: (*size, [], "train") for name in names}, orientation)
    return root / "images"


def put(root, files):
    """Text files below `set`, by name; gives that folder."""
    for name, content in files.items():
        file = root / "set" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    return root / "set"


def rows(found):
    return found.table[["image", "xmin", "ymin", "xmax", "ymax", "plate_text"]].to_numpy().tolist()


# from datumaro, which is what CVAT reads and writes with

DATUMARO_VOC = """<annotation>
  <folder></folder>
  <filename>x/a.png</filename>
  <source>
    <database>Unknown</database>
    <annotation>Unknown</annotation>
    <image>Unknown</image>
  </source>
  <size><width>80</width><height>60</height><depth></depth></size>
  <segmented>0</segmented>
  <object>
    <name>plate</name>
    <truncated>0</truncated>
    <occluded>0</occluded>
    <difficult>0</difficult>
    <bndbox><xmin>10.0</xmin><ymin>20.0</ymin><xmax>50.0</xmax><ymax>40.0</ymax></bndbox>
    <attributes>
      <attribute><name>plate_text</name><value>{}</value></attribute>
      <attribute><name>is_crowd</name><value>False</value></attribute>
    </attributes>
  </object>
</annotation>
"""


@pytest.mark.parametrize(
    ("value", "text"), [("None", ""), ("", ""), ("0123456", "0123456"), ("NONE", "NONE")]
)
def test_voc_of_datumaro(tmp_path, value, text):
    images = pictures(tmp_path, "a.png", "x/a.png")
    labels = put(
        tmp_path,
        {
            "Annotations/x/a.xml": DATUMARO_VOC.format(value),
            "ImageSets/Main/default.txt": "x/a\n",
            "labelmap.txt": "# label:color_rgb:parts:actions\nplate:128,0,0::\n",
        },
    )
    assert rows(imported("voc", labels, images)) == [["x/a.png", *BOX, text]]


def coco(text, name="a.png", **more):
    """As datumaro writes it: one line, numbers with a decimal point."""
    image = {"id": 1, "width": 80, "height": 60, "file_name": name, "license": 0}
    plate = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [10.0, 20.0, 40.0, 20.0]}
    beside = {"segmentation": [], "area": 800.0, "iscrowd": 0, "attributes": {"plate_text": text}}
    content = {
        "licenses": [{"name": "", "id": 0, "url": ""}],
        "info": {"contributor": "", "date_created": ""},
        "categories": [{"id": 1, "name": "plate", "supercategory": ""}],
        "images": [image],
        "annotations": [plate | beside],
    }
    return json.dumps(content | more)


@pytest.mark.parametrize(
    ("value", "text"), [("0123456", "0123456"), (1234.0, "1234"), (None, ""), ("1E5", "1E5")]
)
def test_coco_of_datumaro_with_the_files_of_other_tasks_beside_it(tmp_path, value, text):
    images = pictures(tmp_path, "a.png")
    empty = coco("", annotations=[], categories=[])
    labels = put(
        tmp_path,
        {
            "annotations/instances_default.json": coco(value),
            "annotations/image_info_default.json": empty,
            "annotations/stuff_default.json": empty,
        },
    )
    found = imported("coco", labels, images)
    assert rows(found) == [["a.png", *BOX, text]]
    # neither "annotated twice" nor "without plates"
    assert not found.remarks


@pytest.mark.parametrize(("train", "val"), [("a.png", "b.png"), ("b.png", "a.png")])
@pytest.mark.parametrize("year", ["", "2017"])
def test_sides_that_the_names_of_cocos_files_give_are_kept(tmp_path, train, val, year):
    images = pictures(tmp_path, "a.png", "b.png")
    labels = put(
        tmp_path,
        {
            f"annotations/instances_train{year}.json": coco("", train),
            f"annotations/instances_val{year}.json": coco("", val),
        },
    )
    found = imported("coco", labels, images, splitting=Splitting(keep=True))
    sides = dict(zip(found.table["image"], found.table["split"], strict=True))
    assert sides == {train: "train", val: "val"}


def test_a_file_in_annotations_is_of_the_data_set_around_it(tmp_path, monkeypatch):
    """Its pictures and lists are beside that folder, not in it."""
    root = tmp_path / "set"
    pictures(root, "a.png", "b.png")
    both = put(tmp_path, {"annotations/labels.json": coco("AB1"), "val.txt": "a.png\n"})
    monkeypatch.chdir(tmp_path)
    words = ["train", "import-coco", str(both / "annotations/labels.json"), "--output", "t.csv"]
    assert main([*words, "--keep-splits", "--no-summary"]) == 0
    table = (tmp_path / "t.csv").read_text(encoding="utf-8").splitlines()
    assert table[1:] == ["images/a.png,80,60,10,20,50,40,AB1,val"]


def test_yolo_of_datumaro(tmp_path):
    images = pictures(tmp_path, "x/a.png", "b.png")
    labels = put(
        tmp_path,
        {
            "obj.data": "classes = 1\nval = data/val.txt\ntrain = data/train.txt\n",
            "obj.names": "plate\n",
            "train.txt": "data/obj_train_data/x/a.png\n",
            "val.txt": "data/obj_val_data/b.png\n",
            "obj_train_data/x/a.txt": "0 0.375000 0.500000 0.500000 0.333333\n",
            "obj_val_data/b.txt": "",
        },
    )
    found = imported("yolo", labels, images, splitting=Splitting(keep=True))
    assert rows(found) == [["x/a.png", *BOX, ""]]


# from Label Studio


def studio_coco(file_name, width=80, height=60):
    content = {
        "images": [{"width": width, "height": height, "id": 0, "file_name": file_name}],
        "categories": [{"id": 0, "name": "plate"}],
        "annotations": [
            {
                "id": 0,
                "image_id": 0,
                "category_id": 0,
                "segmentation": [],
                "bbox": [10.0, 19.999999999999996, 40.0, 20.0],
                "ignore": 0,
                "iscrowd": 0,
                "area": 800.0,
            }
        ],
        "info": {"year": 2026, "version": "1.0", "contributor": "Label Studio"},
    }
    return json.dumps(content, indent=2)


def studio_voc(file_name):
    return f"""<?xml version="1.0" encoding="utf-8"?>
<annotation>
<folder>images</folder>
<filename>{file_name}</filename>
<source><database>MyDatabase</database><annotation>COCO2017</annotation></source>
<owner><flickrid>NULL</flickrid><name>Label Studio</name></owner>
<size><width>80</width><height>60</height><depth>1</depth></size>
<segmented>0</segmented>
<object>
<name>plate</name><pose>Unspecified</pose><truncated>0</truncated><difficult>0</difficult>
<bndbox><xmin>10</xmin><ymin>20</ymin><xmax>50</xmax><ymax>40</ymax></bndbox>
</object>
</annotation>"""


def studio(root, style, file_name):
    """The labels of one picture as Label Studio exports them."""
    stem = file_name.rpartition(".")[0]
    if style == "coco":
        return put(root, {"result.json": studio_coco(f"../up/1/{file_name}")})
    if style == "voc":
        return put(root, {f"Annotations/{stem}.xml": studio_voc(file_name)})
    labels = {f"labels/{stem}.txt": "0 0.375 0.5 0.5 0.33333333333333326\n"}
    return put(root, {"classes.txt": "plate\n", "notes.json": "{}", **labels})


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        ("3f2a1b2c-a.png", "x/a.png"),
        ("3f2a1b2c-Müller_2_rot.png", "x/Müller 2 (rot).png"),
        # what the converter fetched itself: a hash before it, nothing replaced
        ("29a09514__3f2a1b2c-a.png", "x/a.png"),
        ("29a09514__Müller 2 (rot).png", "x/Müller 2 (rot).png"),
        # what it was sent as and how a server of it, 1.23.2, named that in an export
        ("8004d596__b8ce5462-My_best_car%C3%BC_1.png", "x/My (best) car+ü 1.png"),
        ("0a9d5a8f__057d2852-%C3%9CB.png", "ÜB.png"),
    ],
)
@pytest.mark.parametrize("style", ["voc", "yolo", "coco"])
def test_pictures_are_found_that_label_studio_renamed(tmp_path, style, file_name, name):
    images = pictures(tmp_path, name, "x/b.png")
    found = imported(style, studio(tmp_path, style, file_name), images)
    assert rows(found) == [[name, *BOX, ""]]


@pytest.mark.parametrize("style", ["voc", "yolo", "coco"])
def test_of_two_that_were_uploaded_under_one_name_none_is_guessed(tmp_path, style):
    images = pictures(tmp_path, "a.png", "x/a.png")
    with pytest.raises(AnnotationError, match=r"may be a\.png or x/a\.png; say the folder"):
        imported(style, studio(tmp_path, style, "3f2a1b2c-a.png"), images)


@pytest.mark.parametrize("orientation", [6, 8, 3, 1])
def test_coco_of_label_studio_is_of_the_picture_as_shown(tmp_path, orientation):
    """Its boxes are drawn on what a browser shows, its sizes those that are stored."""
    images = pictures(tmp_path, "a.png", orientation=orientation)
    with Image.open(images / "a.png") as opened:
        labels = put(tmp_path, {"result.json": studio_coco("images/a.png", *opened.size)})
    assert rows(imported("coco", labels, images)) == [["a.png", *BOX, ""]]


# from labelImg


def test_what_labelimg_saves_in_sub_folders_finds_its_own_picture(tmp_path):
    """It writes the name without folders; the folder of the labels says which of two it is."""
    images = pictures(tmp_path, "b.png", "x/y/b.png", "z/y/b.png")
    xml = """<annotation>
	<folder>y</folder>
	<filename>b.png</filename>
	<path>/home/me/elsewhere/b.png</path>
	<source><database>Unknown</database></source>
	<size><width>80</width><height>60</height><depth>3</depth></size>
	<segmented>0</segmented>
	<object>
		<name>AB123CD</name>
		<pose>Unspecified</pose><truncated>0</truncated><difficult>0</difficult>
		<bndbox><xmin>10</xmin><ymin>20</ymin><xmax>50</xmax><ymax>40</ymax></bndbox>
	</object>
</annotation>"""
    labels = put(tmp_path, {"Annotations/x/y/b.xml": xml})
    wanted = Wanted(text_is_class=True)
    assert rows(imported("voc", labels, images, wanted=wanted)) == [["x/y/b.png", *BOX, "AB123CD"]]


# ours, as they need them


def test_voc_is_a_data_set_that_datumaro_and_cvat_take(tmp_path):
    plates = [(10, 20, 50, 40, "AB1"), (1, 2, 9, 8, "")]
    table = write(tmp_path, {"x/y/a.png": (80, 60, plates, "val")})
    export_labels(table, tmp_path / "labels", "voc")
    below = sorted(
        file.relative_to(tmp_path / "labels").as_posix()
        for file in (tmp_path / "labels").rglob("*")
        if file.is_file()
    )
    assert below == ["Annotations/x/y/a.xml", "ImageSets/Main/val.txt", "labelmap.txt"]
    text = (tmp_path / "labels/ImageSets/Main/val.txt").read_text(encoding="utf-8")
    assert text == "x/y/a\n"
    names = (tmp_path / "labels/labelmap.txt").read_text(encoding="utf-8")
    assert names.splitlines()[1:] == ["plate:::"]
    # An empty attribute is None to datumaro, and "None" in CVAT.
    xml = (tmp_path / "labels/Annotations/x/y/a.xml").read_text(encoding="utf-8")
    assert xml.count("<name>plate_text</name>") == 1
    assert xml.count("<name>plate</name>") == 2


@pytest.mark.parametrize(
    ("style", "files"),
    [
        ("voc", {"ImageSets/Main/default.txt": "x/a\n"}),
        # Label Studio wants the names of classes at the top, labelImg beside the labels
        ("yolo", {"classes.txt": "plate\n", "labels/x/classes.txt": "plate\n"}),
    ],
)
def test_lists_without_a_split(tmp_path, style, files):
    with written(label_files(style, tmp_path)) as add:
        add(Shown("x/a.png", (80, 60), [Plate((1, 2, 30, 20))]))
    assert {name: (tmp_path / name).read_text(encoding="utf-8") for name in files} == files


def test_labels_that_were_saved_beside_annotations_are_labels(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x/a.xml").write_text("<annotation/>", encoding="utf-8")
    files = label_files("voc", tmp_path)
    assert (files.has("x/a.png"), files.has("a.png")) == (True, False)
