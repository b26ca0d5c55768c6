"""What looks elect together, how sure it is, and why."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.base import Hypothesis, Reading
from models.readers.formats import Formats
from streamer.voting import LEAST_WORTH, Opinion, figures_of, vote

FORMATS = Formats()
texts = st.text("AB08", max_size=8)
shares = st.floats(0, 1)


@st.composite
def readings(draw):
    text = draw(texts)
    others = draw(st.lists(texts, max_size=3, unique=True))
    seen = [text, *(one for one in others if one != text)]
    hypotheses = tuple(
        Hypothesis(one, 0.9 / 2**n / 2, tuple(draw(shares) for _ in one))
        for n, one in enumerate(seen)
    )
    confidences = tuple(draw(shares) for _ in text)
    reason = draw(st.sampled_from([None, "partial", "no_format", "blurred"]))
    given_none = draw(st.booleans())
    return Reading(
        text, confidences, (), () if given_none else hypotheses, reason=reason,
        confidence=draw(st.none() | shares),
    )  # fmt: skip


opinions = st.lists(st.builds(Opinion, readings(), shares), max_size=6)


@given(opinions, st.randoms(use_true_random=False))
def test_the_order_of_looks_does_not_matter(looks, random):
    assert vote(random.sample(looks, len(looks)), FORMATS) == vote(looks, FORMATS)


@given(opinions)
def test_probabilities_are_probabilities(looks):
    plate = vote(looks, FORMATS)
    every = [plate.confidence, plate.agreement]
    every += [one.confidence for one in (*plate.characters, *plate.candidates)]
    assert all(0 <= one <= 1 for one in every)
    assert plate.confidence + sum(one.confidence for one in plate.candidates) <= 1 + 1e-9
    assert "".join(one.char for one in plate.characters) == plate.text
    assert all(one.confidence >= plate.confidence for one in plate.characters)
    assert plate.looks == len(looks)
    assert bool(plate.text) == bool(plate.reasons)


def look(text, quality=0.9, sure=0.99, reason=None, others=()):
    each = (sure,) * len(text)
    seen = [Hypothesis(text, sure ** len(text), each)]
    seen += [Hypothesis(one, share, (sure,) * len(one)) for one, share in others]
    return Opinion(Reading(text, each, (), tuple(seen), confidence=sure, reason=reason), quality)


@pytest.mark.parametrize("count", [1, 2, 5, 10])
def test_looks_that_agree_make_it_surer(count):
    assert (
        vote([look("AB123CD", sure=0.95)] * (count + 1), FORMATS).confidence
        > vote([look("AB123CD", sure=0.95)] * count, FORMATS).confidence
    )


@pytest.mark.parametrize(
    ("looks", "text"),
    [
        ([look("AB128CD", 0.65)] * 3 + [look("AB123CD", 0.9)], "AB123CD"),  # far looks err alike
        ([look("AB123C", reason="partial")] * 3 + [look("AB123CD")], "AB123CD"),
        ([look("LSI5EBC")] * 3, "LS15EBC"),  # 1 and I are one shape; the formats know
        ([look("AB128CD")] + [look("AB123CD")] * 3, "AB123CD"),
        ([look("AB123CD"), look("A123CD"), look("AB123CD")], "AB123CD"),
    ],
)
def test_election(looks, text):
    assert vote(looks, FORMATS).text == text


def test_what_else_it_may_be_counts():
    """Each look doubts the first character; together they say what it is."""
    first = look("7BM643", sure=0.5, others=[("ZBM643", 0.4)])
    second = look("TBM643", sure=0.5, others=[("ZBM643", 0.4)])
    assert vote([first, second], FORMATS).text == "ZBM643"


@pytest.mark.parametrize(
    ("quality", "worth"), [(0.0, LEAST_WORTH), (0.5, LEAST_WORTH), (0.675, 0.25), (0.9, 1.0)]
)
def test_a_far_look_is_worth_less(quality, worth):
    assert look("AB123CD", quality).worth == pytest.approx(worth)


def test_the_reasons_say_who_read_what():
    plate = vote([look("LSI5EBC")] * 2 + [look("LSI5E8C", 0.8), look("X", 0.6)], FORMATS)
    assert plate.reasons[0] == "2 of 4 looks read LS15EBC, the best in a view of quality 0.90"
    assert plate.reasons[1] == "others read LSI5E8C (1), X (1)"
    assert "by looking alone it would be LSI5EBC; the formats make it so" in plate.reasons
    assert plate.reasons[-1] == "fits a format of GB"
    assert plate.agreement == 0.5


def test_dissent_makes_it_less_sure():
    united = vote([look("AB123CD")] * 4, FORMATS)
    divided = vote([look("AB123CD")] * 4 + [look("AB128CD")] * 2, FORMATS)
    assert divided.text == united.text
    assert divided.confidence < united.confidence


def test_a_look_at_nothing_elects_nothing_else():
    blank = Opinion(Reading("", ()), 0.9)
    alone, doubted = vote([look("AB123CD")], FORMATS), vote([look("AB123CD"), blank], FORMATS)
    assert doubted.text == alone.text
    assert doubted.confidence < alone.confidence
    assert vote([blank], FORMATS).text == ""


def test_without_calibration_the_posterior_stays():
    looks = [look("AB123CD")] * 2
    raw, calibrated = vote(looks, FORMATS, None), vote(looks, FORMATS)
    assert raw.text == calibrated.text
    assert raw.confidence != calibrated.confidence
    figures = figures_of(raw, looks, FORMATS)
    assert figures["dissent"] == 0
    assert set(figures) == {"posterior", "margin", "surest", "dissent", "fits"}
    other = replace(raw, candidates=())
    assert figures_of(other, looks, FORMATS)["margin"] >= figures["margin"]
