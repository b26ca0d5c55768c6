import time

import cv2
import numpy as np
import pytest

from streamer.sinks.media import Media
from streamer.stages.publish import Publish


class Accepting:
    """Takes events, except while it is told to fail (all of them, or one plate)."""

    def __init__(self):
        self.taken = []
        self.failing = None

    def __call__(self, event, captured_at):
        if self.failing in ("all", event.plate):
            raise OSError("disk full")
        self.taken.append((event, captured_at))

    @property
    def plates(self):
        return [event.plate for event, _ in self.taken]


@pytest.fixture
def accept():
    return Accepting()


def test_an_event_is_handed_over_with_the_time_of_its_capture(accept, make_decided):
    told = []
    publish = Publish(accept, on_event=told.append)
    decided = make_decided(age_s=2.0, camera="gate-in")
    assert list(publish.step(decided)) == []
    ((event, captured_at),) = accept.taken
    assert event == decided.event
    assert captured_at == pytest.approx(time.time() - 2.0, abs=0.2)
    assert told == [event]


def test_what_cannot_be_stored_waits_and_comes_in_order(accept, make_decided, caplog):
    failures = []
    publish = Publish(accept, on_failure=failures.append)
    accept.failing = "all"
    publish.step(make_decided(plate="A1", age_s=1.0))
    publish.step(make_decided(plate="B2"))
    assert publish.held == 2
    assert failures == ["gate"] * 3  # A1, then both
    assert "1 events wait in memory, not stored: disk full" in caplog.text
    accept.failing = None
    publish.idle()
    assert accept.plates == ["A1", "B2"]
    assert accept.taken[0][1] == pytest.approx(time.time() - 1.0, abs=0.2)
    assert publish.held == 0
    publish.idle()
    assert len(accept.taken) == 2


def test_the_next_event_takes_along_what_waits(accept, make_decided):
    publish = Publish(accept)
    accept.failing = "all"
    publish.step(make_decided(plate="A1"))
    accept.failing = None
    publish.step(make_decided(plate="B2"))
    assert accept.plates == ["A1", "B2"]


def test_one_event_that_cannot_be_stored_does_not_hold_up_the_others(accept, make_decided):
    publish = Publish(accept)
    accept.failing = "A1"
    for plate in ("A1", "B2", "C3"):
        publish.step(make_decided(plate=plate))
    assert accept.plates == ["B2", "C3"]
    assert publish.held == 1


def test_the_end_tries_once_more_and_writes_down_what_is_lost(accept, make_decided, caplog):
    publish = Publish(accept)
    accept.failing = "A1"
    publish.step(make_decided(plate="A1"))
    accept.failing = "B2"
    publish.step(make_decided(plate="B2"))
    publish.finish()
    assert accept.plates == ["A1"]
    lost = [record.getMessage() for record in caplog.records if record.levelname == "CRITICAL"]
    assert len(lost) == 1
    assert "plate='B2'" in lost[0]


def test_pictures_are_those_of_the_deciding_look(tmp_path, accept, make_decided):
    crop = np.zeros((20, 80, 3), np.uint8)
    crop[:, 40:] = 255
    decided = make_decided(crop=crop)
    Publish(accept, Media(tmp_path).illustrate).step(decided)
    ((event, _),) = accept.taken
    day = tmp_path / "2026-01-02"
    assert event.snapshot == str(day / f"{event.id}.jpg")
    assert event.crop == str(day / f"{event.id}-crop.jpg")
    assert cv2.imread(event.snapshot).shape == (48, 64, 3)
    assert np.abs(cv2.imread(event.crop).astype(int) - crop).max() < 12


@pytest.mark.parametrize(
    ("spoil", "pictures_left"),
    [
        (lambda folder, decided: folder.joinpath("2026-01-02").touch(), 0),
        (lambda folder, decided: decided.look.crop.resize((0, 0, 3), refcheck=False), 1),
    ],
    ids=["folder is a file", "crop is empty"],
)
def test_a_picture_that_fails_costs_the_picture_only(
    tmp_path, accept, make_decided, caplog, spoil, pictures_left
):
    failures = []
    media = Media(tmp_path, on_failure=lambda: failures.append(1))
    decided = make_decided()
    spoil(tmp_path, decided)
    Publish(accept, media.illustrate).step(decided)
    ((event, _),) = accept.taken
    pictures = [path for path in (event.snapshot, event.crop) if path]
    assert len(pictures) == pictures_left
    assert len(failures) == 2 - pictures_left
    assert len(list(tmp_path.rglob("*.jpg"))) == pictures_left
    assert "could not be written" in caplog.text


def test_pictures_that_raise_do_not_cost_the_event(accept, make_decided, caplog):
    decided = make_decided()

    def illustrate(_):
        raise RuntimeError("no pictures today")

    Publish(accept, illustrate).step(decided)
    assert accept.taken[0][0] == decided.event
    assert "no pictures today" in caplog.text
