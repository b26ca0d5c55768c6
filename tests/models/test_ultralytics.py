"""Models of ultralytics as detectors: with a known answer, with random weights, and our own."""

import json
import os
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from constant_model import write_constant
from models.base import ModelError
from models.detectors.ultralytics import (
    UltralyticsDetector,
    load_library,
    numbers_of,
    settings_folder,
)
from models.detectors.yolo import BUNDLED, YoloDetector
from models.training.synthesis import render_scene


@pytest.fixture(scope="module", autouse=True)
def _library(tmp_path_factory):
    for name in ("ultralytics", "torch", "onnx"):
        if find_spec(name) is None:
            pytest.skip(f"{name} is missing: the extra yolo is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        load_library()
        yield


def iou(one, other):
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    shared = sides.clip(min=0).prod()
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return shared / (sum(areas) - shared)


# Of a 1280x720 picture in 640x384: half as large, 12 grey rows above and below.
NAMES = {0: "person", 1: "plate", 2: "sign"}
BOXES = [
    [80, 102, 120, 122, 0.9, 1],  # → 160..240, 180..220
    [81, 102, 121, 122, 0.8, 2],  # the same, of another class
    [270, 197, 330, 227, 0.6, 2],  # → 540..660, 370..430
    [-18, 10, 22, 30, 0.7, 0],  # reaches outside: → 0..44, 0..36
    [400, 300, 440, 320, 0.1, 1],  # below every threshold
]
PICTURE = np.zeros((720, 1280, 3), np.uint8)


def test_boxes_in_pixels_of_the_picture_best_first(tmp_path):
    file = write_constant(tmp_path / "boxes.onnx", BOXES, NAMES)
    found = UltralyticsDetector(weights=file).detect(PICTURE)
    assert [one.score for one in found] == pytest.approx([0.9, 0.7, 0.6])
    expected = [(160, 180, 240, 220), (0, 0, 44, 36), (540, 370, 660, 430)]
    assert [one.box for one in found] == [pytest.approx(box, abs=0.01) for box in expected]
    assert {one.corners for one in found} == {None}
    assert UltralyticsDetector(weights=file).detect(PICTURE[:0]) == []


@pytest.mark.parametrize(
    ("classes", "scores"),
    [
        (("plate",), [0.9]),
        (("plate", 2), [0.9, 0.6]),
        ((0, "sign"), [0.8, 0.7, 0.6]),
        (None, [0.9, 0.7, 0.6]),
    ],
)
def test_only_the_chosen_classes_are_plates(tmp_path, classes, scores):
    file = write_constant(tmp_path / "boxes.onnx", BOXES, NAMES)
    found = UltralyticsDetector(weights=file, classes=classes).detect(PICTURE)
    assert [one.score for one in found] == pytest.approx(scores)


def test_unknown_classes_are_named_with_the_known_ones(tmp_path):
    file = write_constant(tmp_path / "boxes.onnx", BOXES, NAMES)
    known = r"the model has: person \(0\), plate \(1\), sign \(2\)"
    with pytest.raises(ModelError, match=rf"boxes\.onnx: no class 'Plate'; {known}"):
        UltralyticsDetector(weights=file, classes=("plate", "Plate"))
    with pytest.raises(ModelError, match=rf"no class 3; {known}"):
        numbers_of((3,), NAMES, file)
    with pytest.raises(ModelError, match=rf"classes is empty; {known}"):
        numbers_of((), NAMES, file)


def test_min_score(tmp_path):
    file = write_constant(tmp_path / "boxes.onnx", BOXES, NAMES)
    assert len(UltralyticsDetector(weights=file, min_score=0.05).detect(PICTURE)) == 4
    assert len(UltralyticsDetector(weights=file, min_score=0.65).detect(PICTURE)) == 2


@pytest.mark.parametrize("shape", [[4, 2], [4, 3]])
def test_four_keypoints_are_corners_whatever_their_order(tmp_path, shape):
    # A plate that slopes; its corners as somebody may have annotated them, bottom right first.
    points = [(120, 121), (80, 112), (82, 102), (121, 111)]
    corners = [(164, 180), (242, 198), (240, 218), (160, 200)]
    flat = [value for x, y in points for value in (x, y, 0.9)[: shape[1]]]
    rows = [[80, 102, 121, 121, 0.9, 0, *flat]]
    file = write_constant(tmp_path / "p.onnx", rows, {0: "plate"}, "pose", kpt_shape=shape)
    (found,) = UltralyticsDetector(weights=file).detect(PICTURE)
    np.testing.assert_allclose(found.corners, corners, atol=0.01)


@pytest.mark.parametrize(
    ("points", "shape"),
    [
        ([(80, 102, 1), (121, 102, 1), (100, 110, 1)], [3, 3]),  # not four
        ([(80, 102, 1), (121, 102, 1), (121, 121, 1), (80, 121, 0.2)], [4, 3]),  # one unseen
        ([(400, 302, 1), (421, 302, 1), (421, 311, 1), (400, 311, 1)], [4, 3]),  # elsewhere
        ([(80, 102, 1), (80, 102, 1), (80, 102, 1), (80, 102, 1)], [4, 3]),  # one point
    ],
)
def test_other_keypoints_leave_the_box_alone(tmp_path, points, shape):
    rows = [[80, 102, 121, 121, 0.9, 0, *(value for point in points for value in point)]]
    file = write_constant(tmp_path / "p.onnx", rows, {0: "plate"}, "pose", kpt_shape=shape)
    (found,) = UltralyticsDetector(weights=file).detect(PICTURE)
    assert found.box == pytest.approx((160, 180, 242, 218), abs=0.01)
    assert found.corners is None


@pytest.mark.parametrize(
    ("wide", "high", "angle"), [(60, 20, 0.0), (60, 20, 0.3), (60, 20, -0.6), (20, 60, 1.8)]
)
def test_oriented_boxes_have_corners(tmp_path, wide, high, angle):
    rows = [[320, 192, wide, high, 0.9, 0, angle]]  # in the middle of picture and canvas
    file = write_constant(tmp_path / "o.onnx", rows, {0: "plate"}, "obb")
    (found,) = UltralyticsDetector(weights=file).detect(PICTURE)
    slope = angle if wide > high else angle - np.pi / 2
    turn = np.array([(np.cos(slope), np.sin(slope)), (-np.sin(slope), np.cos(slope))])
    flat = np.array([(-60, -20), (60, -20), (60, 20), (-60, 20)], float)
    expected = flat @ turn + (640, 360)
    np.testing.assert_allclose(found.corners, expected, atol=0.05)
    assert found.box == pytest.approx((*expected.min(axis=0), *expected.max(axis=0)), abs=0.05)


@pytest.mark.parametrize("task", ["classify", "semantic"])
def test_models_that_give_no_boxes(tmp_path, task):
    file = write_constant(tmp_path / "c.onnx", BOXES, NAMES, task)
    with pytest.raises(ModelError, match=rf"c\.onnx: a model for {task}; it should be for detect,"):
        UltralyticsDetector(weights=file)


def test_files_that_are_no_models(tmp_path):
    for name, message in [
        ("none.pt", r"none\.pt: no such model file"),
        ("bad.pt", r"bad\.pt: ultralytics cannot load it: it is damaged, "),
        ("bad.onnx", r"bad\.onnx: ultralytics (cannot load it|fails on it)"),
        ("bad.txt", r"bad\.txt: ultralytics (cannot load it|fails on it)"),
        ("yolo26n.yaml", r"yolo26n\.yaml: an architecture without weights"),
    ]:
        if not name.startswith("none"):
            (tmp_path / name).write_text("nonsense")
        with pytest.raises(ModelError, match=message) as caught:
            UltralyticsDetector(weights=tmp_path / name)
        assert "\n" not in str(caught.value)


def test_a_size_that_no_network_takes(tmp_path):
    with pytest.raises(ModelError, match="size 640x360: both must be multiples of 32"):
        UltralyticsDetector(weights=tmp_path / "any.pt", size=(640, 360))


def test_a_missing_extra_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ultralytics", None)
    with pytest.raises(
        ModelError, match=r"needs ultralytics: pip install 'plate-streamer\[yolo\]'"
    ):
        UltralyticsDetector(weights=tmp_path / "any.pt")


@pytest.mark.parametrize(
    ("architecture", "with_corners"),
    [("yolo26n", False), ("yolo26n-obb", True), ("yolo26n-pose", False)],
)
def test_checkpoints_with_random_weights_run(tmp_path, architecture, with_corners):
    import ultralytics

    file = tmp_path / "random.pt"
    ultralytics.YOLO(f"{architecture}.yaml").save(file)
    scene = render_scene(np.random.default_rng(5), (640, 360), night=False)
    found = UltralyticsDetector(weights=file, min_score=0.0, size=(320, 192)).detect(scene.image)
    assert found
    assert all(0 <= one.box[0] < one.box[2] <= 640 for one in found)
    assert any(one.corners is not None for one in found) is with_corners


def test_a_pose_checkpoint_of_four_points_runs(tmp_path):
    import ultralytics
    from ultralytics.nn.tasks import PoseModel

    model = ultralytics.YOLO("yolo26n-pose.yaml")
    model.model = PoseModel("yolo26n-pose.yaml", nc=1, data_kpt_shape=(4, 3), verbose=False)
    model.model.args, model.model.names = model.overrides, {0: "plate"}
    model.save(tmp_path / "pose.pt")
    detector = UltralyticsDetector(weights=tmp_path / "pose.pt", min_score=0.0, size=(320, 192))
    assert detector.detect(PICTURE)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """Our own network as a checkpoint of ultralytics."""
    from models.training.start import trainable_from_onnx

    folder = tmp_path_factory.mktemp("checkpoint")
    for seed in range(4):
        scene = render_scene(np.random.default_rng(seed), (640, 384))
        cv2.imwrite(str(folder / f"{seed}.png"), scene.image)
    card = json.loads(BUNDLED.with_suffix(".json").read_text(encoding="utf-8"))
    trainable_from_onnx(
        weights=BUNDLED,
        model=card["recipe"]["model"],
        pictures=sorted(folder.glob("*.png")),
        size=320,
        output=folder / "ours.pt",
    )
    return folder / "ours.pt"


def test_our_network_finds_through_ultralytics_what_it_finds_alone(checkpoint):
    alone = YoloDetector(size=(640, 384), second_look=False)
    others = [UltralyticsDetector(weights=file) for file in (BUNDLED, checkpoint)]
    plates = 0
    for seed in (5, 6, 7):  # pictures that fill the canvas, whoever chooses it
        scene = render_scene(np.random.default_rng(seed), (1280, 768), night=False)
        expected = alone.detect(scene.image)
        plates += sum(any(iou(one.box, p.box) > 0.5 for one in expected) for p in scene.plates)
        for other in others:
            found = other.detect(scene.image)
            assert len(found) == len(expected)
            for one, two in zip(found, expected, strict=True):
                assert one.box == pytest.approx(two.box, abs=1)
                assert one.score == pytest.approx(two.score, abs=0.01)
    assert plates >= 3


def test_upright_pictures_get_an_upright_canvas(checkpoint):
    scene = render_scene(np.random.default_rng(5), (1280, 720), night=False)
    box = max((plate.box for plate in scene.plates), key=lambda box: box[2] - box[0])
    left = int(min(max(box[0] - 150, 0), 1280 - 405))
    portrait = np.ascontiguousarray(scene.image[:, left : left + 405])
    for file in (BUNDLED, checkpoint):
        detector = UltralyticsDetector(weights=file)
        truth = (box[0] - left, box[1], box[2] - left, box[3])
        assert max(iou(one.box, truth) for one in detector.detect(portrait)) > 0.7
        assert (detector._lying, detector._upright) == ((640, 384), (384, 640))


def test_a_fixed_size_takes_upright_pictures_as_it_can(tmp_path):
    for about in ({"imgsz": [384, 640]}, {"imgsz": None}):  # some exports do not say their size
        file = write_constant(tmp_path / "fixed.onnx", BOXES, NAMES, **about)
        found = UltralyticsDetector(weights=file).detect(np.zeros((768, 640, 3), np.uint8))
        (box,) = (one.box for one in found if one.score == pytest.approx(0.6))
        assert box == pytest.approx((220, 394, 340, 454), abs=0.01)  # 160 grey columns


def test_threads_hold_in_the_thread_that_detects(tmp_path, checkpoint):
    import torch

    UltralyticsDetector(weights=checkpoint, threads=1)
    seen = []
    other = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    other.start()
    other.join()
    assert seen == [1]
    file = write_constant(tmp_path / "boxes.onnx", BOXES, NAMES)
    network = UltralyticsDetector(weights=file, threads=2)._model.predictor.model
    assert network.session.get_session_options().intra_op_num_threads == 2
    assert torch.get_num_threads() == 2


def test_the_settings_lie_in_the_cache_or_pass_away(tmp_path, monkeypatch):
    for name in ("PLATE_STREAMER_CACHE", "CACHE_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert settings_folder() == tmp_path / "cache/plate-streamer/ultralytics"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert settings_folder() == tmp_path / ".cache/plate-streamer/ultralytics"
    (tmp_path / "file").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    passing = settings_folder()
    assert passing.is_dir()
    assert not passing.is_relative_to(tmp_path)


def run_python(tmp_path, program, *arguments):
    unset = {
        "PLATE_STREAMER_CACHE",
        "CACHE_DIRECTORY",
        "YOLO_OFFLINE",
        "YOLO_AUTOINSTALL",
        "ULTRALYTICS_SAFE_LOAD",
        "YOLO_CONFIG_DIR",
    }
    environment = {key: value for key, value in os.environ.items() if key not in unset}
    root = str(Path(__file__).parents[2])
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    environment["PYTHONPATH"] = root
    (tmp_path / "here").mkdir()
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        env=environment,
        cwd=tmp_path / "here",
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )


SILENT = """
import pathlib, socket, sys
calls = []
def refuse(*words, **named):
    calls.append(words)
    raise OSError("no network in this test")
socket.socket.connect = socket.socket.connect_ex = refuse
socket.getaddrinfo = socket.gethostbyname = socket.create_connection = refuse
import numpy
from models.detectors.ultralytics import UltralyticsDetector
detector = UltralyticsDetector(weights=pathlib.Path(sys.argv[1]))
detector.detect(numpy.zeros((90, 160, 3), "uint8"))
import ultralytics
print(calls, ultralytics.utils.ONLINE, ultralytics.settings["sync"], file=sys.stderr)
"""


@pytest.mark.slow
def test_it_calls_nobody_says_nothing_and_leaves_nothing_behind(tmp_path, checkpoint):
    done = run_python(tmp_path, SILENT, checkpoint)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert done.stderr == "[] False False\n"
    assert list((tmp_path / "here").iterdir()) == []
    settings = tmp_path / "cache/plate-streamer/ultralytics/Ultralytics/settings.json"
    assert json.loads(settings.read_text())["sync"] is False
    assert not list(tmp_path.rglob("*deviceid*"))


FOREIGN = """
import pathlib, sys, torch
class Foreign:
    def __reduce__(self):
        return open, ("was-run", "w")
file = pathlib.Path("foreign.pt")
torch.save({"model": Foreign()}, file)
from models.base import ModelError
from models.detectors.ultralytics import UltralyticsDetector
try:
    UltralyticsDetector(weights=file)
except ModelError as error:
    print(error)
"""


@pytest.mark.slow
def test_a_checkpoint_cannot_run_programs(tmp_path):
    done = run_python(tmp_path, FOREIGN)
    assert "foreign.pt: ultralytics cannot load it: it is damaged, no checkpoint" in done.stdout
    assert not (tmp_path / "here/was-run").exists()
