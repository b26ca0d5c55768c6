"""The second look: windows, answers in pixels of the picture, and what becomes of a box."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.base import ModelError
from models.detectors.corners import CornerFinder, cut, window_of
from models.detectors.yolo import YoloDetector, joined_score


def write_finder(path, answer, size=(64, 128), outputs=17):
    """A network that gives the same answer to every window."""
    onnx = pytest.importorskip("onnx", reason="the networks of these tests are built with onnx")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    nodes = [
        helper.make_node("ReduceMean", ["windows"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Unsqueeze", ["mean", "axis"], ["column"]),
        helper.make_node("Mul", ["column", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "answer"], ["answers"]),
    ]
    constants = [
        helper.make_tensor("answer", kind, [1, outputs], np.asarray(answer, np.float32)),
        helper.make_tensor("zero", kind, [], [0.0]),
        helper.make_tensor("axis", onnx.TensorProto.INT64, [1], [1]),
    ]
    windows = helper.make_tensor_value_info("windows", kind, ["n", 3, *size])
    answers = helper.make_tensor_value_info("answers", kind, ["n", outputs])
    graph = helper.make_graph(nodes, "constant", [windows], [answers], constants)
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return path


def answer(corners, scale=0.01, logit=3.0):
    """Corners in shares of the window."""
    return [*np.ravel(corners), *[np.log(scale)] * 8, logit]


# Of the box 100..200, 50..90 the window is 70..230, 34..106.
BOX = (100.0, 50.0, 200.0, 90.0)
CORNERS = [(0.25, 0.25), (0.75, 0.3), (0.75, 0.7), (0.25, 0.65)]
IN_PIXELS = [(110, 52), (190, 55.6), (190, 84.4), (110, 80.8)]


def test_corners_come_back_in_pixels_of_the_picture(tmp_path):
    finder = CornerFinder(write_finder(tmp_path / "finder.onnx", answer(CORNERS)))
    picture = np.zeros((200, 400, 3), np.uint8)
    first, second = finder.look(picture, [BOX, (0.0, 0.0, 100.0, 40.0)])
    np.testing.assert_allclose(first.corners, IN_PIXELS, atol=1e-3)
    np.testing.assert_allclose(second.corners[0], (10, 2), atol=1e-3)
    assert first.plate == pytest.approx(1 / (1 + np.exp(-3)))
    # A hundredth of 160 px across and 72 px down, over a plate 28.8 px high.
    assert first.spread == pytest.approx((1.6 + 0.72) / 2 / 28.8, rel=1e-3)
    assert finder.look(picture, []) == []


@given(
    x=st.floats(-30, 430), y=st.floats(-30, 230), wide=st.floats(0.5, 300), high=st.floats(0.5, 200)
)
def test_any_box_gives_a_window_and_any_window_a_picture(x, y, wide, high):
    window = window_of((x, y, x + wide, y + high))
    assert window[2] > window[0]
    assert window[3] > window[1]
    assert cut(np.zeros((200, 400, 3), np.uint8), window).shape == (64, 128, 3)


def test_a_window_shows_the_place_that_it_names():
    picture = np.zeros((200, 400, 3), np.uint8)
    picture[60:80, 120:180] = 255
    seen = cut(picture, (100, 50, 200, 90))  # 100x40 px to 128x64
    white = np.argwhere(seen[:, :, 0] > 127)
    assert white.min(axis=0) == pytest.approx([16, 25.6], abs=1)
    assert white.max(axis=0) + 1 == pytest.approx([48, 102.4], abs=1)


def test_beyond_the_picture_its_edge_goes_on():
    picture = np.zeros((50, 50, 3), np.uint8)
    picture[:, :10] = 200
    seen = cut(picture, (-20, 0, 20, 20))
    assert (seen[:, :60] > 190).all()


@pytest.mark.parametrize(
    ("network", "found"),
    [
        ({"size": (32, 128)}, r"input windows\[\?,3,32,128\]"),
        ({"answer": [0.0] * 9, "outputs": 9}, r"output answers\[\?,9\]"),
    ],
)
def test_a_network_of_another_kind_is_refused(tmp_path, network, found):
    network = {"answer": answer(CORNERS)} | network
    with pytest.raises(ModelError, match=found + r".*expected \[n,3,64,128\] and \[n,17\]"):
        CornerFinder(write_finder(tmp_path / "other.onnx", **network))


@pytest.fixture
def detector(tmp_path):
    """One that sees a plate at `BOX`, again a little beside it, and something far away."""
    from tests.models.test_yolo import write_detector

    rows = np.array([[150, 70, 100, 40, 0.8], [158, 72, 100, 40, 0.6], [300, 160, 80, 30, 0.4]])
    weights = write_detector(tmp_path / "constant.onnx", rows.T)

    def make(answers, **options):
        finder = write_finder(tmp_path / "finder.onnx", answers)
        return YoloDetector(
            weights=weights, corner_weights=finder, size=(384, 192), second_look=True, **options
        )

    return make


def test_sure_corners_move_the_box(detector):
    found = detector(answer(CORNERS)).detect(np.zeros((192, 384, 3), np.uint8))
    assert len(found) == 2  # the two that were one plate have become one
    np.testing.assert_allclose(found[0].corners, IN_PIXELS, atol=0.6)
    # Half way between the first box and the one around the corners.
    assert found[0].box == pytest.approx((105, 51, 195, 87.2), abs=0.6)
    assert found[0].score == pytest.approx(joined_score(0.8, 1 / (1 + np.exp(-3))), abs=1e-4)


def test_unsure_corners_leave_the_first_box(detector):
    found = detector(answer(CORNERS, scale=0.2)).detect(np.zeros((192, 384, 3), np.uint8))
    assert found[0].corners is None
    assert found[0].box == pytest.approx(BOX, abs=0.1)


def test_what_is_no_plate_at_a_closer_look_is_dropped(detector):
    picture = np.zeros((192, 384, 3), np.uint8)
    assert detector(answer(CORNERS, logit=-6.0)).detect(picture) == []
    assert len(detector(answer(CORNERS, logit=-6.0), min_score=0.01).detect(picture)) == 2


def test_two_looks_agree_or_the_score_falls():
    assert joined_score(0.9, 0.9) == pytest.approx(0.9)
    assert joined_score(0.9, 0.1) < 0.5
    assert joined_score(0.3, 0.99) > 0.3


def test_a_picture_smaller_than_its_windows(detector):
    """Boxes over the edge are clipped; nothing fails."""
    tiny = cv2.resize(np.zeros((192, 384, 3), np.uint8), (8, 4))
    for one in detector(answer(CORNERS)).detect(tiny):
        assert 0 <= one.box[0] < one.box[2] <= 8
