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
