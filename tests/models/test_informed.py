from dataclasses import replace

import cv2
import numpy as np
import pytest

from models.base import Hypothesis, Reading
from models.readers.calibration import Calibration
from models.readers.crops import TOO_SMALL
from models.readers.formats import Formats
from models.readers.informed import InformedReader
from models.training.plates import LAYOUTS, draw_plate

EU = next(layout for layout in LAYOUTS if layout.name == "eu")
SHARP = cv2.resize(draw_plate(np.random.default_rng(1), EU, "AB 123 CD"), (160, 36))
LOW = cv2.resize(SHARP, (50, 11), interpolation=cv2.INTER_AREA)
BLURRED = cv2.GaussianBlur(SHARP, (0, 0), 8)


class Fake:
    """A reader that says what it was told to."""

    def __init__(self, *readings):
        self.readings = list(readings)

    def read(self, crops):
        assert len(crops) == len(self.readings)
        return self.readings


def seen(*shares, lines=(), **more):
    """A reading of some texts, each with its probability."""
    hypotheses = tuple(
        Hypothesis(text, share, (share ** (1 / max(len(text), 1)),) * len(text))
        for text, share in shares
    )
    first = hypotheses[0]
    lines = lines or tuple(one for one in [first.text] if one)
    return Reading(first.text, first.confidences, lines, hypotheses, **more)


def informed(reading, crop=SHARP, calibration=None, countries=None, **options):
    reader = InformedReader(Fake(reading), Formats(countries), calibration, **options)
    return reader.read([crop])[0]


def test_the_format_decides_and_what_was_seen_is_kept():
    raw = seen(("LSI5EBC", 0.97))
    reading = informed(raw)
    assert (reading.text, reading.lines) == ("LS15EBC", ("LS15EBC",))
    assert (reading.country, reading.reason) == ("GB", None)
    assert reading.hypotheses == raw.hypotheses
    assert reading.confidences[2] < reading.confidences[0]


def test_without_calibration_there_is_no_calibrated_confidence():
    assert informed(seen(("AB123CD", 0.97))).confidence is None


HALF = Calibration(0.0, {})
SURE = Calibration(4.0, {})
UNSURE = Calibration(-2.0, {})


def test_the_calibration_gives_the_confidence():
    assert informed(seen(("AB123CD", 0.97)), calibration=HALF).confidence == pytest.approx(0.5)
    by_posterior = Calibration(0.0, {"posterior": 1.0})
    low, high = (
        informed(seen(("AB123CD", share)), calibration=by_posterior).confidence
        for share in (0.7, 0.97)
    )
    assert low == pytest.approx(0.7, abs=0.03)
    assert high == pytest.approx(0.97, abs=0.03)


def test_an_inner_reader_may_bring_its_calibration_and_one_that_is_given_prevails():
    inner = Fake(seen(("AB123CD", 0.97)))
    inner.calibration = HALF
    assert InformedReader(inner).read([SHARP])[0].confidence == pytest.approx(0.5)
    (given,) = InformedReader(inner, calibration=SURE).read([SHARP])
    assert given.confidence > 0.9


def test_a_calibration_brings_the_strength_it_was_fitted_with():
    raw = seen(("LSI5EBC", 0.97))
    assert informed(raw, calibration=replace(SURE, strength=1.0)).text == "LS15EBC"
    assert informed(raw, calibration=replace(SURE, strength=0.0)).text == "LSI5EBC"


def test_no_character_is_less_sure_than_the_whole():
    reading = informed(seen(("AB123CD", 0.2), ("AB123CO", 0.1)), calibration=SURE)
    assert min(reading.confidences) >= reading.confidence > 0.9


