"""`plate-streamer evaluate detector`: any detector by name, its options, what is written."""

import json

import cv2
import numpy as np
import pytest

from models.detectors import DETECTORS
from models.training.synthesis import render_scene
from streamer.cli import main

pytest.importorskip("pandas", reason="tables need the extra train")
pytest.importorskip("jinja2", reason="a gallery needs the extra train")


class FixedDetector:
    """Finds one plate, always at the same place."""

    def __init__(self, *, box: tuple[float, ...], min_score: float = 0.5) -> None:
        self.box = box

    def detect(self, image):
        from models.base import Detection

        return [Detection(self.box, 0.8)]


@pytest.fixture
def fixed(monkeypatch):
    monkeypatch.setitem(DETECTORS, "fixed", f"{__name__}:FixedDetector")


@pytest.fixture
def data(tmp_path):
    """Two rendered scenes as somebody's own annotated pictures; gives the table and its boxes."""
    (tmp_path / "annotations").mkdir()
    (tmp_path / "images").mkdir()
    lines, boxes = ["image,width,height,xmin,ymin,xmax,ymax,plate_text,split"], []
    for number in range(2):
        scene = render_scene(np.random.default_rng(number), (320, 240))
        cv2.imwrite(str(tmp_path / "images" / f"{number}.png"), scene.image)
        for plate in scene.plates:
            boxes.append([round(side) for side in plate.box])
            lines.append(f"{number}.png,320,240,{','.join(map(str, boxes[-1]))},,val")
    table = tmp_path / "annotations" / "mine.csv"
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return table, boxes


def evaluate(*words):
    return main(["evaluate", "detector", *map(str, words)])


def test_a_detector_by_name_with_its_options(fixed, data, tmp_path, capsys):
    table, boxes = data
    figures, page = tmp_path / "figures.json", tmp_path / "faults.html"
    words = ["--data", table, "--detector", "fixed", "--option", f"box={boxes[0]}", "--erase"]
    assert evaluate(*words, "--json", figures, "--gallery", page) == 0
    out, err = capsys.readouterr()
    assert out.startswith("source ")
    assert max(map(len, out.splitlines())) <= 100
    assert f"{page}: all faults" in err
    written = json.loads(figures.read_text(encoding="utf-8"))
    overall = written["scores"][-1]
    assert (written["detector"], written["min_score"]) == ("fixed", 0.5)
    assert (overall["plates"], overall["recall"]) == (len(boxes), pytest.approx(1 / len(boxes)))
    assert f"Missed plates: {len(boxes) - 1}" in page.read_text(encoding="utf-8")


def test_ones_own_pictures_without_plates(fixed, data, tmp_path, capsys):
    table, boxes = data
    street = tmp_path / "street"
    street.mkdir()
    cv2.imwrite(str(street / "a.jpg"), np.full((240, 320, 3), 90, np.uint8))
    words = ["--data", table, "--detector", "fixed", "--option", f"box={boxes[0]}"]
    assert evaluate(*words, "--negatives", street) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.split() == ["negatives", "1", "1", "1.000", "100.0%"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--detector", "yol"], "no such detector 'yol'; known: "),
        (["--detector", "fixed"], "detector 'fixed' needs --option box=…"),
        (["--option", "min_scor=0.3"], "detector 'yolo' has no option 'min_scor'; known: weights"),
        (["--option", "min_scor=0.3"], "did you mean 'min_score'?"),
        (
            ["--option", "threads=many"],
            "detector 'yolo': threads: 'many' should be a valid integer",
        ),
        (["--option", "min_score"], "--option min_score: expected KEY=VALUE"),
        (["--option", "size=[1"], "--option size:1: not YAML"),
        (["--option", "size=1", "--option", "size=2"], "--option size=2: size is there twice"),
        (
            ["--detector", "fixed", "--weights", "a.onnx"],
            "detector 'fixed' has no option 'weights'",
        ),
        (["--negatives", "nowhere"], "nowhere: no such folder; expected a folder of pictures"),
        (["--json", "nowhere/a.json"], "nowhere/a.json: nowhere is no folder"),
    ],
)
def test_mistakes_are_named(fixed, data, words, message, capsys):
    assert evaluate("--data", data[0], *words) == 2
    assert message in capsys.readouterr().err
