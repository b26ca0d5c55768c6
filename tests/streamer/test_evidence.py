import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.base import Reading
from models.edits import align, distance
from streamer.evidence import sum_up

texts = st.text("AB08", max_size=8)
confidences = st.floats(0, 1)
weights = st.floats(0, 1)


@st.composite
def readings(draw, text=texts):
    text = draw(text)
    return Reading(text, tuple(draw(confidences) for _ in text))


ballots = st.lists(st.tuples(readings(), weights), max_size=7)


def look(text, confidence=0.95, weight=0.7):
    """`confidence` of all characters, or one per character."""
    each = confidence if isinstance(confidence, tuple) else (confidence,) * len(text)
    return Reading(text, each), weight


@given(ballots, st.randoms(use_true_random=False))
def test_the_order_of_looks_does_not_matter(looks, random):
    assert sum_up(random.sample(looks, len(looks))) == sum_up(looks)


@given(ballots)
def test_probabilities_are_probabilities(looks):
    plate = sum_up(looks)
    rivals = sum(candidate.confidence for candidate in plate.candidates)
    assert 0 <= plate.confidence <= 1
    assert 0 <= plate.agreement <= 1
    assert all(0 <= character.confidence <= 1 for character in plate.characters)
    assert all(0 <= candidate.confidence <= plate.confidence for candidate in plate.candidates)
    assert plate.confidence + rivals <= 1 + 1e-9


@given(ballots)
def test_the_plate_is_one_thing(looks):
    plate = sum_up(looks)
    named = [plate.text, *(candidate.plate for candidate in plate.candidates)]
    assert "".join(character.char for character in plate.characters) == plate.text
    assert len(set(named)) == len(named)
    assert len(plate.candidates) <= 3
    assert plate.looks == len(looks)
    if plate.text:
        assert all(named)


@given(ballots)
def test_nothing_is_invented(looks):
    read = {char for reading, _ in looks for char in reading.text}
    plate = sum_up(looks)
    for text in (plate.text, *(candidate.plate for candidate in plate.candidates)):
        assert set(text) <= read
        assert len(text) <= sum(len(reading.text) for reading, _ in looks)


@given(texts.filter(bool), st.floats(0.3, 1), st.floats(0.05, 1), st.integers(1, 8))
def test_looks_that_agree_make_it_surer(text, confidence, weight, count):
    few = sum_up([look(text, confidence, weight)] * count)
    more = sum_up([look(text, confidence, weight)] * (count + 1))
    assert few.text == more.text == text
    assert few.agreement == more.agreement == 1
    assert more.confidence > few.confidence


@given(texts.filter(bool), st.floats(0.5, 0.98))
def test_one_good_look_is_as_sure_as_its_reader(text, confidence):
    """Weight 1, confidences below the ceiling: the product of the characters' own."""
    plate = sum_up([look(text, confidence, 1.0)])
    assert plate.confidence == pytest.approx(confidence ** len(text))


@given(readings(texts.filter(bool)), weights)
def test_a_better_view_makes_it_surer(reading, weight):
    assert sum_up([(reading, 1.0)]).confidence >= sum_up([(reading, weight)]).confidence


@given(st.text("ABCXYZ019", min_size=4, max_size=8), readings(st.text("ABCXYZ019", max_size=9)))
def test_one_bad_look_among_five_does_not_win(text, bad):
    plate = sum_up([look(text)] * 4 + [(bad, 1.0)])
    assert plate.text == text


@given(readings(texts.filter(bool)), st.integers(1, 4), st.integers(1, 5))
def test_illegible_looks_lower_the_confidence_and_elect_nothing(reading, legible, empty):
    plate = sum_up([(reading, 0.7)] * legible)
    doubted = sum_up([(reading, 0.7)] * legible + [look("")] * empty)
    assert doubted.text == plate.text
    assert doubted.confidence < plate.confidence
    assert doubted.looks == legible + empty
    assert doubted.agreement == pytest.approx(legible / (legible + empty))


CASES = {
    "characters are elected one by one": (
        ["AB12", "AX12", "AB1Z", "AB12", "8B12"],
        "AB12",
    ),
    "nobody read the whole of it": (["XB123", "AX123", "ABX23", "AB1X3"], "AB123"),
    "a character lost": (["AB123CD", "B123CD", "AB123CD"], "AB123CD"),
    "a character doubled": (["AB123CD", "AAB123CD", "AB123CD"], "AB123CD"),
    "a character lost here, another there": (["B123CD", "AB123C", "AB13CD"], "AB123CD"),
    "a country's band read as I": (["IAB123CD", "AB123CD", "AB123CD"], "AB123CD"),
    "half a plate at the edge": (["3CD", "AB123CD", "AB123CD"], "AB123CD"),
    "a sticker read too": (["AB123CD", "AB123CD", "AB123CDMITSUBISHI"], "AB123CD"),
    "doubles stay": (["AA11BB", "AA11BB", "AA1BB"], "AA11BB"),
}


@pytest.mark.parametrize(("read", "text"), CASES.values(), ids=CASES)
def test_election(read, text):
    assert sum_up([look(one) for one in read]).text == text


def test_two_doubtful_looks_against_a_sure_one():
    sure = look("AB12", (0.99, 0.99, 0.99, 0.99))
    doubtful = look("A812", (0.99, 0.4, 0.99, 0.99))
    plate = sum_up([sure, doubtful, doubtful])
    assert plate.text == "AB12"
    assert plate.candidates[0].plate == "A812"
    assert plate.characters[1].confidence < plate.characters[0].confidence


def test_a_good_view_outvotes_two_poor_ones():
    assert sum_up([look("AB12", weight=0.9), *[look("A812", weight=0.2)] * 2]).text == "AB12"


def test_a_doubtful_character_makes_a_doubtful_plate():
    clear = sum_up([look("AB12CD")] * 3)
    doubtful = sum_up([look("AB12CD", (0.95, 0.5, 0.95, 0.95, 0.95, 0.95))] * 3)
    assert doubtful.confidence < clear.confidence - 0.02
    assert min(doubtful.characters, key=lambda one: one.confidence).char == "B"


def test_no_looks_and_no_text():
    nothing, illegible = sum_up([]), sum_up([look("")] * 3)
    assert (nothing.text, nothing.confidence, nothing.looks) == ("", 0.0, 0)
    assert (illegible.text, illegible.confidence, illegible.looks) == ("", 0.0, 3)
    assert illegible.characters == illegible.candidates == ()


@pytest.mark.parametrize(
    ("first", "second", "edits"),
    [
        ("", "", 0),
        ("", "AB", 2),
        ("AB12", "AB12", 0),
        ("AB12", "A812", 1),
        ("AB12", "B12", 1),
        ("AB12", "AB123", 1),
        ("AB12", "XAB1", 2),
        ("AB12", "21BA", 4),
    ],
)
def test_distance(first, second, edits):
    assert distance(first, second) == edits
    assert distance(second, first) == edits


@given(texts, texts, texts)
def test_distance_is_a_metric(first, second, third):
    assert (distance(first, second) == 0) == (first == second)
    assert distance(first, second) == distance(second, first)
    assert distance(first, third) <= distance(first, second) + distance(second, third)


@given(texts, texts)
def test_an_alignment_passes_each_character_once(first, second):
    pairs = align(first, second)
    assert [i for i, _ in pairs if i is not None] == list(range(len(first)))
    assert [j for _, j in pairs if j is not None] == list(range(len(second)))
    assert (None, None) not in pairs
