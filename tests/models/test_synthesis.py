"""Rendered scenes: for training, and the gate."""

import itertools

import cv2
import numpy as np
import pytest

from models.training.canvas import Camera, lettering
from models.training.gate import GateScene
from models.training.plates import EUROPEAN, LAYOUTS, bare, draw_plate, gate_text, plate_text
from models.training.synthesis import render_scene


def scenes(count, size, **settings):
    return [render_scene(np.random.default_rng(seed), size, **settings) for seed in range(count)]


@pytest.fixture(scope="module")
def many():
    return scenes(24, (640, 360))


def test_the_same_generator_gives_the_same_scene():
    one, two, other = (render_scene(np.random.default_rng(seed), (320, 240)) for seed in (5, 5, 6))
    assert (one.image == two.image).all()
    assert one.plates == two.plates
    assert (one.image != other.image).any()


@pytest.mark.parametrize("size", [(1280, 720), (352, 352)])
def test_scenes_have_the_size_asked_for_and_plates_inside(size):
    width, height = size
    for scene in scenes(2, size):
        assert scene.image.shape == (height, width, 3)
        assert scene.image.dtype == np.uint8
        for plate in scene.plates:
            x1, y1, x2, y2 = plate.box
            assert 0 <= x1 < x2 <= width
            assert 0 <= y1 < y2 <= height
            assert plate.text == bare(plate.text)
            assert len(plate.text) >= 5


def test_boxes_hold_the_corners_tightly_and_in_order(many):
    for plate in itertools.chain.from_iterable(scene.plates for scene in many):
        corners = np.array(plate.corners)
        assert (*corners.min(0), *corners.max(0)) == pytest.approx(plate.box)
        top_left, top_right, bottom_right, bottom_left = corners
        assert top_left[0] < top_right[0]
        assert bottom_left[0] < bottom_right[0]
        assert top_left[1] < bottom_left[1]
        assert top_right[1] < bottom_right[1]


def test_scenes_differ_in_number_size_and_light(many):
    counts = {len(scene.plates) for scene in many}
    widths = [plate.box[2] - plate.box[0] for scene in many for plate in scene.plates]
    light = [scene.image.mean() for scene in many]
    assert counts >= {1, 2}
    assert min(widths) < 45
    assert max(widths) > 80
    assert min(light) < 50
    assert max(light) > 110


def test_night_when_asked_for():
    days, nights = (scenes(5, (320, 180), night=night) for night in (False, True))
    means = [[scene.image.mean() for scene in some] for some in (days, nights)]
    assert np.mean(means[1]) < 0.7 * np.mean(means[0])


def test_a_plate_is_where_the_truth_says(many):
    # the plate stands out by its ink: more edges inside its box than in a ring around it
    stronger, compared = 0, 0
    for scene in many:
        if scene.image.mean() < 60:
            continue
        grey = cv2.cvtColor(scene.image, cv2.COLOR_BGR2GRAY)
        edges = np.abs(cv2.Sobel(grey, cv2.CV_32F, 1, 0))
        for plate in scene.plates:
            x1, y1, x2, y2 = (round(value) for value in plate.box)
            if x2 - x1 < 45:
                continue
            wide, high = (x2 - x1) // 2, (y2 - y1) // 2
            around = edges[max(y1 - high, 0) : y2 + high, max(x1 - wide, 0) : x2 + wide]
            inside = edges[y1:y2, x1:x2]
            ring = (around.sum() - inside.sum()) / max(around.size - inside.size, 1)
            compared += 1
            stronger += inside.mean() > 1.5 * ring
    assert compared >= 6
    assert stronger / compared > 0.8


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_plates_of_every_layout(layout):
    rng = np.random.default_rng(1)
    for pattern in layout.patterns:
        text = plate_text(rng, pattern)
        image = draw_plate(rng, layout, text)
        assert image.shape[1::-1] == layout.size_mm
        assert len(bare(text)) == sum(sign in "A9" for sign in pattern)
        ink = np.abs(image.astype(int) - layout.ink).sum(2) < 60
        assert 0.04 < ink.mean() < (0.8 if layout.name.startswith("black") else 0.5)


