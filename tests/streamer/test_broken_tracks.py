"""A vehicle whose speed is to be measured, on tracks that break off and go on as others."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.base import Reading
from models.readers.formats import Formats
from models.training.canvas import Camera
from streamer.data import Character, Frame, Look, Looked, Plate
from streamer.places import Places
from streamer.settled import Settled
from streamer.speed.readings import Readings
from streamer.speed.settings import SpeedConfig
from streamer.speed.speedometer import LONGEST_S, STANDS_S, RoadSpeeds
from streamer.stages.ballot import sight
from streamer.stages.vote import Vote
from trackers.base import Track

SIZE = (1280, 720)
CAMERA = Camera(SIZE, 2000.0, 4.0, 0.244, -0.0785)
IMAGE = np.broadcast_to(np.zeros(1, np.uint8), (SIZE[1], SIZE[0], 3))
CROP = np.zeros((22, 100, 3), np.uint8)
START = datetime(2026, 1, 2, tzinfo=UTC)
FAR_M, NEAR_M, PLATE_M = 21.0, 11.0, 0.5
COASTS_S = 1.0
"""So long a tracker keeps a track whose plate it has lost."""
STEP_S = 0.1
MARGIN_S = STEP_S + 0.01


def stretch():
    ends = np.array([(x, 0.0, z) for z in (FAR_M, NEAR_M) for x in (-3.0, 1.0)])
    at = (CAMERA.project(ends) / np.array(SIZE)).tolist()
    config = SpeedConfig(lines=(at[:2], at[2:]), distance_m=FAR_M - NEAR_M, camera_height_m=4.0)
    return RoadSpeeds(config.road())


class Film:
    """A vehicle `away_m(s)` ahead of the camera, seen on one track after another: each is how long
    it is seen, for how long not before the next begins, and what is read of it."""

    def __init__(self, away_m, *tracks, speeds=None):
        self.away_m = away_m
        self.spans, since_s = [], 0.0
        for number, (seen_s, gap_s, text) in enumerate(tracks, start=1):
            self.spans.append((number, since_s, since_s + seen_s - 1e-6, text))
            since_s += seen_s + gap_s
        self.end_s = since_s
        self.outcomes, self.rejected, self.told = Counter(), [], []
        settled = Settled()
        places = Places(speeds=speeds or stretch())
        count = lambda one: self.outcomes.update([one])  # noqa: E731
        self.vote = Vote(
            settled, Formats(), count, lambda: START, None, places, self.rejected.append
        )
        self.settled = settled

    def box(self, time_s):
        x, y = CAMERA.project(np.array([[-1.0, PLATE_M, self.away_m(time_s)]]))[0]
        return (x - 30.0, y - 8.0, x + 30.0, y + 8.0)

    def item(self, number):
        time_s = number * STEP_S
        image = Frame("gate", number, START + timedelta(seconds=time_s), time_s, IMAGE, time_s)
        tracks, looks = [], []
        for track_id, first_s, last_s, text in self.spans:
            if first_s - 1e-6 <= time_s <= last_s + COASTS_S:
                box, seen = self.box(min(time_s, last_s)), time_s <= last_s
                tracks.append(Track(track_id, box, (0, 0), 0.0, 1, 0 if seen else None))
                if seen and track_id not in self.settled and number % 3 == 0:
                    reading = Reading(text, (0.995,) * len(text))
                    looks.append(Look(track_id, image, box, CROP, 0.8, reading))
        return Looked(image, tuple(tracks), (), tuple(looks))

    def play(self, until_s=None):
        for number in range(int((until_s or self.end_s + 5) / STEP_S)):
            decided = self.vote.step(self.item(number))
            self.told += [(number * STEP_S, one.event) for one in decided]
        return self

    def end(self):
        self.told += [(None, one.event) for one in self.vote.finish()]
        return self


def driving(kmh, start_m=30.0):
    return lambda time_s: start_m - kmh / 3.6 * time_s


A, B = "AB123CD", "XY987ZW"


@pytest.mark.parametrize("breaks", [[(1.2, 0.4)], [(1.2, 1.3)], [(0.9, 0.3), (0.9, 0.5)]])
def test_a_sequel_brings_the_speed(breaks):
    film = Film(driving(20), *((seen, gap, A) for seen, gap in breaks), (3.0, 0, A)).play()
    ((at_s, event),) = film.told
    assert event.speed.kmh == pytest.approx(20, abs=event.speed.error_kmh)
    assert event.first_seen == START
    assert event.looks > 4  # those at the broken track count, too
    assert at_s <= 4.5  # as soon as it has passed: it is 30 m to 4.5 m
    assert film.outcomes == {"published": 1, "duplicate": len(breaks)}
    assert film.rejected == []


def test_two_parts_of_the_stretch_make_one_measurement():
    first, gap, second = (2.4, 0.9, A), 3.3, (1.0, 0, A)
    for alone in (
        Film(driving(20), first),
        Film(lambda time_s: driving(20)(time_s + gap), second),
    ):
        assert [event.speed.reason for _, event in alone.play().told] == ["not_passed"]
    ((_, event),) = Film(driving(20), first, second).play().told
    assert event.speed.kmh == pytest.approx(20, abs=event.speed.error_kmh)


def test_another_vehicle_is_no_sequel():
    film = Film(driving(20), (1.2, 0.4, A), (3.0, 0, B)).play()
    (first_s, first), (_, second) = sorted(film.told, key=lambda one: one[1].first_seen)
    assert (first.plate, first.speed.kmh, first.speed.reason) == (A, None, "not_passed")
    assert first_s <= 1.2 + STANDS_S
    assert second.plate == B
    assert second.speed.kmh == pytest.approx(20, abs=second.speed.error_kmh)
    assert film.outcomes == {"published": 2}


def test_a_track_that_was_measured_waits_for_no_sequel():
    """It left the picture before it had passed the near line."""
    film = Film(driving(20), (3.2, 0, A)).play()
    ((at_s, event),) = film.told
    assert event.speed.kmh == pytest.approx(20, abs=event.speed.error_kmh)
    assert at_s <= 3.2 + COASTS_S + MARGIN_S


def test_whatever_waits_is_told_when_the_camera_falls_silent():
    film = Film(driving(20), (1.2, 0, A)).play(until_s=2.5)
    assert film.told == []
    (decided,) = film.vote.step(Looked(None, (), (), ()))
    assert decided.event.plate == A


def test_and_when_a_recording_ends():
    film = Film(driving(20), (1.2, 0.4, A), (1.6, 0, A)).play(until_s=3.1)
    assert film.told == []
    ((_, event),) = film.end().told
    assert event.speed.kmh == pytest.approx(20, abs=event.speed.error_kmh)


def test_nobody_waits_for_a_radar_once_out_of_sight():
    film = Film(driving(20), (1.2, 0, A), speeds=Readings()).play()
    ((at_s, event),) = film.told
    assert event.speed.reason == "silent"
    assert at_s <= 1.2 + COASTS_S + MARGIN_S


def test_looks_at_a_sequel_too_short_to_be_certain_count():
    film = Film(driving(20), (1.2, 0.4, A), (0.5, 0, A)).play(until_s=2.2).end()
    ((_, event),) = film.told
    assert event.looks == 4 + 1


def test_what_was_told_already_waits_for_nothing():
    film = Film(driving(20), (3.75, 0, A), (0.3, 0, A)).play(until_s=4.05 + COASTS_S + 0.2)
    assert len(film.told) == 1
    assert [one.reason for one in film.rejected] == ["duplicate"]


def test_a_sequel_of_what_was_told_already_goes_on_from_nothing_else():
    """`AB12CD` may be either of two plates; its vehicle's event is the one that was told."""
    film = Film(driving(20), (0.8, 0.2, "AB124CD"), (2.0, 0, "AB12CD"))
    told = Plate(A, 0.99, tuple(Character(char, 0.99) for char in A), (), 3, 1.0)
    film.vote._passages.begin(told, "gate", sight(film.item(0).frame, (9.0, 9.0, 69.0, 25.0)))
    ((_, event),) = film.play().told
    assert (event.plate, event.looks) == ("AB124CD", 3)
    assert [one.plate for one in film.rejected] == ["AB12CD"]


@settings(max_examples=25, deadline=None)
@given(
    kmh=st.floats(1.0, 40.0),
    stop_m=st.floats(8.0, 29.0),
    tracks=st.lists(st.tuples(st.floats(0.4, 9.0), st.floats(0.2, 2.9)), min_size=1, max_size=6),
)
def test_a_vehicle_is_told_once_and_never_later_than_is_said(kmh, stop_m, tracks):
    film = Film(
        lambda time_s: max(30.0 - kmh / 3.6 * time_s, stop_m), *((*one, A) for one in tracks)
    ).play()
    ((at_s, event),) = film.told
    first_s, last_s = (
        (when - START).total_seconds() for when in (event.first_seen, event.last_seen)
    )
    assert at_s - first_s <= LONGEST_S + MARGIN_S
    assert at_s - last_s <= STANDS_S + MARGIN_S
    stands_s = (30.0 - stop_m) / kmh * 3.6
    for _, begins_s, ends_s, _ in film.spans:  # in a frame that shows it standing, from then on
        shown_s = np.ceil(max(stands_s, begins_s) / STEP_S) * STEP_S
        if shown_s <= ends_s:
            assert at_s <= shown_s + STANDS_S + MARGIN_S
            break
