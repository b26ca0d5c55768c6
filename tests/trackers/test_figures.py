"""The figures of boxes, from their edges and from what the filters say, are the same."""

import math

import numpy as np
import pytest

from trackers.figures import (
    AREA,
    EDGES,
    LONGER,
    MEASURED,
    RATIO,
    SIDES,
    figures_from,
    figures_of,
    least,
    most,
)
from trackers.kalman import to_measurement

BOXES = np.array([[10.0, 20.0, 110.0, 45.0], [-5.0, -5.0, 5.0, 25.0], [0.0, 0.0, 7.0, 7.0]])


def test_figures_are_those_of_the_boxes():
    rows = figures_of(BOXES).rows
    assert pytest.approx(BOXES) == rows[EDGES].T
    assert pytest.approx(np.array([to_measurement(box) for box in BOXES])) == rows[MEASURED].T
    assert rows[SIDES].tolist() == [[100, 10, 7], [25, 30, 7]]
    assert rows[LONGER].tolist() == [100, 30, 7]
    assert (rows[AREA, 0], rows[RATIO, 0]) == (2500, 4)


def test_figures_come_back_from_what_is_measured():
    figures = figures_of(BOXES)
    assert figures_from(figures.rows[MEASURED]).rows == pytest.approx(figures.rows)


def test_figures_stay_as_they_are_and_can_be_taken_apart():
    figures = figures_of(BOXES)
    assert figures_of(figures) is figures
    taken = figures.take([2, 0])
    assert (len(taken), taken.rows[EDGES].T.tolist()) == (2, BOXES[[2, 0]].tolist())


def test_the_least_and_the_most_see_what_is_no_number():
    values = np.array([[3.0, -1.0], [7.0, 2.0]])
    assert (least(values), most(values)) == (-1.0, 7.0)
    values[1, 1] = math.nan
    assert math.isnan(least(values))
    assert math.isnan(most(values))
