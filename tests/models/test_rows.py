import numpy as np
import pytest

from models.readers.rows import ROW_HEIGHT, WIDTHS, Row, cut_row, whole


def row_of(crop, middle, height, slope=0.0, start=0.0, end=None):
    width = crop.shape[1]
    return Row(slope, middle, height, 0, width, start, width if end is None else end)


def test_colours_and_places_survive_the_cut():
    crop = np.zeros((60, 100, 3), np.uint8)
    crop[20:40, :50] = (255, 0, 0)
    crop[20:40, 50:] = (0, 0, 255)
    cut = cut_row(crop, row_of(crop, 30, 20))
    middle = cut[ROW_HEIGHT // 2]
    assert middle[5].tolist() == [255, 0, 0]
    assert middle[-5].tolist() == [0, 0, 255]
    assert cut[0, 5].max() == 0


def test_large_crops_are_averaged_down_not_skipped_through():
    crop = np.zeros((960, 2000, 3), np.uint8)
    crop[:, ::2] = 255
    assert whole(crop).std() < 8
    assert cut_row(crop, row_of(crop, 480, 500)).std() < 8


def test_a_cut_goes_from_start_to_end():
    crop = np.zeros((60, 200, 3), np.uint8)
    crop[:, 50:150] = 200
    assert cut_row(crop, row_of(crop, 30, 20, start=51, end=149)).min() == 200


def test_a_cut_follows_the_slope():
    crop = np.zeros((120, 200, 3), np.uint8)
    for x in range(200):
        y = round(30 + 0.3 * x)
        crop[y - 10 : y + 10, x] = 200
    cut = cut_row(crop, row_of(crop, 30, 20, slope=0.3))
    assert cut[ROW_HEIGHT // 2 - 8 : ROW_HEIGHT // 2 + 8].min() > 150
    assert cut[:3].max() < 50
    assert cut[-3:].max() < 50


def test_a_row_scales_with_its_picture():
    row = Row(slope=0.1, middle=20, height=10, left=5, right=60, start=2, end=80)
    large = row.scaled(2, 3)
    assert (large.height, large.left, large.end) == (30, 10, 160)
    assert large.at(2 * 40) == pytest.approx(3 * row.at(40))


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (3, 5000), (5000, 3), (7, 9)])
def test_the_whole_of_any_crop_has_the_size_of_a_row(size):
    picture = whole(np.zeros((*size, 3), np.uint8))
    assert picture.shape[0] == ROW_HEIGHT
    assert picture.shape[1] in WIDTHS


@pytest.mark.parametrize("height", [0.5, 1, 30, 4000])
def test_rows_of_any_height_are_cut(height):
    crop = np.zeros((50, 60, 3), np.uint8)
    cut = cut_row(crop, row_of(crop, 25, height))
    assert cut.shape[0] == ROW_HEIGHT
    assert cut.shape[1] in WIDTHS
