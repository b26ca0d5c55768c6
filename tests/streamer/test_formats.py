import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.data import Candidate, Character, Plate
from streamer.formats import fits, fold_twins, known_formats, with_formats


def plate(text, confidence=0.98, candidates=()):
    characters = tuple(Character(char, 0.99) for char in text)
    return Plate(text, confidence, characters, candidates, looks=3, agreement=1.0)


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        ("LSI5EBC", "LS15EBC"),  # GB: two digits in the middle
        ("LSISEBC", "LSISEBC"),  # S is no twin of 5: seeing can tell them apart
        ("E5I5TY123", "E515TY123"),
        ("0123ABC", "0123ABC"),  # fits Spain as it is
        ("AB12CDE", "AB12CDE"),
        ("KL3IK3I37", "KL31K3137"),
        ("VANITY", "VANITY"),
        ("123CD", "123CD"),  # half a plate
        ("0I0I0I0I0I0I", "0I0I0I0I0I0I"),  # nothing known comes of it
        ("", ""),
    ],
)
def test_twins_are_exchanged_only_where_a_format_asks_for_it(read, meant):
    assert with_formats(plate(read)).text == meant


def test_the_reading_as_it_was_stays_a_candidate():
    after = with_formats(plate("LSI5EBC", 0.98, (Candidate("LSI5EBG", 0.01),)))
    assert after.candidates[0].plate == "LSI5EBC"
    assert {one.plate for one in after.candidates} == {"LSI5EBC", "LSI5EBG"}
    assert 0.9 < after.confidence < 0.98
    assert [one.char for one in after.characters] == list("LS15EBC")
    assert after.characters[2].confidence < 0.99
    assert after.characters[0].confidence == 0.99


@given(st.text("AB01OI59", max_size=9), st.floats(0, 1))
def test_probabilities_stay_probabilities(text, confidence):
    after = with_formats(plate(text, confidence))
    total = after.confidence + sum(one.confidence for one in after.candidates)
    assert 0 <= total <= confidence + 1e-9 or after.text == text
    assert fold_twins(after.text) == fold_twins(text)
    assert len(after.characters) == len(after.text)


@given(st.text("AB01OI59", min_size=1, max_size=9))
def test_what_fits_is_left_alone(text):
    if fits(text):
        assert with_formats(plate(text)) == plate(text)


def test_the_table_is_sound():
    assert len({known.country for known in known_formats()}) > 20
    for known in known_formats():
        assert len(known.country) == 2
        assert not known.pattern.fullmatch("")
