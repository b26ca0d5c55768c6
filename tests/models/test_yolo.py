"""The YOLO detector: decoding on networks with a known answer, and the shipped weights."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.base import ModelError
from models.detectors.network import Letterbox, without_overlaps
from models.detectors.yolo import BUNDLED, YoloDetector, canvas_for
from models.training.scores import iou_matrix
from models.training.synthesis import render_scene


def write_detector(path: Path, answer, channels=3, size=("height", "width")) -> Path:
    """A network that gives the same answer to every picture."""
    onnx = pytest.importorskip("onnx", reason="the networks of these tests are built with onnx")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    answer = np.array(answer, np.float32)[None]
    image = helper.make_tensor_value_info("images", kind, [1, channels, *size])
    output = helper.make_tensor_value_info("plates", kind, answer.shape)
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["answer", "nothing"], ["plates"]),
    ]
    constants = [
        helper.make_tensor("answer", kind, answer.shape, answer.ravel()),
        helper.make_tensor("zero", kind, [], [0.0]),
    ]
    graph = helper.make_graph(nodes, "constant", [image], [output], constants)
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return path


# Of a 1280x720 picture in 640x384: half as large, 12 grey rows above and below.
RAW = np.array(
    [
        [100, 112, 40, 20, 0.9],  # → 160..240, 180..220
        [102, 112, 40, 20, 0.8],  # the same plate again
        [300, 212, 60, 30, 0.6],  # → 540..660, 370..430
        [400, 300, 40, 20, 0.1],  # below every threshold
        [2, 20, 40, 20, 0.7],  # reaches outside: → 0..44, 0..36
        [700, 40, 40, 20, 0.95],  # wholly outside
        [0, 0, 0, 0, 0],
    ]
).T
CORNERS = [
    [300 - 30, 212 - 15, 300 + 30, 212 + 15, 0.6, 0],
    [80, 102, 120, 122, 0.9, 0],
    [-18, 10, 22, 30, 0.7, 0],
    [400, 300, 400, 320, 0.8, 0],  # no width
    [0, 0, 0, 0, 0, 0],
]
PLAIN: dict = {"size": (640, 384), "second_look": False}
EXPECTED = [((160, 180, 240, 220), 0.9), ((0, 0, 44, 36), 0.7), ((540, 370, 660, 430), 0.6)]


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
@pytest.mark.parametrize("answer", [RAW, CORNERS], ids=["raw", "corners"])
def test_boxes_in_pixels_of_the_picture(tmp_path, answer, runtime):
    pytest.importorskip(runtime)
    file = write_detector(tmp_path / "constant.onnx", answer)
    detector = YoloDetector(weights=file, runtime=runtime, **PLAIN)
    found = detector.detect(np.zeros((720, 1280, 3), np.uint8))
    assert [one.box for one in found] == [pytest.approx(box, abs=0.01) for box, _ in EXPECTED]
    assert [one.score for one in found] == pytest.approx([score for _, score in EXPECTED])


def test_the_canvas_is_turned_for_upright_pictures(tmp_path):
    """Here 720x1280 in 384x640: half as large, 12 grey columns left and right."""
    upright = RAW.copy()
    upright[:2] = RAW[1::-1]
    detector = YoloDetector(weights=write_detector(tmp_path / "constant.onnx", upright), **PLAIN)
    best = detector.detect(np.zeros((1280, 720, 3), np.uint8))[0]
    assert best.box == pytest.approx((160, 180, 240, 220), abs=0.01)
    lying = detector.detect(np.zeros((720, 1280, 3), np.uint8))[0]
    assert lying.box == pytest.approx((184, 156, 264, 196), abs=0.01)


@pytest.mark.parametrize(
    ("picture", "canvas"),
    [
        ((1920, 1080), (416, 256)),
        ((1280, 960), (384, 288)),
        ((640, 640), (320, 320)),
        ((480, 640), (288, 384)),
        ((1080, 1920), (256, 416)),
        ((2560, 1080), (416, 256)),
    ],
)
def test_every_shape_of_picture_has_a_canvas_of_the_same_cost(picture, canvas):
    assert canvas_for(picture, (416, 256)) == canvas
    assert canvas[0] * canvas[1] <= 1.05 * 416 * 256


@given(
    picture=st.tuples(st.integers(20, 5000), st.integers(20, 5000)),
    size=st.tuples(st.integers(1, 30), st.integers(1, 30)),
)
def test_no_other_shape_makes_a_picture_smaller_than_the_asked_size(picture, size):
    size = (32 * size[0], 32 * size[1])
    canvas = canvas_for(picture, size)
    scales = [min(one[0] / picture[0], one[1] / picture[1]) for one in (canvas, size)]
    assert scales[0] >= scales[1]
    assert canvas[0] * canvas[1] <= 1.05 * size[0] * size[1]
    assert canvas[0] % 32 == canvas[1] % 32 == 0


def test_a_network_of_fixed_size_takes_upright_pictures_as_it_can(tmp_path):
    file = write_detector(tmp_path / "constant.onnx", RAW, size=(384, 640))
    best = YoloDetector(weights=file, **PLAIN).detect(np.zeros((768, 640, 3), np.uint8))[0]
    assert best.box == pytest.approx((220, 394, 340, 454), abs=0.01)  # 160 grey columns


def test_min_score(tmp_path):
    file = write_detector(tmp_path / "constant.onnx", RAW)
    picture = np.zeros((720, 1280, 3), np.uint8)
    for min_score, count in ((0.25, 3), (0.05, 4), (0.65, 2), (0.99, 0)):
        detector = YoloDetector(weights=file, min_score=min_score, **PLAIN)
        assert len(detector.detect(picture)) == count


def test_an_empty_picture_has_no_plates(tmp_path):
    detector = YoloDetector(weights=write_detector(tmp_path / "constant.onnx", RAW))
    assert detector.detect(np.zeros((0, 10, 3), np.uint8)) == []


@pytest.mark.parametrize(
    ("network", "size", "message"),
    [
        ({"answer": np.zeros((84, 7))}, (640, 384), r"output plates\[1,84,7\]; expected \[1,5,"),
        ({"answer": np.zeros((7, 5))}, (640, 384), r"output plates\[1,7,5\]"),
        ({"answer": RAW, "channels": 1}, (640, 384), r"expected one picture \[1,3,height,width\]"),
        ({"answer": RAW}, (640, 360), r"size 640x360: both must be multiples of 32"),
        ({"answer": RAW}, (0, 384), r"size 0x384"),
    ],
)
def test_networks_and_sizes_that_cannot_be_used(tmp_path, network, size, message):
    with pytest.raises(ModelError, match=message):
        YoloDetector(weights=write_detector(tmp_path / "other.onnx", **network), size=size)


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(ModelError, match=r"gone\.onnx: no such model file"):
        YoloDetector(weights=tmp_path / "gone.onnx")


def test_weights_other_than_their_card_says(tmp_path):
    file = write_detector(tmp_path / "constant.onnx", RAW)
    card = tmp_path / "constant.json"
    card.write_text(json.dumps({"sha256": "0" * 64}), encoding="utf-8")
    with pytest.raises(ModelError, match=r"constant\.onnx: sha256 is [0-9a-f]{64}; .* expects 000"):
        YoloDetector(weights=file)
    card.write_text("[]", encoding="utf-8")
    with pytest.raises(ModelError, match=r"constant\.json: no readable model card"):
        YoloDetector(weights=file)


@given(
    picture=st.tuples(st.integers(20, 1500), st.integers(20, 1500)),
    size=st.sampled_from([(640, 384), (320, 320), (96, 256)]),
    shares=st.tuples(st.floats(0, 0.6), st.floats(0, 0.6)),
)
@settings(max_examples=60, deadline=None)
def test_a_box_seen_by_the_network_comes_back(picture, size, shares):
    """A white box in a black picture: found in the blob, and moved back to where it was."""
    width, height = picture
    x, y = int(shares[0] * width), int(shares[1] * height)
    box = (x, y, x + max(1, round(0.4 * width)), y + max(1, round(0.4 * height)))
    image = np.zeros((height, width, 3), np.uint8)
    image[box[1] : box[3], box[0] : box[2]] = 255
    letterbox = Letterbox(size)
    white = letterbox.fill(image)[0, 0] > 0.5
    columns, rows = np.flatnonzero(white.any(axis=0)), np.flatnonzero(white.any(axis=1))
    seen = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1, 1.0]
    back = letterbox.to_picture(np.array([seen], np.float32))[0, :4]
    pixel = max(1, width / size[0], height / size[1])  # of the network, in pixels of the picture
    np.testing.assert_allclose(back, box, atol=1.01 * pixel)


def test_the_border_is_grey_also_after_a_picture_of_another_shape():
    letterbox = Letterbox((64, 32))
    letterbox.fill(np.full((100, 100, 3), 255, np.uint8))
    blob = letterbox.fill(np.full((10, 40, 3), 255, np.uint8))
    assert blob[0, :, 0] == pytest.approx(114 / 255)
    assert blob[0, :, 16] == pytest.approx(1)


def test_channels_are_handed_over_as_red_green_blue():
    image = np.full((32, 64, 3), (10, 20, 30), np.uint8)  # blue, green, red
    blob = Letterbox((64, 32)).fill(image)
    assert blob[0, :, 16, 32] * 255 == pytest.approx([30, 20, 10], abs=1e-3)


def test_overlaps_keep_the_better_box_and_the_neighbours():
    rows = np.array(
        [[0, 0, 10, 10, 0.5], [1, 0, 11, 10, 0.9], [6, 0, 16, 10, 0.4], [20, 0, 30, 10, 0.3]],
        np.float32,
    )
    assert without_overlaps(rows)[:, 4].tolist() == pytest.approx([0.9, 0.4, 0.3])
    assert without_overlaps(rows[:0]).shape == (0, 5)


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_the_shipped_weights_find_a_rendered_plate(runtime):
    pytest.importorskip(runtime)
    scene = render_scene(np.random.default_rng(5), (1280, 720), night=False)
    found = YoloDetector(runtime=runtime).detect(scene.image)
    assert scene.plates
    overlaps = iou_matrix([plate.box for plate in scene.plates], [one.box for one in found])
    assert overlaps.max(axis=1).min() > 0.5


def test_the_shipped_weights_find_it_in_portrait_and_in_a_small_picture_too():
    scene = render_scene(np.random.default_rng(5), (1280, 720), night=False)
    largest = max(scene.plates, key=lambda plate: plate.box[2] - plate.box[0])
    x1, y1, x2, y2 = (round(value) for value in largest.box)
    side = 3 * (x2 - x1)
    left, top = max(0, (x1 + x2 - side) // 2), max(0, (y1 + y2 - side) // 2)
    small = scene.image[top : top + side, left : left + side]
    portrait = cv2.copyMakeBorder(small, side // 2, side // 2, 0, 0, cv2.BORDER_REPLICATE)
    for picture, above in ((np.ascontiguousarray(small), 0), (portrait, side // 2)):
        truth = (x1 - left, y1 - top + above, x2 - left, y2 - top + above)
        found = YoloDetector(size=(320, 320)).detect(np.asarray(picture, np.uint8))
        assert found
        assert iou_matrix([truth], [one.box for one in found]).max() > 0.5


def test_changed_weights_are_refused(tmp_path):
    for ending in (".onnx", ".json"):
        shutil.copyfile(BUNDLED.with_suffix(ending), tmp_path / f"copy{ending}")
    file = tmp_path / "copy.onnx"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(ModelError, match=r"copy\.onnx: sha256 is"):
        YoloDetector(weights=file)


def test_the_same_network_sees_a_picture_larger_and_smaller():
    scene = render_scene(np.random.default_rng(3))
    detector = YoloDetector()
    (best, *_) = detector.detect(scene.image)
    for times in (1.5, 0.7):
        (other, *_) = detector.rescaled(times).detect(scene.image)
        assert iou_matrix([best.box], [other.box])[0, 0] > 0.6
    assert detector.detect(scene.image)[0] == best  # it has stayed as it was


def test_a_network_of_fixed_size_cannot_be_rescaled(tmp_path):
    answer = np.zeros((5, 3))
    path = write_detector(tmp_path / "fixed.onnx", answer, size=(64, 96))
    detector = YoloDetector(weights=path, size=(96, 64), second_look=False)
    with pytest.raises(ModelError):
        detector.rescaled(2.0)
