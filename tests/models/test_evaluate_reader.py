"""The figures of a reader that errs in known ways, against values worked out by hand."""

import json
import os
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.base import Hypothesis, ModelError, Reading
from models.edits import distance
from models.training.evaluate_reader import (
    Material,
    evaluate_readers,
    looks_of,
    read_material,
    write_json,
)
from models.training.plate_crops import (
    BESIDE,
    Plate,
    cut_box,
    cut_with,
    load_plates,
    negatives_in,
    plain_text,
    rendered_non_plates,
    windows_beside,
)
from models.training.plates import LAYOUTS, draw_plate
from models.training.reader_costs import RECOGNISER, measure_costs
from models.training.reader_figures import Refusal, evaluation_of
from models.training.reader_report import comparison_text, evaluation_text
from models.training.reader_scores import Look, confidence_of, is_accepted

pytest.importorskip("pandas", reason="tables need the extra train")

DATA = Path(os.environ.get("PLATE_STREAMER_DATA", Path(__file__).parents[3] / "shared" / "data"))

CROP = np.full((20, 80, 3), 90, np.uint8)


def reading(text, confidence, reason=None):
    return Reading(text, (1.0,) * len(text), confidence=confidence, reason=reason)


def look(truth, read, confidence=0.95, *, source="a", height=30, ratio=4.0, reason=None, rows=None):
    plate = Plate(source, "x.png", CROP, truth, height, ratio, rows)
    return Look(plate, reading(read, confidence, reason), 0.6)


LOOKS = [
    look("AB123", "AB123", 0.95),
    look("AB128", "AB12B", 0.85),
    look("OOPS1", "00PS1", 0.92, height=100),
    look("XY999", "Y999", 0.55, source="b", height=12, ratio=1.8, rows=2),
    look("XY77", "XY777", 0.97, source="b", reason="no_format", rows=1),
    look("KLM45", "", 0.0, source="b", height=20),
    look("QQ11", "QQ11", 0.65, source="b"),
    look("ABCDEFG", "1234567", 0.05, source="b"),
]


@pytest.fixture(scope="module")
def evaluation():
    refused = [
        ("sign", reading("STOP", 0.9)),
        ("sign", reading("", 0.9)),
        ("sign", reading("GO", 0.1)),
        ("badge", reading("TDI", 0.9, "no_format")),
    ]
    return evaluation_of("fake", LOOKS, refused, 0.6)


def test_whole_plates_and_characters_by_source(evaluation):
    first, second, overall = evaluation.scores
    assert (first.group, first.plates, first.right) == ("a", 3, 1)
    assert first.character_errors == pytest.approx(3 / 15)
    assert (second.group, second.plates, second.right) == ("b", 5, 1)
    assert second.character_errors == pytest.approx((1 + 1 + 5 + 0 + 7) / (5 + 4 + 5 + 4 + 7))
    assert (overall.group, overall.accuracy) == ("all", 2 / 8)


def test_what_is_believed_and_what_is_legible(evaluation):
    overall = evaluation.overall
    assert (overall.accepted, overall.accepted_right) == (4, 2)
    assert (overall.accepted_share, overall.accepted_accuracy) == (0.5, 0.5)
    assert (overall.legible, overall.legible_right) == (7, 2)
    assert overall.legible_accuracy == pytest.approx(2 / 7)
    assert evaluation.reasons == {"none": 7, "no_format": 1}


def test_by_height_shape_and_rows(evaluation):
    heights = {one.group: (one.plates, one.right) for one in evaluation.heights}
    assert heights == {"<16 px": (1, 0), "16-24 px": (1, 0), "24-48 px": (5, 2), ">=96 px": (1, 0)}
    assert evaluation.heights[0].legible_accuracy is None
    assert {one.group: one.plates for one in evaluation.shapes} == {"long": 7, "short": 1}
    assert {one.group: one.plates for one in evaluation.rows} == {"2 rows": 1, "1 row": 1}


def test_how_plates_are_misread(evaluation):
    assert (evaluation.wrong, evaluation.one_off, evaluation.empty) == (6, 3, 1)
    pairs = {(one.truth, one.read): one.count for one in evaluation.confusions}
    # seven wrong characters of seven say nothing about any of them
    assert pairs == {("O", "0"): 2, ("8", "B"): 1, ("X", ""): 1, ("", "7"): 1}
    assert str(evaluation.confusions[0]) == "O→0 x2"
    assert evaluation.confusions[-1].count == 1


