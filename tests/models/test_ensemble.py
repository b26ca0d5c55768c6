"""Two readers as one: who is asked, and what comes of what both say."""

import numpy as np
import pytest

from models.base import Hypothesis, ModelError, Reading
from models.readers import READERS
from models.readers.ensemble import DOUBT, EnsembleReader, combined, sureness, weighed
from models.training.plates import EUROPEAN, draw_plate
from streamer.app import PARTS
from streamer.config import options_model, parse_config


def hypotheses(**probabilities):
    return tuple(Hypothesis(text, p, (p,) * len(text)) for text, p in probabilities.items())


def reading(text, probability, **more):
    """A reading of one hypothesis beside `more`, or of none."""
    return Reading(
        text, (probability,) * len(text), (text,), hypotheses(**{text: probability}, **more)
    )


class Told:
    """Reads from the first pixel which of its readings it is to give."""

    known = ()

    def __init__(self, *, mood: str = "calm") -> None:
        self.mood = mood
        self.calls = []

    def read(self, crops):
        self.calls.append([int(crop[0, 0, 0]) for crop in crops])
        return [type(self).known[int(crop[0, 0, 0])] for crop in crops]


class First(Told):
    known = (
        reading("AB12", 0.99),
        reading("AB12", 0.6, A812=0.3),
        Reading("", ()),
        reading("XY34", 0.5),
        Reading("AB12", (0.99,) * 4, ("AB12",), plate=0.4),
    )


class Second(Told):
    known = (
        reading("ZZ99", 0.99),
        reading("AB12", 0.7),
        reading("CD56", 0.8),
        reading("XV34", 0.95),
        Reading("AB12", (0.99,) * 4, ("AB12",)),
    )


@pytest.fixture
def table(monkeypatch):
    for name in ("First", "Second"):
        monkeypatch.setitem(READERS, name.lower(), f"{__name__}:{name}")


def crops(*numbers):
    return [np.full((40, 160, 3), number, np.uint8) for number in numbers]


def ensemble(**options):
    return EnsembleReader(**{"first": "first", "second": "second"} | options)


def test_only_what_the_first_is_unsure_of_is_shown_to_the_second_in_one_call(table):
    reader = ensemble()
    readings = reader.read(crops(0, 1, 0, 2, 3))
    assert [one.text for one in readings] == ["AB12", "AB12", "AB12", "CD56", "XV34"]
    assert reader._first.calls == [[0, 1, 0, 2, 3]]
    assert reader._second.calls == [[1, 2, 3]]
    assert readings[0] == First.known[0]


@pytest.mark.parametrize(
    ("ask_below", "asked"), [(0.0, []), (0.55, [[2, 3]]), (1.0, [[0, 1, 2, 3]])]
)
def test_how_unsure_it_must_be(table, ask_below, asked):
    reader = ensemble(ask_below=ask_below)
    reader.read(crops(0, 1, 2, 3))
    assert reader._second.calls == asked


def test_the_second_is_not_asked_for_nothing(table):
    reader = ensemble()
    reader.read(crops(0, 0))
    reader.read([])
    reader.read([np.zeros((1, 1, 3), np.uint8)])
    assert (reader._first.calls, reader._second.calls) == ([[0, 0]], [])


def test_what_may_be_no_plate_is_unsure_and_stays_so(table):
    reader = ensemble()
    (one,) = reader.read(crops(4))
    assert reader._second.calls == [[4]]
    assert (one.text, one.plate) == ("AB12", 0.4)


@pytest.mark.parametrize(
    ("one", "other", "text", "probability"),
    [
        ({"AB": 0.6}, {"AB": 0.7}, "AB", 0.42 / (0.42 + 0.4 * 0.3)),
        ({"AB": 0.6}, {"CD": 0.9}, "CD", 0.036 / (0.036 + 0.006 + 0.04)),
        ({"AB": 0.9}, {"CD": 0.6}, "AB", 0.036 / (0.036 + 0.006 + 0.04)),
        ({"AB": 0.5, "A8": 0.4}, {"A8": 0.9}, "A8", 0.36 / (0.36 + 0.5 * 0.01 + 0.1 * 0.1)),
        ({"AB": 1.0}, {"AB": 1.0}, "AB", 1 / (1 + DOUBT**2)),
    ],
)
def test_probabilities_are_those_of_the_formula(one, other, text, probability):
    both = weighed(hypotheses(**one), hypotheses(**other))
    assert both[0].text == text
    assert both[0].probability == pytest.approx(probability)
    turned = weighed(hypotheses(**other), hypotheses(**one))
    assert [each.text for each in turned] == [each.text for each in both]
    assert sum(each.probability for each in both) <= 1


