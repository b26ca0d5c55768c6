"""Pausing a camera and asking for its picture."""

import threading
import time
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest

from streamer.channel import Channel
from streamer.controls import Controls
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


def captured(control):
    out = Channel(10)
    Capture(Film(), Unheard(), control.lets_pass).run(out, threading.Event())
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
