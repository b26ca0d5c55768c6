"""Drawn plates: what is told of them is what is to be seen on them."""

import numpy as np
import pytest

from models.training import reader_plates
from models.training.designs import ANY, STATES, WORLD, Design
from models.training.reader_plates import READ, draw_reader_plate
from models.training.strokes import Pen
from models.training.typefaces import Typeface


def drawn(*seed, design=None):
    return draw_reader_plate(np.random.default_rng(seed), design)


@pytest.mark.parametrize("design", [*WORLD, *STATES[::9], ANY], ids=lambda one: one.country)
def test_a_plate_of_every_kind(design):
    for seed in range(4):
        plate = drawn(seed, design=design)
        assert plate.image.dtype == np.uint8
        assert plate.image.shape[2] == 3
        assert 3 <= len(plate.text) <= 12
        assert set(plate.text) <= READ
        left, top, right, bottom = plate.extent
        assert -0.01 <= left < right <= 1.01
        assert -0.01 <= top < bottom <= 1.01


def test_the_same_seed_gives_the_same_plate():
    for seed in range(20):
        one, same, other = drawn(seed), drawn(seed), drawn(seed, 1)
        assert np.array_equal(one.image, same.image)
        assert (one.text, one.extent) == (same.text, same.extent)
        assert not np.array_equal(one.image, other.image)


def test_the_text_is_the_signs_that_are_printed(monkeypatch):
    """Row by row, from left to right, and nothing of what only decorates."""
    stamped = []

    class Noting(Typeface):
        def ink(self, sign, width, height):
            stamped.append(sign)
            return super().ink(sign, width, height)

    monkeypatch.setattr(reader_plates, "draw_typeface", lambda _: Noting(pen=Pen()))
    for design in (
        Design("x", ("AB-9.9@A|*",)), Design("y", ("A9 A/99-A",)), Design("z", ("9<A9^AA> 99",)),
    ):  # fmt: skip
        for seed in range(10):
            stamped.clear()
            assert drawn(seed, design=design).text == "".join(stamped)
            assert len(stamped) == sum(mark in READ or mark == "*" for mark in design.patterns[0])


INK = (0, 0, 255)


@pytest.fixture
def bare(monkeypatch):
    """Black plates with nothing but their text, which is red."""
    monkeypatch.setattr(reader_plates, "_near", lambda rng, colour: colour)
    monkeypatch.setitem(reader_plates.COLOURS, "w", (0, 0, 0))
    monkeypatch.setitem(reader_plates.COLOURS, "k", INK)
    for part in ("_frame", "_screws"):
        monkeypatch.setattr(reader_plates, part, lambda *_: None)
    monkeypatch.setattr(reader_plates, "_embossed", lambda image: image)


@pytest.mark.parametrize(
    "pattern", ["AAA 999", "A9A99A9A9A", "HMW/8Q0", "MWMW 8888/MWMWMWMW", "HHH", "<H9^A>99"]
)
@pytest.mark.parametrize("size", [(520, 110), (200, 170)])
def test_the_ink_runs_as_far_as_is_said(bare, pattern, size):
    for seed in range(25):
        plate = drawn(seed, design=Design("x", (pattern,), size))
        y, x = np.nonzero(plate.image[:, :, 2] > 100)
        height, width = plate.image.shape[:2]
        left, top, right, bottom = np.array(plate.extent) * [width, height, width, height]
        assert x.min() >= left - 2
        assert x.max() <= right + 2
        assert y.min() >= top - 2
        assert y.max() <= bottom + 2
        # And not much further than the ink: gaps beside the outer signs at most.
        assert y.min() <= top + 3
        assert y.max() >= bottom - 4
        assert x.min() - left < 0.3 * height
        assert right - x.max() < 0.3 * height


def test_a_text_never_leaves_its_plate(bare):
    for seed in range(40):
        plate = drawn(seed, design=Design("x", ("WWWWWWWWWWWW",), (200, 170)))
        left, top, right, bottom = plate.extent
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1
        red = plate.image[:, :, 2] > 100
        assert not red[0].any()
        assert not red[-1].any()
        assert not red[:, 0].any()
        assert not red[:, -1].any()


def test_two_rows_stand_one_above_the_other(bare):
    for seed in range(20):
        plate = drawn(seed, design=Design("x", ("HHH/HHH",), (280, 200)))
        rows = (plate.image[:, :, 2] > 100).any(axis=1)
        starts = np.flatnonzero(np.diff(rows.astype(int)) == 1)
        assert len(starts) == 2
