"""What the shipped reader reads: drawn plates, and nothing where there are none."""

import cv2
import numpy as np
import pytest

from models.readers.ctc import BUNDLED, CtcReader
from models.readers.informed import InformedReader
from models.training import non_plates, typefaces
from models.training.designs import ANY, STATES, WORLD, Design, draw_design
from models.training.non_plates import KINDS, draw_non_plate
from models.training.reader_plates import draw_reader_plate

needs_weights = pytest.mark.skipif(
    not BUNDLED.is_file(), reason=f"no {BUNDLED.name} among the bundled weights yet"
)


@pytest.fixture(scope="module", autouse=True)
def the_same_typefaces_everywhere():
    """Whatever is installed: drawn alphabets, and the two typefaces that come with a wheel."""
    bundled = (typefaces.font_file("sans"), typefaces.font_file("mono"))
    with pytest.MonkeyPatch.context() as patch:
        for module in (typefaces, non_plates):
            patch.setattr(module, "installed", lambda: bundled)
        yield


@pytest.fixture(scope="module")
def shipped():
    return InformedReader(CtcReader())


def shrunk(image, high):
    wide = round(image.shape[1] * high / image.shape[0])
    return cv2.resize(image, (wide, high), interpolation=cv2.INTER_AREA)


def clean_plates(count, seed, designs=None):
    """Drawn plates as a near camera would see them, 24 to 70 pixels high, and their texts.

    `designs` come in turns; None draws them as the training does.
    """
    crops, texts = [], []
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        design = designs[number % len(designs)] if designs else draw_design(rng)
        plate = draw_reader_plate(rng, design)
        crops.append(shrunk(plate.image, int(rng.integers(24, 71))))
        texts.append(plate.text)
    return crops, texts


def right_share(readings, texts):
    return np.mean([one.text == text for one, text in zip(readings, texts, strict=True)])


def two_rows(design):
    return "/" in design.patterns[0]


FLOORS = {
    "one row of a country": ([one for one in WORLD if not two_rows(one)], 0.88),
    "two rows of a country": ([one for one in WORLD if two_rows(one)], 0.77),
    "American states": (list(STATES), 0.79),
    "no country, O and 0 by their look alone": ([ANY], 0.59),
}
"""Kinds of drawn plates, and the share of each that is read whole at least: some points below
what the shipped weights read (0.91, 0.81, 0.83, 0.64). They keep weights from getting worse
and are not what is wanted, which is in `GOAL`."""

GOAL = 0.95
BEHIND = "not there yet: 0.82 of plates of all kinds, 0.82 of two rows"


@needs_weights
@pytest.mark.parametrize("kind", FLOORS)
def test_shipped_weights_read_clean_plates_no_worse_than_they_did(shipped, kind):
    designs, floor = FLOORS[kind]
    crops, texts = clean_plates(300, 31, designs)
    assert right_share(shipped.read(crops), texts) >= floor


@needs_weights
@pytest.mark.parametrize("country", ["ES", "FR", "IT"])
def test_shipped_weights_read_plates_whose_format_leaves_no_doubt(shipped, country):
    designs = [one for one in WORLD if one.country == country]
    crops, texts = clean_plates(100, 32, designs)
    assert right_share(shipped.read(crops), texts) >= 0.92


@needs_weights
@pytest.mark.xfail(reason=BEHIND)
def test_shipped_weights_read_clean_plates_of_all_kinds(shipped):
    crops, texts = clean_plates(200, 31)
    assert right_share(shipped.read(crops), texts) >= GOAL


@needs_weights
@pytest.mark.xfail(reason=BEHIND)
def test_shipped_weights_read_plates_of_two_rows(shipped):
    crops, texts = clean_plates(200, 32, [one for one in WORLD if two_rows(one)])
    assert right_share(shipped.read(crops), texts) >= GOAL


@needs_weights
def test_shipped_weights_tell_rows_apart(shipped):
    """What is read right is told in its two rows mostly."""
    design = Design("in", ("AA 99/AA 9999",), (280, 200))
    crops, texts = clean_plates(100, 32, [design])
    lines = [
        (one.lines, (text[:4], text[4:]))
        for one, text in zip(shipped.read(crops), texts, strict=True)
        if one.text == text
    ]
    assert np.mean([ours == theirs for ours, theirs in lines]) >= 0.9


def accepted(readings):
    """The share of readings that a user would take for a plate."""
    return np.mean([one.reason is None and (one.confidence or 0.0) >= 0.5 for one in readings])


@needs_weights
def test_shipped_weights_read_nothing_where_there_is_no_plate(shipped):
    names = [name for name in KINDS if name != "half plate"]
    drawn = [draw_non_plate(np.random.default_rng([33, n]), names[n % len(names)])
             for n in range(50 * len(names))]  # fmt: skip
    assert accepted(shipped.read(drawn)) <= 0.02


@needs_weights
def test_shipped_weights_do_not_believe_halves_of_plates(shipped):
    halves = [draw_non_plate(np.random.default_rng([34, n]), "half plate") for n in range(200)]
    assert accepted(shipped.read(halves)) <= 0.1


@needs_weights
def test_shipped_confidence_is_higher_where_it_is_right(shipped):
    crops, texts = clean_plates(150, 35)
    crops = [cv2.GaussianBlur(shrunk(one, 20), (0, 0), 1.2) for one in crops]
    readings = shipped.read(crops)
    right = [one.text == text for one, text in zip(readings, texts, strict=True)]
    said = np.array([one.confidence for one in readings])
    assert any(right)
    wrong = ~np.array(right)
    assert not wrong.any() or said[~wrong].mean() > said[wrong].mean() + 0.1


@needs_weights
def test_shipped_weights_agree_in_both_runtimes(shipped):
    pytest.importorskip("openvino", reason="needs the extra openvino")
    crops, _ = clean_plates(20, 36)
    other = InformedReader(CtcReader(runtime="openvino"))
    for ours, theirs in zip(shipped.read(crops), other.read(crops), strict=True):
        assert ours.text == theirs.text
        assert ours.confidence == pytest.approx(theirs.confidence, abs=1e-2)
