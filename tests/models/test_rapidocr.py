import os
from collections import Counter
from importlib.machinery import PathFinder
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.base import ModelError
from models.readers import rapidocr
from models.readers.calibration import expected_calibration_error
from models.readers.informed import InformedReader
from models.readers.rapidocr import RapidocrReader, batches, bundled_recogniser, to_blob
from models.training.evaluate_reader import read_material
from models.training.plate_crops import load_plates
from models.training.plates import LAYOUTS, bare, draw_plate

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("PLATE_STREAMER_DATA", ROOT.parent / "shared" / "data"))

LAYOUT = {layout.name: layout for layout in LAYOUTS}

BASELINE = {
    "br_crops": 64,
    "indian_asik": 58,
    "kaggle_cars": 11,
    "openlpr": 39,
    "polish_put": 4,
    "us_crops": 32,
}
"""Plates read right in every third validation crop. Better is to be written down here."""


def plate(name, text, width=160, seed=5):
    image = draw_plate(np.random.default_rng(seed), LAYOUT[name], text)
    height = round(width * image.shape[0] / image.shape[1])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def reader():
    return RapidocrReader()


ONE_ROW = [
    ("eu", "AB 123 CD"),
    ("eu", "WZ 48 LMT"),
    ("white", "KL31 ABC"),
    ("white", "MH 12 DE 1433"),
    ("yellow plain", "LR53 KHN"),
    ("black", "BPX 472"),
    ("grey", "HRT-2831"),
    ("american", "7XKR293"),
    ("mono", "FN583TW"),
]


@pytest.mark.parametrize("width", [90, 160, 400])
def test_rendered_plates_of_one_row_are_read_exactly(reader, width):
    readings = reader.read([plate(name, text, width) for name, text in ONE_ROW])
    assert [one.text for one in readings] == [bare(text) for _, text in ONE_ROW]
    assert all(one.lines == (one.text,) for one in readings)


def test_a_clear_plate_is_its_own_first_hypothesis(reader):
    for one in reader.read([plate(name, text) for name, text in ONE_ROW]):
        best, *others = one.hypotheses
        assert best.text == one.text
        assert best.probability > 0.5 > sum(other.probability for other in others)
        assert best.confidences == pytest.approx(one.confidences, abs=1e-3)


TWO_ROWS = [
    ("white two lines", "KL 31/K 3137"),
    ("white two lines", "LR53/KHN"),
    ("yellow two lines", "DL 3S/A 4321"),
    ("black two lines", "BPX/4728"),
    ("white two lines", "AB 12/CD 345"),
]


@pytest.mark.parametrize("width", [70, 120, 300])
def test_rendered_plates_of_two_rows_are_read_top_row_first(reader, width):
    readings = reader.read([plate(name, text, width) for name, text in TWO_ROWS])
    rows = [tuple(bare(row) for row in text.split("/")) for _, text in TWO_ROWS]
    assert [one.lines for one in readings] == rows
    assert [one.text for one in readings] == ["".join(lines) for lines in rows]


def test_confidences_are_high_where_the_plate_is_clear_and_lower_where_it_is_not(reader):
    clear = plate("white", "KL31 ABC", 300)
    blurred = cv2.resize(cv2.resize(clear, (22, 5), interpolation=cv2.INTER_AREA), (300, 63))
    sharp, vague = reader.read([clear, blurred])
    assert min(sharp.confidences) > 0.95
    assert np.mean(vague.confidences or 0) < np.mean(sharp.confidences) - 0.1
    assert all(0 <= one <= 1 for reading in (sharp, vague) for one in reading.confidences)


def test_readings_come_in_the_order_of_the_crops_whatever_their_widths(reader):
    rng = np.random.default_rng(3)
    names = rng.permutation([name for name, _ in ONE_ROW] * 4)
    texts = dict(ONE_ROW)
    widths = rng.integers(90, 420, len(names))
    crops = [
        plate(name, texts[name], int(width)) for name, width in zip(names, widths, strict=True)
    ]
    readings = reader.read(crops)
    assert [one.text for one in readings] == [bare(texts[name]) for name in names]


def test_a_crop_reads_the_same_alone_and_among_others(reader):
    crops = [plate(name, text, 150) for name, text in ONE_ROW[:4]]
    together = reader.read(crops)
    for crop, reading in zip(crops, together, strict=True):
        (alone,) = reader.read([crop])
        assert alone.text == reading.text
        assert alone.confidences == pytest.approx(reading.confidences, abs=1e-3)


def test_grey_pictures_are_read_too(reader):
    grey = cv2.cvtColor(plate("eu", "AB 123 CD", 200), cv2.COLOR_BGR2GRAY)
    (reading,) = reader.read([cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)])
    assert reading.text == "AB123CD"


