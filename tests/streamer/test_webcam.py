import cv2
import numpy as np
import pytest

from streamer.errors import SourceError
from streamer.sources import source_for
from streamer.sources.base import SourceOptions
from streamer.sources.webcam import WebcamSource

IMAGE = np.zeros((48, 64, 3), np.uint8)


class Device:
    """OpenCV's capture at the edge: gives these pictures, then no more."""

    def __init__(self, opened=True, pictures=3, before_read=lambda: None):
        self.opened, self.left, self.released = opened, pictures, False
        self.before_read = before_read
        self.time_ms = 1_000_000.0

    def isOpened(self):  # noqa: N802  (OpenCV's name)
        return self.opened

    def read(self):
        self.before_read()
        self.left -= 1
        self.time_ms += 40
        return (True, IMAGE) if self.left >= 0 else (False, None)

    def get(self, what):
        assert what == cv2.CAP_PROP_POS_MSEC
        return self.time_ms

    def release(self):
        self.released = True


def webcam(device, **options):
    asked = []
    source = WebcamSource(
        "gate", "/dev/video7", SourceOptions(**options), lambda path: asked.append(path) or device
    )
    return source, asked


def test_frames_until_it_is_unplugged():
    device = Device(pictures=3)
    source, asked = webcam(device)
    frames = source.frames()
    assert [next(frames).size for _ in range(3)] == [(64, 48)] * 3
    with pytest.raises(SourceError, match="/dev/video7: gives no more frames; unplugged") as caught:
        next(frames)
    assert (caught.value.reason, caught.value.permanent) == ("ended", False)
    assert asked == ["/dev/video7"]
    assert device.released


def test_frames_carry_the_driver_s_time():
    source, _ = webcam(Device(pictures=3))
    frames = source.frames()
    taken = [next(frames) for _ in range(3)]
    assert [frame.pts_s for frame in taken] == pytest.approx([0, 0.04, 0.08])
    assert [frame.index for frame in taken] == [0, 1, 2]
    assert source.live


def test_leaving_releases_the_device():
    device = Device()
    source, _ = webcam(device)
    frames = source.frames()
    next(frames)
    frames.close()
    assert device.released


def test_a_device_that_does_not_open():
    device = Device(opened=False)
    source, _ = webcam(device)
    with pytest.raises(SourceError, match="/dev/video7: gives no video") as caught:
        next(source.frames())
    assert not caught.value.permanent
    assert device.released


def test_a_silent_device_is_a_timeout(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])

    def wait():
        now[0] += 2.0

    source, _ = webcam(Device(pictures=0, before_read=wait), timeout_s=2.0)
    with pytest.raises(SourceError, match="/dev/video7: silent for 2.0 s") as caught:
        next(source.frames())
    assert caught.value.reason == "timeout"


def test_a_device_that_is_not_there():
    with pytest.raises(SourceError, match="/dev/video99: no such device; cameras here: ") as caught:
        next(iter(source_for("gate", "webcam:99").frames()))
    assert (caught.value.reason, caught.value.permanent) == ("not_found", False)


def test_opencv_itself_refuses_what_is_no_camera(tmp_path):
    nothing = tmp_path / "video0"
    nothing.touch()
    source = WebcamSource("gate", str(nothing), SourceOptions())
    with pytest.raises(SourceError, match="gives no video") as caught:
        next(iter(source.frames()))
    assert caught.value.reason == "error"