def test_agreement_strengthens_and_dissent_weakens():
    alone = First.known[1]
    agreeing, dissenting = (
        combined(alone, reading("AB12", 0.6)),
        combined(alone, reading("XY34", 0.6)),
    )
    assert sureness(agreeing) > sureness(alone) > sureness(dissenting)
    assert agreeing.text == dissenting.text == "AB12"
    assert min(agreeing.confidences) > min(dissenting.confidences)


def test_the_character_in_doubt_is_the_one_on_which_they_differ():
    one = combined(reading("AB12", 0.6), reading("AB72", 0.5))
    assert one.text == "AB12"
    assert one.confidences[2] < min(one.confidences[:2]) - 0.05
    assert one.confidences[3] == one.confidences[0]
    for each in one.hypotheses:
        assert len(each.text) == len(each.confidences)
        # That all are right is never more probable than that one is.
        assert all(each.probability <= share + 1e-9 <= 1 + 1e-9 for share in each.confidences)


def test_a_runner_up_of_both_wins_over_what_each_prefers():
    one, other = reading("AB12", 0.5, A812=0.45), reading("AE12", 0.5, A812=0.45)
    assert combined(one, other).text == "A812"


@pytest.mark.parametrize(
    ("one", "other", "text", "lines"),
    [
        (Reading("", ()), Reading("", ()), "", ()),
        (Reading("", ()), reading("CD56", 0.9), "CD56", ("CD56",)),
        (reading("CD56", 0.9), Reading("", ()), "CD56", ("CD56",)),
        (
            Reading("AB12", (0.9,) * 4, ("AB", "12"), hypotheses(AB12=0.5, A812=0.4)),
            reading("A812", 0.9),
            "A812",
            ("A812",),
        ),
        (
            Reading("AB12", (0.9,) * 4, ("AB", "12"), hypotheses(AB12=0.5, A812=0.45)),
            Reading("AE12", (0.9,) * 4, ("AE", "12"), hypotheses(AE12=0.5, A812=0.45)),
            "A812",
            ("A8", "12"),
        ),
    ],
)
def test_rows_are_kept(one, other, text, lines):
    both = combined(one, other)
    assert (both.text, both.lines) == (text, lines)
    assert len(both.confidences) == len(text)


def test_readers_may_have_options(table):
    reader = ensemble(first={"name": "first", "mood": "brave"})
    assert (reader._first.mood, reader._second.mood) == ("brave", "calm")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"first": "crn"}, r"^first: no such reader 'crn'; known: ctc, rapidocr, "),
        ({"second": {"threads": 2}}, r"^second: no such reader None; known: "),
        (
            {"second": {"name": "second", "size": 3}},
            "^second: second has no option 'size'; it has: mood",
        ),
        (
            {"second": {"name": "rapidocr", "weights": "/no/such.onnx"}},
            r"^second: rapidocr: /no/such\.onnx: no such model file",
        ),
        ({"second": {"name": "rapidocr", "threads": "x"}}, "^second: rapidocr: "),
    ],
)
def test_what_cannot_be_is_named_with_its_option(table, options, says):
    with pytest.raises(ModelError, match=says) as caught:
        ensemble(**options)
    assert "\n" not in str(caught.value)


def test_it_can_be_configured():
    text = """
cameras: [{name: gate, url: "synthetic:"}]
reader: {name: ensemble, first: {name: rapidocr, threads: 2}, second: tesseract, ask_below: 0.8}
"""
    part = parse_config(text, PARTS).parts["reader"]
    assert part.options == {
        "first": {"name": "rapidocr", "threads": 2},
        "second": "tesseract",
        "ask_below": 0.8,
    }
    with pytest.raises(ValueError, match="ask_below"):
        options_model(EnsembleReader)(ask_below=2)


def test_two_real_readers():
    plate = draw_plate(np.random.default_rng(5), EUROPEAN, "AB 123 CD")
    reader = EnsembleReader(first="rapidocr", second={"name": "rapidocr"}, ask_below=1.0)
    (both,) = reader.read([plate])
    assert (both.text, both.lines) == ("AB123CD", ("AB123CD",))
    assert sureness(both) > 0.99
