import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.readers import formats as formats_module
from models.readers.decode import SIGNS
from models.readers.formats import Formats, known_countries
from models.readers.patterns import FormatError

EVERYWHERE = Formats()


def unknown(text):
    """The logarithm of the probability of a text by the last resort alone."""
    lengths = [*formats_module.LENGTHS, *(0.001 / 2**n for n in range(12))]
    return math.log(formats_module.UNKNOWN * lengths[len(text)]) - len(text) * math.log(36)


PLATES = """
    AT W12345A | AT GU123AB | BA A12K345 | BE 1ABC234 | BG CB1234AB | BR ABC1234 | BR BRA2E19
    BY 1234AB7 | CH ZH123456 | CZ 1A23456 | CZ 3AB1234 | DE MAB1234 | DE KAAB123 | DE BER123E
    DK AB12345 | EE 123ABC | ES 1234BCD | FI ABC123 | FR FG123HJ | GB AB12CDE | GB A123BCD
    GB AIG1234 | GR IKM1234 | HR ZG1234AB | HU ABC123 | HU AABC123 | IE 131D12345 | IE 05WW123
    IN KL31K3137 | IN MH12AB1234 | IN DL1CAB1234 | IN 22BH1234AB | IS ABC12 | IT FG123HJ
    KZ 123ABC02 | LI FL12345 | LT ABC123 | LU AB1234 | LV AB1234 | MD ABC123 | ME PGAB123
    MK SK1234AB | MT ABC123 | MX ABC123D | NL 12BDF3 | NL BD123F | NO AB12345 | PK LEA1234
    PL WE12345 | PL WPR12AC | PL KR1AC23 | PT AB12CD | PT 12AB34 | RO B123ABC | RO CJ12ABC
    RS BG123AB | RU A123BC77 | RU A123BC777 | SE ABC123 | SE ABC12D | SI LJAB123 | SK BA123AB
    SM A1234 | TR 34ABC123 | TR 06A1234 | UA AA1234BB | US 8ABC123 | US BCD1234 | US ABC123
    US A12BCD | AR AB123CD | AR ABC123 | AU 1AB2CD | AU ABC12D | CA BCDE123 | CL BCDF12
    ID B1234ABC | IL 1234567 | MY WAB1234 | NZ ABC123 | ZA BC12DFGP | XK 01123AB | UZ 01A123BC
"""


@pytest.mark.parametrize("line", [one.strip() for one in PLATES.replace("\n", "|").split("|")])
def test_plates_fit_the_formats_of_their_country(line):
    if not line:
        return
    country, text = line.split()
    assert EVERYWHERE.fits(text)
    at_home = Formats([country])
    assert at_home.country(text) == country
    for prior in (at_home, EVERYWHERE):
        assert prior.log_prior(text) > unknown(text) + 1e-6


@pytest.mark.parametrize(
    ("country", "text"),
    [
        ("ES", "1234BCA"),  # no vowels
        ("ES", "1234BCQ"),
        ("FR", "AO123BC"),  # no I, O, U
        ("IT", "AB123CI"),
        ("RU", "D123BC77"),  # Latin shapes of Russian letters only
        ("SE", "AQI123"),
        ("TR", "82ABC123"),  # there are 81 provinces
        ("RO", "XX12ABC"),
        ("NL", "12AEI3"),
        ("CH", "XY1234"),
        ("GB", "AB12QIE"),
    ],
)
def test_letters_that_a_country_does_not_use_speak_against_it(country, text):
    usual = {"ES": "1234BCD", "FR": "FG123HJ", "IT": "FG123HJ", "RU": "A123BC77", "SE": "ABC123"}
    usual |= {"TR": "34ABC123", "RO": "CJ12ABC", "NL": "12BDF3", "CH": "ZH1234", "GB": "AB12CDE"}
    prior = Formats([country])
    assert prior.log_prior(usual[country]) - prior.log_prior(text) > math.log(10)


@pytest.mark.parametrize("text", ["", "TOYOTA", "VANITY", "KL3IK3I37", "LSI5EBC", "A" * 20])
def test_what_fits_nothing_is_improbable_but_not_impossible(text):
    assert not EVERYWHERE.fits(text)
    assert EVERYWHERE.country(text) is None
    assert EVERYWHERE.log_prior(text) == pytest.approx(unknown(text))


