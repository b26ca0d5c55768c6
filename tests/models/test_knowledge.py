import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.base import Hypothesis
from models.readers.formats import Formats
from models.readers.knowledge import FLOOR, TWINS, decide

EVERYWHERE = Formats()


def seen(text, probability=0.98):
    each = probability ** (1 / max(len(text), 1))
    return Hypothesis(text, probability, (each,) * len(text))


def decided(*hypotheses, countries=None, patterns=(), strength=1.0):
    return decide(hypotheses, Formats(countries, patterns), strength)


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        ("LSI5EBC", "LS15EBC"),  # GB: two digits in the middle
        ("LSISEBC", "LSISEBC"),  # the reader is certain of an S, and S is not quite a 5
        ("E5I5TY123", "E515TY123"),
        ("AB12CDE", "AB12CDE"),
        ("KL3IK3I37", "KL31K3137"),
        ("VANITY", "VANITY"),
        ("TOYOTA", "TOYOTA"),
        ("123CD", "123CD"),  # half a plate
        ("8ABC12O", "8ABC120"),
        ("0I0I0I0I0I0I", "0I0I0I0I0I0I"),  # nothing known comes of it
        ("", ""),
    ],
)
def test_twins_are_exchanged_where_a_format_asks_for_it(read, meant):
    decision = decided(seen(read))
    assert decision.text == meant
    assert decision.looked <= 0.98 + 1e-9


@pytest.mark.parametrize(
    ("countries", "meant", "country"),
    [(["ES"], "0123BCD", "ES"), (["AR"], "O123BCD", None), (["US"], "0123BCD", "US")],
)
def test_the_countries_allowed_decide_what_their_formats_decide(countries, meant, country):
    """ES and US have 0123BCD, AR (motorcycles: A123BCD) has neither."""
    decision = decided(seen("O123BCD"), countries=countries)
    if country is None:
        assert decision.text in {"O123BCD", "0123BCD"}
    else:
        assert (decision.text, decision.country) == (meant, country)


def test_own_patterns_decide():
    doubtful = [seen("F1RE17", 0.6), seen("FIREI7", 0.2)]
    assert decided(*doubtful, patterns=["FIRE[0-9]{2}"]).text == "FIRE17"


def test_a_runner_up_that_fits_is_preferred_to_a_first_that_does_not():
    decision = decided(seen("8ABC12B", 0.6), seen("8ABC128", 0.35))
    assert decision.text == "8ABC128"
    assert decision.posterior > 0.9
    assert decision.candidates[0].text == "8ABC12B"
    assert decision.looked < 0.4


def test_strength_zero_is_looking_alone():
    assert decided(seen("LSI5EBC"), strength=0.0).text == "LSI5EBC"
    assert decided(seen("8ABC12B", 0.6), seen("8ABC128", 0.35), strength=0.0).text == "8ABC12B"


def test_a_text_that_was_hardly_seen_is_not_invented():
    decision = decided(seen("8ABC12X", 0.9), seen("8ABC128", 0.9 * FLOOR / 2))
    assert decision.text == "8ABC12X"
    assert all(one.text != "8ABC128" for one in decision.candidates)


def test_the_texts_that_nobody_named_keep_their_probability():
    assert decided(seen("AB12CDE", 0.3)).posterior < 0.3 + 1e-9
    assert decided(seen("AB12CDE", 0.99)).posterior > 0.97


def test_nothing_to_say_and_nothing_there():
    assert decide([], EVERYWHERE).text == ""
    assert decide([], EVERYWHERE).posterior == 0.0
    nothing = decided(seen("", 0.9), seen("I", 0.05))
    assert (nothing.text, nothing.confidences, nothing.country) == ("", (), None)


def test_a_plate_that_fits_nothing_is_reported_as_it_was_read():
    decision = decided(seen("TEAM42XYZ"))
    assert (decision.text, decision.fits, decision.country) == ("TEAM42XYZ", False, None)


def test_an_exchanged_character_is_as_sure_as_its_exchange():
    decision = decided(seen("LSI5EBC"))
    exchanged, *others = decision.confidences[2], *decision.confidences[3:]
    assert 0.9 < exchanged < min(others)
    assert decision.posterior <= exchanged


def test_confidences_of_a_doubtful_place_show_the_doubt():
    one = Hypothesis("XQ7", 0.55, (0.99, 0.99, 0.56))
    other = Hypothesis("XQ4", 0.40, (0.99, 0.99, 0.42))
    *sure, doubtful = decided(one, other).confidences
    assert min(sure) > 0.9
    assert 0.4 < doubtful < 0.7


SIGNS = st.text("ABDOQ01258", max_size=8)


@given(st.lists(st.tuples(SIGNS, st.floats(0, 1)), max_size=5), st.floats(0, 2))
def test_probabilities_stay_probabilities(texts, strength):
    total = math.fsum(share for _, share in texts) or 1.0
    hypotheses = [seen(text, share / max(total, 1.0)) for text, share in texts]
    decision = decide(hypotheses, EVERYWHERE, strength)
    sure = decision.posterior + math.fsum(one.probability for one in decision.candidates)
    assert 0 <= sure <= 1 + 1e-6
    assert len(decision.confidences) == len(decision.text)
    assert all(0 <= one <= 1 for one in decision.confidences)
    shares = [decision.posterior, *(one.probability for one in decision.candidates)]
    assert shares == sorted(shares, reverse=True)
    if hypotheses and max(one.probability for one in hypotheses) > 1e-9:
        assert len(decision.text) in {len(one.text) for one in hypotheses}


def test_twins_are_twins_of_each_other_and_letters_of_digits_more_readily():
    for sign, twins in TWINS.items():
        for twin, share in twins.items():
            assert 0 < share < 1
            assert TWINS[twin][sign] >= share or twin.isdigit()
