"""`plate-streamer evaluate reader`: readers by name, their options, what is written."""

import json

import cv2
import numpy as np
import pytest

from models.base import Detection, Reading
from models.readers import READERS
from streamer.cli import main
from streamer.evaluation.detected import FoundBy

pytest.importorskip("pandas", reason="tables need the extra train")
pytest.importorskip("jinja2", reason="a gallery needs the extra train")


class FixedReader:
    """Reads the same from every crop."""

    def __init__(self, *, text: str = "AB123", sure: float = 0.99) -> None:
        self.text, self.sure = text, sure

    def read(self, crops):
        return [Reading(self.text, (self.sure,) * len(self.text), (self.text,)) for _ in crops]


@pytest.fixture(autouse=True)
def fixed(monkeypatch):
    monkeypatch.setitem(READERS, "fixed", f"{__name__}:FixedReader")


@pytest.fixture
def table(tmp_path):
    """Three plates of two texts in one picture."""
    (tmp_path / "annotations").mkdir()
    (tmp_path / "images").mkdir()
    cv2.imwrite(str(tmp_path / "images" / "car.png"), np.full((240, 320, 3), 90, np.uint8))
    lines = ["image,width,height,xmin,ymin,xmax,ymax,plate_text,split"]
    for x, text in ((10, "AB123"), (110, "AB123"), (210, "W0B0X")):
        lines.append(f"car.png,320,240,{x},100,{x + 80},120,{text},val")
    table = tmp_path / "annotations" / "mine.csv"
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return table


def evaluate(*words):
    return main(["evaluate", "reader", *map(str, words)])


def test_a_reader_by_name_with_its_options(table, tmp_path, capsys):
    figures, page = tmp_path / "figures.json", tmp_path / "wrong.html"
    words = ["--data", table, "--reader", "fixed", "--option", "text=W0B0X", "--plain"]
    files = ["--json", figures, "--gallery", page]
    assert evaluate(*words, "--rendered", 8, "--no-costs", *files) == 0
    out, err = capsys.readouterr()
    assert out.startswith("reader fixed, as it is")
    assert max(map(len, out.splitlines())) <= 100
    assert f"{page}: all misread plates" in err
    (written,) = json.loads(figures.read_text(encoding="utf-8"))["readers"]
    overall = written["scores"][-1]
    assert (written["reader"], written["informed"]) == ("fixed", False)
    assert (overall["plates"], overall["right"]) == (3, 1)
    assert written["accepted_non_plates"] == 1.0
    assert "Wrong readings: 2" in page.read_text(encoding="utf-8")


def test_readers_side_by_side_with_labels_and_costs(table, capsys):
    words = ["--reader", "fixed", "--reader", "other=fixed", "--option", "other.text=W0B0X"]
    assert evaluate("--data", table, *words, "--plain", "--windows", 0) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["fixed", "other"] in rows
    assert ["all", "(3)", "66.7%", "33.3%"] in rows
    assert any(row[:3] == ["times", "fixed", "1.00"] for row in rows)
    assert any("PP-OCR" in row for row in rows)


def test_readers_know_formats_unless_plain(table, capsys):
    """WOB0X is read; of the plates that look so, only one follows the user's own pattern."""
    words = ["--data", table, "--reader", "fixed", "--option", "text=WOB0X", "--no-costs"]
    own = ["--patterns", "W0B0[A-Z]"]
    assert evaluate(*words, "--plain") == 0
    plain = capsys.readouterr().out
    assert evaluate(*words, *own, "--countries", "DE") == 0
    informed = capsys.readouterr().out
    assert "all                         3      0" in plain
    assert "all                         3      1" in informed
    assert informed.startswith("reader fixed, with knowledge of formats")


def test_cut_where_the_detector_sees_them(table, monkeypatch, capsys):
    class Detector:
        def detect(self, image):
            return [Detection((12, 101, 92, 121), 0.9)]

    monkeypatch.setattr("models.detectors.yolo.YoloDetector", Detector)
    words = ["--data", table, "--reader", "fixed", "--plain", "--no-costs"]
    assert evaluate(*words, "--crops", "detected") == 0
    assert "2 not found by the detector" in capsys.readouterr().out


def test_a_picture_is_looked_at_once_and_cut_as_the_daemon_does():
    calls = []

    class Detector:
        def detect(self, image):
            calls.append(image)
            return [Detection((10, 10, 60, 20), 0.9), Detection((100, 10, 150, 20), 0.8)]

    picture = np.zeros((50, 200, 3), np.uint8)
    picture[10:20, 100:150] = 200
    cut = FoundBy(Detector(), 0.0)
    assert cut(picture, (12, 11, 62, 21)).max() == 0
    assert cut(picture, (98, 9, 150, 21)).min() == 200
    assert cut(picture, (10, 30, 60, 40)) is None
    assert len(calls) == 1
    cut(picture.copy(), (12, 11, 62, 21))
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--reader", "fixd"], "no such reader 'fixd'; known: "),
        (["--reader", "fixd"], "did you mean 'fixed'?"),
        (["--option", "sures=1"], "reader 'fixed' has no option 'sures'; known: text, sure"),
        (["--option", "sure=very"], "reader 'fixed': sure: 'very' should be a valid number"),
        (["--option", "old.sure=1"], "--option old.sure: no reader labelled 'old' here"),
        (["--reader", "fixed"], "--reader fixed: fixed is there twice; label one: old=fixed"),
        (["--split", "train"], "mine.csv: no train row with a plate_text"),
        (["--countries", "UK"], "formats.countries[0]: no formats of 'UK'; is it GB?"),
        (["--patterns", "ab+"], "formats.patterns[0]: 'ab+'"),
        (["--margin", "-1"], "--margin -1.0: should be from 0.0 to 1.0"),
        (["--min-confidence", "60"], "--min-confidence 60.0: should be from 0.0 to 1.0"),
        (["--jitter", "0.1", "--crops", "detected"], "leave it out with --crops detected"),
        (["--negatives", "nowhere"], "nowhere: no such folder"),
        (["--gallery", "nowhere/a.html"], "nowhere/a.html: nowhere is no folder"),
    ],
)
def test_mistakes_are_named(table, words, message, capsys):
    assert evaluate("--data", table, "--reader", "fixed", *words) == 2
    assert message in capsys.readouterr().err


def test_a_missing_picture_is_named(table, tmp_path, capsys):
    (tmp_path / "images" / "car.png").unlink()
    assert evaluate("--data", table, "--reader", "fixed") == 2
    err = capsys.readouterr().err
    assert "mine.csv: picture " in err
    assert "car.png is missing" in err
