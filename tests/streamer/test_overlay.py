"""What is drawn into a camera's picture, and where."""

import numpy as np
import pytest

from streamer.labels import Run, paste, sprite
from streamer.overlay import DARKENED, SHADE, VERDICTS, WAYS, Mark, Scene, Sureness, blank, drawn
from streamer.places import Places

GREY = 90
BOX = (800.0, 600.0, 1000.0, 650.0)
READ = Sureness("AB123CD", (0.99,) * 7, 0.8, 3)


@pytest.fixture
def image():
    return np.full((1080, 1920, 3), GREY, np.uint8)


def changed(image, scene, width=1920):
    """Where a scene changes a picture: (x1, y1, x2, y2), and the picture."""
    plain, canvas = drawn(image, Scene(), width), drawn(image, scene, width)
    rows, columns = np.nonzero((plain != canvas).any(2))
    if not rows.size:
        return None, canvas
    return (columns.min(), rows.min(), columns.max(), rows.max()), canvas


@pytest.mark.parametrize("width", [1920, 960, 640])
def test_a_box_surrounds_the_plate_and_leaves_it_free(image, width):
    (x1, y1, x2, y2), canvas = changed(image, Scene((Mark(BOX, None),)), width)
    scale = width / 1920
    near = pytest.approx
    assert (x1, y1) == (near(800 * scale, abs=7), near(600 * scale, abs=7))
    assert (x2, y2) == (near(1000 * scale, abs=7), near(650 * scale, abs=7))
    assert x1 < 800 * scale
    assert y2 > 650 * scale
    inside = canvas[round(600 * scale) + 1 : round(650 * scale), round(850 * scale)]
    assert (inside == GREY).all()


def test_a_read_stands_above_its_box(image):
    marks = (Mark(BOX, READ),)
    (x1, y1, _x2, y2), canvas = changed(image, Scene(marks))
    assert y1 < 600 - 25
    assert 790 <= x1 <= 800
    assert y2 < 660
    letters = canvas[560:590, 805:900]
    assert (letters.max(2) > 200).any(), "bright letters"
    assert (letters.max(2) < 70).mean() > 0.3, "on a dark ground"


@pytest.mark.parametrize(
    "box", [(800, 2, 1000, 40), (1850, 600, 1920, 640), (0, 0, 60, 20), (1800, 1040, 1920, 1080)]
)
def test_a_read_stays_in_the_picture(image, box):
    label = sprite((Run("x", SHADE, 30),), SHADE, 1.0)
    assert label.alpha.any()
    bare, _ = changed(image, Scene((Mark(box, None),)))
    around, _ = changed(image, Scene((Mark(box, READ),)))
    wide, tall = (around[2] - around[0]), (around[3] - around[1])
    assert wide > 100, "the whole label"
    assert tall > bare[3] - bare[1]


def test_a_surer_read_is_brighter_and_its_bar_is_longer(image):
    def shown(confidence):
        read = Sureness("AB123CD", (confidence,) * 7, confidence)
        return drawn(image, Scene((Mark(BOX, read),)), 1920)[560:600, 790:1100].astype(int)

    blue = [shown(one)[:, :, 0].sum() for one in (0.5, 0.7, 0.95)]
    assert blue == sorted(blue)
    assert blue[0] < blue[2]


def test_more_looks_that_agree_are_told(image):
    small = (800.0, 600.0, 830.0, 610.0)
    one, three = (Mark(small, Sureness("AB1", (0.9,) * 3, 0.9, n)) for n in (1, 3))
    assert changed(image, Scene((three,)))[0][2] > changed(image, Scene((one,)))[0][2]


@pytest.mark.parametrize("verdict", ["allow", "deny", "notify"])
def test_a_decided_plate_has_the_colour_of_its_verdict(image, verdict):
    mark = Mark(BOX, READ, decided=True, verdict=verdict)
    _, canvas = changed(image, Scene((mark,)))
    ground = canvas[575:590, 795:800].reshape(-1, 3).astype(int)
    assert (np.abs(ground - VERDICTS[verdict]) < 25).all(1).any()
    others = [colour for name, colour in VERDICTS.items() if name != verdict]
    assert all(np.abs(np.subtract(VERDICTS[verdict], other)).max() > 60 for other in others)


def test_a_decided_plate_is_stronger_than_a_read(image):
    read, decided = (changed(image, Scene((Mark(BOX, READ, decided=d),)))[0] for d in (0, 1))
    assert decided[3] - decided[1] > read[3] - read[1]


def test_entry_lines_and_ignored_areas_lie_where_the_configuration_says(image):
    places = Places(ignore=(((0, 0), (0.25, 0), (0.25, 0.25), (0, 0.25)),))
    (x1, y1, x2, y2), canvas = changed(image, Scene(places=places))
    assert (x1, y1) == (0, 0)
    assert (x2, y2) == (pytest.approx(480, abs=2), pytest.approx(270, abs=2))
    assert canvas[100, 100, 0] < GREY
    places = Places(entry=(((0.2, 0.5), (0.8, 0.5)),))
    (x1, y1, x2, _), canvas = changed(image, Scene(places=places))
    assert (canvas[540, 400] == WAYS["entry"]).all()
    assert (x1, x2) == (pytest.approx(384, abs=4), pytest.approx(1536, abs=4))
    assert y1 > 530
    below = canvas[545:580, 960]
    assert (below != GREY).any(), "an arrow to the side that counts"


def test_a_picture_of_the_past_is_dark_and_says_so(image):
    _, canvas = changed(image, Scene(words="no picture for 12 s", dark=True), 640)
    assert canvas[5, 5, 0] == pytest.approx(GREY * DARKENED, abs=1)
    assert canvas[170:190, 200:440].max() > 200


def test_a_paused_camera_says_so_over_a_bright_picture(image):
    (_, y1, _, y2), canvas = changed(image, Scene(words="paused"), 960)
    assert canvas[300, 300, 0] == GREY
    assert y2 < 100
    assert canvas[y1:y2].max() > 200


def test_the_frame_itself_stays_as_it_was(image):
    scene = Scene((Mark(BOX, READ),), words="paused", dark=True)
    for width in (1920, 640):
        drawn(image, scene, width)
    assert (image == GREY).all()


def test_no_picture_is_made_larger(image):
    assert drawn(image[:360, :640].copy(), Scene(), 1920).shape == (360, 640, 3)
    assert drawn(image, Scene(), 960).shape == (540, 960, 3)
    assert blank(Scene(words="no picture yet"), 640).shape == (360, 640, 3)


def test_what_lies_outside_is_left_out():
    canvas = np.zeros((20, 30, 3), np.uint8)
    label = sprite((Run("AB", (255, 255, 255), 14),), (10, 20, 30), 1.0)
    for at in ((-8, -8), (25, 15), (-500, 0), (0, 500)):
        paste(canvas, label, at)
    assert canvas.any()
