"""What plates are lettered in: every sign has ink and fills its size, whatever draws it."""

import numpy as np
import pytest

from models.readers.decode import SIGNS
from models.training import typefaces
from models.training.strokes import Pen, draw_pen, glyph
from models.training.typefaces import FILES, Typeface, draw_typeface, installed

NARROW = {"1": 0.4, "3": 0.9, "C": 0.9, "I": 0.05, "J": 0.9}
"""Signs that are as wide as they are drawn and not as their box, by the share that they fill."""


def reach(ink):
    """From where to where there is ink, in pixels: left, top, right, bottom."""
    y, x = np.nonzero(ink > 40)
    return int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1


@pytest.fixture
def alone(monkeypatch, tmp_path):
    """A machine without any typeface."""
    monkeypatch.setattr(typefaces, "FOLDER", tmp_path / "none")
    installed.cache_clear()
    yield
    installed.cache_clear()


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("size", [(20, 36), (50, 80)])
def test_every_sign_of_every_pen_fills_its_size(sign, size):
    width, height = size
    for seed in range(30):
        ink = glyph(draw_pen(np.random.default_rng(seed)), sign, width, height)
        assert (ink.shape, ink.dtype) == ((height, width), np.uint8)
        left, top, right, bottom = reach(ink)
        assert top == 0
        assert bottom == height
        assert right - left >= width * NARROW.get(sign, 1.0) - 1


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (1, 40), (40, 2)])
def test_however_small_there_is_ink(size):
    for sign in SIGNS:
        assert glyph(Pen(), sign, *size).shape == size[::-1]
        assert glyph(Pen(), sign, *size).max() > 0


def test_a_pen_draws_no_two_signs_alike_but_those_that_are():
    """A 0 without a slash is the O of plates; nothing else may be mistaken."""
    pens = [Pen(), Pen(slash=True, foot=True, flat=True), Pen(square=6.0, round_ends=False)]
    for pen in pens:
        signs = [one for one in SIGNS if one != "O" or pen.slash]
        drawn = {one: glyph(pen, one, 40, 64).astype(float) for one in signs}
        for n, one in enumerate(signs):
            for other in signs[n + 1 :]:
                assert np.abs(drawn[one] - drawn[other]).mean() > 4, (one, other)


def test_pens_differ():
    first, second = (draw_pen(np.random.default_rng(seed)) for seed in (0, 1))
    assert first != second
    assert first == draw_pen(np.random.default_rng(0))


@pytest.mark.parametrize("sign", SIGNS)
def test_every_sign_of_every_typeface_here_fills_its_size(sign):
    for file in installed():
        face = Typeface(file=file)
        left, top, right, bottom = reach(face.ink(sign, 30, 50))
        assert (left, top) <= (2, 1), file
        assert (right, bottom) >= (28, 49), file
        assert 0.05 < face.ratio(sign) < 1.6, file


def test_only_known_files_are_looked_for_in_the_order_of_their_names():
    names = [one.stem for one in installed()]
    assert names == sorted(names)
    assert set(names) <= {*FILES, "DejaVuSans-Bold", "DejaVuSansMono-Bold"}
    assert len(set(FILES)) == len(FILES)


def test_without_typefaces_dejavu_does(alone):
    assert [one.stem for one in installed()] == ["DejaVuSans-Bold", "DejaVuSansMono-Bold"]
    drawn = [draw_typeface(np.random.default_rng(seed)) for seed in range(40)]
    assert any(one.pen for one in drawn)
    files = {one.file.stem for one in drawn if one.file}
    assert files == {"DejaVuSans-Bold", "DejaVuSansMono-Bold"}
    for face in drawn:
        assert reach(face.ink("8", 24, 40)) == (0, 0, 24, 40)
