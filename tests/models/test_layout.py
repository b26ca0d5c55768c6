import cv2
import numpy as np
import pytest

from models.readers.layout import find_rows
from models.readers.rows import PAD, ROW_HEIGHT, WIDTHS, cut_row
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


@pytest.mark.parametrize("level", [0, 128, 255])
def test_nothing_is_found_on_an_even_surface(level):
    assert find_rows(np.full((50, 200, 3), level, np.uint8)) == ()


def test_characters_that_have_run_into_the_border_still_make_a_second_row():
    crop = plate("white two lines", "KL31/K 3137", 160)
    top = crop.shape[0] // 2
    crop[8:14, 10:-10] = crop[14:20, 10:-10].min()  # a bar through the upper row's heads
    above, below = find_rows(crop)
    assert above.at(80) < top < below.at(80)


def test_what_is_written_small_below_is_no_row():
    for header in range(5):
        image = draw_plate(np.random.default_rng(header), LAYOUT["american"], "7ABC123")
        assert len(find_rows(cv2.flip(cv2.flip(image, -1), -1))) == 1


def test_a_small_upper_row_counts_and_a_small_lower_one_does_not():
    def two(upper, lower):
        image = np.full((140, 300, 3), 235, np.uint8)
        for text, height, y in ((upper[0], upper[1], 55), (lower[0], lower[1], 125)):
            scale = height / 22
            cv2.putText(image, text, (20, y), cv2.FONT_HERSHEY_SIMPLEX, scale, (20, 20, 20), 4)
        return image

    assert len(find_rows(two(("KL49H", 30), ("5270", 50)))) == 2
    assert len(find_rows(two(("5270", 50), ("KL49H", 30)))) == 1


@pytest.mark.parametrize("country", ["left", "right", "none"])
def test_a_row_does_not_start_in_the_blue_strip_of_its_country(country):
    crop = plate("white", "KL31 ABC", 300)
    side = {"left": slice(0, 20), "right": slice(-20, None), "none": slice(0, 0)}[country]
    crop = cv2.copyMakeBorder(crop, 0, 0, 25, 25, cv2.BORDER_REPLICATE)
    crop[5:-5, side] = (150, 60, 10)
    (row,) = find_rows(crop)
    assert row.start == pytest.approx(20 if country == "left" else 0, abs=3)
    assert row.end == pytest.approx(330 if country == "right" else 350, abs=3)


def test_a_blue_plate_has_no_strip():
    crop = plate("black", "ABC 123", 300)
    blue = np.where(crop.max(axis=2, keepdims=True) < 128, np.array([150, 60, 10]), 240)
    (row,) = find_rows(blue.astype(np.uint8))
    assert (row.start, row.end) == (0, 300)


def test_faint_characters_are_found_at_the_second_try():
    crop = np.full((64, 240, 3), 120, np.uint8)
    cv2.putText(crop, "KL31 ABC", (20, 45), cv2.FONT_HERSHEY_SIMPLEX, 1.3, (112, 112, 112), 3)
    (row,) = find_rows(crop)
    assert row.at(120) == pytest.approx(31, abs=3)
