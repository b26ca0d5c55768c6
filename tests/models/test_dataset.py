"""From tables to a data set on disk: nothing of the validation may be trained on."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("pandas", reason="tables need the extra train")
from models.training.dataset import build_dataset, render_scenes, scenes_of
from models.training.voc import COLUMNS, AnnotationError


def write_table(root: Path, source: str, rows: list[tuple[str, tuple[int, ...], str]]) -> Path:
    """Pictures of 80x60 (each different) and their table; rows are (name, box, split)."""
    lines = [",".join(COLUMNS)]
    (root / "images" / source).mkdir(parents=True, exist_ok=True)
    (root / "annotations").mkdir(exist_ok=True)
    for number, (name, box, split) in enumerate(rows):
        rng = np.random.default_rng([number, *source.encode()])
        picture = rng.integers(0, 255, (60, 80, 3), np.uint8)
        if not (root / "images" / source / name).exists():
            cv2.imwrite(str(root / "images" / source / name), picture)
        lines.append(f"{source}/{name},80,60,{','.join(map(str, box))},,{split}")
    table = root / "annotations" / f"{source}.csv"
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return table


BOX = (8, 6, 24, 12)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_pictures_and_labels_of_each_split(tmp_path):
    one = write_table(
        tmp_path, "one", [("a.png", BOX, "train"), ("a.png", (40, 30, 80, 60), "train")]
    )
    two = write_table(tmp_path, "two", [("a.png", BOX, "val"), ("b.png", BOX, "train")])
    dataset = build_dataset(tables=[one, two], folder=tmp_path / "set")
    assert names(tmp_path / "set/images/train") == {"one__a.png", "two__b.png"}
    assert names(tmp_path / "set/images/val") == {"two__a.png"}
    assert dataset.pictures == Counter(
        {("train", "one"): 1, ("val", "two"): 1, ("train", "two"): 1}
    )
    lines = (tmp_path / "set/labels/train/one__a.txt").read_text().splitlines()
    values = [[float(word) for word in line.split()] for line in lines]
    assert values == [
        pytest.approx([0, 16 / 80, 9 / 60, 16 / 80, 6 / 60], abs=1e-6),
        pytest.approx([0, 60 / 80, 45 / 60, 40 / 80, 30 / 60], abs=1e-6),
    ]
    original = (tmp_path / "images/one/a.png").read_bytes()
    assert (tmp_path / "set/images/train/one__a.png").read_bytes() == original
    assert f"path: {tmp_path / 'set'}" in dataset.file.read_text()


def test_the_originals_are_out_of_reach_of_the_trainer(tmp_path):
    """ultralytics repairs damaged JPEGs in place: it may do so only to copies."""
    table = write_table(tmp_path, "one", [("a.png", BOX, "train"), ("b.png", BOX, "val")])
    build_dataset(tables=[table], folder=tmp_path / "set")
    copy = tmp_path / "set/images/train/one__a.png"
    assert not copy.is_symlink()
    assert copy.stat().st_ino != (tmp_path / "images/one/a.png").stat().st_ino


def test_a_picture_in_both_splits_of_two_tables_is_refused(tmp_path):
    one = write_table(tmp_path, "one", [("a.png", BOX, "train"), ("b.png", BOX, "val")])
    again = tmp_path / "annotations/again.csv"
    again.write_text(one.read_text().replace("train", "val"), encoding="utf-8")
    with pytest.raises(AnnotationError, match=r"again\.csv: .*a\.png is in train and in val"):
        build_dataset(tables=[one, again], folder=tmp_path / "set")


def test_a_copy_of_a_val_picture_is_not_trained_on(tmp_path):
    one = write_table(tmp_path, "one", [("a.png", BOX, "train"), ("c.png", BOX, "train")])
    two = write_table(tmp_path, "two", [("other.png", BOX, "val")])
    copy = tmp_path / "images/two/other.png"
    copy.write_bytes((tmp_path / "images/one/a.png").read_bytes())
    dataset = build_dataset(tables=[one, two], folder=tmp_path / "set")
    assert names(tmp_path / "set/images/train") == {"one__c.png"}
    assert dataset.left_out == Counter({"train picture that is also a val picture": 1})


def test_crops_of_plates_are_no_scenes(tmp_path):
    table = write_table(
        tmp_path,
        "one",
        [("a.png", BOX, "train"), ("crop.png", (0, 0, 80, 60), "train"), ("v.png", BOX, "val")],
    )
    dataset = build_dataset(tables=[table], folder=tmp_path / "set")
    assert names(tmp_path / "set/images/train") == {"one__a.png"}
    assert dataset.left_out == Counter({"crop of a plate": 1})


def test_a_missing_picture_is_named(tmp_path):
    table = write_table(tmp_path, "one", [("a.png", BOX, "train"), ("b.png", BOX, "val")])
    (tmp_path / "images/one/b.png").unlink()
    with pytest.raises(AnnotationError, match=r"b\.png is missing"):
        list(scenes_of([table]))


def test_another_folder_of_pictures(tmp_path):
    table = write_table(tmp_path, "one", [("a.png", BOX, "train")])
    (tmp_path / "images").rename(tmp_path / "elsewhere")
    assert [scene.source for scene in scenes_of([table], tmp_path / "elsewhere")] == ["one"]


@pytest.mark.parametrize("split", ["train", "val"])
def test_both_splits_are_needed(tmp_path, split):
    table = write_table(tmp_path, "one", [("a.png", BOX, split)])
    with pytest.raises(AnnotationError, match=r"no (train|val) picture; both are needed"):
        build_dataset(tables=[table], folder=tmp_path / "set")


def test_an_older_data_set_leaves_nothing_behind(tmp_path):
    first = write_table(tmp_path, "one", [("a.png", BOX, "train"), ("b.png", BOX, "val")])
    build_dataset(tables=[first], folder=tmp_path / "set")
    second = write_table(tmp_path, "one", [("a.png", BOX, "val"), ("b.png", BOX, "train")])
    build_dataset(tables=[second], folder=tmp_path / "set")
    assert names(tmp_path / "set/images/train") == {"one__b.png"}
    assert names(tmp_path / "set/labels/val") == {"one__a.txt"}


def test_rendered_scenes_join_and_are_the_same_for_the_same_seed(tmp_path):
    table = write_table(tmp_path, "one", [("a.png", BOX, "train"), ("b.png", BOX, "val")])
    dataset = build_dataset(
        tables=[table], folder=tmp_path / "set", rendered=2, rendered_val=1, seed=3
    )
    assert dataset.pictures["train", "rendered"] == 2
    assert dataset.pictures["val", "rendered"] == 1
    again = render_scenes(tmp_path / "again", "train", 2, seed=3)
    assert again[0].boxes != again[1].boxes
    for scene in again:
        copy = tmp_path / "set/images/train" / scene.path.name
        assert copy.read_bytes() == scene.path.read_bytes()
        lines = (tmp_path / f"set/labels/train/{scene.path.stem}.txt").read_text().splitlines()
        assert len(lines) == len(scene.boxes)
    val = render_scenes(tmp_path / "again", "val", 1, seed=3)[0]
    assert val.path.read_bytes() not in {scene.path.read_bytes() for scene in again}


def test_planted_pictures_repeat_train_pictures_with_new_plates(tmp_path):
    rows = [(f"{n}.png", (20, 20, 60, 32), "train") for n in range(4)]
    table = write_table(tmp_path, "one", [*rows, ("v.png", BOX, "val")])
    dataset = build_dataset(tables=[table], folder=tmp_path / "set", variants={"planted": 3})
    assert dataset.pictures["train", "planted"] == 3
    planted = sorted((tmp_path / "set/images/train").glob("planted__*.jpg"))
    assert len(planted) == 3
    for picture in planted:
        label = tmp_path / "set/labels/train" / f"{picture.stem}.txt"
        _, x, y, w, h = map(float, label.read_text().split())
        # The new plate covers the old one.
        assert x - w / 2 <= 20 / 80 + 1e-3
        assert x + w / 2 >= 60 / 80 - 1e-3
        assert y - h / 2 <= 20 / 60 + 1e-3
        assert y + h / 2 >= 32 / 60 - 1e-3
    again = build_dataset(tables=[table], folder=tmp_path / "again", variants={"planted": 3})
    assert again.pictures == dataset.pictures
    for picture in planted:
        twin = tmp_path / "again/images/train" / picture.name
        assert twin.read_bytes() == picture.read_bytes()


def test_a_relabelling_changes_the_labels_and_not_the_pictures(tmp_path):
    table = write_table(tmp_path, "one", [("a.png", BOX, "train"), ("b.png", BOX, "val")])

    def moved(scenes):
        for scene in scenes:
            yield replace(scene, boxes=((0.0, 0.0, 40.0, 30.0),))

    build_dataset(tables=[table], folder=tmp_path / "set", relabel=moved)
    assert (tmp_path / "set/labels/train/one__a.txt").read_text().split() == [
        "0", "0.250000", "0.250000", "0.500000", "0.500000",
    ]  # fmt: skip
    original = (tmp_path / "images/one/a.png").read_bytes()
    assert (tmp_path / "set/images/train/one__a.png").read_bytes() == original
