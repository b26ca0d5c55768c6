"""Our own reader: what it takes, what it makes of its network's answers, and what it reads."""

import shutil

import cv2
import numpy as np
import pytest

from models.base import Hypothesis, ModelError, Reading
from models.readers import READERS
from models.readers.crops import TOO_SMALL, CropError
from models.readers.ctc import BATCH, CLASSES, CtcReader, reading_of
from models.readers.decode import SIGNS
from models.readers.plate_input import HEIGHT, LEAST_CONTRAST, WIDTH, stretched, to_input
from models.training.reader_plates import draw_reader_plate
from streamer.parts import load_part

PLACES = 80
SURE = (1.0, 1.0)


def places_of(upper="", lower="", sure=0.98):
    """Probabilities of a text in two rows: each sign at a place of its own, blanks between."""
    table = np.full((PLACES, CLASSES), (1 - sure) / (CLASSES - 1), np.float32)
    labels = np.zeros(PLACES, int)
    for start, text in ((1, upper), (PLACES // 2 + 1, lower)):
        for number, sign in enumerate(text):
            labels[start + 2 * number] = SIGNS.index(sign) + 1
    table[np.arange(PLACES), labels] = sure
    return table


@pytest.mark.parametrize(
    ("upper", "lower", "lines"),
    [
        ("AB123CD", "", ("AB123CD",)),
        ("", "AB123CD", ("AB123CD",)),
        ("AB12", "3CD", ("AB12", "3CD")),
        ("A", "1", ("A", "1")),
        ("AB1", "123", ("AB1", "123")),
        ("8888", "8888", ("8888", "8888")),
        ("ABCDEFGHIJKLMNOPQ", "01234567890123456", ("ABCDEFGHIJKLMNOPQ", "01234567890123456")),
        ("", "", ()),
    ],
)  # fmt: skip
def test_places_are_read_row_by_row(upper, lower, lines):
    reading = reading_of(places_of(upper, lower, 0.9999), np.float32([0.9, 0.8]))
    assert reading.text == upper + lower
    assert reading.lines == lines
    assert (reading.plate, reading.whole) == pytest.approx((0.9, 0.8))
    assert all(one > 0.99 for one in reading.confidences)
    assert reading.hypotheses[0].text == reading.text
    assert sum(one.probability for one in reading.hypotheses) <= 1 + 1e-5
    assert reading.confidence is None
    assert reading.reason is None


def at_the_seam(blank_between):
    """An A at the last place of the upper row and one at the first of the lower."""
    table = places_of(sure=0.9999)
    ends = (PLACES // 2 - 1 - blank_between, PLACES // 2)
    table[list(ends)] = places_of("A", sure=0.9999)[1]
    return table


def test_a_sign_that_ends_one_row_and_begins_the_other():
    """Two are two where a blank is between them; without one CTC says it is the same."""
    reading = reading_of(at_the_seam(1), np.float32(SURE))
    assert (reading.text, reading.lines) == ("AA", ("A", "A"))
    reading = reading_of(at_the_seam(0), np.float32(SURE))
    assert (reading.text, reading.lines) == ("A", ("A",))


def test_what_is_doubtful_has_runners_up():
    table = places_of("AB128CD", sure=0.9999)
    table[9, [SIGNS.index("8") + 1, SIGNS.index("B") + 1]] = 0.6, 0.39
    reading = reading_of(table, np.float32(SURE))
    assert [one.text for one in reading.hypotheses[:2]] == ["AB128CD", "AB12BCD"]
    assert reading.confidences[4] == pytest.approx(0.6, abs=0.01)
    assert reading.hypotheses[0].probability == pytest.approx(0.6, abs=0.02)


def test_what_is_more_probably_nothing_is_nothing():
    table = places_of(sure=0.9999)
    table[5, [0, 1]] = 0.7, 0.3
    reading = reading_of(table, np.float32([0.1, 0.2]))
    assert (reading.text, reading.confidences, reading.lines) == ("", (), ())
    assert [one.text for one in reading.hypotheses[:2]] == ["", "0"]


def test_evenly_spread_probabilities_read_as_something_valid():
    """A network that knows nothing at all must not break what reads it."""
    even = np.full((PLACES, CLASSES), 1 / CLASSES, np.float32)
    reading = reading_of(even, np.float32([0.5, 0.5]))
    assert len(reading.text) == len(reading.confidences)
    assert "".join(reading.lines) == reading.text


# Other looks.


class Network:
    """In place of a session: answers in turn, whatever it is shown."""

    def __init__(self, *answers):
        self.answers, self.shown = list(answers), []

    def run(self, blob):
        self.shown.append(blob)
        part, self.answers = self.answers[: len(blob)], self.answers[len(blob) :]
        return [np.stack([places_of(text, sure=sure) for text, sure in part]),
                np.float32([SURE] * len(blob))]  # fmt: skip


def read_with(monkeypatch, reader, crops, *answers, again_below=0.9):
    network = Network(*answers)
    monkeypatch.setattr(reader, "_session", network)
    monkeypatch.setattr(reader, "_again_below", again_below)
    readings = reader.read(crops)
    assert not network.answers
    return readings, network


CLEAR, FAINT = 0.9999, 0.99  # 80 places that are each so sure


def test_doubtful_crops_are_looked_at_again_and_the_mean_counts(monkeypatch, reader):
    crops = plates(3)
    answers = [("AB12", CLEAR), ("AB8", FAINT), ("CD34", CLEAR)]
    readings, network = read_with(
        monkeypatch, reader, crops, *answers, ("ABB", CLEAR), ("ABB", CLEAR)
    )
    assert [one.text for one in readings] == ["AB12", "ABB", "CD34"]
    assert [len(one) for one in network.shown] == [3, 1, 1]
    # Neither is what was seen first, nor the other.
    first = network.shown[0][1]
    looks = [first, network.shown[1][0], network.shown[2][0]]
    assert all((looks[n] != looks[n - 1]).any() for n in range(3))


def test_it_looks_once_where_it_is_sure_or_sees_nothing_or_is_told_to(monkeypatch, reader):
    crops = plates(2)
    _, network = read_with(monkeypatch, reader, crops, ("AB12", CLEAR), ("", FAINT))
    assert len(network.shown) == 1
    readings, network = read_with(
        monkeypatch, reader, crops, ("AB12", FAINT), ("CD3", FAINT), again_below=0.0
    )
    assert len(network.shown) == 1
    assert [one.text for one in readings] == ["AB12", "CD3"]


@pytest.mark.parametrize("size", [(4, 12), (12, 300), (2000, 3000)])
def test_crops_of_any_size_are_looked_at_again(monkeypatch, reader, size):
    crop = np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8)
    answers = [("AB12", FAINT)] * 3
    readings, network = read_with(monkeypatch, reader, [crop], *answers)
    assert len(network.shown) == (3 if readings[0].reason is None else 0)


# The input.


def test_the_input_is_the_same_in_any_light():
    picture = np.random.default_rng(0).integers(60, 120, (HEIGHT, WIDTH, 3), np.uint8)
    brighter = (picture.astype(int) * 2 + 10).clip(0, 255).astype(np.uint8)
    one, other = to_input(picture), to_input(brighter)
    assert (one.shape, one.dtype) == ((3, HEIGHT, WIDTH), np.float32)
    np.testing.assert_allclose(one, other, atol=0.02)
    assert one.mean() == pytest.approx(0, abs=1e-4)
    assert one.std() == pytest.approx(1, abs=1e-3)


def test_faint_pictures_are_not_blown_up():
    faint = np.full((HEIGHT, WIDTH, 3), 100, np.uint8)
    assert np.abs(to_input(faint)).max() == 0
    faint[::2] = 102
    assert np.abs(to_input(faint)).max() == pytest.approx(1 / LEAST_CONTRAST)


@pytest.mark.parametrize("size", [(1, 1), (4, 4), (64, 160), (63, 161), (500, 3), (4000, 8000)])
def test_crops_of_any_size_are_stretched(size):
    grey = np.full((*size, 3), (10, 20, 30), np.uint8)
    seen = stretched(grey)
    assert seen.shape == (HEIGHT, WIDTH, 3)
    assert np.array_equal(seen[5, 5], (10, 20, 30))


# The reader, with weights of six steps: whatever it reads, it reads it of everything.


@pytest.fixture(scope="module")
def reader(reader_export):
    return CtcReader(weights=reader_export[0])


def plates(count=5, seed=3):
    return [draw_reader_plate(np.random.default_rng([seed, n])).image for n in range(count)]


PLATE = plates(1)[0]


@pytest.mark.parametrize(
    "crop",
    [
        np.zeros((0, 0, 3), np.uint8),
        np.zeros((0, 20, 3), np.uint8),
        np.zeros((1, 1, 3), np.uint8),
        np.zeros((3, 500, 3), np.uint8),
    ],
    ids=["empty", "no rows", "one pixel", "a line"],
)
def test_nothing_to_see_is_too_small(reader, crop):
    assert reader.read([crop, PLATE, crop])[::2] == [TOO_SMALL] * 2
    assert reader.read([crop]) == [TOO_SMALL]


@pytest.mark.parametrize(
    "crop",
    [
        np.zeros((4, 4, 3), np.uint8),
        np.full((40, 120, 3), 255, np.uint8),
        np.random.default_rng(0).integers(0, 255, (4000, 8000, 3), np.uint8),
        PLATE[:, ::-1],
        PLATE[::3, ::3],
        np.asfortranarray(PLATE),
    ],
    ids=["tiny", "white", "huge", "mirrored", "strided", "by columns"],
)
def test_any_picture_is_read(reader, crop):
    (reading,) = reader.read([crop])
    assert isinstance(reading, Reading)
    assert "".join(reading.lines) == reading.text
    assert 0 <= reading.plate <= 1
    assert 0 <= reading.whole <= 1


def test_grey_and_transparent_pictures_are_read_as_what_they_show(reader):
    grey = cv2.cvtColor(PLATE, cv2.COLOR_BGR2GRAY)
    told = reader.read([np.dstack([grey] * 3)])
    assert reader.read([grey]) == told
    assert reader.read([grey[:, :, None]]) == told
    clear = np.dstack([PLATE, np.full(PLATE.shape[:2], 7, np.uint8)])
    assert reader.read([clear]) == reader.read([PLATE])


@pytest.mark.parametrize(
    ("crop", "message"),
    [
        (PLATE.astype(np.float32) / 255, "crop 1: array of float32"),
        (np.full((20, 60, 3), np.nan), "crop 1: array of float64"),
        (PLATE.astype(np.uint16), "crop 1: array of uint16"),
        (PLATE[:, :, :2], "crop 1: array of uint8"),
        (PLATE[None], "crop 1: array of uint8"),
        (None, "crop 1: NoneType"),
        ("plate.jpg", "crop 1: str"),
    ],
    ids=["floats", "NaN", "16 bits", "two channels", "four axes", "None", "a path"],
)
def test_what_is_no_picture_is_refused(reader, crop, message):
    with pytest.raises(CropError, match=message):
        reader.read([PLATE, crop])


def test_one_picture_is_no_list_of_pictures(reader):
    with pytest.raises(CropError, match="put it in a list"):
        reader.read(PLATE)
    assert reader.read([]) == []


def test_many_are_read_as_one_by_one(reader):
    crops = plates(2 * BATCH + 3)
    together = reader.read(crops)
    for reading, crop in zip(together, crops, strict=True):
        (alone,) = reader.read([crop])
        assert alone.text == reading.text
        assert alone.plate == pytest.approx(reading.plate, abs=1e-4)
        assert alone.confidences == pytest.approx(reading.confidences, abs=1e-4)


def test_nothing_is_kept_between_calls_and_crops_stay_as_they_are(reader):
    before = PLATE.copy()
    first = reader.read([PLATE])
    reader.read(plates(3, seed=8))
    assert reader.read([PLATE]) == first
    assert np.array_equal(PLATE, before)


def test_both_runtimes_agree(reader, reader_export):
    pytest.importorskip("openvino", reason="needs the extra openvino")
    other = CtcReader(weights=reader_export[0], runtime="openvino")
    assert other.calibration == reader.calibration
    blob = np.stack([to_input(stretched(one)) for one in plates(7)])
    for ours, theirs in zip(reader._session.run(blob), other._session.run(blob), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-2)
    crops = plates(7)
    texts = [[one.text for one in each.read(crops)] for each in (reader, other)]
    assert texts[0] == texts[1]


def test_it_is_known_by_name():
    assert load_part("reader", READERS, "ctc") is CtcReader


# Files that are not its.


def write_model(path, given=("n", 3, HEIGHT, WIDTH), outputs=((PLACES, CLASSES), (2,)), texts=None):
    """A network that answers zeros of these shapes, whatever it is given."""
    onnx = pytest.importorskip("onnx", reason="these networks are built with onnx")
    helper, number = onnx.helper, onnx.TensorProto.FLOAT
    nodes, ports, constants = [], [], []
    nodes.append(helper.make_node("ReduceMean", ["crops"], ["mean"], keepdims=0))
    for n, shape in enumerate(outputs):
        values = np.zeros((1, *shape), np.float32)
        constants.append(onnx.numpy_helper.from_array(values, f"zeros{n}"))
        nodes.append(helper.make_node("Mul", ["mean", f"zeros{n}"], [f"out{n}"]))
        ports.append(helper.make_tensor_value_info(f"out{n}", number, [None, *shape]))
    crops = helper.make_tensor_value_info("crops", number, given)
    graph = helper.make_graph(nodes, "none", [crops], ports, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, texts or {})
    onnx.save(model, str(path))
    return path


def test_a_file_without_a_calibration_has_none(tmp_path):
    assert CtcReader(weights=write_model(tmp_path / "a.onnx")).calibration is None


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ({"given": ("n", 3, 48, 320)}, r"input crops\[\?,3,48,320\]; expected crops"),
        ({"given": ("n", 3, "h", "w")}, r"input crops\[\?,3,\?,\?\]; expected crops"),
        ({"outputs": ((PLACES, CLASSES),)}, r"outputs out0\[1,80,37\]; expected places"),
        ({"outputs": ((PLACES, 97), (2,))}, r"outputs out0\[1,80,97\], out1\[1,2\]; expected"),
        ({"outputs": ((PLACES, CLASSES), (3,))}, "expected places .* and kind"),
        ({"outputs": ((PLACES, CLASSES), (2, 2))}, "expected places .* and kind"),
        ({"outputs": ((2,), (PLACES, CLASSES))}, "expected places .* and kind"),
        ({"texts": {"calibration": "{"}}, "no calibration"),
        ({"texts": {"calibration": '{"bias": 0, "weights": {"luck": 1}}'}}, "by 'luck'"),
    ],
)  # fmt: skip
def test_other_networks_are_refused(tmp_path, network, message):
    file = write_model(tmp_path / "other.onnx", **network)
    with pytest.raises(ModelError, match=message) as caught:
        CtcReader(weights=file)
    assert "other.onnx" in str(caught.value)


def test_files_that_are_no_networks_are_refused(tmp_path, reader_export):
    file = tmp_path / "mine.onnx"
    with pytest.raises(ModelError, match=r"mine\.onnx"):
        CtcReader(weights=file)
    file.write_bytes(b"nothing of the kind")
    with pytest.raises(ModelError, match=r"mine\.onnx"):
        CtcReader(weights=file)
    whole = reader_export[0].read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError, match=r"mine\.onnx"):
        CtcReader(weights=file)
    shutil.copy(reader_export[0].with_suffix(".json"), file.with_suffix(".json"))
    with pytest.raises(ModelError, match=r"its card mine\.json expects"):
        CtcReader(weights=file)


def test_no_such_runtime(reader_export):
    with pytest.raises(ModelError, match="no such runtime 'tensorrt'; known: onnxruntime"):
        CtcReader(weights=reader_export[0], runtime="tensorrt")


def test_hypotheses_of_the_reader_are_texts_of_signs(reader):
    for reading in reader.read(plates(5)):
        assert all(isinstance(one, Hypothesis) for one in reading.hypotheses)
        assert all(set(one.text) <= set(SIGNS) for one in reading.hypotheses)
