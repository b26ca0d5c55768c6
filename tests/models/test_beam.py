import math
from itertools import groupby, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.base import Hypothesis
from models.readers.beam import beam_search, join_rows
from models.readers.decode import SIGNS, decode

REST = len(SIGNS) + 1
BLANK = "_"


def frames(*rows, classes=38):
    """Grouped probabilities: per frame a mapping from a sign, `_` or `.` to its probability."""
    grouped = np.zeros((len(rows), classes), np.float32)
    for frame, shares in zip(grouped, rows, strict=True):
        for label, share in shares.items():
            frame[{BLANK: 0, ".": REST}.get(label) if label in "_." else 1 + SIGNS.index(label)] = (
                share
            )
    return grouped


def by_all_paths(grouped):
    """What CTC means: every path, collapsed, its probability added to that of its text."""
    labels = {0: "", REST: "", **{n + 1: sign for n, sign in enumerate(SIGNS)}}
    shown = [n for n in range(grouped.shape[1]) if grouped[:, n].any()]
    texts = {}
    for path in product(shown, repeat=len(grouped)):
        probability = math.prod(float(grouped[n, label]) for n, label in enumerate(path))
        merged = (0 if label == REST else label for label in path)
        text = "".join(labels[label] for label, _ in groupby(merged))
        texts[text] = texts.get(text, 0.0) + probability
    return texts


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 6), st.sampled_from([37, 38]), st.integers(0, 10_000))
def test_the_search_finds_what_all_paths_together_say(count, classes, seed):
    shown = [0, 1, 5, classes - 1]
    grouped = np.zeros((count, classes), np.float32)
    grouped[:, shown] = np.random.default_rng(seed).dirichlet([0.7] * 4, count)
    grouped[grouped < 1e-3] = 0
    truth = by_all_paths(grouped)
    found = beam_search(grouped, best=1000, width=1000)
    assert sum(one.probability for one in found) == pytest.approx(sum(truth.values()), abs=2e-3)
    for one in found:
        assert one.probability == pytest.approx(truth[one.text], abs=1e-3)
        assert len(one.confidences) == len(one.text)
    assert [one.probability for one in found] == sorted(
        (one.probability for one in found), reverse=True
    )


@pytest.mark.parametrize(
    ("rows", "text", "probability", "confidences"),
    [
        ([], "", 1.0, ()),
        ([{"_": 1.0}], "", 1.0, ()),
        ([{".": 1.0}], "", 1.0, ()),
        ([{"A": 1.0}], "A", 1.0, (1.0,)),
        ([{"A": 0.9, "_": 0.1}] * 2, "A", 0.99, (0.9,)),
        ([{"A": 0.9, "_": 0.1}, {"_": 1.0}, {"A": 0.8, "_": 0.2}], "AA", 0.72, (0.9, 0.8)),
        ([{"A": 1.0}, {"A": 1.0}, {"_": 1.0}, {"_": 1.0}, {"A": 1.0}], "AA", 1.0, (1.0, 1.0)),
        ([{"A": 0.5, "B": 0.5}, {"A": 0.9, "B": 0.1}], "A", 0.45, (0.9,)),
        ([{"A": 0.5, "_": 0.5}, {"A": 0.93, "_": 0.07}], "A", 0.965, (0.93,)),
        ([{"A": 0.9, ".": 0.1}, {".": 1.0}, {"B": 0.6, "8": 0.4}], "AB", 0.54, (0.9, 0.6)),
    ],
)
def test_the_best_text_with_its_probability_and_confidences(rows, text, probability, confidences):
    best = beam_search(frames(*rows))[0]
    assert best.text == text
    assert best.probability == pytest.approx(probability, abs=1e-6)
    assert best.confidences == pytest.approx(confidences)


def test_the_best_path_need_not_be_the_best_text():
    """Graves' example: each frame alone says blank, all paths together say A."""
    grouped = frames({"_": 0.6, "A": 0.4}, {"_": 0.6, "A": 0.4})
    assert decode(grouped).text == ""
    assert [(one.text, round(one.probability, 6)) for one in beam_search(grouped)] == [
        ("A", 0.64),
        ("", 0.36),
    ]


def test_nothing_there_is_a_text_too():
    found = beam_search(frames({"_": 0.7, "A": 0.3}))
    assert [one.text for one in found] == ["", "A"]
    assert found[0] == Hypothesis("", pytest.approx(0.7), ())


@settings(deadline=None, max_examples=50)
@given(st.text(SIGNS, max_size=10), st.integers(0, 1000))
def test_what_is_clear_is_read_as_by_the_best_path(text, seed):
    dice = np.random.default_rng(seed)
    rows = [{"_": 1.0}]
    for sign in text:
        rows += [{sign: 0.98, "_": 0.02}] * dice.integers(1, 3) + [{"_": 1.0}]
    grouped = frames(*rows)
    found = beam_search(grouped)
    assert found[0].text == decode(grouped).text == text
    assert found[0].confidences == pytest.approx(decode(grouped).confidences)
    assert sum(one.probability for one in found) <= 1 + 1e-6


def test_no_more_texts_than_asked_for_the_best_first_and_equals_by_the_alphabet():
    grouped = frames({"B": 0.3, "A": 0.3, "C": 0.4})
    assert [one.text for one in beam_search(grouped, best=3)] == ["C", "A", "B"]
    assert [one.text for one in beam_search(grouped, best=1)] == ["C"]


def test_diffuse_frames_end_in_time_and_promise_little():
    grouped = np.full((64, 38), 1 / 38, np.float32)
    assert beam_search(grouped)[0].probability < 1e-3


def hypothesis(text, probability):
    return Hypothesis(text, probability, (probability,) * len(text))


def test_rows_are_joined_top_row_first_and_multiply():
    upper = [hypothesis("AB", 0.9), hypothesis("A8", 0.1)]
    lower = [hypothesis("123", 0.8), hypothesis("", 0.2)]
    joined = join_rows([upper, lower], best=3)
    assert [(one.text, round(one.probability, 6)) for one in joined] == [
        ("AB123", 0.72),
        ("AB", 0.18),
        ("A8123", 0.08),
    ]
    assert joined[0].confidences == (0.9, 0.9, 0.8, 0.8, 0.8)


def test_splits_of_one_text_are_one_text():
    joined = join_rows(
        [
            [hypothesis("A", 0.5), hypothesis("AB", 0.5)],
            [hypothesis("BC", 0.6), hypothesis("C", 0.4)],
        ]
    )
    assert [one.text for one in joined] == ["ABC", "ABBC", "AC"]
    assert joined[0].probability == pytest.approx(0.5)
    assert joined[0].confidences == (0.5, 0.6, 0.6)


@pytest.mark.parametrize("rows", [[], [[]]])
def test_without_rows_nothing_is_said(rows):
    assert join_rows(rows) == ()


def test_one_row_is_left_as_it_is():
    row = (hypothesis("AB", 0.6), hypothesis("A8", 0.3))
    assert join_rows([row]) == row
