import cv2
import numpy as np
import pytest

from models.readers.rows import PAD, ROW_HEIGHT, WIDTHS, Row, cut_row, find_rows, whole
from models.training.plates import LAYOUTS, draw_plate

LAYOUT = {layout.name: layout for layout in LAYOUTS}


def plate(name, text, width=160):
    image = draw_plate(np.random.default_rng(5), LAYOUT[name], text)
    height = round(width * image.shape[0] / image.shape[1])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def turned(image, degrees):
    """The plate, turned clockwise, on the grey of a bumper."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1)
    drop = abs(np.sin(np.radians(degrees))) * width
    matrix[1, 2] += drop / 2
    return cv2.warpAffine(image, matrix, (width, round(height + drop)), borderValue=(90, 90, 90))


@pytest.mark.parametrize("width", [60, 110, 160, 320, 900])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("eu", "AB 123 CD"),
        ("white", "KL31 ABC"),
        ("yellow plain", "AB12 CDE"),
        ("black", "ABC 123"),
        ("american", "7ABC123"),
        ("grey", "ABC-1234"),
    ],
)
def test_plates_of_one_row_have_one(name, text, width):
    crop = plate(name, text, width)
    (row,) = find_rows(crop)
    assert abs(row.slope) < 0.03
    assert 0 <= row.left < row.right <= crop.shape[1]
    assert crop.shape[0] * 0.25 < row.at(width / 2) < crop.shape[0] * 0.8


@pytest.mark.parametrize("width", [70, 110, 160, 320])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("white two lines", "KL 31/K 3137"),
        ("white two lines", "AB12/CDE"),
        ("yellow two lines", "DL 3S/A 4321"),
        ("black two lines", "ABC/1234"),
        ("eu two lines", "AB/123 CD"),
    ],
)
def test_plates_of_two_rows_have_two_top_row_first(name, text, width):
    crop = plate(name, text, width)
    above, below = find_rows(crop)
    assert above.at(width / 2) + above.height / 2 <= below.at(width / 2) - below.height / 2 + 1
    assert above.height == pytest.approx(below.height, rel=0.3)


@pytest.mark.parametrize("degrees", [-12, -6, 6, 12])
def test_a_turned_row_is_followed_and_cut_straight(degrees):
    crop = turned(plate("white", "KL31 ABC", 240), degrees)
    (row,) = find_rows(crop)
    assert row.slope == pytest.approx(np.tan(np.radians(degrees)), abs=0.03)
    (straight,) = find_rows(cut_row(crop, row))
    assert abs(straight.slope) < 0.03


def test_a_cut_row_holds_the_characters_and_little_above_and_below():
    crop = plate("american", "7ABC123", 320)
    (row,) = find_rows(crop)
    cut = cut_row(crop, row)
    assert cut.shape[0] == ROW_HEIGHT
    assert cut.shape[1] in WIDTHS
    (again,) = find_rows(cut)
    assert again.height == pytest.approx(ROW_HEIGHT / (1 + 2 * PAD), rel=0.15)


def test_colours_and_places_survive_the_cut():
    crop = np.zeros((60, 100, 3), np.uint8)
    crop[20:40, :50] = (255, 0, 0)
    crop[20:40, 50:] = (0, 0, 255)
    cut = cut_row(crop, Row(slope=0, middle=30, height=20, left=0, right=100))
    middle = cut[ROW_HEIGHT // 2]
    assert middle[5].tolist() == [255, 0, 0]
    assert middle[-5].tolist() == [0, 0, 255]
    assert cut[0, 5].max() == 0


def test_large_crops_are_averaged_down_not_skipped_through():
    crop = np.zeros((960, 2000, 3), np.uint8)
    crop[:, ::2] = 255
    assert whole(crop).std() < 8
    assert cut_row(crop, Row(0, 480, 500, 0, 2000)).std() < 8


@pytest.mark.parametrize(
    "size", [(1, 1), (1, 300), (300, 1), (2, 2), (3, 5000), (5000, 3), (7, 9), (2000, 3000)]
)
def test_odd_sizes_never_raise(size):
    rng = np.random.default_rng(0)
    for crop in (
        np.zeros((*size, 3), np.uint8),
        rng.integers(0, 256, (*size, 3), dtype=np.uint8),
    ):
        for row in find_rows(crop):
            assert cut_row(crop, row).shape[0] == ROW_HEIGHT
        assert whole(crop).shape[0] == ROW_HEIGHT
        assert whole(crop).shape[1] in WIDTHS


@pytest.mark.parametrize("level", [0, 128, 255])
def test_nothing_is_found_on_an_even_surface(level):
    assert find_rows(np.full((50, 200, 3), level, np.uint8)) == ()