def test_lettering_fills_what_it_is_given():
    ink = lettering("H", 40, 20)
    assert ink.shape == (40, 20)
    assert min(ink[0].max(), ink[-1].max(), ink[:, 0].max(), ink[:, -1].max()) > 200


def test_camera_projects_as_a_pinhole():
    camera = Camera((1000, 500), focal_px=800, height_m=1.5)
    points = camera.project(np.array([[0.0, 1.5, 10.0], [1.0, 1.5, 10.0], [0.0, 0.5, 10.0]]))
    assert points == pytest.approx(np.array([[500, 250], [580, 250], [500, 330]]))
    tipped = Camera((1000, 500), focal_px=800, height_m=1.5, pitch=0.1)
    far = tipped.project(np.array([[0.0, 0.0, 1e7]]))[0]
    assert far == pytest.approx([500, tipped.horizon_px], abs=1e-2)


def test_what_is_behind_the_lens_is_cut_off():
    camera = Camera((1000, 500), focal_px=800, height_m=1.5)
    road = np.array([[-1.0, 0, 20], [1, 0, 20], [1, 0, -5], [-1, 0, -5]])
    outline = camera.outline(road)
    assert len(outline) == 4
    assert outline[:, 1].max() > 500
    assert len(camera.outline(road - [0, 0, 30])) == 0


@pytest.fixture(scope="module")
def gate():
    return GateScene((1280, 720), seed=7, vehicles=3)


def test_the_gate_s_vehicles_are_legible_long_enough_one_after_the_other(gate):
    passages = gate.passages()
    assert len({passage.plate for passage in passages}) == 3
    for passage in passages:
        times = np.arange(passage.first_s, passage.last_s, 0.1)
        widths = [
            plate.box[2] - plate.box[0]
            for time_s in times
            for plate in gate.plates_at(float(time_s))
            if plate.text == passage.plate
        ]
        assert 0.1 * sum(width >= 110 for width in widths) >= 1.5
    for before, after in itertools.pairwise(passages):
        assert before.last_s < after.first_s
    assert passages[-1].last_s < gate.duration_s


def test_the_gate_s_truth_comes_with_every_frame(gate):
    passage = gate.passage(1)
    rendered = gate.render(passage.last_s - 1)
    assert rendered.image.shape == (720, 1280, 3)
    assert [plate.text for plate in rendered.plates] == [passage.plate]
    assert rendered.plates == gate.plates_at(passage.last_s - 1)
    assert gate.render(0.0).plates == ()


def test_the_gate_is_the_same_film_in_any_order():
    one = GateScene((640, 360), seed=3, vehicles=None)
    two = GateScene((640, 360), seed=3, vehicles=None)
    late = one.render(17.0).image
    two.render(6.0)
    assert (late == two.render(17.0).image).all()
    assert one.passage(4) == two.passage(4)


def test_a_plate_behind_the_barrier_is_not_in_the_truth(gate):
    passage = gate.passage(0)
    times = np.arange(passage.first_s - 2, passage.first_s, 0.1)
    seen = [bool(gate.plates_at(float(time_s))) for time_s in times]
    assert True in seen
    assert False in seen


def test_noise_and_blur_and_night_of_the_gate():
    clean, noisy, blurred, dark = (
        GateScene((320, 180), seed=1, **settings).render(1.0).image.astype(float)
        for settings in ({"noise": 0}, {"noise": 8}, {"noise": 0, "blur": 2}, {"night": True})
    )
    assert 5 < (noisy - clean).std() < 9
    assert np.abs(cv2.Laplacian(blurred, cv2.CV_64F)).mean() < (
        0.5 * np.abs(cv2.Laplacian(clean, cv2.CV_64F)).mean()
    )
    assert dark.mean() < clean.mean() / 2


def test_plates_at_a_gate_are_such_as_are_issued():
    rng = np.random.default_rng(0)
    texts = [gate_text(rng, EUROPEAN) for _ in range(500)]
    czech = [text for text in texts if text[0].isdigit()]
    assert {text[0] for text in czech} == set("123456789")
    assert any(text.startswith("0") for text in (plate_text(rng, "9AA 9999") for _ in range(100)))
