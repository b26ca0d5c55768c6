import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackers.kalman import BoxFilter, process_noise, to_box, to_measurement, transition

steps = st.floats(0, 5)
places = st.floats(-1e5, 1e5)
sides = st.floats(1, 1e4)
boxes = st.builds(lambda x, y, w, h: np.array([x, y, x + w, y + h]), places, places, sides, sides)
PLATE = np.array([100.0, 200.0, 200.0, 222.0])


@given(boxes)
def test_measuring_a_box_can_be_undone(box):
    assert to_box(to_measurement(box)) == pytest.approx(box, rel=1e-6, abs=1e-4)


@given(steps, steps)
def test_two_steps_are_one_long_step(first, second):
    size, area, ratio = 100.0, 2200.0, 4.5
    later = transition(second)
    parts = later @ process_noise(first, size, area, ratio) @ later.T
    parts += process_noise(second, size, area, ratio)
    assert later @ transition(first) == pytest.approx(transition(first + second))
    assert parts == pytest.approx(process_noise(first + second, size, area, ratio), rel=1e-9)


@given(steps)
def test_process_noise_is_a_covariance(step_s):
    noise = process_noise(step_s, 100.0, 2200.0, 4.5)
    assert noise == pytest.approx(noise.T)
    assert np.linalg.eigvalsh(noise).min() >= -1e-6 * max(1.0, abs(noise).max())


@pytest.mark.parametrize("rate", [5, 10, 30])
@pytest.mark.parametrize("speed", [(0, 0), (300, -40), (-800, 200)])
def test_the_speed_is_found_whatever_the_frame_rate(rate, speed):
    box_filter = BoxFilter(PLATE)
    for _ in range(2 * rate):
        box_filter.predict(1 / rate)
        moved = PLATE + np.tile(speed, 2) * (_ + 1) / rate
        box_filter.update(moved)
    assert box_filter.velocity == pytest.approx(speed, abs=2)
    assert box_filter.box == pytest.approx(moved, abs=2)


def test_a_new_box_may_go_anywhere_and_a_known_one_may_not():
    box_filter = BoxFilter(PLATE)
    box_filter.predict(0.1)
    new = box_filter.spread
    for _ in range(10):
        box_filter.update(PLATE)
        box_filter.predict(0.1)
    known = box_filter.spread
    box_filter.predict(0.5)
    assert (new > 3 * known).all()
    assert (box_filter.spread > 3 * known).all()


def test_a_shrinking_box_does_not_turn_inside_out():
    box_filter = BoxFilter(PLATE)
    for share in (0.6, 0.3, 0.1):
        box_filter.predict(0.1)
        box_filter.update(PLATE * share)
    for _ in range(20):
        box_filter.predict(0.5)
        x1, y1, x2, y2 = box_filter.box
        assert x1 < x2
        assert y1 < y2


@given(st.lists(boxes, min_size=2, max_size=8), st.floats(0, 2))
def test_whatever_comes_the_box_stays_a_box(seen, step_s):
    box_filter = BoxFilter(seen[0])
    for box in seen[1:]:
        box_filter.predict(step_s)
        box_filter.update(box)
        assert np.isfinite(box_filter.box).all()
        assert (box_filter.box[2:] > box_filter.box[:2]).all()
        assert (box_filter.spread > 0).all()