def test_whether_it_knows(evaluation):
    points = {round(one.low, 1): one for one in evaluation.reliability}
    assert {low: one.count for low, one in points.items()} == {
        0.0: 2, 0.5: 1, 0.6: 1, 0.8: 1, 0.9: 3}  # fmt: skip
    surest = points[0.9]
    assert surest.confidence == pytest.approx((0.95 + 0.92 + 0.97) / 3)
    assert surest.accuracy == pytest.approx(1 / 3)
    error = 2 * 0.025 + 0.55 + 0.35 + 0.85 + (0.95 + 0.92 + 0.97 - 1)
    assert evaluation.overall.calibration_error == pytest.approx(error / 8)
    assert evaluation.calibrated


def test_fewer_and_surer(evaluation):
    coverage = dict(evaluation.coverage)
    assert coverage[0.05] == 0.0  # the surest one is XY777
    assert coverage[0.25] == 0.5
    assert coverage[0.75] == pytest.approx(2 / 6)
    assert coverage[1.0] == 2 / 8


def test_what_is_no_plate(evaluation):
    assert evaluation.refusals == (Refusal("sign", 3, 1, ("STOP",)), Refusal("badge", 1, 0, ()))
    assert evaluation.accepted_non_plates == 0.25


def test_confidence_without_calibration_is_that_of_all_characters():
    assert confidence_of(Reading("AB", (0.9, 0.5))) == pytest.approx(0.45)
    assert confidence_of(Reading("", ())) == 0.0
    assert confidence_of(Reading("AB", (0.9, 0.5), confidence=0.8)) == 0.8
    assert not evaluation_of("x", [Look(LOOKS[0].plate, Reading("AB", (1.0, 1.0)))]).calibrated
    assert is_accepted(Reading("AB", (0.9, 0.9)), 0.8)
    assert not is_accepted(Reading("AB", (0.9, 0.9)), 0.85)


def test_the_report_is_narrow_and_complete(evaluation):
    text = evaluation_text(evaluation)
    assert max(map(len, text.splitlines())) <= 100
    for word in ("a  ", "O→0 x2", "no_format 1", "6 misread: 3 by one character", "sign"):
        assert word in text
    side = comparison_text([evaluation, evaluation], {"fake": 0.5, "x": 1.0})
    assert max(map(len, side.splitlines())) <= 100
    assert "all (8)" in side


# --- from pictures to figures ---


class FakeReader:
    """Reads what the colour of a crop says, and is slow if told so."""

    def __init__(self, texts, seconds=0.0):
        self.texts, self.seconds, self.batches = texts, seconds, []

    def read(self, crops):
        self.batches.append(len(crops))
        end = time.process_time() + self.seconds * len(crops)
        while time.process_time() < end:
            pass
        return [self._one(crop) for crop in crops]

    def _one(self, crop):
        text = self.texts.get(int(np.median(crop[..., 0])), "")
        return Reading(text, (0.9,) * len(text), hypotheses=(Hypothesis(text, 0.9, ()),))


PLATES = [
    ("one.png", (40, 30, 140, 60), "AB 12", 200),
    ("one.png", (10, 80, 50, 90), "ab-34", 150),
    ("two.png", (60, 40, 120, 80), "Ö5", 100),
    ("two.png", (5, 5, 30, 15), "", 50),
    ("crop.png", (0, 0, 90, 30), "XY9", 220),
]


def write_data(folder, plates=PLATES, name="mine"):
    (folder / "annotations").mkdir(exist_ok=True)
    (folder / "images").mkdir(exist_ok=True)
    pictures, lines = {}, ["image,width,height,xmin,ymin,xmax,ymax,plate_text,split"]
    for file, (x1, y1, x2, y2), text, grey in plates:
        size = (90, 30) if file == "crop.png" else (200, 120)
        picture = pictures.setdefault(file, np.zeros((size[1], size[0], 3), np.uint8))
        picture[y1:y2, x1:x2] = grey
        lines.append(f"{file},{size[0]},{size[1]},{x1},{y1},{x2},{y2},{text},val")
    for file, picture in pictures.items():
        cv2.imwrite(str(folder / "images" / file), picture)
    table = folder / "annotations" / f"{name}.csv"
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return table


