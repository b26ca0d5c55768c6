"""The page of wrong readings: which it shows, in which order, what is marked."""

import re

import numpy as np
import pytest

from models.base import Hypothesis, Reading
from models.training.evaluate_reader import Comparison, Read
from models.training.plate_crops import NonPlate, Plate
from models.training.reader_figures import evaluation_of
from models.training.reader_gallery import (
    curve_floor,
    curve_of,
    marked,
    shown,
    write_reader_gallery,
    wrong_looks,
)
from models.training.reader_scores import Look

pytest.importorskip("jinja2", reason="a gallery needs the extra train")

CROP = np.full((20, 80, 3), 90, np.uint8)


def plate(truth, source="mine", crop=CROP):
    return Plate(source, "<b>car & co.png", crop, truth, 20.0, 4.0)


PLATES = (plate("AB12"), plate("CD34"), plate("EF56", "street"), plate("GH78", crop=None))
READINGS = (
    Reading("AB12", (1.0,) * 4, confidence=0.99),
    Reading("CO34", (1.0,) * 4, hypotheses=(Hypothesis("CD34", 0.3, ()),), confidence=0.4),
    Reading("EF5", (1.0,) * 3, confidence=0.8, reason="partial", country="DE"),
    Reading("", ()),
)


def comparison(names=("ours",)):
    others = (NonPlate("sign", CROP), NonPlate("badge", CROP))
    refused = (Reading("STOP", (1.0,) * 4, confidence=0.9), Reading("", ()))
    read = Read(PLATES, READINGS)
    looks = [Look(*pair) for pair in zip(PLATES, READINGS, strict=True)]
    kinds = zip((one.kind for one in others), refused, strict=True)
    evaluation = evaluation_of(names[0], looks, kinds)
    both = [evaluation, evaluation_of("theirs", looks)][: len(names)]
    costs = {"ours": 0.5, "theirs": 1.0}
    return Comparison(tuple(both), (read,) * len(names), others, (refused,) * len(names), costs)


def test_the_surest_error_comes_first():
    wrong = wrong_looks(Read(PLATES, READINGS))
    assert [(number, look.plate.truth) for number, look in wrong] == [
        (2, "EF56"),
        (1, "CD34"),
        (3, "GH78"),
    ]


@pytest.mark.parametrize(
    ("truth", "text", "above", "below", "differs"),
    [
        ("CD34", "CO34", "CD34", "CO34", [0, 1, 0, 0]),
        ("EF56", "EF5", "EF56", "EF5·", [0, 0, 0, 1]),
        ("EF5", "XEF5", "·EF5", "XEF5", [1, 0, 0, 0]),
        ("AB", "", "AB", "··", [1, 1]),
    ],
)
def test_what_differs_is_marked(truth, text, above, below, differs):
    upper, lower = marked(truth, text)
    assert "".join(cell.sign for cell in upper) == above
    assert "".join(cell.sign for cell in lower) == below
    assert [cell.differs for cell in lower] == list(map(bool, differs))


def test_the_page_holds_all_in_itself_and_escapes_names(tmp_path):
    file = tmp_path / "gallery.html"
    write_reader_gallery(file, comparison())
    page = file.read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") == 3  # two misread crops, one sign
    assert "Wrong readings: 3" in page
    assert "not found by the detector" in page
    assert "80.0% sure, 20 px high, DE, partial" in page
    assert "or CD34 30.0%" in page
    assert "&lt;b&gt;car &amp; co.png" in page
    assert "<b>car" not in page
    assert not re.search(r"(?:src|href)=\"(?!data:)", page)
    assert "url(" not in page
    assert "Side by side" not in page
    assert "D → O" in page
    for heading in ("By source", "By height", "Does it know", "What is no whole plate"):
        assert heading in page


def test_sources_can_be_chosen(tmp_path):
    file = tmp_path / "gallery.html"
    write_reader_gallery(file, comparison())
    page = file.read_text(encoding="utf-8")
    assert 'id="source1"> mine 2' in page
    assert 'id="source2"> street 1' in page
    assert page.count('<figure class="source1') == 2
    assert page.count('<figure class="source2 doubted"') == 1


def test_what_others_read_stands_beside(tmp_path):
    file = tmp_path / "gallery.html"
    write_reader_gallery(file, comparison(("ours", "theirs")))
    page = file.read_text(encoding="utf-8")
    assert "Side by side" in page
    assert "times ours" in page
    assert 'theirs: <span class="bad">EF5</span>' in page
    assert 'theirs: <span class="bad">nothing</span>' in page


def test_the_curve_begins_below_its_lowest_point():
    evaluation = comparison().evaluations[0]
    assert curve_floor(evaluation) == 0.2
    assert curve_of(evaluation).split()[-1] == f"100.0,{100 * 0.75 / 0.8:.2f}"


def test_a_page_of_a_faultless_reader(tmp_path):
    read = Read(PLATES[:1], READINGS[:1])
    evaluation = evaluation_of("ours", [Look(PLATES[0], READINGS[0])])
    file = tmp_path / "gallery.html"
    write_reader_gallery(file, Comparison((evaluation,), (read,), (), ((),), {}))
    assert "Wrong readings: 0" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("shape", [(1, 1, 3), (8, 30, 3), (20, 80), (300, 900, 3), (0, 5, 3)])
def test_any_crop_can_be_shown(shape):
    picture = shown(np.zeros(shape, np.uint8))
    assert picture.shape[2] == 3
    assert picture.shape[1] <= 400
