"""The classical detector, on rendered scenes and on shapes with a known answer."""

import time

import cv2
import numpy as np
import pytest

from models.base import Detection
from models.detectors.contours import ContoursDetector, look, straightened, strokes
from models.detectors.quads import box_around, corners_in, in_order, settled
from models.training.plates import LAYOUTS, draw_plate
from models.training.synthesis import render_scene

LAYOUT = {layout.name: layout for layout in LAYOUTS}


def iou(one, other):
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    shared = sides.clip(min=0).prod()
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return shared / (sum(areas) - shared)


def picture_with(quad, text="MH 12 DE 1433", size=(640, 480)):
    """A rendered plate drawn with its corners at `quad`, on a dull ground."""
    plate = draw_plate(np.random.default_rng(5), LAYOUT["white"], text)
    height, width = plate.shape[:2]
    source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    matrix = cv2.getPerspectiveTransform(source, np.array(quad, np.float32))
    image = np.full((size[1], size[0], 3), 130, np.uint8)
    how = {"flags": cv2.INTER_AREA, "borderMode": cv2.BORDER_TRANSPARENT}
    return cv2.warpPerspective(plate, matrix, size, dst=image, **how)


STRAIGHT = [(200, 200), (420, 200), (420, 248), (200, 248)]
SLANTED = [(210, 190), (415, 225), (410, 280), (205, 240)]


@pytest.mark.parametrize("quad", [STRAIGHT, SLANTED])
def test_a_plate_and_its_corners_in_order(quad):
    found = ContoursDetector().detect(picture_with(quad))
    assert len(found) == 1
    np.testing.assert_allclose(found[0].corners, quad, atol=8)  # rounded, and framed
    assert iou(found[0].box, box_around(np.array(quad, float))) > 0.85
    assert 0.6 <= found[0].score <= 1


def test_a_large_picture_is_scaled_down_and_the_answer_up():
    image = cv2.resize(picture_with(SLANTED), None, fx=4, fy=4, interpolation=cv2.INTER_LINEAR)
    found = ContoursDetector(width=640).detect(image)
    assert len(found) == 1
    np.testing.assert_allclose(found[0].corners, 4 * np.array(SLANTED), atol=32)
    assert look(image, 640).grey.shape == (480, 640)


def test_an_empty_board_is_no_plate():
    image = np.full((480, 640, 3), 60, np.uint8)
    cv2.rectangle(image, (200, 200), (420, 248), (230, 230, 230), -1)
    assert look(image, 640).candidates  # it has the shape
    assert ContoursDetector().detect(image) == []


def test_min_score_is_the_least_that_is_reported():
    scene = render_scene(np.random.default_rng(8), (1280, 720), night=False)
    scores = [one.score for one in ContoursDetector(min_score=0.0).detect(scene.image)]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] < 0.3
    assert all(one.score >= 0.7 for one in ContoursDetector(min_score=0.7).detect(scene.image))


def test_the_steps_are_the_pictures_it_worked_on():
    image = cv2.resize(picture_with(STRAIGHT), (1280, 960))
    detector = ContoursDetector(width=640)
    steps = dict(detector.steps(image))
    assert list(steps) == ["grey", "smooth", "edges", "candidates", "plates"]
    seen = look(image, 640)
    for name in ("grey", "smooth", "edges"):
        np.testing.assert_array_equal(steps[name][:, :, 1], getattr(seen, name))
    assert all(one.dtype == np.uint8 and one.shape[2] == 3 for one in steps.values())
    assert steps["plates"].shape == image.shape
    changed = (steps["plates"] != image).any(axis=2)
    (found,) = detector.detect(image)
    ys, xs = np.nonzero(changed)
    np.testing.assert_allclose((xs.min(), ys.min(), xs.max(), ys.max()), found.box, atol=4)
    assert detector.steps(image[:0]) == []


@pytest.mark.parametrize("shape", [(0, 10, 3), (1, 1, 3), (2000, 3, 3), (3, 2000, 3)])
def test_odd_pictures_have_no_plates(shape):
    assert ContoursDetector().detect(np.zeros(shape, np.uint8)) == []


def test_noise_takes_no_longer_than_a_large_picture_may():
    noise = np.random.default_rng(0).integers(0, 256, (2160, 3840, 3)).astype(np.uint8)
    detector = ContoursDetector()
    begin = time.process_time()
    detector.detect(noise)
    assert time.process_time() - begin < 3


