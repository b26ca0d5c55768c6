"""Files and pictures as sources."""

import itertools
import logging
import time

import cv2
import numpy as np
import pytest

from clips import write_clip
from streamer.errors import SourceError
from streamer.sources import source_for
from streamer.sources.base import SourceOptions
from streamer.sources.file import Pace


def pictures_of(count, size=(64, 48)):
    """Plain pictures, each of another brightness."""
    return [
        np.full((size[1], size[0], 3), 20 + 9 * index % 220, np.uint8) for index in range(count)
    ]


def counting():
    count = []
    return count, SourceOptions(on_corrupt=lambda: count.append(1))


def test_file_gives_every_frame_with_its_time(clip):
    frames = list(source_for("gate", str(clip.path)).frames())
    assert len(frames) == clip.frames
    assert [frame.index for frame in frames] == list(range(clip.frames))
    assert [frame.pts_s for frame in frames] == pytest.approx(
        [index / clip.fps for index in range(clip.frames)], abs=1e-4
    )
    assert all(frame.size == clip.size and frame.image.dtype == np.uint8 for frame in frames)
    past = (frames[-1].at - frames[0].at).total_seconds()
    assert past == pytest.approx(frames[-1].pts_s, abs=1e-4)


def test_looping_file_goes_on_in_time(tmp_path):
    path = write_clip(tmp_path / "a.mp4", pictures_of(5))
    frames = source_for("gate", str(path), SourceOptions(loop=True)).frames()
    taken = [next(frames) for _ in range(12)]
    assert [frame.index for frame in taken] == list(range(12))
    assert [frame.pts_s for frame in taken] == pytest.approx([i / 12 for i in range(12)], abs=1e-3)
    assert taken[6].image.mean() == pytest.approx(taken[1].image.mean(), abs=1)


def test_a_second_reading_goes_on_in_time(tmp_path):
    source = source_for("gate", str(write_clip(tmp_path / "a.mp4", pictures_of(3))))
    frames = [*source.frames(), *source.frames()]
    assert [frame.index for frame in frames] == list(range(6))
    assert all(b.pts_s > a.pts_s for a, b in itertools.pairwise(frames))


def test_realtime_takes_its_time(tmp_path):
    path = write_clip(tmp_path / "a.mp4", pictures_of(6))
    started = time.monotonic()
    frames = list(source_for("gate", str(path), SourceOptions(realtime=True)).frames())
    assert frames[-1].clock_s - frames[0].clock_s == pytest.approx(0, abs=5)
    assert time.monotonic() - started >= frames[-1].pts_s


def test_pace_waits_for_what_is_due_and_does_not_hurry_after_a_delay():
    clock, slept = [100.0], []

    def sleep(seconds):
        slept.append(seconds)
        clock[0] += seconds

    pace = Pace(lambda: clock[0], sleep)
    pace.wait_for(5.0)
    pace.wait_for(5.5)
    assert slept == pytest.approx([0.5])
    clock[0] += 3
    pace.wait_for(6.0)
    pace.wait_for(6.5)
    assert slept == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize(("turned", "bright"), [(90, "left"), (-90, "right"), (180, "bottom")])
def test_file_is_turned_as_it_asks(tmp_path, turned, bright):
    image = np.zeros((48, 96, 3), np.uint8)
    image[:16] = 230  # a bright band along the top
    path = write_clip(tmp_path / "a.mp4", [image] * 3, turned=turned)
    (first, *_) = source_for("gate", str(path)).frames()
    assert first.size == ((96, 48) if turned == 180 else (48, 96))
    shown = first.image
    bands = {"left": shown[:, :12], "right": shown[:, -12:], "bottom": shown[-12:]}
    assert {name: band.mean() > 150 for name, band in bands.items()}[bright]
    assert bands[bright].mean() - shown.mean() > 80


def test_damage_in_the_middle_is_skipped_and_counted(clip, tmp_path):
    data = bytearray(clip.path.read_bytes())
    third = len(data) // 3
    data[third : third + 4000] = b"\xff" * 4000
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(data)
    count, options = counting()
    frames = list(source_for("gate", str(broken), options).frames())
    assert len(count) > 0
    assert clip.frames / 2 < len(frames) < clip.frames
    assert frames[-1].pts_s == pytest.approx((clip.frames - 1) / clip.fps, abs=0.2)


