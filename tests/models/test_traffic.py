"""Films of traffic: the same seed the same film, and the truth is what is to be seen."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from models.training.gate import LEGIBLE_PX
from models.training.rides import Condition
from models.training.traffic import CONDITIONS, LEGIBLE_S, Traffic

SMALL = (640, 360)


def film(condition, seed=0, **more):
    return Traffic(condition, seed, **{"vehicles": 3, "size": SMALL} | more)


def test_conditions_have_names_of_their_own():
    assert len({one.name for one in CONDITIONS}) == len(CONDITIONS) >= 12


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda one: one.name)
def test_vehicles_pass_legibly(condition):
    passages = Traffic(condition, 1).passages()
    assert len({one.plate for one in passages}) == 4
    legible = [one for one in passages if one.legible_s >= LEGIBLE_S]
    assert len(legible) >= (2 if condition.leaving else 3)
    for one in legible:
        assert 0 < one.first_s < one.last_s
        assert one.legible_s <= one.last_s - one.first_s + 0.11


def test_the_same_seed_is_the_same_film_in_any_order():
    condition = replace(CONDITIONS[0], rain=True, walker=True)
    one, same, other = film(condition), film(condition), film(condition, 1)
    late = one.render(2.0)
    assert np.array_equal(one.render(0.5), same.render(0.5))
    assert np.array_equal(late, same.render(2.0))
    assert not np.array_equal(late, other.render(2.0))
    assert one.passages() == same.passages() != other.passages()


def test_a_legible_plate_is_where_the_truth_says():
    """Bright paper with dark signs: more contrast than the paint around it has."""
    scene = Traffic(Condition("clear", "stop"), 5)
    first = scene.passages()[0]
    seen = next(
        one for one in scene.plates_at(first.last_s - 1.0) if one.text == first.plate
    )  # fmt: skip
    x1, y1, x2, y2 = (round(v) for v in seen.box)
    assert x2 - x1 >= LEGIBLE_PX
    assert scene.render(first.last_s - 1.0)[y1:y2, x1:x2].std() > 30


def test_who_walks_by_hides_plates():
    condition = Condition("same traffic", "stop")
    alone, walked = Traffic(condition, 2), Traffic(replace(condition, walker=True), 2)
    there, hidden = (one.passages()[0] for one in (alone, walked))
    assert there.plate == hidden.plate
    assert hidden.legible_s < there.legible_s - 0.1


def test_a_vehicle_ahead_hides_the_one_behind():
    """In a queue nobody is legible before the one ahead has left the line."""
    passages = Traffic(Condition("q", "queue"), 4).passages()
    for ahead, behind in pairwise(passages):
        assert behind.first_s > ahead.last_s


def test_frames_come_at_the_rate_and_some_are_lost():
    condition = Condition("lossy", rate=10.0, dropped=0.5, jitter_s=0.0)
    scene = film(condition, vehicles=1)
    stamps = [time_s for time_s, _ in scene.frames()]
    assert 0.3 < len(stamps) / (scene.duration_s * 10) < 0.7
    steps = np.diff(stamps) * 10
    assert np.allclose(steps, np.round(steps))
    uneven = [t for t, _ in film(replace(condition, jitter_s=0.03), vehicles=1).frames()]
    assert not np.allclose(np.array(uneven) * 10, np.round(np.array(uneven) * 10), atol=0.05)


def test_night_is_dark_and_rain_is_grey():
    day = film(Condition("c", "stop")).render(3.0)
    night = film(Condition("c", "stop", night=True)).render(3.0)
    rain = film(Condition("c", "stop", rain=True)).render(3.0)
    assert night.mean() < 0.6 * day.mean()
    assert rain.std() < day.std()
