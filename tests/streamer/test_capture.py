import logging
import threading
from datetime import UTC, datetime

import numpy as np
import pytest

from streamer.channel import Channel
from streamer.data import Frame
from streamer.errors import SourceError
from streamer.stages.capture import Backoff, Capture

IMAGE = np.zeros((4, 6, 3), np.uint8)


def frame(index):
    return Frame("gate", index, datetime.now(UTC), float(index), IMAGE, float(index))


def failure(reason="ended", *, permanent=False):
    return SourceError(f"rtsp://***@cam: {reason}", reason=reason, permanent=permanent)


class Script:
    """A source that plays what it is given: for each opening, frames and then maybe an error."""

    camera = "gate"
    url = "rtsp://***@cam"

    def __init__(self, *openings):
        self.openings = list(openings)
        self.opened = self.closed = 0

    def frames(self):
        self.opened += 1
        try:
            for item in self.openings.pop(0):
                if isinstance(item, Exception):
                    raise item
                yield frame(item)
        finally:
            self.closed += 1


class Notes:
    """A CaptureObserver that notes what it is told."""

    def __init__(self):
        self.frames, self.reasons, self.states = [], [], []

    def captured(self, frame):
        self.frames.append(frame.index)

    def reconnected(self, reason):
        self.reasons.append(reason)

    def up(self, arriving):
        self.states.append(arriving)


def run(source, dice=1.0, stop=None, out=None):
    """Capture without waiting: what came out, what was observed, how long it would have waited."""
    waits, notes = [], Notes()
    out = Channel(100) if out is None else out
    stop = stop or threading.Event()
    capture = Capture(
        source, notes, wait=lambda _, seconds: waits.append(seconds), dice=lambda: dice
    )
    capture.run(out, stop)
    out.close()
    return [item.index for item in out], notes, waits


def test_a_recording_ends():
    frames, notes, waits = run(Script([0, 1, 2]))
    assert frames == notes.frames == [0, 1, 2]
    assert notes.states == [False, True, False]
    assert (notes.reasons, waits) == ([], [])


def test_whoever_hears_that_frames_arrive_finds_the_first_one_counted():
    class Asks(Notes):
        def up(self, arriving):
            super().up((arriving, len(self.frames)))

    notes = Asks()
    Capture(Script([0, 1, 2]), notes).run(Channel(100), threading.Event())
    assert notes.states == [(False, 0), (True, 1), (False, 3)]


def test_the_end_of_a_recording_is_told_but_not_that_of_who_was_stopped(caplog):
    over = "camera gate: rtsp://***@cam is over"
    with caplog.at_level(logging.INFO, "streamer"):
        run(Script([]))
        assert caplog.messages == [over]
        caplog.clear()
        out, stop = Channel(100), threading.Event()
        out.close()
        run(Script([0]), out=out)
        stop.set()
        run(Script([0]), stop=stop)
    assert over not in caplog.messages


def test_a_failure_is_waited_out_and_frames_go_on():
    source = Script([0, 1, failure("timeout")], [2, 3, failure("ended")], [4])
    frames, notes, waits = run(source)
    assert frames == [0, 1, 2, 3, 4]
    assert notes.reasons == ["timeout", "ended"]
    assert notes.states == [False, True, False, True, False, True, False]
    assert waits == [1.0, 1.0]
    assert source.opened == source.closed == 3


def test_waits_double_up_to_a_limit_and_begin_anew_after_a_frame():
    down = [failure("refused")]
    source = Script(*[down] * 7, [0, failure("ended")], down, [1])
    _, _, waits = run(source)
    assert waits == [1, 2, 4, 8, 16, 30, 30, 1, 2]


@pytest.mark.parametrize(("dice", "share"), [(0.0, 0.5), (0.5, 0.75), (1.0, 1.0)])
def test_half_of_a_wait_is_random(dice, share):
    assert Backoff().wait_s(3, dice) == 4 * share


def test_waits_stay_finite_after_years():
    assert Backoff().wait_s(10**6, 1.0) == 30.0


def test_a_permanent_error_before_any_frame_is_raised():
    source = Script([failure("refused")], [failure("unauthorized", permanent=True)])
    with pytest.raises(SourceError, match="unauthorized"):
        run(source)
    assert source.opened == source.closed == 2


def test_a_permanent_error_after_frames_is_waited_out():
    gone = failure("unauthorized", permanent=True)
    frames, notes, _ = run(Script([0, failure()], [gone], [gone], [1]))
    assert frames == [0, 1]
    assert notes.reasons == ["ended", "unauthorized", "unauthorized"]


def test_other_errors_are_not_hidden():
    with pytest.raises(ZeroDivisionError):
        run(Script([0, ZeroDivisionError()]))


def test_one_line_per_outage_and_reason(caplog):
    refused = [failure("refused")]
    source = Script(
        [0, failure("timeout")], refused, refused, refused, [1, failure("refused")], [2]
    )
    with caplog.at_level(logging.INFO, "streamer.stages.capture"):
        run(source)
    assert caplog.messages == [
        "camera gate: frames arrive from rtsp://***@cam",
        "camera gate: rtsp://***@cam: timeout; trying again",
        "camera gate: rtsp://***@cam: refused; trying again",
        "camera gate: frames arrive from rtsp://***@cam",
        "camera gate: rtsp://***@cam: refused; trying again",
        "camera gate: frames arrive from rtsp://***@cam",
        "camera gate: rtsp://***@cam is over",
    ]


def test_stop_ends_between_frames_and_closes_the_source():
    stop = threading.Event()

    class Endless(Script):
        def frames(self):
            try:
                for index in range(1000):
                    if index == 5:
                        stop.set()
                    yield frame(index)
            finally:
                self.closed += 1

    source = Endless()
    frames, _, _ = run(source, stop=stop)
    assert frames == [0, 1, 2, 3, 4]
    assert source.closed == 1


def test_a_closed_channel_ends_it():
    out = Channel(100)
    out.close()
    frames, _, _ = run(Script([0, 1, 2]), out=out)
    assert frames == []


def test_stop_cuts_a_wait_short():
    class Dead(Script):
        def frames(self):
            raise failure("refused")
            yield

    stop, ended = threading.Event(), threading.Event()
    capture = Capture(Dead(), Notes(), backoff=Backoff(first_s=60, longest_s=60))

    def work():
        capture.run(Channel(1), stop)
        ended.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert not ended.wait(0.2)
    stop.set()
    assert ended.wait(60)
