from datetime import UTC, datetime

import numpy as np
import pytest

from models.base import Detection
from streamer.data import Detected, Frame
from streamer.stages.track import QUIET_S, Follow
from trackers.sort import Sort

BOX = (100.0, 100.0, 200.0, 122.0)
ELSEWHERE = (900.0, 500.0, 1000.0, 522.0)
IMAGE = np.zeros((8, 8, 3), np.uint8)


class Clock:
    now_s = 1000.0

    def __call__(self):
        return self.now_s


def detected(time_s, *boxes):
    frame = Frame("gate", 0, datetime.now(UTC), 50.0 + time_s, IMAGE, pts_s=time_s)
    return Detected(frame, tuple(Detection(box, 0.9) for box in boxes))


def follow(live=False, clock=None, on_active=lambda _: None):
    return Follow(Sort(), live=live, clock=clock or Clock(), on_active=on_active)


def test_frame_and_detections_go_on_with_their_tracks():
    stage, given = follow(), detected(0.0, BOX, ELSEWHERE)
    (tracked,) = stage.step(given)
    assert tracked.frame is given.frame
    assert tracked.detections == given.detections
    assert [track.detection for track in tracked.tracks] == [0, 1]
    assert tracked.ended == ()


def test_an_ended_track_is_named_once():
    stage = follow()
    stage.step(detected(0.0, BOX, ELSEWHERE))
    ended = [stage.step(detected(n / 10, BOX))[0].ended for n in range(1, 30)]
    assert [one for one in ended if one] == [(2,)]


@pytest.mark.parametrize(("silent_s", "ended"), [(0.5, []), (1.5, [(1,)])])
def test_a_silent_camera_ends_its_tracks(silent_s, ended):
    clock = Clock()
    stage = follow(live=True, clock=clock)
    stage.step(detected(7.0, BOX))
    clock.now_s += silent_s
    results = list(stage.idle())
    assert [tracked.ended for tracked in results] == ended
    assert all(tracked.frame is None for tracked in results)
    assert list(stage.idle()) == []


def test_a_silence_is_told_once_though_no_track_ends():
    """Somebody may wait for a track that ended just before to go on."""
    clock = Clock()
    stage = follow(live=True, clock=clock)
    assert list(stage.idle()) == []
    for time_s in (7.0, 20.0):
        stage.step(detected(time_s))
        clock.now_s += QUIET_S - 0.1
        assert list(stage.idle()) == []
        clock.now_s += 0.2
        (told,) = stage.idle()
        assert (told.frame, told.tracks, told.ended) == (None, (), ())
        clock.now_s += 10.0
        assert list(stage.idle()) == []


def test_a_recording_that_is_read_slowly_is_not_silent():
    clock = Clock()
    stage = follow(live=False, clock=clock)
    stage.step(detected(7.0, BOX))
    clock.now_s += 100.0
    assert list(stage.idle()) == []
    assert stage.step(detected(7.1, BOX))[0].ended == ()


def test_an_ended_track_does_not_come_back_with_the_stream():
    """After a silence, frames come late but with the times they were taken at."""
    clock = Clock()
    stage = follow(live=True, clock=clock)
    stage.step(detected(7.0, BOX))
    clock.now_s += 2.0
    assert [tracked.ended for tracked in stage.idle()] == [(1,)]
    later = [stage.step(detected(7.0 + n / 30, BOX))[0] for n in range(1, 40)]
    assert {track.id for tracked in later for track in tracked.tracks} == {2}
    assert all(tracked.ended == () for tracked in later)


def test_the_end_ends_all_tracks():
    stage = follow()
    stage.step(detected(0.0, BOX, ELSEWHERE))
    (tracked,) = stage.finish()
    assert tracked.ended == (1, 2)
    assert tracked.tracks == ()
    assert list(stage.finish()) == []


def test_the_number_of_living_tracks_is_reported():
    told = []
    stage = follow(on_active=told.append)
    stage.step(detected(0.0, BOX, ELSEWHERE))
    stage.step(detected(0.9, BOX))
    stage.step(detected(1.8, BOX))
    stage.finish()
    assert told == [2, 2, 1, 0]
