"""What readers are given: the table of everything that is no ordinary crop."""

from importlib.util import find_spec

import cv2
import numpy as np
import pytest

from models.base import Image, ModelError, Reading
from models.readers import READERS
from models.readers.crops import LEAST, LONGEST, CropError, as_crop, read_legible
from models.training.plates import EUROPEAN, draw_plate
from streamer.parts import load_part
from tools import require_tool

PLATE = cv2.resize(
    draw_plate(np.random.default_rng(5), EUROPEAN, "AB 123 CD"), (208, 44), interpolation=3
)
GREY = cv2.cvtColor(PLATE, cv2.COLOR_BGR2GRAY)

LEGIBLE = {
    "BGR": PLATE,
    "grey": GREY,
    "grey with a channel": GREY[:, :, None],
    "transparent": np.dstack([PLATE, np.zeros_like(GREY)]),
    "huge": cv2.resize(PLATE, (6000, 1269)),
    "huge and grey": cv2.resize(GREY, (6000, 1269)),
    "read only": np.frombuffer(PLATE.tobytes(), np.uint8).reshape(PLATE.shape),
    "column by column": np.asfortranarray(PLATE),
    "mirrored twice": PLATE[::-1, ::-1].copy()[::-1, ::-1],
    "a part of a frame": np.tile(PLATE, (3, 3, 1))[44:88, 208:416],
}

TOO_SMALL = {
    "empty": np.zeros((0, 0, 3), np.uint8),
    "no rows": np.zeros((0, 9, 3), np.uint8),
    "no columns": np.zeros((9, 0, 3), np.uint8),
    "no columns, grey": np.zeros((9, 0), np.uint8),
    "one pixel": np.zeros((1, 1, 3), np.uint8),
    "one grey pixel": np.zeros((1, 1), np.uint8),
    "one row": PLATE[:1],
    "one column, transparent": np.zeros((200, 1, 4), np.uint8),
    "a long thread": np.zeros((8, 100_000, 3), np.uint8),
    "an empty and endless one": np.zeros((0, 100_000, 3), np.uint8),
}

NO_PICTURES = {
    "floats": (PLATE / np.float32(255), "crop 0: array of float32, shape (44, 208, 3)"),
    "not a number": (np.full((44, 208, 3), np.nan), "array of float64"),
    "half floats": (PLATE.astype(np.float16), "array of float16"),
    "16 bits": (PLATE.astype(np.uint16) << 8, "array of uint16"),
    "signed": (PLATE.astype(np.int8), "array of int8"),
    "truth values": (PLATE > 99, "array of bool"),
    "objects": (PLATE.astype(object), "array of object"),
    "two channels": (PLATE[:, :, :2], "shape (44, 208, 2)"),
    "five channels": (np.zeros((44, 208, 5), np.uint8), "shape (44, 208, 5)"),
    "channels first": (PLATE.transpose(2, 0, 1), "shape (3, 44, 208)"),
    "a stack": (PLATE[None], "shape (1, 44, 208, 3)"),
    "a row of numbers": (PLATE[0, :, 0], "shape (208,)"),
    "a number": (np.uint8(3), "uint8; expected a NumPy array"),
    "no array": ("plate.jpg", "str; expected a NumPy array"),
    "bytes": (PLATE.tobytes(), "bytes; expected"),
    "nothing": (None, "NoneType; expected"),
    "a list": (PLATE.tolist(), "list; expected"),
}

FOREIGN = {"paddle": "paddleocr", "tesseract": "pytesseract"}
"""Readers that need what may not be installed here."""


@pytest.fixture(scope="module", params=list(READERS))
def reader(request):
    need = FOREIGN.get(request.param)
    if need and find_spec(need) is None:
        pytest.skip(f"{need} is not installed here")
    if request.param == "tesseract":
        require_tool("tesseract")
    return load_part("reader", READERS, request.param)()


@pytest.mark.parametrize("name", LEGIBLE)
def test_any_kind_of_picture_is_read(reader, name):
    before = LEGIBLE[name].copy()
    (reading,) = reader.read([LEGIBLE[name]])
    assert reading.text == "AB123CD"
    assert np.array_equal(LEGIBLE[name], before)


def test_what_is_too_small_is_rejected_with_the_reason(reader):
    for reading in reader.read(list(TOO_SMALL.values())):
        assert (reading.text, reading.confidences, reading.lines) == ("", (), ())
        assert reading.reason == "too_small"


@pytest.mark.parametrize("name", NO_PICTURES)
def test_what_is_no_picture_is_refused_in_one_line(reader, name):
    given, says = NO_PICTURES[name]
    with pytest.raises(CropError) as caught:
        reader.read([given])
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, (ModelError, ValueError))


def test_small_ones_among_others_keep_their_place(reader):
    small = TOO_SMALL["one pixel"]
    readings = reader.read([small, PLATE, small, GREY, small])
    assert [one.text for one in readings] == ["", "AB123CD", "", "AB123CD", ""]


def test_a_wrong_one_among_others_is_named_by_its_number(reader):
    with pytest.raises(CropError, match=r"^crop 2: array of float64, shape \(9, 9\)"):
        reader.read([PLATE, GREY, np.zeros((9, 9))])


def test_a_picture_that_is_not_in_a_list_is_refused(reader):
    for picture in (PLATE, GREY):
        with pytest.raises(CropError, match="not a sequence of crops: put it in a list"):
            reader.read(picture)
    assert [one.text for one in reader.read(np.stack([PLATE, PLATE]))] == ["AB123CD"] * 2


def test_no_crops_give_no_readings(reader):
    assert reader.read([]) == []


@pytest.mark.parametrize("size", [(4, 4), (5, 900), (900, 5), (4, 4000), (2500, 3000)])
def test_odd_sizes_give_a_reading(reader, size):
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    for reading in reader.read([np.zeros((*size, 3), np.uint8), noise, noise[:, :, 0]]):
        assert len(reading.text) == len(reading.confidences)


@pytest.mark.parametrize("name", LEGIBLE)
def test_a_crop_is_bgr_and_not_too_large(name):
    crop: Image = as_crop(LEGIBLE[name])
    assert (crop.dtype, crop.ndim, crop.shape[2]) == (np.uint8, 3, 3)
    assert max(crop.shape) <= LONGEST
    if "grey" in name:
        assert (crop[:, :, 0] == crop[:, :, 2]).all()


def test_an_ordinary_crop_is_not_copied():
    assert as_crop(PLATE) is PLATE
    assert np.shares_memory(as_crop(LEGIBLE["transparent"]), LEGIBLE["transparent"])


@pytest.mark.parametrize(
    ("given", "made"),
    [((8000, 4000), (1024, 512)), ((1024, 1024), (1024, 1024)), ((3, 9000), (1, 1024))],
)
def test_huge_crops_are_scaled_down_as_a_whole(given, made):
    assert as_crop(np.zeros(given, np.uint8)).shape == (*made, 3)


def test_only_what_may_be_legible_is_handed_on():
    seen = []

    def read(crops):
        seen.append([crop.shape for crop in crops])
        return [Reading("X", (0.5,)) for _ in crops]

    assert read_legible([], read) == []
    assert [one.text for one in read_legible(TOO_SMALL.values(), read)] == [""] * len(TOO_SMALL)
    assert seen == []
    just = np.zeros((LEAST, 9), np.uint8)
    assert [one.text for one in read_legible([just[1:], just], read)] == ["", "X"]
    assert seen == [[(LEAST, 9, 3)]]
