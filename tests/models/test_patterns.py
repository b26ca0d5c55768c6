import math

import pytest

from models.readers.patterns import FormatError, shapes_of, skeletons


def texts_of(pattern):
    """Every text of a pattern with its probability, by writing all of them out."""
    found = {}
    for shape in shapes_of(pattern):
        ways = [""]
        for part in shape.parts:
            ways = [way + one for way in ways for one in sorted(part)]
        for way in ways:
            found[way] = found.get(way, 0.0) + shape.share / shape.texts
    return found


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("AB1", {"AB1": 1.0}),
        ("[AB]", {"A": 1 / 2, "B": 1 / 2}),
        ("[A-C][01]", {a + b: 1 / 6 for a in "ABC" for b in "01"}),
        ("A{2}", {"AA": 1.0}),
        ("A?B", {"B": 1 / 2, "AB": 1 / 2}),
        ("[01]{1,2}", {"0": 1 / 4, "1": 1 / 4, "00": 1 / 8, "01": 1 / 8, "10": 1 / 8, "11": 1 / 8}),
        ("(A|BC)1", {"A1": 1 / 2, "BC1": 1 / 2}),
        ("(A|B|CD)", {"A": 1 / 3, "B": 1 / 3, "CD": 1 / 3}),
        ("A|[BC]", {"A": 1 / 2, "B": 1 / 4, "C": 1 / 4}),
        ("(A|B1)?2", {"2": 1 / 2, "A2": 1 / 4, "B12": 1 / 4}),
        ("(?:AB){1,2}", {"AB": 1 / 2, "ABAB": 1 / 2}),
        ("^AB$", {"AB": 1.0}),
        ("A{1,2}A{1,2}", {"AA": 1 / 4, "AAA": 1 / 2, "AAAA": 1 / 4}),
        ("\\d", dict.fromkeys("0123456789", 1 / 10)),
        ("[^0-9A-X]", {"Y": 1 / 2, "Z": 1 / 2}),
    ],
)
def test_a_pattern_is_a_recipe_for_texts(pattern, texts):
    assert texts_of(pattern) == pytest.approx(texts)


def test_a_dot_is_any_sign():
    assert len(texts_of(".")) == 36


@pytest.mark.parametrize(
    ("pattern", "right"),
    [
        ("", "say what must be there"),
        ("A?", "say what must be there"),
        ("[A-Z]+", r"has '\+', which has no end; say how many at most: {1,4}"),
        ("A*", "no end"),
        ("[A-Z]{2,}", "no end"),
        ("AB-123", "has '-'; a plate's text has letters and digits only"),
        ("ab12", "has 'a'; a plate's letters are capitals"),
        ("A{3,2}", "{3,2}; say {n,m} with n <= m".replace("{", "\\{")),
        ("A{99}", "n <= m <= 14"),
        ("(AB", r"has a '\(' without its '\)'"),
        ("AB)", r"has a '\)' without its '\('"),
        ("{2}A", "has '\\{2}' with nothing before it to count"),
        ("?A", "has '\\?' with nothing before it"),
        ("A??", "has '\\?' with nothing before it"),
        ("[Z-A]", r"the class \[Z-A\]; say \[A-Z\]"),
        ("[0-Z]", r"the class \[0-Z\]"),
        ("[A-]", r"the class \[A-\]"),
        ("[^A-Z0-9]", "in which nothing is left"),
        ("[", r"has '\['; known are signs"),
        ("Ä12", "has 'Ä12'; known are"),
        ("\\w{3}", "known are"),
        (".{15}", "n <= m <= 14"),
        (".{8}.{8}", "makes 16 characters; a plate has 14 at most"),
        ("(A?B?){1,14}", "too many counts and alternatives"),
    ],
)
def test_what_is_no_pattern_is_refused_with_what_would_be_right(pattern, right):
    with pytest.raises(ValueError, match=right):
        shapes_of(pattern)


def test_a_fault_has_its_place_in_the_configuration():
    error = FormatError(("patterns", 1), "'AB-1' has '-'")
    assert str(error) == "formats.patterns[1]: 'AB-1' has '-'"
    assert (error.key, error.fault) == (("patterns", 1), "'AB-1' has '-'")


def test_skeletons_tell_letters_from_digits():
    shapes = shapes_of("(A|12)[A-Z0-9]")
    assert sorted(one for shape in shapes for one in skeletons(shape)) == ["000", "00A", "A0", "AA"]


def test_shares_sum_to_one():
    shapes = shapes_of("(M|KL|[AB][0-9]?)[A-Z]{1,2}[0-9]{1,4}[EH]?")
    assert math.fsum(shape.share for shape in shapes) == pytest.approx(1)