@pytest.fixture
def table(tmp_path):
    return write_data(tmp_path)


def test_plates_are_cut_as_annotated(table):
    plates = list(load_plates([table], cut=cut_with(0.1)))
    assert [one.truth for one in plates] == ["AB12", "AB34", "O5", "XY9"]
    assert [one.crop.shape[:2] for one in plates] == [(36, 106), (12, 42), (48, 68), (30, 90)]
    assert [one.height_px for one in plates] == [30, 10, 40, 30]
    assert plates[0].ratio == pytest.approx(100 / 30)
    assert {one.source for one in plates} == {"mine"}
    assert np.median(plates[0].crop) == 200


def test_jitter_moves_sides_and_leaves_crops_alone(table):
    plain = list(load_plates([table], cut=cut_with(0)))
    moved = list(load_plates([table], cut=cut_with(0), jitter=0.2))
    again = list(load_plates([table], cut=cut_with(0), jitter=0.2))
    assert [one.crop.shape for one in moved] == [one.crop.shape for one in again]
    assert moved[0].crop.shape != plain[0].crop.shape
    assert abs(moved[0].crop.shape[0] - 30) <= 13
    assert moved[3].crop.shape == (30, 90, 3)


def test_a_limit_takes_plates_from_all_over(table):
    assert [one.truth for one in load_plates([table], limit=2)] == ["AB12", "O5"]


def test_rows_are_known_where_a_table_says_so(table):
    lines = table.read_text(encoding="utf-8").splitlines()
    rows = ["rows", "1", "", "2", "", "1"]
    new = "\n".join(f"{line},{row}" for line, row in zip(lines, rows, strict=True))
    table.write_text(new + "\n", encoding="utf-8")
    assert [one.rows for one in load_plates([table])] == [1, None, 2, 1]


@pytest.mark.parametrize(
    ("text", "plain"), [("ab 12-c", "AB12C"), ("ÖÜ·1", "OU1"), ("  ", ""), ("\u0410\u04121", "AB1")]
)
def test_truth_is_what_a_reader_can_say(text, plain):
    assert plain_text(text) == plain


def test_what_is_missing_is_named(table, tmp_path):
    with pytest.raises(ModelError, match=r"mine\.csv: no train row with a plate_text"):
        list(load_plates([table], split="train"))
    (tmp_path / "images" / "two.png").unlink()
    with pytest.raises(ModelError, match=r"mine\.csv: picture .*two\.png is missing"):
        list(load_plates([table]))
    (tmp_path / "images" / "two.png").write_bytes(b"no picture")
    with pytest.raises(ModelError, match=r"two\.png: no readable picture"):
        list(load_plates([table]))


def test_a_cut_is_never_empty_nor_outside():
    picture = np.zeros((50, 80, 3), np.uint8)
    for box in ((-9, -9, -5, -5), (79.8, 49.8, 80, 50), (200, 200, 210, 210), (10, 10, 10.1, 10.1)):
        assert min(cut_box(picture, box).shape) >= 1


def test_windows_lie_beside_plates_and_show_none(table):
    windows = list(windows_beside([table], per_picture=6))
    assert 6 < len(windows) <= 12
    assert {one.kind for one in windows} == {BESIDE}
    assert all((one.crop == 0).all() for one in windows)  # all but plates is black
    assert not list(windows_beside([table], per_picture=0))


def test_rendered_non_plates_are_the_same_for_the_same_seed():
    first, again = list(rendered_non_plates(16)), list(rendered_non_plates(16))
    assert len({one.kind for one in first}) == 8
    assert all(np.array_equal(a.crop, b.crop) for a, b in zip(first, again, strict=True))


def test_ones_own_pictures_without_plates(tmp_path):
    cv2.imwrite(str(tmp_path / "false.png"), np.zeros((40, 100, 3), np.uint8))
    cv2.imwrite(str(tmp_path / "street.png"), np.zeros((400, 600, 3), np.uint8))
    shapes = [one.crop.shape[:2] for one in negatives_in(tmp_path)]
    assert len(shapes) == 5
    assert (40, 100) in shapes
    with pytest.raises(ModelError, match="no such folder"):
        list(negatives_in(tmp_path / "nowhere"))


