"""The kinds of plates that are drawn: how many, of what, and that texts follow them."""

import re

import numpy as np
import pytest

from models.training.designs import ANY, STATES, WORLD, Design, draw_design, draw_text
from models.training.reader_plates import COLOURS

ALL = (*WORLD, *STATES, ANY)
MARKS = {"A": "[A-Z]", "9": "[0-9]", "*": "[A-Z0-9]"}
PRINTED = " -.@|/<^>"


def test_there_are_many_countries_and_all_american_states():
    countries = {re.match("[A-Z]+", one.country).group() for one in WORLD}
    assert len({one[:2] for one in countries}) >= 40
    assert len({one.country for one in STATES}) >= 50
    assert {"US Texas", "US TEXAS"} & {one.country for one in STATES}
    assert len({one.country for one in ALL}) == len(ALL)


@pytest.mark.parametrize("design", ALL, ids=lambda one: one.country)
def test_a_design_says_only_what_can_be_drawn(design):
    assert design.patterns
    for pattern in design.patterns:
        assert set(pattern) <= {*MARKS, *PRINTED}, pattern
        assert 3 <= sum(mark in MARKS for mark in pattern) <= 12
        assert all(any(mark in MARKS for mark in row) for row in pattern.split("/")), pattern
        assert len(pattern.split("/")) <= 2
        stacks = re.findall("[<^>]", pattern)
        assert stacks in ([], ["<", "^", ">"]), pattern
        assert pattern.count("<") == len(re.findall(r"<[A9* ]+\^[A9* ]+>", pattern)), pattern
    for pair in design.colours:
        paper, ink = (np.array(COLOURS[one]) for one in pair)
        assert np.abs(paper - ink).max() > 60, pair
    assert design.band in ("", "left", "both", "maybe", "top")
    assert set(design.letters) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert design.weight > 0
    assert design.size[0] > design.size[1] > 0


@pytest.mark.parametrize("design", ALL, ids=lambda one: one.country)
def test_texts_follow_a_pattern(design):
    shapes = [
        re.compile("".join(MARKS.get(mark) or re.escape(mark) for mark in pattern))
        for pattern in design.patterns
    ]
    for seed in range(10):
        text = draw_text(np.random.default_rng(seed), design)
        assert any(shape.fullmatch(text) for shape in shapes), text
        if not any("*" in pattern for pattern in design.patterns):
            assert {one for one in text if one.isalpha()} <= set(design.letters)


def test_what_is_no_mark_is_printed_as_it_is():
    text = draw_text(np.random.default_rng(0), Design("x", ("K7-A.9 @|/1",)))
    assert re.fullmatch(r"K7-[A-Z]\.[0-9] @\|/1", text)


def test_countries_states_and_none_that_exists_all_come_and_come_again():
    drawn = [draw_design(np.random.default_rng([1, seed])) for seed in range(600)]
    assert drawn == [draw_design(np.random.default_rng([1, seed])) for seed in range(600)]
    shares = [sum(one in part for one in drawn) / 600 for part in (WORLD, STATES, (ANY,))]
    assert shares == pytest.approx([0.55, 0.25, 0.2], abs=0.06)
    assert len({one.country for one in drawn}) > 80


def test_all_signs_come():
    rng = np.random.default_rng(0)
    seen = set("".join(draw_text(rng, draw_design(rng)) for _ in range(400)))
    assert seen >= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
