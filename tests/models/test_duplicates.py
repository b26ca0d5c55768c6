"""Pictures that are one and the same, and those that only look so to a hash."""

import cv2
import numpy as np
import pytest
from PIL import Image as Pictures

imagehash = pytest.importorskip("imagehash", reason="comparing pictures needs the extra train")
from models.training.duplicates import Duplicate, Likeness, compare  # noqa: E402
from models.training.labelled import Labelled, Plate  # noqa: E402
from models.training.pictures import Picture  # noqa: E402
from models.training.synthesis import render_scene  # noqa: E402

SIZE = (640, 360)
BOX = (250, 200, 390, 235)


@pytest.fixture(scope="module")
def scenes():
    """Five rendered scenes with their plates' boxes."""
    found, rng = [], np.random.default_rng(11)
    while len(found) < 5:
        scene = render_scene(rng, SIZE, night=False)
        boxes = [tuple(round(side) for side in plate.box) for plate in scene.plates]
        if boxes:
            found.append((scene.image, boxes))
    return found


class Folder:
    def __init__(self, place) -> None:
        self.place, self.files = place, []

    def add(self, name, image, boxes, *coding) -> None:
        path = self.place / name
        cv2.imwrite(str(path), image, coding)
        picture = Picture(name, path, image.shape[1::-1])
        self.files.append(Labelled(picture, True, [Plate(box) for box in boxes]))

    def compare(self, bits=4):
        found = compare(self.files, bits)
        return {(one.kept, one.removed) for one in found.duplicates}, found.near


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def scaled(boxes, by):
    return [tuple(round(side * by) for side in box) for box in boxes]


def test_the_same_scene_coded_otherwise_is_one(folder, scenes):
    for number, (image, boxes) in enumerate(scenes):
        folder.add(f"a{number}.png", image, boxes)
    for number, (image, boxes) in enumerate(scenes):
        folder.add(f"b{number}.jpg", image, boxes, cv2.IMWRITE_JPEG_QUALITY, 60)
    for number, (image, boxes) in enumerate(scenes):
        small = cv2.resize(image, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)
        folder.add(f"c{number}.png", small, scaled(boxes, 0.75))
    duplicates, near = folder.compare()
    # Always to the first by name; and no scene with another.
    again = {(f"a{n}.png", name) for n in range(5) for name in (f"b{n}.jpg", f"c{n}.png")}
    assert duplicates == again
    assert near == {f"a{n}.png": f"a{n}.png" for n in range(5)}


def test_boxes_need_to_agree_but_roughly(folder, scenes):
    image, boxes = scenes[0]
    x1, y1, x2, y2 = boxes[0]
    more = round((x2 - x1) * 0.1)
    folder.add("a.png", image, boxes)
    folder.add("b.png", image, [(x1 - more, y1 - 1, x2 + more, y2 + 1), *boxes[1:]])
    folder.add("c.png", image, [*boxes, (5, 5, 60, 20)])
    folder.add("d.png", image, [(x1 - 2 * (x2 - x1), y1, x2 - 2 * (x2 - x1), y2), *boxes[1:]])
    duplicates, near = folder.compare()
    assert duplicates == {("a.png", "b.png")}
    # What is left is of one scene, so it stays on one side of the split.
    assert near == {"a.png": "a.png", "c.png": "a.png", "d.png": "a.png"}


def test_another_vehicle_at_the_same_gate_is_another_picture(folder, scenes):
    image = scenes[0][0]
    for number, text in enumerate(["AB 123 CD", "KX 908 ZT", "WE 447 LM"]):
        folder.add(f"{number}.png", with_plate(image, text, 30, 220), [BOX])
    folder.add("again.png", with_plate(image, "AB 123 CD", 30, 220), [BOX])
    duplicates, near = folder.compare()
    assert duplicates == {("0.png", "again.png")}
    assert set(near.values()) == {"0.png"}


def with_plate(image, text, ink, paper):
    drawn = image.copy()
    x1, y1, x2, y2 = BOX
    cv2.rectangle(drawn, (x1, y1), (x2, y2), (paper,) * 3, -1)
    cv2.putText(drawn, text, (x1 + 8, y2 - 10), 0, 0.75, (ink,) * 3, 2, cv2.LINE_AA)
    return drawn


def test_dark_pictures_are_not_one_because_they_are_dark(folder):
    """To the hash they are: of a picture without contrast it sees nothing but the plate's place."""
    night = np.full((360, 640, 3), 2, np.uint8)
    texts = ["AB 123 CD", "KX 908 ZT", "WE 447 LM"]
    pictures = [with_plate(night, text, 4, 16) for text in texts]
    hashes = [imagehash.phash(Pictures.fromarray(picture[..., 0])) for picture in pictures]
    assert max(hashes[0] - other for other in hashes) <= 4
    for number, picture in enumerate(pictures):
        folder.add(f"{number}.jpg", picture, [BOX])
    folder.add("again.jpg", pictures[0], [BOX], cv2.IMWRITE_JPEG_QUALITY, 70)
    assert folder.compare()[0] == {("0.jpg", "again.jpg")}


def test_black_is_not_white(folder):
    black, white = (np.full((60, 80, 3), value, np.uint8) for value in (0, 255))
    folder.add("black.png", black, [(10, 10, 40, 20)])
    folder.add("white.png", white, [(10, 10, 40, 20)])
    folder.add("x.png", black, [(10, 10, 40, 20)])
    duplicates, near = folder.compare()
    assert duplicates == {("black.png", "x.png")}
    assert near == {"black.png": "black.png", "white.png": "white.png"}


def test_duplicates_may_be_kept_and_stay_together(folder, scenes):
    image, boxes = scenes[1]
    folder.add("a.png", image, boxes)
    folder.add("b.png", image, boxes)
    folder.add("c.png", *scenes[2])
    near = {"a.png": "a.png", "b.png": "a.png", "c.png": "c.png"}
    assert folder.compare(bits=None) == (set(), near)


def test_what_is_told_of_a_duplicate(folder, scenes):
    image, boxes = scenes[1]
    folder.add("a.png", image, boxes)
    folder.add("b.png", image, boxes)
    assert compare(folder.files, 0).duplicates == [Duplicate("a.png", "b.png", 0)]
    assert compare([], 4).near == {}


def test_likeness():
    rng = np.random.default_rng(3)
    one, other = rng.integers(0, 255, (2, 384)).astype(np.float32)
    dark = rng.integers(0, 12, (2, 384)).astype(np.float32)
    flat = np.full((2, 384), 2, np.float32)
    table = [
        (one, one, 1, 1),
        (one, np.minimum(255, one * 1.1), 0.95, 1),
        (one, other, -0.2, 0.3),
        (one, 255 - one, -1, -0.5),
        (dark[0], dark[1], -0.2, 0.4),
        (flat[0], flat[1] + 1, 0.9, 1),
        (flat[0], flat[1] + 200, 0, 0.1),
    ]
    for first, second, low, high in table:
        alike = Likeness(np.array([first, second])).of(0, np.array([1]))
        assert low <= round(float(alike[0]), 5) <= high
