"""What a reader learns from: annotated crops, batches by number, what PP-OCR teaches."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

pytest.importorskip("pandas", reason="tables need the extra train")

from models.base import Hypothesis, ModelError, Reading
from models.readers.decode import SIGNS
from models.training.pictures import AnnotationError
from models.training.reader_data import (
    KEPT_HEIGHT,
    LONGEST,
    Batches,
    as_batch,
    crop_of,
    load_crops,
    taught,
)
from models.training.reader_plates import draw_reader_plate
from models.training.reader_views import Snippet, View
from models.training.recipes import ReaderRecipe
from reader_pictures import CAR, picture_with, write_table

RECIPE = ReaderRecipe(batch=48, other=0.2, half=0.2, seed=3)


@pytest.fixture(scope="module")
def crops(reader_tables):
    return load_crops(reader_tables, None)


def test_crops_come_by_split_with_their_texts(crops):
    assert len(crops.train) == 8 + 4
    assert len(crops.val) == 4 + 16
    assert len(crops.untold) == 2
    assert {one.source for one in crops.val} == {"mine", "short"}
    assert all(one.text for one in (*crops.train, *crops.val))
    assert not any(one.text for one in crops.untold)
    for one in (*crops.train, *crops.val, *crops.untold):
        x1, y1, x2, y2 = one.box
        height, width = one.image.shape[:2]
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height


def test_a_crop_is_the_plate_of_the_picture(crops, reader_tables):
    """The first train plate, cut without a margin, is the plate as it was drawn."""
    rng = np.random.default_rng([21, 0])
    image, (x1, y1, x2, y2) = picture_with(rng, draw_reader_plate(rng, CAR))
    assert np.array_equal(crop_of(crops.train[0], 0.0), image[y1:y2, x1:x2])
    wide = crop_of(crops.train[0], 0.1)
    assert wide.shape[0] == pytest.approx(1.2 * (y2 - y1), abs=2)


def test_backdrops_are_pieces_without_plates(crops):
    """Plates are drawn bright, or blue, on a ground of 60 to 120."""
    assert crops.backdrops
    for piece in crops.backdrops:
        assert piece.shape[0] >= 40
        assert piece.shape[1] >= 60
        assert piece.min() >= 60
        assert piece.max() < 120


def one_row(image, box, text="AB12", split="train"):
    return image, box, text, split


GROUND = np.random.default_rng(0).integers(0, 255, (300, 400, 3), np.uint8)


def test_texts_become_signs_and_what_no_reader_can_learn_is_left_out(tmp_path):
    box = (100, 100, 200, 130)
    rows = [
        one_row(GROUND, box, "ab-12 ö3"),
        one_row(GROUND, (100, 100, 160, 106), "AB12"),  # 6 pixels high
        one_row(GROUND, box, "A" * (LONGEST + 1)),
        one_row(GROUND, box, "---"),
        one_row(GROUND, (10, 10, 390, 290), "BIG1"),
        one_row(GROUND, (0, 0, 400, 30), "EDGE1"),
        one_row(GROUND, box, "", "val"),
    ]
    loaded = load_crops([write_table(tmp_path, "mine", rows)], None)
    assert [one.text for one in loaded.train] == ["AB123", "BIG1", "EDGE1"]
    assert (len(loaded.untold), loaded.val) == (1, [])
    big = loaded.train[1]
    assert big.box[3] - big.box[1] == pytest.approx(KEPT_HEIGHT)
    assert (big.box[2] - big.box[0]) / KEPT_HEIGHT == pytest.approx(380 / 280)
    assert crop_of(loaded.train[2]).shape[1] == 400


def test_pictures_may_lie_elsewhere(tmp_path, reader_tables):
    other = tmp_path / "pictures"
    other.symlink_to(reader_tables[0].parent.parent / "images")
    table = tmp_path / "mine.csv"
    table.write_bytes(reader_tables[0].read_bytes())
    assert len(load_crops([table], other).train) == 8


def test_what_cannot_be_learnt_from_is_named(tmp_path):
    untold = write_table(tmp_path, "untold", [one_row(GROUND, (10, 10, 90, 40), "")])
    with pytest.raises(ModelError, match=r"untold\.csv: no train row with a plate_text"):
        load_crops([untold], None)
    val = write_table(tmp_path, "val", [one_row(GROUND, (10, 10, 90, 40), "AB12", "val")])
    with pytest.raises(ModelError, match=r"val\.csv: no train row with a plate_text"):
        load_crops([val], None)
    gone = write_table(tmp_path, "gone", [one_row(GROUND, (10, 10, 90, 40))])
    (tmp_path / "images/gone/0.png").unlink()
    with pytest.raises(AnnotationError, match=r"gone/0\.png: no readable picture"):
        load_crops([gone], None)
    with pytest.raises(AnnotationError, match="no annotation table given"):
        load_crops([], None)


def same(one, other):
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("seen", "signs", "lengths", "told", "kind")
    )


def test_batches_are_the_same_whoever_asks_in_any_order(crops):
    first, second = Batches(RECIPE, crops, []), Batches(RECIPE, crops, [])
    ahead = [first[number] for number in range(4)]
    back = [second[number] for number in (3, 1, 0, 2)]
    assert all(same(ahead[number], batch) for number, batch in zip((3, 1, 0, 2), back, strict=True))
    assert same(first[2], ahead[2])
    assert not same(ahead[0], ahead[1])
    assert not same(ahead[0], Batches(replace(RECIPE, seed=4), crops, [])[0])


def test_a_batch_says_of_its_views_what_is_to_be_learnt(crops):
    batches = Batches(RECIPE, crops, [])
    for number in range(3):
        batch = batches[number]
        assert (batch.seen.shape, batch.seen.dtype) == ((48, 3, 64, 160), np.float32)
        assert np.isfinite(batch.seen).all()
        assert batch.lengths.sum() == len(batch.signs)
        assert batch.signs.min() >= 1
        assert batch.signs.max() <= len(SIGNS)
        plate, whole = batch.kind.astype(bool).T
        assert not (whole & ~plate).any()
        assert np.array_equal(batch.lengths > 0, whole)
        # Told are whole plates, and things of which nothing is to be read; no parts of plates.
        assert np.array_equal(batch.told, whole | ~plate)
        assert 0 < (~plate).sum() < 24
        assert (plate & ~whole).any()


def test_shares_of_a_batch_are_those_of_the_recipe(crops):
    """By what is told: real crops alone have these texts."""
    none = Batches(replace(RECIPE, other=0.0, half=0.0, real=1.0, batch=64), crops, [])[0]
    texts, at = set(), 0
    for length in none.lengths:
        texts.add("".join(SIGNS[sign - 1] for sign in none.signs[at : at + length]))
        at += length
    assert none.kind.all()
    assert texts <= {one.text for one in crops.train}
    others = Batches(replace(RECIPE, other=1.0 - 1e-9, real=0.0), crops, [])[0]
    assert not others.kind.any()
    assert others.told.all()
    assert len(others.signs) == 0


def test_sources_are_drawn_by_the_root_of_their_size(crops):
    one = crops.train[0]
    many = [replace(one, source="many", text="A")] * 90
    few = [replace(one, source="few", text="B")] * 10
    recipe = ReaderRecipe(batch=600, real=1.0, other=0.0, half=0.0)
    batch = Batches(recipe, replace(crops, train=many), few)[0]
    assert (batch.signs == SIGNS.index("B") + 1).mean() == pytest.approx(0.25, abs=0.06)


def test_views_as_arrays():
    seen = np.zeros((64, 160, 3), np.uint8)
    views = [View(seen, "Z0"), View(seen, None, whole=False), View(seen, "", False, False)]
    batch = as_batch(views)
    assert batch.signs.tolist() == [36, 1]
    assert batch.lengths.tolist() == [2, 0, 0]
    assert batch.told.tolist() == [True, False, True]
    assert batch.kind.tolist() == [[1, 1], [1, 0], [0, 0]]


def of(text, sure=0.99):
    """What a reader says of a plate."""
    each = (sure,) * len(text)
    return Reading(text, each, (text,), (Hypothesis(text, sure ** len(text), each),))


def test_only_certain_readings_of_some_countrys_plate_are_taught(monkeypatch):
    said = {
        "certain": of("AB123CD"),
        "unsure": of("AB124CD", 0.7),
        "short": of("AB12"),
        "no plate": of("QQQQQQQQQ"),
        "nothing": Reading("", ()),
    }
    pictures = [np.full((20, 60, 3), n, np.uint8) for n in range(len(said))]

    class Fixed:
        def __init__(self, threads):
            pass

        def read(self, crops):
            return [list(said.values())[crop[0, 0, 0]] for crop in crops]

    monkeypatch.setattr("models.readers.rapidocr.RapidocrReader", Fixed)
    snippets = [Snippet(one, (0.0, 0.0, 60.0, 20.0), "", "mine") for one in pictures]
    kept = taught(snippets * 15)  # in parts, of which the last is not full
    assert [(one.text, one.source) for one in kept] == [("AB123CD", "taught")] * 15
    assert {int(one.image[0, 0, 0]) for one in kept} == {0}
    assert taught([]) == []


@pytest.mark.slow
def test_pp_ocr_teaches_a_clean_plate_and_not_a_smear():
    from models.training.canvas import lettering, stamp

    plate = np.full((60, 260, 3), 240, np.uint8)
    stamp(plate, lettering("AB-123-CD", 40, 230), 15, 10, (20, 20, 20))
    smear = cv2.GaussianBlur(plate, (0, 0), 14)
    pair = [Snippet(one, (0.0, 0.0, 260.0, 60.0), "", "mine") for one in (smear, plate)]
    kept = taught(pair)
    assert [one.text for one in kept] == ["AB123CD"]
    assert np.array_equal(kept[0].image, plate)
