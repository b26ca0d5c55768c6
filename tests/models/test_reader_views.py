"""Views: the shape that the network sees, and what is told of them."""

import cv2
import numpy as np
import pytest

from models.readers.plate_input import HEIGHT, WIDTH, stretched, upright
from models.training import reader_views
from models.training.reader_plates import DrawnPlate, draw_reader_plate
from models.training.reader_views import (
    Snippet,
    view_of_drawn,
    view_of_other,
    view_of_real,
    window_of_backdrop,
)

BACKDROPS = [np.random.default_rng(n).integers(0, 255, (90, 160, 3), np.uint8) for n in range(3)]


def drawn_plate(seed):
    return draw_reader_plate(np.random.default_rng([5, seed]))


def snippet(size=(120, 60), box=(20.0, 15.0, 100.0, 45.0), seed=0):
    width, height = size
    image = np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)
    return Snippet(image, box, "AB123", "mine")


def views(count=60, half=False):
    """Of drawn plates and of real ones."""
    for seed in range(count):
        rng = np.random.default_rng(seed)
        yield view_of_drawn(rng, drawn_plate(seed), BACKDROPS, half=half)
        yield view_of_real(rng, snippet(seed=seed), half=half)


def test_every_view_is_what_the_network_sees():
    others = [view_of_other(np.random.default_rng(n), BACKDROPS[0]) for n in range(20)]
    for view in (*views(), *views(half=True), *others):
        assert (view.seen.shape, view.seen.dtype) == ((HEIGHT, WIDTH, 3), np.uint8)
    assert all((one.text, one.plate, one.whole) == ("", False, False) for one in others)


def test_a_whole_plate_is_told_and_half_a_plate_is_not():
    for view in views():
        assert view.plate
        assert (view.text is not None) == view.whole
    for view in views(half=True):
        assert view.plate
        assert not view.whole
        assert view.text is None


def test_most_views_are_whole_and_keep_their_text():
    kept = 0
    for seed in range(200):
        plate = drawn_plate(seed)
        view = view_of_drawn(np.random.default_rng(seed), plate, BACKDROPS)
        kept += view.whole
        assert view.text in (plate.text, None)
    assert kept >= 180


UPRIGHT = np.array([[0, 0], [400, 0], [400, 100], [0, 100]], float)


@pytest.mark.parametrize(
    ("window", "lost"),
    [
        ((0, 0, 400, 100), False),
        ((-50, -30, 450, 130), False),
        ((40, 20, 360, 80), False),
        ((42, 24, 358, 77), False),  # a hair of the outer strokes
        ((60, 0, 400, 100), True),
        ((0, 0, 340, 100), True),
        ((0, 35, 400, 100), True),
        ((0, 0, 400, 65), True),
    ],
)
def test_a_window_that_cuts_the_text_is_not_whole(window, lost, monkeypatch):
    plate = DrawnPlate(np.full((100, 400, 3), 200, np.uint8), "AB123", (0.1, 0.2, 0.9, 0.8))
    assert reader_views._lost(plate, UPRIGHT, window) is lost
    scale = 30 / 100
    monkeypatch.setattr(reader_views, "_askew", lambda *_: UPRIGHT * scale)
    monkeypatch.setattr(reader_views, "_window", lambda *_: tuple(scale * v for v in window))
    view = view_of_drawn(np.random.default_rng(0), plate, BACKDROPS)
    assert (view.whole, view.text) == (not lost, None if lost else "AB123")


def test_what_leans_out_of_the_window_is_lost():
    """The text is followed through the perspective, not taken for an upright box."""
    plate = DrawnPlate(np.full((100, 400, 3), 200, np.uint8), "AB123", (0.1, 0.2, 0.9, 0.8))
    leaning = UPRIGHT + np.array([[0, -60], [0, 60], [0, 60], [0, -60]])
    assert reader_views._lost(plate, leaning, (0, 0, 400, 100))
    assert not reader_views._lost(plate, leaning, (0, -60, 400, 160))


