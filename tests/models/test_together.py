"""Several looks at one crop as one."""

import pytest

from models.base import Hypothesis, Reading
from models.readers.together import BEST, agreed, mean_reading, sureness


def look(plate=1.0, whole=1.0, lines=None, **texts):
    found = tuple(Hypothesis(t, p, (p,) * len(t)) for t, p in texts.items())
    best = max(found, key=lambda one: one.probability)
    rows = lines or ((best.text,) if best.text else ())
    return Reading(best.text, best.confidences, rows, found, plate=plate, whole=whole)


def test_what_two_of_three_say_wins_over_what_one_is_surer_of():
    mean = mean_reading([look(AB128=0.8, AB12B=0.2), look(AB12B=0.6), look(AB12B=0.7, AB128=0.3)])
    assert mean.text == "AB12B"
    assert [one.text for one in mean.hypotheses] == ["AB12B", "AB128"]
    assert [one.probability for one in mean.hypotheses] == pytest.approx([0.5, 1.1 / 3])


def test_characters_are_as_probable_as_all_that_have_them_there():
    mean = mean_reading([look(AB128=0.5, AB12B=0.5), look(AB12B=0.9, AB128=0.1)])
    assert mean.confidences[:4] == pytest.approx((1, 1, 1, 1))
    assert mean.confidences[4] == pytest.approx(0.7)


def test_a_character_that_only_some_texts_have():
    found = agreed([Hypothesis("AB1", 0.6, (0.9, 0.9, 0.9)), Hypothesis("A1", 0.3, (0.8, 0.8))])
    # What neither names, 0.1, counts by the character's own confidence.
    assert found[0].confidences == pytest.approx((0.99, 0.69, 0.99))
    assert found[1].confidences == pytest.approx((0.98, 0.98))


def test_plate_and_whole_are_means_and_the_rows_those_of_the_text():
    mean = mean_reading([
        look(0.9, 0.3, AB1=0.2), look(0.7, 0.6, ("A", "B2"), AB2=0.9), look(0.8, 0.9, AB2=0.9),
    ])  # fmt: skip
    assert (mean.plate, mean.whole) == pytest.approx((0.8, 0.6))
    assert (mean.text, mean.lines) == ("AB2", ("A", "B2"))
    assert mean.confidence is None
    assert mean.reason is None


def test_equal_texts_come_in_order_and_no_more_than_the_best():
    looks = [look(**{f"A{n}": 0.1 for n in range(start, start + 5)}) for start in (5, 0)]
    mean = mean_reading(looks)
    assert [one.text for one in mean.hypotheses] == [f"A{n}" for n in range(BEST)]


def test_nothing_seen_is_nothing():
    nothing = mean_reading([look(**{"": 0.9}), look(**{"": 0.8})])
    assert (nothing.text, nothing.confidences, nothing.lines) == ("", (), ())
    assert mean_reading([Reading("", (), ())]).hypotheses == ()


def test_how_sure_a_reading_is():
    assert sureness(look(0.5, 0.8, AB1=0.6, AB2=0.3)) == pytest.approx(0.24)
    assert sureness(look(**{"": 0.9, "A": 0.1})) == pytest.approx(0.1)
    assert sureness(Reading("AB", (0.5, 0.5), ("AB",))) == pytest.approx(0.25)
    assert sureness(Reading("", (), ())) == 0
