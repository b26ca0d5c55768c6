from dataclasses import replace

import numpy as np
import pytest

from models.base import Hypothesis
from models.readers.decode import Line
from models.readers.layout import find_rows
from models.readers.reading import plate_lines, read_plates, trim
from models.readers.rows import Row
from models.training.plates import LAYOUTS, draw_plate

LAYOUT = {layout.name: layout for layout in LAYOUTS}


def line(text, confidence=0.99):
    count = len(text)
    centres = tuple((n + 0.5) / count for n in range(count))
    return Line(text, (confidence,) * count, centres)


def one_row():
    return draw_plate(np.random.default_rng(1), LAYOUT["white"], "KL31 ABC")


def two_rows():
    return draw_plate(np.random.default_rng(1), LAYOUT["white two lines"], "KL 31/K 3137")


def saying(*calls):
    """A recogniser that answers call after call with these lines."""
    answers = iter(calls)

    def recognise(rows):
        lines = next(answers, []) if rows else []
        assert len(lines) == len(rows)
        return lines

    return recognise


def test_a_row_gives_its_text_and_confidences():
    (reading,) = read_plates([one_row()], saying([line("KL31ABC", 0.97)]))
    assert (reading.text, reading.lines) == ("KL31ABC", ("KL31ABC",))
    assert reading.confidences == (0.97,) * 7


def test_two_rows_are_joined_top_row_first():
    (reading,) = read_plates([two_rows()], saying([line("KL31"), line("K3137", 0.98)]))
    assert (reading.text, reading.lines) == ("KL31K3137", ("KL31", "K3137"))
    assert reading.confidences == (0.99,) * 4 + (0.98,) * 5


@pytest.mark.parametrize(
    ("above", "below", "lines"),
    [
        (line("KL31"), line("3", 0.3), ("KL31",)),
        (line("KL", 0.3), line("K3137"), ("K3137",)),
        (line(""), line("K3137"), ("K3137",)),
        (line("CALIFORNIA", 0.96), line("7ABC123"), ("7ABC123",)),
        (line(""), line(""), ()),
    ],
)
def test_a_second_row_that_is_none_is_left_out(above, below, lines):
    rows = [above, below]
    reading = read_plates([two_rows()], saying(rows, [line("")]))[0]
    assert reading.lines == lines
    assert reading.text == "".join(lines)


@pytest.mark.parametrize(
    ("row", "whole", "text"),
    [
        (line("ABC12", 0.80), line("ABC123", 0.9), "ABC123"),
        (line("ABC12", 0.80), line("ABC123", 0.7), "ABC12"),
        (line("ABC12", 0.80), line(""), "ABC12"),
        (line(""), line("ABC123", 0.4), "ABC123"),
    ],
)
def test_in_doubt_the_whole_crop_is_read_too_and_the_surer_reading_stands(row, whole, text):
    assert read_plates([one_row()], saying([row], [whole]))[0].text == text


def test_a_sure_reading_costs_no_second_look():
    calls = []

    def recognise(rows):
        calls.append(len(rows))
        return [line("KL31ABC") for _ in rows]

    read_plates([one_row(), one_row()], recognise)
    assert calls[0] == 2
    assert sum(calls[1:]) == 0


def test_only_doubtful_crops_are_looked_at_again_and_the_order_is_kept():
    crops = [one_row(), two_rows(), one_row()]
    first = [line("AAA111"), line("BB", 0.7), line("22", 0.7), line("CCC333", 0.5)]
    second = [line("BB2", 0.1), line("CCC888", 0.9)]
    readings = read_plates(crops, saying(first, second))
    assert [one.text for one in readings] == ["AAA111", "BB22", "CCC888"]


def test_where_no_row_is_found_the_crop_is_read_as_it_is_once():
    even = np.full((40, 160, 3), 90, np.uint8)
    assert read_plates([even], saying([line("AB1", 0.5)]))[0].text == "AB1"


def test_empty_crops_give_empty_readings_among_the_others():
    nothing = np.zeros((0, 12, 3), np.uint8)
    readings = read_plates([nothing, one_row(), nothing], saying([line("KL31ABC")]))
    assert [one.text for one in readings] == ["", "KL31ABC", ""]
    assert (readings[0].confidences, readings[0].lines) == ((), ())


def test_no_crops_no_readings():
    assert read_plates([], saying()) == []


ROW = Row(slope=0, middle=20, height=20, left=40, right=160, start=0, end=200)


@pytest.mark.parametrize(
    ("confidences", "centres", "text"),
    [
        ((0.5, 0.9, 0.9), (0.1, 0.4, 0.6), "BC"),
        ((0.9, 0.9, 0.9), (0.1, 0.4, 0.6), "ABC"),
        ((0.5, 0.9, 0.9), (0.2, 0.4, 0.6), "ABC"),
        ((0.9, 0.9, 0.5), (0.3, 0.4, 0.9), "AB"),
        ((0.9, 0.9, 0.5), (0.3, 0.4, 0.8), "ABC"),
        ((0.5, 0.9, 0.5), (0.1, 0.4, 0.9), "B"),
        ((0.9, 0.5, 0.9), (0.1, 0.15, 0.6), "ABC"),
    ],
)
def test_doubtful_characters_outside_the_row_are_cut_off(confidences, centres, text):
    trimmed = trim(Line("ABC", confidences, centres), ROW)
    assert trimmed.text == text
    assert len(trimmed.confidences) == len(trimmed.centres) == len(text)


