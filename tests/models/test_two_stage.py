"""Vehicles first, then plates: on rendered scenes, with vehicles of which the test knows."""

from importlib.util import find_spec

import numpy as np
import pytest
from test_ultralytics import iou

from constant_model import write_constant
from models.base import Detection, ModelError
from models.detectors.two_stage import MOST_VEHICLES, TwoStageDetector, plates_of
from models.detectors.yolo import BUNDLED
from models.training.synthesis import render_scene

NAMES = {0: "person", 1: "bicycle", 2: "car", 3: "motorcycle", 4: "bus", 5: "truck"}
CAR, PERSON, BICYCLE = 2, 0, 1


@pytest.fixture(scope="module", autouse=True)
def _library(tmp_path_factory):
    for name in ("ultralytics", "torch", "onnx"):
        if find_spec(name) is None:
            pytest.skip(f"{name} is missing: the extra yolo is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def around(plate):
    """About the vehicle that carries a plate."""
    x1, y1, x2, y2 = plate
    wide = x2 - x1
    return max(x1 - wide, 0), max(y1 - 2 * wide, 0), min(x2 + wide, 1280), min(y2 + wide / 2, 720)


def vehicles_file(folder, boxes, kind=CAR, score=0.9):
    """A model that sees vehicles in boxes of a 1280x720 picture, in its canvas of 640x384."""
    rows = [[x1 / 2, y1 / 2 + 12, x2 / 2, y2 / 2 + 12, score, kind] for x1, y1, x2, y2 in boxes]
    rows = rows or [[0, 0, 0, 0, 0, 0]]
    return write_constant(folder / f"vehicles{kind}-{len(boxes)}-{score}.onnx", rows, NAMES)


def scene(seed):
    return render_scene(np.random.default_rng(seed), (1280, 720), night=False)


class Everywhere:
    """Finds the same boxes in whatever it is given, and keeps it."""

    def __init__(self, *found):
        self.found, self.given = list(found), []

    def detect(self, image):
        self.given.append(image)
        return self.found


@pytest.mark.slow
def test_the_plates_of_vehicles_in_pixels_of_the_picture(tmp_path):
    found = plates = 0
    for seed in range(5, 11):
        one = scene(seed)
        boxes = [around(plate.box) for plate in one.plates]
        detector = TwoStageDetector(vehicles=vehicles_file(tmp_path, boxes))
        detections = detector.detect(one.image)
        for plate in one.plates:
            plates += 1
            found += sum(iou(plate.box, each.box) > 0.5 for each in detections) == 1
    assert plates >= 5
    assert found >= 0.9 * plates


def test_what_hangs_on_no_vehicle_is_not_reported(tmp_path):
    one = scene(5)
    boxes = [around(plate.box) for plate in one.plates]
    for file in (
        vehicles_file(tmp_path, []),
        vehicles_file(tmp_path, boxes, kind=PERSON),
        vehicles_file(tmp_path, boxes, score=0.2),
        vehicles_file(tmp_path, [(0, 0, 60, 60)]),
    ):
        assert TwoStageDetector(vehicles=file).detect(one.image) == []
    assert TwoStageDetector(vehicles=file).detect(one.image[:0]) == []


def test_the_options_choose_vehicles(tmp_path):
    one = scene(5)
    boxes = [around(plate.box) for plate in one.plates]
    bicycles = vehicles_file(tmp_path, boxes, kind=BICYCLE)
    assert TwoStageDetector(vehicles=bicycles, vehicle_classes=("bicycle",)).detect(one.image)
    faint = vehicles_file(tmp_path, boxes, score=0.2)
    assert TwoStageDetector(vehicles=faint, min_vehicle_score=0.1).detect(one.image)
    with pytest.raises(ModelError, match=r"no class 'van'; the model has: person \(0\)"):
        TwoStageDetector(vehicles=bicycles, vehicle_classes=("van",))


def test_a_model_of_some_vehicles_is_used_for_those_it_has(tmp_path):
    one = scene(30)
    box = [v / 2 + (12 if i % 2 else 0) for i, v in enumerate(around(one.plates[0].box))]
    cars = write_constant(tmp_path / "cars.onnx", [[*box, 0.9, 1]], {0: "tree", 1: "car"})
    assert TwoStageDetector(vehicles=cars).detect(one.image)
    trees = write_constant(tmp_path / "trees.onnx", [[*box, 0.9, 0]], {0: "tree", 1: "car"})
    assert not TwoStageDetector(vehicles=trees).detect(one.image)
    lots = write_constant(tmp_path / "lots.onnx", [[*box, 0.9, 0]], {0: "tree", 1: "vehicle"})
    with pytest.raises(ModelError, match=r"^vehicle_classes: .*lots\.onnx has none of car, .*tree"):
        TwoStageDetector(vehicles=lots)
    with pytest.raises(ModelError, match=r"^vehicle_classes: .*lots\.onnx: no class 'van'"):
        TwoStageDetector(vehicles=lots, vehicle_classes=("van",))


def test_two_vehicles_over_one_plate_give_it_once(tmp_path):
    one = scene(5)
    x1, y1, x2, y2 = around(one.plates[0].box)
    boxes = [(x1, y1, x2, y2), (x1 - 150, y1, x2 - 20, y2)]  # not the same vehicle by overlap
    found = TwoStageDetector(vehicles=vehicles_file(tmp_path, boxes)).detect(one.image)
    assert sum(iou(one.plates[0].box, each.box) > 0.1 for each in found) == 1


def test_the_surest_vehicles_only_are_looked_into(tmp_path):
    boxes = [(60 * n, 100, 60 * n + 50, 150) for n in range(MOST_VEHICLES + 4)]
    detector = TwoStageDetector(vehicles=vehicles_file(tmp_path, boxes))
    detector._plates = Everywhere()
    detector.detect(np.zeros((720, 1280, 3), np.uint8))
    assert len(detector._plates.given) == MOST_VEHICLES


def test_another_network_for_plates(tmp_path):
    one = scene(5)
    vehicles = vehicles_file(tmp_path, [around(plate.box) for plate in one.plates])
    detector = TwoStageDetector(vehicles=vehicles, plates=BUNDLED, min_score=0.2)
    assert detector.detect(one.image)
    with pytest.raises(ModelError, match=r"gone\.pt: no such model file"):
        TwoStageDetector(vehicles=vehicles, plates=tmp_path / "gone.pt")
    with pytest.raises(ModelError, match=r"gone\.onnx: no such model file"):
        TwoStageDetector(vehicles=vehicles, plates=tmp_path / "gone.onnx")
    with pytest.raises(ModelError, match=r"^hf:nowhere: "):
        TwoStageDetector(vehicles=vehicles, plates="hf:nowhere")
    with pytest.raises(ModelError, match=r"none\.pt: no such model file"):
        TwoStageDetector(vehicles=tmp_path / "none.pt")


def test_boxes_and_corners_are_moved_back():
    image = np.zeros((200, 300, 3), np.uint8)
    image[92, 104] = 255
    corners = ((10.0, 12.0), (40.0, 14.0), (40.0, 24.0), (10.0, 22.0))
    plates = Everywhere(Detection((10, 12, 40, 24), 0.8, corners))
    (found,) = plates_of((100, 100, 200, 180), image, plates)
    (cut,) = plates.given  # a tenth of width and height more on each side
    assert cut.shape == (96, 120, 3)
    assert cut.flags["C_CONTIGUOUS"]
    assert cut[0, 14].tolist() == [255, 255, 255]
    assert found.box == (100, 104, 130, 116)
    assert found.corners == ((100, 104), (130, 106), (130, 116), (100, 114))
    assert found.score == 0.8


def test_a_small_vehicle_is_seen_with_what_is_around_it_which_is_not_its_own():
    image = np.zeros((200, 300, 3), np.uint8)
    own, other = Detection((60, 50, 90, 60), 0.8), Detection((5, 20, 35, 30), 0.9)
    plates = Everywhere(own, other)
    (found,) = plates_of((100, 80, 140, 120), image, plates, least=(160, 120))
    assert plates.given[0].shape == (120, 160, 3)
    assert found.box == (40 + 60, 40 + 50, 40 + 90, 40 + 60)
    plates_of((280, 0, 300, 20), image, plates, least=(160, 120))
    assert plates.given[1].shape == (70, 90, 3)  # the picture's corner


@pytest.mark.parametrize(
    ("vehicle", "plate", "kept"),
    [
        ((100, 100, 200, 180), (0, 40, 30, 50), False),
        ((100, 100, 200, 180), (90, 40, 119, 50), False),
        ((100, 100, 200, 180), (50, 0, 80, 10), False),
        ((100, 100, 200, 180), (50, 85, 80, 96), False),
        ((0, 100, 100, 180), (0, 40, 30, 50), True),  # there the picture ends as well
        ((200, 100, 300, 200), (70, 90, 110, 110), True),
        ((0, 0, 100, 80), (50, 0, 80, 10), True),
    ],
)
def test_what_the_cut_cuts_is_left_to_its_own_vehicle(vehicle, plate, kept):
    image = np.zeros((200, 300, 3), np.uint8)
    assert bool(plates_of(vehicle, image, Everywhere(Detection(plate, 0.8)))) is kept
