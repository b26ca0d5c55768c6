"""COCO's JSON in: texts and names as tools write them; faults name file and element."""

import json

import pytest

from label_folders import imported, write

for name in ("pandas", "imagehash", "jinja2"):
    pytest.importorskip(name, reason="an import needs the extra train")
from models.training.label_files import Shown, label_files, written  # noqa: E402
from models.training.labelled import Plate, Wanted  # noqa: E402
from models.training.tables import AnnotationError  # noqa: E402

STYLES = ("voc", "yolo", "coco")


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


def test_labels_that_a_person_corrected_in_coco_stay(tmp_path):
    folder = tmp_path / "labels"
    (folder / "annotations").mkdir(parents=True)
    file, _ = coco(tmp_path)
    content = json.loads(file.read_text(encoding="utf-8")) | {"info": {"by": "somebody"}}
    (folder / "annotations/instances_default.json").write_text(
        json.dumps(content), encoding="utf-8"
    )
    files = label_files("coco", folder)
    assert files.has("a.png")
    with written(files) as add:
        add(Shown("b.png", (80, 60), [Plate((1, 2, 30, 20), "AB1")]))
    after = json.loads((folder / "annotations/instances_default.json").read_text(encoding="utf-8"))
    assert after["info"] == {"by": "somebody"}
    assert after["images"][0] == IMAGE
    assert after["annotations"][0] == OBJECT
    added = after["annotations"][1]
    assert (added["id"], added["image_id"], added["category_id"]) == (2, 8, 2)
    assert after["categories"] == CATEGORIES


def test_what_was_labelled_before_an_interruption_is_kept(tmp_path):
    def interrupted():
        with written(label_files("coco", tmp_path)) as add:
            add(Shown("a.png", (80, 60), [Plate((1, 2, 30, 20), "AB1")]))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    again = label_files("coco", tmp_path)
    assert (again.has("a.png"), again.has("b.png")) == (True, False)
