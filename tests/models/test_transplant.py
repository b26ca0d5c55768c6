"""Drawn plates over annotated ones: they cover the old plate, and their corners are true."""

import cv2
import numpy as np
import pytest

from models.training.transplant import transplant
from models.training.weather import spoil

RED = (0, 0, 255)


def _bumper(box, size=(400, 300)):
    """A blue body with a red plate."""
    image = np.full((size[1], size[0], 3), (160, 90, 40), np.uint8)
    x1, y1, x2, y2 = map(round, box)
    image[y1:y2, x1:x2] = RED
    return image


@pytest.mark.parametrize("box", [(120, 130, 280, 165), (150, 100, 250, 170), (60, 60, 340, 120)])
def test_the_old_plate_is_covered_and_the_corners_are_around_it(box):
    for seed in range(12):
        image = _bumper(box)
        done = transplant(np.random.default_rng(seed), image, box)
        assert done is not None
        assert done.text.isalnum()
        outline = done.corners.astype(np.float32)
        for corner in ((box[0], box[1]), (box[2], box[1]), (box[2], box[3]), (box[0], box[3])):
            assert cv2.pointPolygonTest(outline, (float(corner[0]), float(corner[1])), True) >= -0.5
        # Its own red may have shone into the light of the new plate, but not be seen as such.
        x1, y1, x2, y2 = box
        assert not (done.image[y1:y2, x1:x2] == RED).all(axis=2).any()
        assert (image[y1:y2, x1:x2] == RED).all()  # the picture given is untouched


def test_the_corners_run_clockwise_from_the_top_left():
    for seed in range(12):
        done = transplant(
            np.random.default_rng(seed), _bumper((120, 130, 280, 165)), (120, 130, 280, 165)
        )
        a, b, c, d = done.corners
        assert a[0] < b[0]
        assert d[0] < c[0]
        assert a[1] < d[1]
        assert b[1] < c[1]


def test_only_the_surroundings_of_the_plate_change():
    box = (150, 130, 250, 155)
    image = _bumper(box)
    done = transplant(np.random.default_rng(3), image, box)
    changed = np.argwhere((done.image != image).any(axis=2))
    low, high = done.corners.min(axis=0), done.corners.max(axis=0)
    grown = 0.35 * (high - low)  # a holder around it, and its blur
    assert (changed[:, ::-1] >= low - grown - 6).all()
    assert (changed[:, ::-1] <= high + grown + 6).all()


def test_a_dark_plate_is_followed_by_a_dark_plate():
    box = (120, 130, 280, 165)
    bright, dark = _bumper(box), _bumper(box)
    bright[130:165, 120:280], dark[130:165, 120:280] = 230, 60
    levels = [
        np.mean([
            transplant(np.random.default_rng(seed), image, box).image[135:160, 130:270].mean()
            for seed in range(10)
        ])
        for image in (bright, dark)
    ]  # fmt: skip
    assert levels[0] > levels[1] + 30


def test_a_box_no_plate_could_have_is_left_alone():
    assert (
        transplant(np.random.default_rng(0), _bumper((50, 50, 350, 60)), (50, 50, 350, 60)) is None
    )


def test_what_spoils_a_picture_leaves_most_of_each_plate():
    """Over many pictures every kind of trouble comes, and never hides a plate."""
    corners = np.array([[150, 130], [250, 130], [250, 155], [150, 155]], float)
    changed = 0
    for seed in range(80):
        image = _bumper((150, 130, 250, 155))
        spoilt = spoil(np.random.default_rng(seed), image.copy(), [corners])
        assert spoilt.shape == image.shape
        changed += bool((spoilt != image).any())
        plate = spoilt[130:155, 150:250].astype(int)
        reddish = plate[:, :, 2] > plate[:, :, 0] + 25
        assert reddish.mean() > 0.45
    assert 10 < changed < 75