def test_the_same_seed_gives_the_same_view():
    for one, same in zip(views(30), views(30), strict=True):
        assert np.array_equal(one.seen, same.seen)
        assert (one.text, one.plate, one.whole) == (same.text, same.plate, same.whole)
    other = view_of_real(np.random.default_rng(99), snippet(seed=0))
    again = view_of_real(np.random.default_rng(0), snippet(seed=0))
    assert not np.array_equal(other.seen, again.seen)


def test_what_is_given_stays_as_it_was():
    plate, piece, backdrop = drawn_plate(1), snippet(), BACKDROPS[0].copy()
    before = [plate.image.copy(), piece.image.copy(), backdrop.copy()]
    for seed in range(40):
        rng = np.random.default_rng(seed)
        view_of_drawn(rng, plate, [backdrop])
        view_of_real(rng, piece)
        view_of_other(rng, backdrop)
    for now, then in zip((plate.image, piece.image, backdrop), before, strict=True):
        assert np.array_equal(now, then)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (3, 2), (300, 20)])
def test_tiny_pictures(size):
    height, width = size
    for seed in range(25):
        rng = np.random.default_rng(seed)
        tiny = rng.integers(0, 255, (height, width, 3), np.uint8)
        seen = [view_of_other(rng, tiny), view_of_other(rng, tiny, worse=False)]
        piece = Snippet(tiny, (0.0, 0.0, float(width), float(height)), "A1", "mine")
        seen += [view_of_real(rng, piece), view_of_real(rng, piece, half=True)]
        assert all(one.seen.shape == (HEIGHT, WIDTH, 3) for one in seen)


@pytest.mark.parametrize("size", [(1, 1), (2, 9), (9, 2), (300, 20)])
def test_tiny_and_odd_drawn_plates(size):
    plate = DrawnPlate(np.full((*size, 3), 200, np.uint8), "A1", (0.0, 0.0, 1.0, 1.0))
    for seed in range(25):
        view = view_of_drawn(np.random.default_rng(seed), plate, [])
        assert view.seen.shape == (HEIGHT, WIDTH, 3)


def test_pieces_of_a_backdrop_are_in_a_plates_shape_and_inside():
    backdrop = BACKDROPS[1]
    for seed in range(50):
        piece = window_of_backdrop(np.random.default_rng(seed), backdrop)
        assert 8 <= piece.shape[0] <= 45
        assert piece.shape[0] <= piece.shape[1] <= 160


def test_real_crops_are_found_again_in_their_views():
    """A plate of one colour in a street of another: its views show the plate mostly."""
    image = np.zeros((90, 180, 3), np.uint8)
    image[30:60, 40:140] = 255
    piece = Snippet(image, (40.0, 30.0, 140.0, 60.0), "AB123", "mine")
    shares = []
    for seed in range(60):
        seen = view_of_real(np.random.default_rng(seed), piece).seen.mean(axis=2)
        level = (float(seen.max()) + float(seen.min())) / 2
        bright = seen > level
        shares.append(max(bright.mean(), 1 - bright.mean()))
    assert np.median(shares) > 0.8


def test_views_are_prepared_as_the_reader_does_mostly():
    """Its estimate of the lean may be off, so some views lean as they do."""
    sheared = cv2.warpAffine(BACKDROPS[2], np.array([[1, -0.4, 18], [0, 1, 0]]), (160, 90))
    assert not np.array_equal(upright(sheared), stretched(sheared))
    counts = [0, 0]
    for seed in range(40):
        view = view_of_other(np.random.default_rng(seed), sheared, worse=False)
        counts[0] += np.array_equal(view.seen, upright(sheared))
        counts[1] += np.array_equal(view.seen, stretched(sheared))
    assert sum(counts) == 40
    assert counts[0] > 2 * counts[1] > 0
