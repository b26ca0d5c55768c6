"""Pausing a camera and asking for its picture."""

import threading
import time
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest

from streamer.channel import Channel
from streamer.controls import CameraControl, Controls, FrameRate
from streamer.data import Frame
from streamer.errors import UserError
from streamer.sinks.store import Store
from streamer.stages.capture import Capture


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "events.sqlite3")
    store.open()
    yield store
    store.close()


def frame(index):
    image = np.full((48, 64, 3), 90, np.uint8)
    return Frame("gate", index, datetime.now(UTC), time.monotonic(), image)


class Film:
    """A source of three frames."""

    camera, url = "gate", "film:"

    def frames(self):
        for number in range(3):
            yield frame(number)


class Unheard:
    def captured(self, frame): ...

    def reconnected(self, reason): ...

    def up(self, arriving): ...


def captured(control, observer=None):
    out = Channel(10)
    Capture(Film(), observer or Unheard(), control.lets_pass).run(out, threading.Event())
    out.close()
    return len(list(out))


def test_a_paused_camera_is_seen_but_not_looked_at():
    controls = Controls(["gate"])
    control = controls.camera("gate")
    assert captured(control) == 3
    controls.pause("gate")
    assert captured(control) == 0
    picture = cv2.imdecode(np.frombuffer(control.snapshot(), np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (48, 64, 3)
    controls.pause("gate", False)
    assert captured(control) == 3


def test_whoever_hears_that_frames_arrive_can_have_a_picture_at_once():
    control = Controls(["gate"]).camera("gate")
    pictures = []

    class Asks(Unheard):
        def up(self, arriving):
            if arriving:
                pictures.append(control.snapshot())

    captured(control, Asks())
    assert len(pictures) == 1


def test_a_pause_outlives_the_daemon(store):
    controls = Controls(["in", "out"])
    controls.restore(store)
    controls.pause("in")
    later = Controls(["in", "out"])
    later.restore(store)
    assert [control.paused for control in later.cameras.values()] == [True, False]
    later.pause("in", False)
    latest = Controls(["in"])
    latest.restore(store)
    assert not latest.camera("in").paused


def test_whoever_listens_is_told(store):
    controls, told = Controls(["gate"]), []
    controls.listen(lambda camera, paused: told.append((camera, paused)))
    controls.pause("gate")
    controls.pause("gate", False)
    assert told == [("gate", True), ("gate", False)]


def test_what_cannot_be_done_is_said():
    controls = Controls(["in", "out"])
    with pytest.raises(UserError, match="no camera 'inn'; there are: in, out"):
        controls.pause("inn")
    with pytest.raises(UserError, match="no frame has come yet"):
        controls.camera("in").snapshot()
    with pytest.raises(UserError, match="no watchlist 'residents'"):
        controls.watchlists.add("residents", "AB123CD")


def test_the_frame_rate_is_that_of_the_last_seconds():
    rate = FrameRate()
    assert rate.per_second(0.0) is None
    for number in range(100):
        rate.count(number / 10)
    assert rate.per_second(9.9) == pytest.approx(10, rel=0.05)
    assert rate.per_second(12.4) == pytest.approx(5, rel=0.05), "half of the window was silent"
    assert rate.per_second(100.0) == 0.0


def test_the_frame_rate_is_not_guessed_from_the_first_moment():
    rate = FrameRate()
    for number in range(4):
        rate.count(number / 10)
    assert rate.per_second(0.3) is None
    assert rate.per_second(0.6) is not None


def test_the_frame_rate_of_a_fast_film_is_not_capped_by_what_is_remembered():
    rate = FrameRate()
    for number in range(5000):
        rate.count(number / 500)
    assert rate.per_second(10.0) == pytest.approx(500, rel=0.02)


def test_who_follows_hears_of_pauses_and_of_frames_that_cease():
    controls, told = Controls(["gate"]), []
    control = controls.cameras["gate"]
    controls.follow(lambda camera: told.append((camera, control.up, control.paused)))
    controls.arriving("gate", True)
    controls.pause("gate")
    controls.arriving("gate", False)
    assert told == [("gate", True, False), ("gate", True, True), ("gate", False, True)]


def test_a_cameras_age_is_that_of_its_newest_frame():
    control = CameraControl("gate")
    assert control.last_frame_age_s is None
    control.lets_pass(frame(0))
    assert 0 <= control.last_frame_age_s < 1