def test_a_truncated_file_gives_what_it_has(tmp_path):
    path = write_clip(tmp_path / "whole.mkv", pictures_of(30, (320, 240)))
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    frames = list(source_for("gate", str(cut)).frames())
    assert 0 < len(frames) < 30


def failure_of(url):
    with pytest.raises(SourceError) as caught:
        list(source_for("gate", str(url)).frames())
    assert caught.value.permanent
    assert "\n" not in str(caught.value)
    return caught.value


def test_missing_file(tmp_path):
    error = failure_of(tmp_path / "none.mp4")
    assert (error.reason, str(error)) == ("not_found", f"{tmp_path}/none.mp4: no such file")


@pytest.mark.parametrize("data", [b"", b"this is no film\n" * 500, b"\x00" * 5000])
def test_a_file_that_is_no_video(tmp_path, data):
    path = tmp_path / "text.mp4"
    path.write_bytes(data)
    error = failure_of(path)
    assert error.reason == "corrupt"
    assert str(path) in str(error)


def test_a_file_without_video(tmp_path):
    import wave

    path = tmp_path / "sound.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(b"\x00\x01" * 8000)
    error = failure_of(path)
    assert (error.reason, str(error)) == ("no_video", f"{path}: no video in it, only audio")


def write_pictures(folder, names):
    for index, name in enumerate(names):
        cv2.imwrite(str(folder / name), np.full((20, 30, 3), 10 * index, np.uint8))


def test_images_come_in_natural_order_far_apart(tmp_path):
    write_pictures(tmp_path, ["car2.png", "car10.png", "car1.png"])
    (tmp_path / "notes.txt").write_text("no picture")
    frames = list(source_for("gate", str(tmp_path)).frames())
    assert [round(float(frame.image.mean())) for frame in frames] == [20, 0, 10]
    assert [frame.index for frame in frames] == [0, 1, 2]
    steps = np.diff([frame.pts_s for frame in frames])
    assert steps.min() >= 3600


def test_images_by_pattern_and_alone(tmp_path):
    (tmp_path / "deep").mkdir()
    write_pictures(tmp_path, ["a.png", "deep/b.png", "c.jpg"])
    by_pattern = source_for("gate", f"{tmp_path}/**/*.png")
    assert [path.name for path in by_pattern.paths()] == ["a.png", "b.png"]
    assert len(list(source_for("gate", f"{tmp_path}/c.jpg").frames())) == 1


def test_unreadable_pictures_are_counted_and_left_out(tmp_path, caplog):
    write_pictures(tmp_path, ["a.png", "c.png"])
    (tmp_path / "b.png").write_bytes(b"no picture")
    (tmp_path / "d.png").write_bytes(b"")
    count, options = counting()
    with caplog.at_level(logging.WARNING):
        frames = list(source_for("gate", str(tmp_path), options).frames())
    assert (len(frames), len(count)) == (2, 2)
    assert f"{tmp_path}/b.png: no picture that can be decoded; left out" in caplog.messages


def test_images_are_turned_by_exif(tmp_path):
    from PIL import Image

    image = Image.new("RGB", (40, 20))
    exif = image.getexif()
    exif[0x0112] = 6  # the camera was held on its side
    image.save(tmp_path / "a.jpg", exif=exif)
    (frame,) = source_for("gate", str(tmp_path / "a.jpg")).frames()
    assert frame.size == (20, 40)


def test_looping_images(tmp_path):
    write_pictures(tmp_path, ["a.png", "b.png"])
    frames = source_for("gate", str(tmp_path), SourceOptions(loop=True)).frames()
    taken = [next(frames) for _ in range(5)]
    assert [frame.index for frame in taken] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("name", ["*.jpg", "a.png", ""])
def test_no_pictures_found(tmp_path, name):
    error = failure_of(f"images:{tmp_path}/{name}")
    assert error.reason == "not_found"
    assert f"{tmp_path}/{name}: no picture found" in str(error)


def test_only_broken_pictures(tmp_path):
    (tmp_path / "b.png").write_bytes(b"no picture")
    assert "none of its pictures can be decoded" in str(failure_of(tmp_path))