def test_strokes_are_counted_along_rows():
    bars = np.full((40, 160), 200, np.uint8)
    bars[:, 20:140:20] = 40
    bars[:, 21:140:20] = 40
    bars[:, 22:140:20] = 40
    bars[:, 23:140:20] = 40
    changes, contrast = strokes(bars)
    assert (changes, contrast) == (12, 160)
    assert strokes(np.full((40, 160), 90, np.uint8)) == (0, 0)
    assert strokes(cv2.rotate(cv2.resize(bars, (40, 160)), cv2.ROTATE_90_CLOCKWISE))[0] == 0


def test_straightened_puts_the_first_corner_at_the_top_left():
    image = np.zeros((100, 200), np.uint8)
    cv2.circle(image, (52, 32), 4, 255, -1)
    corners = np.array([(50, 30), (150, 40), (145, 70), (45, 60)], float)
    inside = straightened(image, corners)
    assert inside[:8, :8].mean() > 100
    assert inside[20:].max() == 0


PLATE_PX = 80
"""Near: the width from which the detector should find most."""


@pytest.mark.slow
def test_most_near_plates_of_rendered_scenes_are_found():
    """The figures in the detector's docstring."""
    detector = ContoursDetector()
    near = found = right = reported = 0
    for seed in range(40):
        scene = render_scene(np.random.default_rng(seed), (1280, 720), night=False)
        detections = detector.detect(scene.image)
        hits = np.array(
            [[iou(plate.box, one.box) >= 0.5 for one in detections] for plate in scene.plates]
        ).reshape(len(scene.plates), len(detections))
        wide = np.array([plate.box[2] - plate.box[0] >= PLATE_PX for plate in scene.plates], bool)
        near += int(wide.sum())
        found += int(hits[wide].any(axis=1).sum())
        right += int(hits.any(axis=0).sum())
        reported += len(detections)
    print(f"near plates {found}/{near}; detections {right}/{reported} right")
    assert near >= 15
    assert found / near >= 0.8
    assert right / reported >= 0.5


@pytest.mark.parametrize("turned", range(4))
@pytest.mark.parametrize("angle", [-60, -30, 0, 30, 60])
def test_corners_begin_at_the_top_left_of_the_plate(angle, turned):
    wide = np.array([(-50, -10), (50, -10), (50, 10), (-50, 10)], float)
    a = np.radians(angle)
    quad = wide @ np.array([(np.cos(a), np.sin(a)), (-np.sin(a), np.cos(a))]) + 100
    shuffled = np.roll(quad[::-1], turned, axis=0)
    np.testing.assert_allclose(in_order(shuffled), quad)


@pytest.mark.parametrize(
    "points",
    [
        [(0, 0), (10, 0), (20, 0), (30, 0)],  # on one line
        [(0, 0), (20, 0), (10, 20), (10, 5)],  # one within the others
        [(0, 0), (0, 0), (0, 0), (0, 0)],
        [(0, 0), (10, 0), (10, 5), (float("nan"), 5)],
    ],
)
def test_points_that_span_nothing_are_no_corners(points):
    assert in_order(np.array(points, float)) is None


def test_corners_belong_to_their_box():
    points = np.array([(0, 0), (40, 0), (40, 10), (0, 10)], float)
    assert corners_in(points, (0, 0, 42, 12)) is not None
    assert corners_in(points, (100, 100, 140, 110)) is None
    assert corners_in(1000 * points, (0, 0, 40, 10)) is None


def test_what_is_settled_is_clipped_sorted_and_apart():
    corners = ((-5.0, 0.0), (20.0, 0.0), (20.0, 10.0), (-5.0, 10.0))
    found = [
        Detection((-5, 0, 20, 10), 0.5, corners),
        Detection((-4, 0, 20, 10), 0.4),  # the same once more
        Detection((50, 20, 120, 40), 0.9),
        Detection((99.5, 0, 130, 10), 0.8),  # hardly in the picture
    ]
    left = settled(found, (100, 30))
    assert [one.box for one in left] == [(50, 20, 100, 30), (0, 0, 20, 10)]
    assert [one.score for one in left] == [0.9, 0.5]
    assert left[1].corners == corners
    assert settled([], (100, 30)) == []