def test_a_further_character_costs_only_what_it_tells():
    """The gain compares texts of several lengths fairly: a longer number says no more."""
    gains = [EVERYWHERE.log_gain(text) for text in ("KL31K313", "KL31K3137", "ABC1234", "8ABC123")]
    assert max(gains) - min(gains[1:]) < 8
    assert EVERYWHERE.log_gain("KL31K3137") > EVERYWHERE.log_gain("KL31K313")


def test_the_prior_is_a_probability(monkeypatch):
    """Over all texts it sums to 1: shown on an alphabet of two signs, so all can be counted."""
    monkeypatch.setattr(formats_module, "SIGNS", "A0")
    rows = (("XA", 2.0, "A{1,3}"), ("XB", 1.0, "(A|00)[A0]{0,2}"))
    monkeypatch.setattr(formats_module, "_rows", lambda: rows)
    for cached in (formats_module._weights, formats_module._table):
        cached.cache_clear()
    try:
        for prior in (Formats(), Formats(["XB"]), Formats(["XB"], ["[A0]A{1,2}", "000"])):
            total = sum(
                math.exp(prior.log_prior("".join(text)))
                for length in range(13)
                for text in product("A0", repeat=length)
            )
            # Lengths over 12 have 0.002 of UNKNOWN.
            assert total == pytest.approx(1 - 0.002 * formats_module.UNKNOWN)
    finally:
        for cached in (formats_module._weights, formats_module._table):
            cached.cache_clear()


def test_an_ambiguous_text_is_from_where_most_vehicles_with_it_are_expected():
    assert EVERYWHERE.country("ABC1234") == "US"
    assert Formats(["LT", "BR"]).country("ABC1234") == "BR"
    assert Formats(["LT"]).country("ABC123") == "LT"


def test_a_visitor_from_elsewhere_is_still_read():
    dutch = Formats(["NL"])
    assert dutch.country("34ABC123") == "TR"
    assert dutch.fits("34ABC123")
    assert dutch.log_gain("34ABC123") > dutch.log_gain("34ABCI23")


def test_own_patterns_weigh_most():
    own = Formats(patterns=["ZQ[0-9]{3}", "X[0-9]{2}FIRE"])
    assert own.fits("X99FIRE")
    assert own.country("X99FIRE") is None
    assert Formats(["GB"], ["X[0-9]{2}FIRE"]).country("X99FIRE") == "GB"
    assert own.log_gain("ZQ123") > EVERYWHERE.log_gain("ZQ123") + 5
    assert own.log_gain("ABC1234") == pytest.approx(EVERYWHERE.log_gain("ABC1234"), abs=1)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"countries": []}, r"formats.countries: \[\] allows nothing; null allows all"),
        ({"countries": ["DE", "UK"]}, r"formats.countries\[1\]: no formats of 'UK'; is it GB\?"),
        ({"countries": ["xx"]}, r"formats.countries\[0\]: no formats of 'xx'; known: AD, AE, AL"),
        ({"patterns": ["AB", "AB-1"]}, r"formats.patterns\[1\]: 'AB-1' has '-'; a plate's text"),
    ],
)
def test_what_cannot_be_used_is_named_with_what_would_be_right(options, fault):
    with pytest.raises(FormatError, match=fault):
        Formats(**options)


def test_the_table_is_sound():
    assert len(known_countries()) >= 60
    europe = (
        "AD AL AT BA BE BG BY CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MC MD"
        " ME MK MT NL NO PL PT RO RS RU SE SI SK SM UA VA XK"
    )
    assert set(europe.split()) <= set(known_countries())
    rows = formats_module._rows()
    states = {country for country, *_ in rows}
    assert "US" in states
    for country, weight, _ in rows:
        assert len(country) == 2
        assert country.isupper()
        assert weight > 0


@given(st.text(SIGNS, max_size=15))
def test_any_text_has_a_probability(text):
    assert -75 < EVERYWHERE.log_prior(text) < 0
    assert (EVERYWHERE.country(text) is None) == (not EVERYWHERE.fits(text))


def test_lettering_fits_no_country():
    """Text without a digit is taken for lettering, so no format of the table may make any."""
    assert not [key for key in formats_module._table() if "0" not in key]
