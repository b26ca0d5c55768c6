import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.base import Hypothesis, Reading
from models.readers.formats import Formats
from streamer.data import Candidate, Character, Plate
from streamer.evidence import sum_up
from streamer.formats import as_seen, fold_twins, trust, with_formats

EVERYWHERE = Formats()


def plate(text, confidence=0.98, candidates=()):
    characters = tuple(Character(char, 0.99) for char in text)
    return Plate(text, confidence, characters, candidates, looks=3, agreement=1.0)


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        ("LSI5EBC", "LS15EBC"),  # GB: two digits in the middle
        ("LSISEBC", "LSISEBC"),  # S is no twin of 5: seeing can tell them apart
        ("E5I5TY123", "E515TY123"),
        ("0123ABC", "0123ABC"),  # fits as it is
        ("AB12CDE", "AB12CDE"),
        ("KL3IK3I37", "KL31K3137"),
        ("VANITY", "VANITY"),
        ("123CD", "123CD"),  # half a plate
        ("0I0I0I0I0I0I", "0I0I0I0I0I0I"),  # nothing known comes of it
        ("", ""),
    ],
)
def test_twins_are_exchanged_only_where_a_format_asks_for_it(read, meant):
    assert with_formats(plate(read), EVERYWHERE).text == meant


def test_the_reading_as_it_was_stays_a_candidate():
    after = with_formats(plate("LSI5EBC", 0.97, (Candidate("LSI5EBG", 0.02),)), EVERYWHERE)
    assert {"LSI5EBC", "LS15EBG"} & {one.plate for one in after.candidates}
    assert 0.8 < after.confidence < 0.98
    assert [one.char for one in after.characters] == list("LS15EBC")
    assert after.characters[2].confidence < after.characters[0].confidence <= 0.99
    assert (after.looks, after.agreement) == (3, 1.0)


def test_a_candidate_that_fits_may_be_elected():
    after = with_formats(plate("8ABC12B", 0.6, (Candidate("8ABC128", 0.35),)), EVERYWHERE)
    assert after.text == "8ABC128"
    assert after.characters[0].confidence > 0.9


def test_where_vehicles_come_from_decides():
    doubtful = plate("O123BCD", 0.97)
    assert with_formats(doubtful, Formats(["ES"])).text == "0123BCD"
    assert with_formats(doubtful, Formats(patterns=["O[0-9]{3}BCD"])).text == "O123BCD"


@given(st.text("AB01OI59", max_size=9), st.floats(0, 1))
def test_probabilities_stay_probabilities(text, confidence):
    after = with_formats(plate(text, confidence), EVERYWHERE)
    total = after.confidence + sum(one.confidence for one in after.candidates)
    assert 0 <= total <= confidence + 1e-9
    assert len(after.characters) == len(after.text) == len(text)


def seen(text, *hypotheses, reason=None):
    each = tuple(Hypothesis(one, 0.9, (0.9,) * len(one)) for one in hypotheses)
    return Reading(text, (0.99,) * len(text), (text,), each, reason=reason)


def test_a_vote_sums_what_was_seen_before_the_formats():
    look = seen("LS15EBC", "LSI5EBC", "LS15EBC")
    assert (as_seen(look).text, as_seen(look).confidences) == ("LSI5EBC", (0.9,) * 7)
    assert as_seen(seen("AB123CD")) == seen("AB123CD")
    elected = sum_up([(as_seen(look), 0.8)] * 3)
    assert elected.text == "LSI5EBC"
    assert with_formats(elected, EVERYWHERE).text == "LS15EBC"


def test_looks_at_cut_plates_do_not_outvote_one_at_the_whole():
    cut = [(seen("AB123C", reason="partial"), 0.8)] * 3
    whole = [(seen("AB123CD"), 0.8)]
    looks = [(as_seen(one), quality * trust(one)) for one, quality in cut + whole]
    assert sum_up(looks).text == "AB123CD"
    assert sum_up(cut + whole).text == "AB123C"


@pytest.mark.parametrize(
    ("reason", "less"),
    [(None, False), ("blurred", False), ("too_small", False), ("low_confidence", False),
     ("partial", True), ("no_format", True)],
)  # fmt: skip
def test_what_may_be_certain_and_wrong_counts_little(reason, less):
    assert (0 < trust(seen("AB1", reason=reason)) < 0.5) == less


def test_twins_fold_to_one():
    assert fold_twins("OI01") == "0101"
