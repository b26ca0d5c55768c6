from datetime import UTC, datetime

import numpy as np
import pytest
from test_geometry import CAMERA, lines, places

from streamer.speed.geometry import road_of, road_of_lines
from streamer.speed.speedometer import LONGEST_S, STANDS_S, RoadSpeeds

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SIZE = (1280, 720)
FLAT = [(-3, 21), (1, 21), (1, 11), (-3, 11)]
KNOWN = {"plate_height_m": 0.5, "camera_height_m": 4.0}
ROADS = {
    "lines": road_of_lines(lines(), 10.0, **KNOWN),
    "homography": road_of(places(*FLAT), FLAT, **KNOWN),
}


def drive(speedometer, away_m, rate=15.0, noise_px=0.5, times=None):
    """A plate is seen so many metres ahead in each frame; gives when it is ready, in frames."""
    rng = np.random.default_rng(3)
    ready = None
    for n, z in enumerate(away_m):
        time_s = n / rate if times is None else times[n]
        x, y = CAMERA.project(np.array([[-1.0, 0.5, z]]))[0] + rng.normal(0, noise_px, 2)
        speedometer.seen(NOW, time_s, (x - 30, y - 8, x + 30, y + 8), SIZE)
        if ready is None and speedometer.ready(time_s):
            ready = n
    return ready


def at_speed(kmh, rate=15.0, start_m=30.0, end_m=7.0):
    return np.arange(start_m, end_m, -kmh / 3.6 / rate)


@pytest.mark.parametrize("kind", ROADS)
@pytest.mark.parametrize("kmh", [8, 20, 40, 60])
def test_a_speed_is_right_within_its_stated_error(kind, kmh):
    speedometer = RoadSpeeds(ROADS[kind]).begin()
    drive(speedometer, at_speed(kmh))
    found = speedometer.speed()
    assert found.method == kind
    assert found.reason is None
    assert found.kmh == pytest.approx(kmh, abs=found.error_kmh)
    assert found.error_kmh < 0.15 * kmh


@pytest.mark.parametrize("kind", ROADS)
def test_whoever_drives_away_has_a_speed_too(kind):
    speedometer = RoadSpeeds(ROADS[kind]).begin()
    ready = drive(speedometer, at_speed(30)[::-1])
    assert ready is not None
    assert speedometer.speed().kmh == pytest.approx(30, rel=0.03)


@pytest.mark.parametrize("kind", ROADS)
def test_it_is_ready_once_the_stretch_is_passed(kind):
    speedometer = RoadSpeeds(ROADS[kind]).begin()
    away_m = at_speed(30)
    ready = drive(speedometer, away_m)
    assert 8.5 <= away_m[ready] <= 11  # the plate is seen on the near line before it is there


def test_uneven_times_are_used_as_they_are():
    speedometer = RoadSpeeds(ROADS["lines"]).begin()
    times = np.cumsum(np.tile([0.03, 0.11, 0.05, 0.2], 20))
    times = times[times < 2.6]
    drive(speedometer, 30 - 36 / 3.6 * times, times=times)
    assert speedometer.speed().kmh == pytest.approx(36, rel=0.03)


@pytest.mark.parametrize(
    ("away_m", "reason"),
    [
        ([15.0] * 60, "stood"),
        (at_speed(30, end_m=23.0), "not_passed"),
        (at_speed(30, end_m=16.0), "not_passed"),
        (at_speed(250), "too_few"),
        (np.concatenate([at_speed(20, end_m=16), [16] * 60, at_speed(20, start_m=16)]), "poor_fit"),
    ],
    ids=["stood", "never there", "half of it", "too fast for the camera", "stopped between"],
)
def test_why_there_is_none(away_m, reason):
    speedometer = RoadSpeeds(ROADS["lines"]).begin()
    drive(speedometer, away_m)
    found = speedometer.speed()
    assert (found.kmh, found.error_kmh, found.reason) == (None, None, reason)


@pytest.mark.parametrize("stands_s", [0, 2, 20])
def test_whoever_stops_behind_the_stretch_was_no_slower_on_it(stands_s):
    """It brakes by 2 m/s² to where its plate is seen 0.7 m behind the near line."""
    speedometer = RoadSpeeds(ROADS["lines"]).begin()
    left_s = np.arange(4.5, 0, -1 / 15)
    drive(speedometer, np.concatenate([9.0 + left_s**2, [9.0] * round(15 * stands_s)]))
    found = speedometer.speed()
    seen = 1 - KNOWN["plate_height_m"] / KNOWN["camera_height_m"]
    far_s, near_s = (np.sqrt(seen * line_m - 9.0) for line_m in (21, 11))
    assert found.kmh == pytest.approx(seen * 10 / (far_s - near_s) * 3.6, abs=0.1 * found.kmh)


@pytest.mark.parametrize("kind", ROADS)
@pytest.mark.parametrize("broken_at", [10, 20, 30])
def test_two_tracks_of_a_vehicle_measure_as_one_would(kind, broken_at):
    away_m = at_speed(30)
    whole, first, second = (RoadSpeeds(ROADS[kind]).begin() for _ in range(3))
    times = np.arange(len(away_m)) / 15
    drive(whole, away_m, noise_px=0, times=times)
    drive(first, away_m[:broken_at], noise_px=0, times=times)
    drive(second, away_m[broken_at:], noise_px=0, times=times[broken_at:])
    # What the first was given when the second had begun is something else.
    drive(first, [19.0] * 10, noise_px=0, times=times[broken_at : broken_at + 10])
    both = second.joined(first)
    assert both.speed() == whole.speed()
    assert both.ready(times[-1])


def test_waiting_counts_from_the_first_of_two_tracks():
    first, second = (RoadSpeeds(ROADS["lines"]).begin() for _ in range(2))
    drive(first, np.linspace(30, 25, 100), rate=10.0)
    drive(second, np.linspace(24, 20, 100), times=11 + np.arange(100) / 10)
    assert not second.ready(LONGEST_S - 9.9)
    assert not second.joined(first).ready(20.9)
    late = second.joined(first)
    drive(late, np.linspace(20, 15, 100), times=21 + np.arange(100) / 10)
    assert not late.ready(LONGEST_S - 0.1)
    assert late.ready(LONGEST_S)


def test_nobody_waits_for_who_stands():
    speedometer = RoadSpeeds(ROADS["lines"]).begin()
    ready = drive(speedometer, [15.0] * 100)
    assert ready / 15 == pytest.approx(STANDS_S, abs=0.1)


def test_nor_for_ever():
    speedometer = RoadSpeeds(ROADS["lines"]).begin()
    ready = drive(speedometer, np.linspace(30, 12, 400), rate=10.0)
    assert ready / 10 == pytest.approx(LONGEST_S, abs=0.2)


def test_a_plate_above_the_horizon_counts_for_nothing():
    speedometer = RoadSpeeds(ROADS["lines"]).begin()
    speedometer.seen(NOW, 0.0, (600, -500, 700, -480), SIZE)
    assert speedometer.speed().reason == "not_passed"
