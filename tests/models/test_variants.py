"""Annotated pictures repeated in other ways: the labels stay true."""

from collections import Counter

import cv2
import numpy as np
import pytest

from models.training.dataset import render_scenes
from models.training.negatives import ERASED, RENDERED_BARE
from models.training.scene import PLANTED, Scene
from models.training.scores import iou_matrix
from models.training.variants import CLOSE_UP, close_up, varied_scenes, without_plates


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenes")
    return [one for one in render_scenes(folder, "train", 8, seed=4) if one.boxes]


def test_so_many_of_each_kind_and_the_same_again(tmp_path, scenes):
    counts = {PLANTED: 3, ERASED: 2, RENDERED_BARE: 2}
    for name in ("once", "again"):
        (tmp_path / name).mkdir()
    once = list(varied_scenes(tmp_path / "once", scenes, counts, seed=1))
    again = list(varied_scenes(tmp_path / "again", scenes, counts, seed=1))
    assert Counter(one.source for one in once) == counts
    assert all(one.split == "train" for one in once)
    assert [one.path.read_bytes() for one in once] == [one.path.read_bytes() for one in again]
    assert all(not one.boxes for one in once if one.source != PLANTED)
    assert all(one.boxes for one in once if one.source == PLANTED)
    for one in once:
        height, width = cv2.imread(str(one.path)).shape[:2]
        assert one.size == (width, height)
        assert all(0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height for x1, y1, x2, y2 in one.boxes)


def test_scenes_without_plates_are_others_than_those_measured_on(tmp_path):
    from models.training.negatives import render_bare

    (tmp_path / "train").mkdir()
    (tmp_path / "val").mkdir()
    bare = list(varied_scenes(tmp_path / "train", [], {RENDERED_BARE: 2}, seed=0))
    measured = [render_bare(tmp_path / "val", number, 0) for number in range(2)]
    pictures = {one.path.read_bytes() for one in bare}
    assert pictures.isdisjoint(one.path.read_bytes() for one in measured)


def test_close_ups_show_the_plate_large_and_where_the_label_says():
    """A white plate on black, among others: what is white in the cut is what is labelled."""
    boxes = [(300.0, 200.0, 380.0, 220.0), (100.0, 100.0, 160.0, 115.0)]
    image = np.zeros((400, 600, 3), np.uint8)
    for x1, y1, x2, y2 in boxes:
        image[int(y1) : int(y2), int(x1) : int(x2)] = 255
    shares, found = [], 0
    for seed in range(40):
        varied = close_up(np.random.default_rng(seed), image, boxes)
        if varied is None:
            continue
        found += 1
        cut, kept = varied
        assert kept
        for box in kept:
            x1, y1, x2, y2 = (round(value) for value in box)
            assert cut[y1:y2, x1:x2].mean() > 250
        white = np.argwhere(cut[:, :, 0] > 128)[:, ::-1]
        if len(kept) == 1:
            seen = [(*map(float, white.min(axis=0)), *map(float, white.max(axis=0) + 1))]
            assert iou_matrix(kept, seen)[0, 0] > 0.75
            shares.append((kept[0][2] - kept[0][0]) / cut.shape[1])
    assert found > 20
    assert 0.15 < min(shares) < 0.5 < max(shares) <= 1


def test_without_plates_nothing_white_is_left():
    image = np.full((200, 300, 3), 60, np.uint8)
    image[90:110, 100:200] = 255
    bare, boxes = without_plates(np.random.default_rng(1), image, [(100.0, 90.0, 200.0, 110.0)])
    assert boxes == []
    assert (bare[88:112, 98:202] > 200).mean() < 0.1


def test_a_scene_without_pictures_of_its_own_needs_none(tmp_path):
    """Kinds that need annotated pictures give nothing where there are none."""
    assert list(varied_scenes(tmp_path, [], {PLANTED: 5, CLOSE_UP: 5}, seed=0)) == []


def test_an_unreadable_picture_is_named(tmp_path):
    from models.base import ModelError

    gone = Scene(tmp_path / "gone.jpg", "mine", "train", (10, 10), ((1.0, 1.0, 5.0, 4.0),))
    with pytest.raises(ModelError, match=r"gone\.jpg: no readable picture"):
        list(varied_scenes(tmp_path, [gone], {ERASED: 1}, seed=0))