@pytest.mark.parametrize("size", [(1, 1), (1, 200), (200, 1), (3, 2), (2500, 3000), (4, 4000)])
def test_odd_sizes_give_a_reading(reader, size):
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    for crop in (np.zeros((*size, 3), np.uint8), noise):
        (reading,) = reader.read([crop])
        assert len(reading.text) == len(reading.confidences)


def test_empty_crops_and_no_crops(reader):
    assert reader.read([]) == []
    readings = reader.read([np.zeros((0, 9, 3), np.uint8), np.zeros((9, 0, 3), np.uint8)])
    assert [(one.text, one.confidences, one.lines) for one in readings] == [("", (), ())] * 2


def test_crops_are_left_as_they_were(reader):
    crop = plate("eu", "AB 123 CD", 200)
    before = crop.copy()
    crop.flags.writeable = False
    reader.read([crop])
    assert (crop == before).all()


def test_views_into_a_frame_are_read(reader):
    frame = np.full((300, 500, 3), 90, np.uint8)
    crop = plate("eu", "AB 123 CD", 200)
    frame[50 : 50 + crop.shape[0], 70:270] = crop
    view = frame[47 : 53 + crop.shape[0], 67:273]
    assert reader.read([view])[0].text == "AB123CD"


def test_openvino_reads_the_same(reader):
    pytest.importorskip("openvino")
    other = RapidocrReader(runtime="openvino")
    crops = [plate(name, text, 140) for name, text in ONE_ROW]
    for one, two in zip(reader.read(crops), other.read(crops), strict=True):
        assert one.text == two.text
        assert one.confidences == pytest.approx(two.confidences, abs=0.01)


def test_rows_are_batched_by_width():
    assert batches([96, 64, 96, 96, 64], 2) == [[0, 2], [3], [1, 4]]
    assert batches([], 8) == []


def test_a_blob_holds_the_rows_channel_by_channel_from_minus_one_to_one():
    row = np.zeros((48, 64, 3), np.uint8)
    row[..., 2] = 255
    blob = to_blob([row, row])
    assert (blob.shape, blob.dtype) == ((2, 3, 48, 64), np.float32)
    assert blob[0, 0].max() == -1
    assert blob[1, 2].min() == pytest.approx(1)


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(ModelError, match=r"own\.onnx: no such model file"):
        RapidocrReader(weights=tmp_path / "own.onnx")


def test_a_detector_is_no_reader():
    detector = bundled_recogniser().with_name("PP-OCRv6_det_small.onnx")
    with pytest.raises(ModelError, match=r"det_small\.onnx: input .*expected rows \[\?,3,48,\?\]"):
        RapidocrReader(weights=detector)


def test_an_absent_rapidocr_is_named(monkeypatch):
    monkeypatch.setattr(rapidocr, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match="pip install 'rapidocr"):
        RapidocrReader()


def test_a_rapidocr_without_the_network_is_named(monkeypatch, tmp_path):
    (tmp_path / "rapidocr").mkdir()
    (tmp_path / "rapidocr" / "__init__.py").touch()
    spec = PathFinder.find_spec("rapidocr", [str(tmp_path)])
    monkeypatch.setattr(rapidocr, "find_spec", lambda name: spec)
    with pytest.raises(ModelError, match=r"rec_small\.onnx: not in this version of rapidocr"):
        RapidocrReader()


@pytest.mark.slow
def test_accuracy_on_real_crops_is_no_worse_than_it_was(reader):
    if not DATA.is_dir():
        pytest.skip(f"no annotated pictures at {DATA}: set PLATE_STREAMER_DATA")
    plates = list(load_plates(sorted((DATA / "annotations").glob("*.csv"))))[::3]
    right = Counter(
        plate.source
        for plate, reading in zip(plates, read_material(reader, plates).readings, strict=True)
        if reading.text == plate.truth
    )
    worse = {
        source: f"{right[source]}, was {least}"
        for source, least in BASELINE.items()
        if right[source] < least
    }
    assert not worse


VALIDATION = ("br_crops", "indian_asik", "kaggle_cars", "openlpr", "polish_put", "us_crops")


@pytest.mark.slow
def test_its_calibrated_confidence_is_how_often_it_is_right(reader):
    tables = [DATA / "annotations" / f"{name}.csv" for name in VALIDATION]
    if not all(table.is_file() for table in tables):
        pytest.skip("no validation crops here")
    plates = [one for n, one in enumerate(load_plates(tables)) if n % 2 == 0]
    readings = InformedReader(reader).read([one.crop for one in plates])
    right = [one.text == plate.truth for one, plate in zip(readings, plates, strict=True)]
    said = [one.confidence for one in readings]
    assert expected_calibration_error(said, right) < 0.05
    believed = [ok for ok, one in zip(right, readings, strict=True) if one.reason is None]
    assert sum(believed) / len(believed) > 0.93 > sum(right) / len(right)


def test_nothing_is_known_of_how_sure_other_weights_are(reader):
    assert reader.calibration is not None
    assert RapidocrReader(weights=bundled_recogniser()).calibration is None