def test_a_lone_doubtful_character_outside_goes_and_nothing_is_left_over():
    trimmed = trim(Line("A", (0.5,), (0.05,)), ROW)
    assert (trimmed.text, trimmed.confidences, trimmed.centres) == ("", (), ())


def test_the_rendered_plates_here_have_the_rows_they_should():
    assert (len(find_rows(one_row())), len(find_rows(two_rows()))) == (1, 2)


def test_places_are_counted_from_where_the_row_was_cut():
    row = Row(slope=0, middle=20, height=20, left=40, right=160, start=40, end=160)
    assert trim(Line("AB", (0.5, 0.9), (0.0, 0.5)), row).text == "AB"


SMALL = Row(slope=0, middle=10, height=12, left=0, right=200, start=0, end=200)
TALL = Row(slope=0, middle=35, height=22, left=0, right=200, start=0, end=200)


@pytest.mark.parametrize(
    ("above", "text"),
    [("KL49H", "KL49H5270"), ("TN42R", "TN42R5270"), ("OHIO", "5270"), ("SEP2006", "5270")],
)
def test_a_small_upper_row_belongs_to_the_plate_only_if_it_is_a_code(above, text):
    lines = plate_lines([SMALL, TALL], [line(above), line("5270")])
    assert "".join(one.text for one in lines) == text


def test_of_rows_too_long_for_a_plate_the_tall_one_stays():
    lines = plate_lines([SMALL, TALL], [line("CALIFORNIA", 1.0), line("7ABC123", 0.7)])
    assert [one.text for one in lines] == ["7ABC123"]


def seeing(text, *others, confidence=0.99):
    """A line with hypotheses: its text, and others with their probabilities."""
    first = 1 - sum(share for _, share in others)
    every = [(text, first), *others]
    hypotheses = tuple(Hypothesis(one, share, (share,) * len(one)) for one, share in every)
    return replace(line(text, confidence), hypotheses=hypotheses)


def shares(hypotheses):
    return {one.text: round(one.probability, 6) for one in hypotheses}


def test_the_hypotheses_of_two_rows_are_those_of_the_plate():
    rows = [seeing("KL31", ("KL3I", 0.2)), seeing("K3137", ("K3I37", 0.1))]
    (reading,) = read_plates([two_rows()], saying(rows))
    assert reading.text == reading.hypotheses[0].text == "KL31K3137"
    assert shares(reading.hypotheses) == {
        "KL31K3137": 0.72, "KL3IK3137": 0.18, "KL31K3I37": 0.08, "KL3IK3I37": 0.02
    }  # fmt: skip


def test_a_row_that_is_left_out_leaves_no_hypotheses():
    rows = [seeing("CALIFORNIA", ("CALIFORN1A", 0.1)), seeing("7ABC123", ("7A8C123", 0.1))]
    (reading,) = read_plates([two_rows()], saying(rows))
    assert shares(reading.hypotheses) == {"7ABC123": 0.9, "7A8C123": 0.1}


def test_where_nothing_was_read_what_might_have_been_is_kept():
    even = np.full((40, 160, 3), 90, np.uint8)
    (reading,) = read_plates([even], saying([seeing("", ("A", 0.3))]))
    assert (reading.text, shares(reading.hypotheses)) == ("", {"": 0.7, "A": 0.3})


@pytest.mark.parametrize(
    ("text", "confidences", "others", "left"),
    [
        # The A stands outside: gone from all, under whatever name and also where it is missing.
        ("ABC", (0.5, 0.9, 0.9), [("4BC", 0.2), ("BC", 0.1), ("AB0", 0.1)], {"BC": 0.9, "B0": 0.1}),
        ("ABC", (0.5, 0.9, 0.9), [("1ABC", 0.2)], {"BC": 1.0}),
        (
            "BCX",
            (0.9, 0.9, 0.5),
            [("BC", 0.2), ("BCXX", 0.1), ("8CX", 0.1)],
            {"BC": 0.9, "8C": 0.1},
        ),
        ("ABC", (0.9, 0.9, 0.9), [("4BC", 0.2)], {"ABC": 0.8, "4BC": 0.2}),
    ],
)
def test_what_is_cut_off_is_cut_off_all_hypotheses(text, confidences, others, left):
    centres = (0.1, 0.4, 0.6) if text == "ABC" else (0.4, 0.6, 0.95)
    whole = replace(seeing(text, *others), confidences=confidences, centres=centres)
    trimmed = trim(whole, ROW)
    assert shares(trimmed.hypotheses) == left
    assert all(len(one.text) == len(one.confidences) for one in trimmed.hypotheses)
