"""What is drawn as no number plate: every kind, quickly, the same again, no whole plate."""

import time

import numpy as np
import pytest

from models.training.non_plates import KINDS, draw_non_plate, half_of
from models.training.words import SHOP, draw_number, draw_word


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_a_picture_in_the_shape_of_a_plate(kind):
    pictures = [draw_non_plate(np.random.default_rng(seed), kind) for seed in range(40)]
    for picture in pictures:
        assert picture.dtype == np.uint8
        assert picture.ndim == 3
        assert picture.shape[2] == 3
        assert 12 <= picture.shape[0] <= 110
        assert picture.flags.c_contiguous
    assert len({picture.shape for picture in pictures}) > 20
    assert np.median([picture.shape[1] / picture.shape[0] for picture in pictures]) > 1


def test_the_same_seed_gives_the_same_picture_and_any_kind_comes():
    first = draw_non_plate(np.random.default_rng(5))
    assert np.array_equal(first, draw_non_plate(np.random.default_rng(5)))
    rng = np.random.default_rng(0)
    before = [draw_non_plate(rng) for _ in range(2)]
    assert before[0].shape != before[1].shape or not np.array_equal(*before)


def test_drawing_is_quick_enough_to_train_with():
    rng = np.random.default_rng(0)
    for _ in range(100):
        draw_non_plate(rng)  # fonts are opened once
    start = time.process_time()
    for _ in range(200):
        draw_non_plate(rng)
    assert (time.process_time() - start) / 200 < 0.015  # 2 ms on an idle machine


def test_of_half_a_plate_a_part_is_gone():
    """Twelve columns of different grey, twelve rows of it: how many are left can be counted."""
    plate = np.zeros((120, 480, 3), np.uint8)
    plate[..., 0] = np.arange(480)[None, :] // 40 * 20 + 10
    plate[..., 1] = np.arange(120)[:, None] // 10 * 20 + 10
    rng = np.random.default_rng(0)
    sides = set()
    for _ in range(200):
        part = half_of(rng, plate, 0.6)
        uncovered = part[(part[..., 0] % 20 == 10) & (part[..., 1] % 20 == 10)]
        columns = {int(value) for value in uncovered[:, 0]}
        rows = {int(value) for value in uncovered[:, 1]}
        assert len(columns) <= 8 or len(rows) <= 6
        sides.add((10 in columns, 230 in columns, 10 in rows, 230 in rows))
    assert {(True, False, True, True), (False, True, True, True)} <= sides
    assert {(True, True, True, False), (True, True, False, True)} <= sides


def test_words_and_numbers_are_many():
    rng = np.random.default_rng(0)
    words = {draw_word(rng, SHOP) for _ in range(300)}
    assert len(words) > 100
    assert words & set(SHOP)
    assert words - set(SHOP)
    assert len({draw_number(rng) for _ in range(200)}) > 120
