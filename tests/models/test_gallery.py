"""The page of faults: which places it shows, in which order, and what is drawn in them."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.base import Detection, ModelError
from models.training.figures import Outcome, evaluation_of
from models.training.gallery import CUT, cut, path_of, places_in, write_gallery
from models.training.scene import Scene
from models.training.scores import Curve

pytest.importorskip("jinja2", reason="a gallery needs the extra train")

SMALL, LARGE = (100.0, 100.0, 140.0, 112.0), (300.0, 100.0, 400.0, 130.0)
NOWHERE = (20.0, 20.0, 60.0, 32.0)


@pytest.fixture
def scene(tmp_path):
    path = tmp_path / "<b>car & co.png"
    cv2.imwrite(str(path), np.full((240, 480, 3), 120, np.uint8))
    return Scene(path, "mine", "val", (480, 240), (SMALL, LARGE))


def detected(*pairs):
    return tuple(Detection(box, score) for box, score in pairs)


def test_the_worst_comes_first(scene):
    loose = (300.0, 100.0, 345.0, 130.0)
    looser = (100.0, 100.0, 112.0, 112.0)
    outcomes = [
        Outcome(scene, detected((NOWHERE, 0.3))),
        Outcome(scene, detected((NOWHERE, 0.9), (loose, 0.5), (looser, 0.5))),
    ]
    places = places_in(outcomes)
    by_section = {
        name: [one.fault.box for one in places if one.section == name]
        for name in ("missed", "loose", "elsewhere")
    }
    assert by_section["missed"] == [LARGE, SMALL]
    assert by_section["loose"] == [looser, loose]
    assert [one.fault.score for one in places if one.section == "elsewhere"] == [0.9, 0.3]


def test_pictures_painted_over_show_only_what_is_new(scene):
    known = detected((SMALL, 0.9), (LARGE, 0.9), (NOWHERE, 0.4))
    lamp = (200.0, 20.0, 240.0, 32.0)
    erased = Outcome(scene, detected((NOWHERE, 0.5), (lamp, 0.6)), erased=True)
    places = places_in([Outcome(scene, known), erased])
    assert [(one.section, one.fault.box) for one in places] == [
        ("erased", lamp),
        ("elsewhere", NOWHERE),
    ]


def test_a_cut_shows_truth_and_detections_around_its_middle(scene):
    shown = cut(Outcome(scene, detected((SMALL, 0.87))), LARGE)
    assert shown.shape == (CUT[1], CUT[0], 3)
    green = (shown[..., 1].astype(int) - shown[..., 2] > 60).nonzero()
    # a box of 100x30 in a cut of three times its width
    assert (green[1].min(), green[1].max()) == pytest.approx((100, 200), abs=2)
    assert (green[0].min(), green[0].max()) == pytest.approx((85, 115), abs=2)
    assert not (shown[..., 2].astype(int) - shown[..., 1] > 60).any()  # the detection is outside
    both = cut(Outcome(scene, detected((SMALL, 0.87))), SMALL)
    assert (both[..., 2].astype(int) - both[..., 1] > 60).any()
    assert (both < 40).all(axis=2).any()  # behind the score


def test_the_page_holds_all_in_itself_and_escapes_names(scene, tmp_path):
    outcomes = [
        Outcome(scene, detected((NOWHERE, 0.9)), detected((NOWHERE, 0.9), (LARGE, 0.1))),
        Outcome(scene, (), erased=True),
    ]
    file = tmp_path / "gallery.html"
    write_gallery(file, evaluation_of(outcomes, 0.25), outcomes, most=1)
    page = file.read_text(encoding="utf-8")
    assert "Missed plates: 2, of which the first 1" in page
    assert "False boxes: 1<" in page
    assert "100x30 px, score 0.10" in page
    assert page.count("data:image/jpeg;base64,") == 2
    assert "&lt;b&gt;car &amp; co.png" in page
    assert "<b>car" not in page
    assert not re.search(r"(?:src|href)=\"(?!data:)", page)
    assert "url(" not in page
    assert str(Path(scene.path).parent) not in page
    for heading in ("By source", "By height", "How tight", "Pictures without plates"):
        assert heading in page


def test_the_curve_is_drawn_upwards():
    assert path_of(Curve("all", ((0.0, 1.0, 0.9), (0.5, 0.75, 0.1)))) == "0.00,0.00 50.00,25.00"


def test_a_place_that_cannot_be_written_is_named(scene, tmp_path):
    outcomes = [Outcome(scene, ())]
    with pytest.raises(ModelError, match=r"nowhere.*cannot be written"):
        write_gallery(tmp_path / "nowhere" / "a.html", evaluation_of(outcomes, 0.2), outcomes)
