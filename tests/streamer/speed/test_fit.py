import numpy as np
import pytest

from streamer.speed.fit import LEAST, fit


def course(speed, count=20, rate=15.0, noise_m=0.0, change=0.0, seed=0):
    """Times and (N, 1) metres of a vehicle with that speed in the middle of the time."""
    rng = np.random.default_rng(seed)
    times = np.arange(count) / rate
    since = times - times.mean()
    metres = speed * since + change * since**2 / 2 + rng.normal(0, noise_m, count)
    return times + 100, metres[:, None]


def fitted(times, metres):
    return fit(times, metres, np.full(len(times), 0.05))


@pytest.mark.parametrize("change", [0.0, 2.0, -2.0])
def test_it_is_the_speed_in_the_middle(change):
    assert fitted(*course(10.0, change=change)).speed == pytest.approx(10.0)


def test_frames_that_are_missing_do_not_matter():
    times, metres = course(10.0)
    kept = [0, 1, 4, 5, 6, 11, 13, 14, 19]
    assert fitted(times[kept], metres[kept]).speed == pytest.approx(10.0)


def test_both_coordinates_count():
    times, metres = course(3.0)
    assert fitted(times, np.hstack([metres, metres * 4 / 3])).speed == pytest.approx(5.0)


def test_a_box_elsewhere_does_not_count():
    times, metres = course(10.0, noise_m=0.02)
    metres[[4, 11]] += 3.0
    found = fitted(times, metres)
    assert found.speed == pytest.approx(10.0, abs=0.15)
    assert found.used == 18


def test_places_that_are_surer_count_more():
    times, metres = course(10.0)
    rough = np.where(np.arange(20) < 10, 1.0, 0.02)
    metres[:10, 0] += np.random.default_rng(1).normal(0, 0.5, 10)
    known = fit(times, metres, rough)
    assert abs(known.speed - 10) < abs(fitted(times, metres).speed - 10)


def test_the_stated_error_holds_19_times_of_20():
    held = [
        abs(one.speed - 10) <= one.error
        for one in (fitted(*course(10.0, 12, noise_m=0.1, seed=n)) for n in range(400))
    ]
    assert 0.91 <= np.mean(held) <= 0.98


def test_of_too_few_nothing_is_said():
    assert fitted(*course(10.0, LEAST - 1)) is None
    assert fitted(np.zeros(9), np.zeros((9, 1))) is None