TEXTS = {200: "AB12", 150: "AB54", 100: "O5"}


def test_a_reader_on_pictures(table, tmp_path):
    material = Material(tables=[table], cut=cut_with(0), rendered=8, windows=2)
    comparison = evaluate_readers({"fake": FakeReader(TEXTS)}, material, with_costs=False)
    (evaluation,) = comparison.evaluations
    assert (evaluation.overall.plates, evaluation.overall.right) == (4, 2)
    assert sum(one.pictures for one in evaluation.refusals) > 8
    assert comparison.costs == {}
    assert comparison.read[0].truths == ["AB12", "AB34", "O5", "XY9"]
    assert comparison.read[0].sources == ["mine"] * 4
    write_json(comparison, tmp_path / "figures.json")
    written = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert written["readers"][0]["scores"][-1]["accuracy"] == 0.5
    with pytest.raises(ModelError, match=r"nowhere.*cannot be written"):
        write_json(comparison, tmp_path / "nowhere" / "a.json")


def test_a_plate_that_was_not_found_is_misread_and_not_shown(table):
    def cut(picture, box):
        return None if box[0] == 40 else cut_box(picture, box)

    reader = FakeReader(TEXTS)
    plates = list(load_plates([table], cut=cut))
    read = read_material(reader, plates)
    assert [one.text for one in read.readings] == ["", "AB54", "O5", ""]
    assert reader.batches == [3]
    assert evaluation_of("fake", looks_of(read)).not_found == 1


def test_a_reader_that_loses_crops_is_named(table):
    class Losing:
        def read(self, crops):
            return []

    with pytest.raises(ModelError, match="0 readings of 4 crops"):
        read_material(Losing(), list(load_plates([table])))


def test_cost_is_processor_time_in_turns():
    slow, quick = FakeReader({}, 0.003), FakeReader({}, 0.001)
    costs = measure_costs({"slow": slow, "quick": quick}, [CROP] * 20, rounds=3)
    assert list(costs) == ["slow", "quick"]
    assert costs["slow"] == pytest.approx(3, rel=0.5)
    assert costs["slow"] / costs["quick"] == pytest.approx(3, rel=0.3)
    assert set(slow.batches) == {1}
    assert measure_costs({"slow": slow}, []) == {}


def test_two_readers_side_by_side(table):
    readers = {"good": FakeReader(TEXTS | {150: "AB34"}), "bad": FakeReader({})}
    comparison = evaluate_readers(readers, Material(tables=[table], cut=cut_with(0)))
    lines = {line[:26].strip(): line[26:].split() for line in comparison.table().splitlines()}
    assert lines["all (4)"] == ["75.0%", "0.0%"]
    assert lines["times good"][0] == "1.00"
    assert set(comparison.costs) == {"good", "bad", RECOGNISER}


@pytest.mark.slow
def test_the_default_reader_on_rendered_plates(tmp_path):
    from models.readers.rapidocr import RapidocrReader

    (tmp_path / "annotations").mkdir()
    (tmp_path / "images").mkdir()
    lines = ["image,width,height,xmin,ymin,xmax,ymax,plate_text,split"]
    for number in range(10):
        text = f"KL {100 + 37 * number} MN"
        plate = draw_plate(np.random.default_rng(number), LAYOUTS[0], text)
        cv2.imwrite(str(tmp_path / "images" / f"{number}.png"), plate)
        high, wide = plate.shape[:2]
        lines.append(f"{number}.png,{wide},{high},0,0,{wide},{high},{text},val")
    table = tmp_path / "annotations" / "drawn.csv"
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    comparison = evaluate_readers(
        {"rapidocr": RapidocrReader()}, Material(tables=[table]), with_costs=False
    )
    assert comparison.evaluations[0].overall.accuracy >= 0.9


def test_real_crops_are_found_where_they_are():
    table = DATA / "annotations" / "kaggle_cars.csv"
    if not table.is_file():
        pytest.skip(f"no annotated pictures at {DATA}: set PLATE_STREAMER_DATA")
    plates = list(load_plates([table]))
    assert len(plates) >= 40
    assert all(one.truth.isalnum() and one.crop.size for one in plates)


def test_distance_is_what_it_was_in_the_vote():
    assert distance("AB12", "A812") == 1
    assert distance("", "AB") == 2
