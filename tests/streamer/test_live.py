"""What a camera shows those who watch it, as the stages tell of it."""

import gc
import time
import weakref
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from models.base import Detection, Reading
from streamer.controls import CameraControl
from streamer.data import (
    Decided,
    Frame,
    ListMatch,
    Look,
    Looked,
    Rejection,
    Tracked,
    Watched,
)
from streamer.live import SILENT_S, LiveView
from trackers.base import Track

BOX = (10.0, 20.0, 50.0, 30.0)
ALLOWED = Watched("allow", (ListMatch("residents", "allow", "AB123CD", "exact", 0.0),))


class Stages:
    """Tells a view what stages would tell of the frames that come."""

    def __init__(self):
        self.control = CameraControl("gate")
        self.control.up = True
        self.view = LiveView(self.control)
        self.frames = 0

    def frame(self, age_s=0.0):
        image = np.full((48, 64, 3), 90, np.uint8)
        clock_s = time.monotonic() - age_s
        frame = Frame("gate", self.frames, datetime.now(UTC), clock_s, image)
        self.frames += 1
        self.control.lets_pass(frame)
        return frame

    def see(self, *track_ids, read=None, decided=(), ended=(), age_s=0.0):
        frame = self.frame(age_s)
        tracks = tuple(Track(one, BOX, (0.0, 0.0), 1.0, 3, 0) for one in track_ids)
        tracked = Tracked(frame, (Detection(BOX, 0.9),), tracks, tuple(ended))
        self.view.step("track", object(), [tracked], 0.0, 0.0)
        looks = ()
        if read is not None:
            looks = (Look(track_ids[0], frame, BOX, frame.image[20:30, 10:50], 0.9, read),)
        looked = Looked(frame, tracks, tuple(ended), looks)
        self.view.step("read", tracked, [looked], 0.0, 0.0)
        self.view.step("vote", looked, list(decided), 0.0, 0.0)

    def mark(self):
        (mark,) = self.view.now().scene.marks
        return mark


@pytest.fixture
def stages():
    return Stages()


def reading(text="AB123CD", confidence=None, sure=0.9):
    return Reading(text, (sure,) * len(text), confidence=confidence)


def test_a_track_is_shown_before_anything_is_read(stages):
    stages.see(1)
    mark = stages.mark()
    assert (mark.box, mark.read, mark.decided, mark.seen) == (BOX, None, False, True)


def test_reads_grow_surer(stages):
    stages.see(1, read=reading("AB128CD", sure=0.6))
    assert (stages.mark().read.text, stages.mark().read.confidence) == ("AB128CD", 0.6)
    for confidence in (0.7, 0.9):
        stages.see(1, read=reading(confidence=confidence))
    read = stages.mark().read
    assert (read.text, read.confidence, read.agreeing) == ("AB123CD", 0.9, 2)
    stages.see(1, read=reading(""))
    assert stages.mark().read.text == "AB123CD", "an illegible look takes nothing away"


def test_a_decided_plate_gets_its_verdict_once_it_is_known(stages, make_decided):
    decided = make_decided(track_id=1)
    stages.see(1, decided=[decided])
    assert (stages.mark().read.text, stages.mark().decided) == ("AB123CD", True)
    assert stages.mark().verdict is None
    stages.view.accepted(replace(decided.event, watchlist=ALLOWED))
    assert stages.mark().verdict == "allow"
    stages.see(1)
    assert stages.mark().verdict == "allow"


def test_another_vehicle_on_the_same_track_takes_its_place(stages, make_decided):
    first, second = make_decided(track_id=1), make_decided(track_id=1, plate="KL9")
    stages.see(1, decided=[first])
    stages.see(1, decided=[second])
    stages.view.accepted(replace(first.event, watchlist=ALLOWED))  # late
    assert (stages.mark().read.text, stages.mark().verdict) == ("KL9", None)


def test_a_vehicle_that_was_told_of_already_is_shown_as_then(stages, make_decided):
    event = replace(make_decided(track_id=1).event, watchlist=ALLOWED)
    stages.see(1, decided=[Decided(event, None)])
    stages.view.accepted(event)
    stages.see(2, ended=[1])
    stages.view.rejected(rejection_of(event, track_id=2))
    assert (stages.mark().read.text, stages.mark().verdict) == ("AB123CD", "allow")
    stages.see(3, ended=[2])
    stages.view.rejected(rejection_of(event, track_id=3, event="another gate's"))
    assert (stages.mark().read.text, stages.mark().verdict) == ("AB123CD", None)


def test_what_is_withheld_is_not_shown_as_decided(stages, make_event):
    stages.see(1, read=reading("AB1"))
    stages.view.rejected(rejection_of(make_event(), track_id=1, reason="too_short"))
    assert not stages.mark().decided


def rejection_of(event, /, **fields):
    known = {
        "camera": "gate",
        "reason": "duplicate",
        "event": event.id,
        "rejected_at": event.read_at,
    }
    names = ("plate", "confidence", "looks", "agreement", "first_seen", "last_seen", "direction")
    same = {name: getattr(event, name) for name in (*names, "box", "frame_size")}
    return Rejection(**known | same | fields)


def test_what_has_ended_is_forgotten(stages, make_decided):
    for track in range(50):
        decided = make_decided(track_id=track)
        stages.see(track, read=reading(), decided=[decided], ended=[track - 1])
        stages.view.accepted(decided.event)
    assert list(stages.view._reads) == list(stages.view._decided) == [49]
    assert len(stages.view._events) <= 16


def test_it_holds_two_frames_at_most(stages):
    held = []
    for _ in range(6):
        stages.see(1, read=reading())
        held.append(weakref.ref(stages.control.latest.image))
    gc.collect()
    assert sum(one() is not None for one in held) <= 2


def test_a_paused_camera_shows_what_comes_and_says_so(stages):
    stages.see(1, read=reading())
    stages.control.paused = True
    newest = stages.frame()
    moment = stages.view.now()
    assert (moment.frame, moment.scene.marks) == (newest, ())
    assert (moment.scene.words, moment.scene.dark) == ("paused", False)


def test_after_a_pause_the_past_is_not_shown_again(stages):
    stages.see(1, age_s=60.0)
    newest = stages.frame()
    assert stages.view.now().frame is newest
    assert stages.view.now().scene.marks == ()


@pytest.mark.parametrize(
    ("age_s", "up", "words"),
    [
        (0.1, True, ""),
        (SILENT_S - 0.5, True, ""),
        (12.0, True, "no picture for 12 s"),
        (12.0, False, "no picture for 12 s"),
        (1.0, False, "no picture for 1 s"),
        (300.0, False, "no picture for 5 min"),
        (5 * 3600.0, False, "no picture for 5 h"),
    ],
)
def test_a_camera_that_is_down_shows_its_last_picture(stages, age_s, up, words):
    stages.see(1, age_s=age_s)
    stages.control.up = up
    moment = stages.view.now()
    assert (moment.scene.words, moment.scene.dark) == (words, bool(words))
    assert moment.frame is stages.control.latest


def test_a_camera_that_never_came_shows_that(stages):
    moment = stages.view.now()
    assert (moment.frame, moment.scene.words, moment.scene.dark) == (None, "no picture yet", False)


def test_the_key_tells_whether_the_picture_would_be_the_same(stages):
    stages.see(1)
    before = stages.view.now()
    assert stages.view.now().key == before.key
    stages.see(1)
    assert stages.view.now().key != before.key
    before = stages.view.now()
    stages.control.paused = True
    assert stages.view.now().key != before.key