@pytest.mark.parametrize(
    ("raw", "crop", "calibration", "reason"),
    [
        (seen(("AB123CD", 0.97)), SHARP, SURE, None),
        (seen(("AB123CD", 0.97)), SHARP, None, None),
        (seen(("AB123CD", 0.97)), LOW, SURE, None),
        (seen(("AB123CD", 0.97)), BLURRED, SURE, None),
        (seen(("AB123CD", 0.97)), LOW, UNSURE, "too_small"),
        (seen(("AB123CD", 0.97)), BLURRED, UNSURE, "blurred"),
        (seen(("AB123CD", 0.97)), SHARP, UNSURE, "low_confidence"),
        (seen(("AB123CD", 0.3)), SHARP, None, "low_confidence"),
        (seen(("AB123CD", 0.97), whole=0.3), SHARP, SURE, "partial"),
        (seen(("AB123CD", 0.97), whole=0.3), LOW, SURE, "partial"),
        (seen(("AB123CD", 0.97), whole=0.3), LOW, UNSURE, "too_small"),
        (seen(("AB123CD", 0.97), whole=0.3, plate=0.2), SHARP, SURE, "partial"),
        (seen(("AB123CD", 0.97), plate=0.3), SHARP, SURE, "no_format"),
        (seen(("TOYOTA", 0.97)), SHARP, SURE, "no_format"),
        (seen(("TEAM42XYZ", 0.97)), SHARP, SURE, None),
        (seen(("TEAM42XYZ", 0.97)), SHARP, UNSURE, "no_format"),
        (seen(("", 0.97)), SHARP, SURE, "no_format"),
        (seen(("", 0.97)), LOW, SURE, "too_small"),
        (seen(("", 0.97)), np.zeros((0, 5, 3), np.uint8), SURE, "too_small"),
        (TOO_SMALL, np.zeros((1, 1, 3), np.uint8), SURE, "too_small"),
        (seen(("AB123CD", 0.97), reason="blurred"), SHARP, SURE, "blurred"),
    ],
)
def test_a_reading_that_should_not_be_believed_says_why(raw, crop, calibration, reason):
    reading = informed(raw, crop, calibration)
    assert reading.reason == reason
    assert reading.text == raw.text  # it keeps its text
    if calibration and raw.text:
        assert reading.confidence == pytest.approx(calibration.probability({}))


def test_letters_alone_are_a_plate_where_the_user_says_so():
    reader = InformedReader(Fake(seen(("TEAMXYZ", 0.97))), Formats(patterns=["TEAM[A-Z]{3}"]))
    assert reader.read([SHARP])[0].reason is None


def test_below_what_confidence_it_is_not_believed_can_be_said():
    raw = seen(("AB123CD", 0.97))
    assert informed(raw, calibration=HALF, min_confidence=0.4).reason is None
    assert informed(raw, calibration=HALF, min_confidence=0.6).reason == "low_confidence"


def test_a_reader_without_hypotheses_is_taken_at_its_text():
    reading = informed(Reading("LSI5EBC", (0.99,) * 7, ("LSI5EBC",)))
    assert (reading.text, reading.country) == ("LS15EBC", "GB")
    assert reading.reason is None
    nothing = informed(Reading("", ()))
    assert (nothing.text, nothing.lines, nothing.reason) == ("", (), "no_format")


@pytest.mark.parametrize(
    ("lines", "shares", "text", "rows"),
    [
        (("KL3I", "K3I37"), [("KL3IK3I37", 0.9)], "KL31K3137", ("KL31", "K3137")),
        (
            ("KL31", "K313"), [("KL31K313", 0.5), ("KL31K3137", 0.45)], "KL31K3137",
            ("KL31", "K3137"),
        ),
        (("KL31", "K3137"), [("KL31K3137", 0.9)], "KL31K3137", ("KL31", "K3137")),
        (("X", "8ABC128"), [("X8ABC128", 0.4), ("8ABC128", 0.4)], "8ABC128", ("8ABC128",)),
    ],
)  # fmt: skip
def test_rows_stay_rows(lines, shares, text, rows):
    reading = informed(seen(*shares, lines=lines))
    assert (reading.text, reading.lines) == (text, rows)
    assert len(reading.confidences) == len(text)


def test_readings_come_in_the_order_of_the_crops():
    raw = [seen(("AB123CD", 0.9)), seen(("", 0.9)), seen(("KL31K3137", 0.9))]
    readings = InformedReader(Fake(*raw)).read([SHARP] * 3)
    assert [one.text for one in readings] == ["AB123CD", "", "KL31K3137"]
    assert InformedReader(Fake()).read([]) == []


@pytest.mark.parametrize("kind", [SHARP[..., 0], SHARP[..., :1], np.dstack([SHARP, SHARP[..., 0]])])
def test_doubts_are_looked_into_for_all_kinds_of_crops(kind):
    assert informed(seen(("AB123CD", 0.97)), kind, UNSURE).reason == "low_confidence"
