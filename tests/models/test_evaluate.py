"""The figures of an evaluation, on cases that can be counted by hand."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.base import Detection, ModelError
from models.detectors.yolo import BUNDLED, YoloDetector
from models.training.dataset import Scene, render_scenes
from models.training.evaluate import (
    IOUS,
    Matches,
    average_precision,
    best_threshold,
    evaluate_detector,
    match,
    score,
    score_detector,
)

PLATE = (10.0, 10.0, 30.0, 20.0)
FAR = (100.0, 10.0, 120.0, 20.0)


def shifted(box, pixels):
    return (box[0] + pixels, box[1], box[2] + pixels, box[3])


@pytest.mark.parametrize(
    ("detections", "truth", "right_at_half"),
    [
        ([(PLATE, 0.9)], [PLATE], [True]),
        ([(shifted(PLATE, 6), 0.9)], [PLATE], [True]),  # shares 14 of 26
        ([(shifted(PLATE, 8), 0.9)], [PLATE], [False]),  # shares 12 of 28
        ([(PLATE, 0.5), (PLATE, 0.9)], [PLATE], [False, True]),  # twice: the better one counts
        ([(PLATE, 0.9), (FAR, 0.2)], [FAR, PLATE], [True, True]),
        ([(PLATE, 0.9)], [], [False]),
        ([], [PLATE], []),
    ],
)
def test_what_is_right(detections, truth, right_at_half):
    found = [Detection(box, score) for box, score in detections]
    assert match(found, truth)[:, 0].tolist() == right_at_half


def test_overlap_decides_how_strict_a_match_may_be():
    right = match([Detection(shifted(PLATE, 2), 0.9)], [PLATE])[0]  # shares 18 of 22: 0.818
    assert right.tolist() == [iou <= 0.818 for iou in IOUS]


@pytest.mark.parametrize(
    ("right", "plates", "expected"),
    [
        ([True, True], 2, 1.0),
        ([], 2, 0.0),
        ([True], 0, 0.0),
        ([False, False], 2, 0.0),
        ([True], 2, 51 / 101),  # recall 0 … 0.50 reached, at precision 1
        ([False, True], 1, 0.5),
        ([True, False, True], 2, (51 + 50 * 2 / 3) / 101),
    ],
)
def test_average_precision(right, plates, expected):
    assert average_precision(np.array(right, bool), plates) == pytest.approx(expected)


def test_precision_and_recall_at_the_threshold():
    matches = Matches()
    found = [Detection(PLATE, 0.9), Detection(FAR, 0.4), Detection((0, 0, 5, 5), 0.35)]
    matches.add(found, [PLATE, FAR])
    matches.add([], [PLATE])
    low, high = score("x", matches, 0.3), score("x", matches, 0.5)
    assert (low.pictures, low.plates) == (2, 3)
    assert (low.precision, low.recall) == pytest.approx((2 / 3, 2 / 3))
    assert (high.precision, high.recall) == pytest.approx((1, 1 / 3))
    assert best_threshold(matches) == 0.4


class Told:
    """A detector that knows the answers by the picture's mean."""

    def __init__(self, answers):
        self.answers = answers

    def detect(self, image):
        return self.answers.get(int(image.mean()), [])


def test_sources_are_scored_apart_and_together(tmp_path):
    scenes = []
    for value, source in ((0, "one"), (100, "two")):
        path = tmp_path / f"{value}.png"
        cv2.imwrite(str(path), np.full((40, 200, 3), value, np.uint8))
        scenes.append(Scene(path, source, "val", (200, 40), (PLATE,)))
    detector = Told({0: [Detection(PLATE, 0.8)], 100: [Detection(FAR, 0.6)]})
    evaluation = score_detector(detector, scenes, 0.5)
    by_source = {one.source: one for one in evaluation.scores}
    assert (by_source["one"].ap50_95, by_source["one"].recall) == pytest.approx((1, 1))
    assert (by_source["two"].ap50, by_source["two"].precision) == pytest.approx((0, 0))
    assert (by_source["all"].precision, by_source["all"].recall) == pytest.approx((0.5, 0.5))
    assert by_source["all"].ap50 == pytest.approx(51 / 101)
    lines = evaluation.table().splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["one", "two", "all"]
    with pytest.raises(ModelError, match="nothing to evaluate"):
        score_detector(detector, [], 0.5)


def test_a_picture_that_cannot_be_read_is_named(tmp_path):
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"no picture")
    with pytest.raises(ModelError, match=r"broken\.jpg: no readable picture"):
        score_detector(Told({}), [Scene(path, "one", "val", (9, 9), ())], 0.5)


def development_data() -> Path:
    root = Path(__file__).parents[2]
    data = Path(os.environ.get("PLATE_STREAMER_DATA", root.parent / "shared" / "data"))
    if not (data / "annotations").is_dir():
        pytest.skip(f"no annotated pictures at {data}: set PLATE_STREAMER_DATA")
    return data


@pytest.mark.slow
def test_the_shipped_weights_do_what_their_card_says():
    """On the annotated val pictures; another OpenCV or runtime may move the figures a little."""
    pytest.importorskip("pandas", reason="tables need the extra train")
    card = json.loads(BUNDLED.with_suffix(".json").read_text(encoding="utf-8"))
    told = {one["source"]: one for one in card["evaluation"]["scores"]}
    sources = [name for name in told if name not in ("all", "annotated", "rendered")]
    tables = [development_data() / "annotations" / f"{name}.csv" for name in sources]
    for found in evaluate_detector(tables=tables).scores[:-1]:
        expected = told[found.source]
        assert (found.pictures, found.plates) == (expected["pictures"], expected["plates"])
        assert found.ap50 == pytest.approx(expected["ap50"], abs=0.01), found.source
        assert found.ap50_95 == pytest.approx(expected["ap50_95"], abs=0.01), found.source
        assert found.recall == pytest.approx(expected["recall"], abs=0.03), found.source


def test_the_shipped_weights_find_most_plates_of_rendered_scenes(tmp_path):
    """The same scenes as in the card's row `rendered`, the first of them."""
    scenes = render_scenes(tmp_path, "val", 12, seed=0)
    overall = score_detector(YoloDetector(), scenes, 0.0).scores[-1]
    assert overall.recall > 0.8
    assert overall.precision > 0.8
