import cv2
import numpy as np
import pytest

from models.base import Detection
from streamer.stages.views import cut_out, height_px, is_cut, quality

SIZE = (1280, 720)


def plate(height=44, text="AB 123 CD"):
    """A rendered plate, drawn large and scaled down, so that it is as sharp as it can be."""
    image = np.full((220, 1000, 3), 235, np.uint8)
    cv2.putText(image, text, (30, 170), cv2.FONT_HERSHEY_DUPLEX, 5.5, (20, 20, 20), 14)
    width = round(1000 * height / 220)
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize(
    ("box", "cut"),
    [
        ((100, 100, 200, 122), False),
        ((0, 100, 80, 122), True),
        ((5, 100, 80, 122), True),
        ((1200, 100, 1280, 122), True),
        ((100, 0, 200, 15), True),
        ((100, 700, 200, 719), True),
        ((10, 10, 1270, 710), False),
        ((-5, 100, 80, 122), True),
    ],
)
def test_a_plate_at_the_edge_is_cut(box, cut):
    assert is_cut(box, SIZE) == cut


@pytest.mark.parametrize(
    ("box", "shape"),
    [
        ((100, 50, 200, 70), (20, 100)),
        ((100.4, 50.4, 200.4, 70.4), (20, 100)),
        ((-20, -10, 60, 20), (20, 60)),
        ((1250, 700, 1350, 740), (20, 30)),
        ((300, 300, 300.2, 300.2), (1, 1)),
        ((2000, 2000, 2100, 2020), (1, 1)),
    ],
)
def test_a_crop_stays_within_the_picture_and_is_never_empty(box, shape):
    image = np.zeros((720, 1280, 3), np.uint8)
    assert cut_out(image, Detection(box, 0.9), margin=0.0).shape == (*shape, 3)


def test_the_margin_is_a_share_of_width_and_height():
    image = np.zeros((720, 1280, 3), np.uint8)
    crop = cut_out(image, Detection((100, 100, 200, 120), 0.9), margin=0.1)
    assert crop.shape == (24, 120, 3)


def test_a_crop_is_a_copy():
    image = np.zeros((720, 1280, 3), np.uint8)
    crop = cut_out(image, Detection((100, 100, 200, 120), 0.9))
    assert not np.shares_memory(image, crop)


def test_a_leaning_plate_is_set_straight():
    upright = plate(60)
    height, width = upright.shape[:2]
    corners = ((200.0, 150.0), (440.0, 210.0), (430.0, 260.0), (190.0, 200.0))
    here = np.float32([(0, 0), (width, 0), (width, height), (0, height)])
    matrix = cv2.getPerspectiveTransform(here, np.float32(corners))
    scene = cv2.warpPerspective(upright, matrix, (640, 480))
    detection = Detection((190, 150, 440, 260), 0.9, corners)
    crop = cut_out(scene, detection, margin=0.0)
    wanted = cv2.resize(upright, (crop.shape[1], crop.shape[0]))
    assert np.abs(crop.astype(int) - wanted).mean() < 20
    assert height_px(detection) == pytest.approx(51, abs=1)


def test_corners_that_span_nothing_leave_the_box():
    corners = ((5.0, 5.0),) * 4
    crop = cut_out(np.zeros((90, 90, 3), np.uint8), Detection((10, 10, 50, 20), 0.9, corners), 0.0)
    assert crop.shape == (10, 40, 3)


def test_a_larger_plate_is_a_better_view():
    values = [quality(plate(height), height, 0.9) for height in (8, 12, 20, 40, 120)]
    assert values == sorted(values)
    assert values[0] < 0.7 * values[-1]


def test_what_is_surely_a_plate_is_a_better_view():
    values = [quality(plate(), 44, score) for score in (0.0, 0.3, 0.9)]
    assert values == sorted(values)
    assert values[0] > 0.7 * values[-1]


@pytest.mark.parametrize("crop", [np.zeros((1, 1, 3)), np.zeros((1, 3000, 3)), plate(300)])
@pytest.mark.parametrize("score", [0.0, 1.0, 2.0])
def test_quality_is_a_share(crop, score):
    assert 0 <= quality(crop.astype(np.uint8), crop.shape[0], score) <= 1


@pytest.mark.parametrize(("turn", "upright"), [(0, False), (8, False), (-8, False), (20, True)])
def test_only_a_plate_that_leans_is_set_upright(turn, upright):
    """A level one is the very pixels of the picture; a turned one has its edges level again."""
    angle = np.radians(turn)
    across, down = (
        np.array([np.cos(angle), np.sin(angle)]),
        np.array([-np.sin(angle), np.cos(angle)]),
    )
    middle = np.array([150.0, 100.0])
    quad = [middle + x * across + y * down for x, y in ((-60, -15), (60, -15), (60, 15), (-60, 15))]
    picture = np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)
    low, high = np.min(quad, axis=0), np.max(quad, axis=0)
    box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    corners = tuple((float(x), float(y)) for x, y in quad)
    crop = cut_out(picture, Detection(box, 0.9, corners), margin=0.0)
    plain = cut_out(picture, Detection(box, 0.9), margin=0.0)
    assert np.array_equal(crop, plain) is not upright
    if upright:
        assert crop.shape[:2] == (30, 120)
