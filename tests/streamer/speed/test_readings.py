from datetime import UTC, datetime, timedelta

import pytest

from streamer.speed.readings import LONGEST_S, Readings

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BOX, SIZE = (0, 0, 100, 20), (640, 360)


def at(seconds):
    return START + timedelta(seconds=seconds)


def vehicle(readings, first_s, last_s):
    speedometer = readings.begin()
    for time_s in (first_s, last_s):
        speedometer.seen(at(time_s), time_s, BOX, SIZE)
    return speedometer


@pytest.mark.parametrize(
    ("said", "kmh"),
    [
        ([(11, 47.34)], 47.3),
        ([(9, 40), (11, 47), (13, 50)], 47),
        ([(11, 47), (11.5, 48)], 48),
        ([(8.1, 40)], 40),
        ([(13.9, 50)], 50),
        ([(9, 40), (12.5, 50)], 50),
        ([(7.9, 40), (14.1, 50)], None),
        ([], None),
    ],
)
def test_the_nearest_reading_within_the_window(said, kmh):
    readings = Readings(2.0, error_kmh=1.5)
    for time_s, value in said:
        readings.add(at(time_s), value)
    found = vehicle(readings, 10, 12).speed()
    assert found.kmh == kmh
    assert found.error_kmh == (None if kmh is None else 1.5)
    assert (found.method, found.reason) == ("radar", "silent" if kmh is None else None)


def test_a_reading_is_one_vehicles():
    readings = Readings(2.0)
    for time_s, value in ((10.5, 46), (11, 47)):
        readings.add(at(time_s), value)
    assert vehicle(readings, 10, 11.5).speed().kmh == 47
    assert vehicle(readings, 12, 13).speed().reason == "silent"  # not 46, which was the first's


def test_an_event_waits_for_a_reading_while_the_plate_is_in_view():
    readings = Readings(2.0)
    readings.add(at(9), 30)  # perhaps of the one before
    speedometer = vehicle(readings, 10, 11)
    assert not speedometer.ready(11)
    readings.add(at(10.8), 47)
    assert speedometer.ready(11)
    assert speedometer.speed().kmh == 47


def test_but_not_for_ever():
    speedometer = vehicle(Readings(), 10, 11)
    assert not speedometer.ready(10 + LONGEST_S - 0.1)
    assert speedometer.ready(10 + LONGEST_S)


def test_who_was_never_seen_has_none():
    speedometer = Readings().begin()
    assert speedometer.ready(0)
    assert speedometer.speed().reason == "silent"
