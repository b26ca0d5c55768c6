from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from streamer.errors import UserError
from streamer.parts import load_part
from streamer.redact import redact
from streamer.sources import SOURCES, source_for
from streamer.sources.base import Clocks, SourceOptions, with_login
from streamer.sources.file import FileSource
from streamer.sources.images import ImagesSource
from streamer.sources.rtsp import RtspSource
from streamer.sources.synthetic import SyntheticSource
from streamer.sources.webcam import WebcamSource

IMAGE = np.zeros((4, 6, 3), np.uint8)
START = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("url", "kind", "shown", "live"),
    [
        ("rtsp://10.0.0.1/cam", RtspSource, "rtsp://10.0.0.1/cam", True),
        ("RTSPS://u:p@cam:322/x", RtspSource, "RTSPS://***@cam:322/x", True),
        ("webcam:1", WebcamSource, "/dev/video1", True),
        ("webcam:/dev/video2", WebcamSource, "/dev/video2", True),
        ("/dev/video0", WebcamSource, "/dev/video0", True),
        ("file:///films/a.mp4", FileSource, "/films/a.mp4", False),
        ("file:films/a.mp4", FileSource, "films/a.mp4", False),
        ("films/a.mp4", FileSource, "films/a.mp4", False),
        ("cars/*.jpg", ImagesSource, "cars/*.jpg", False),
        ("car.JPG", ImagesSource, "car.JPG", False),
        ("file:///cars/1.png", ImagesSource, "/cars/1.png", False),
        ("images:cars", ImagesSource, "cars", False),
        ("synthetic:", SyntheticSource, "synthetic:", False),
        ("synthetic:?seed=2&night=1", SyntheticSource, "synthetic:?seed=2&night=1", False),
    ],
)
def test_source_by_url(url, kind, shown, live):
    source = source_for("gate", url)
    assert type(source) is kind
    assert (source.camera, source.url, source.live) == ("gate", shown, live)


def test_a_folder_is_images_and_a_colon_may_be_in_a_name(tmp_path):
    folder = tmp_path / "http:cars"
    folder.mkdir()
    assert isinstance(source_for("gate", str(folder)), ImagesSource)
    assert isinstance(source_for("gate", f"file://{folder}"), ImagesSource)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("rtps://cam/x", "no such source 'rtps'; known: rtsp, rtsps, webcam, .*did you mean 'rtsp"),
        ("http://u:secret@cam/x", r"http://\*\*\*@cam/x: no such source 'http'"),
        ("rtsp://", "no host or no right port"),
        ("rtsp://cam:99999/x", "no host or no right port"),
        ("rtsp://admin:sec/ret@cam/x", r"rtsp://\*\*\*@cam/x: .*percent-encoded"),
        ("webcam:front", "webcam:front: should be a number or a device"),
        ("synthetic:?vehicels=3", "no such setting 'vehicels'.*did you mean 'vehicles'"),
        ("synthetic:?size=big", "size is 'big'; should be a size like 1280x720"),
        ("synthetic:?night=yes", "night is 'yes'; should be 0 or 1"),
        ("synthetic:?fps=0", "fps is '0'; should be frames per second"),
        ("synthetic:?seed=-1", "seed is '-1'; should be a whole number"),
        ("synthetic:?vehicles=many", "vehicles is 'many'; should be a number, or endless"),
    ],
)
def test_wrong_addresses_are_named(url, words):
    with pytest.raises(UserError, match=words) as caught:
        source_for("gate", url)
    assert "\n" not in str(caught.value)
    assert "sec" not in str(caught.value).replace("second", "")


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_of_the_table_loads(name):
    source = load_part("source", SOURCES, name)
    assert callable(source.at)
    assert callable(source.frames)


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("rtsp://cam/x", "rtsp://cam/x"),
        ("rtsp://admin:secret@cam/x", "rtsp://***@cam/x"),
        ("rtsp://admin:se@cret@cam/x", "rtsp://***@cam/x"),
        ("rtsp://admin:s/e?c#ret@cam/x", "rtsp://***@cam/x"),
        ("rtsp://cam/x?user=a&password=secret&n=1", "rtsp://cam/x?user=a&password=***&n=1"),
        ("rtsp://cam/x?PWD=secret#z", "rtsp://cam/x?PWD=***#z"),
        ("/films/a.mp4", "/films/a.mp4"),
    ],
)
def test_redacted(url, safe):
    assert redact(url) == safe


@pytest.mark.parametrize(
    ("url", "login", "full"),
    [
        ("rtsp://cam/x", (None, None), "rtsp://cam/x"),
        ("rtsp://cam:554/x?a=1", ("admin", "s"), "rtsp://admin:s@cam:554/x?a=1"),
        ("rtsp://cam/x", ("ad min", "p@s:s/"), "rtsp://ad%20min:p%40s%3As%2F@cam/x"),
        ("rtsp://old:login@cam/x", ("admin", None), "rtsp://admin@cam/x"),
        ("rtsp://old:login@cam/x", (None, None), "rtsp://old:login@cam/x"),
    ],
)
def test_with_login(url, login, full):
    assert with_login(url, *login) == full


def stamped(steps, *, live):
    """The presentation times of frames given as (clock, raw), None for a reopening."""
    clock = [0.0]
    clocks = Clocks(
        "gate",
        live=live,
        monotonic=lambda: clock[0],
        now=lambda: START + timedelta(seconds=clock[0]),
    )
    frames = []
    for step in steps:
        if step is None:
            clocks.reopened()
            continue
        clock[0], raw = step
        frames.append(clocks.stamp(IMAGE, raw))
    return frames


@pytest.mark.parametrize(
    ("steps", "times"),
    [
        pytest.param([(10, 7.0), (10.1, 7.04), (10.2, 7.08)], [0, 0.04, 0.08], id="as the stream"),
        pytest.param([(10, None), (10.05, 0.1), (10.1, 0.14)], [0, 0.05, 0.09], id="none at first"),
        pytest.param([(0, 5.0), (0.04, 5.04), None, (3, 0.0), (3.04, 0.04)],
                     [0, 0.04, 3.0, 3.04], id="reconnect"),
        pytest.param([(0, 5.0), (0.04, 905.04), (0.08, 905.08)], [0, 0.04, 0.08], id="clock set"),
        pytest.param([(0, 9.0), (0.04, 1.0), (0.08, 1.04)], [0, 0.04, 0.08], id="jumps back"),
        pytest.param([(0, 9.0), (0.04, 9.08), (0.08, 9.04), (0.12, 9.16)],
                     [0, 0.08, 0.081, 0.16], id="out of order"),
        pytest.param([(0, 1.0), (4, 5.0)], [0, 4.0], id="stall"),
    ],
)  # fmt: skip
def test_clocks_of_a_live_source(steps, times):
    frames = stamped(steps, live=True)
    assert [frame.pts_s for frame in frames] == pytest.approx(times)
    assert [frame.index for frame in frames] == list(range(len(frames)))
    arrivals = [step[0] for step in steps if step]
    assert [frame.clock_s for frame in frames] == arrivals
    assert [frame.at for frame in frames] == [START + timedelta(seconds=s) for s in arrivals]


@pytest.mark.parametrize(
    ("steps", "times"),
    [
        pytest.param([(0, 3.0), (9, 3.1), (9, 3.2)], [0, 0.1, 0.2], id="as the file"),
        pytest.param([(0, 0.0), (0, 0.1), None, (0, 0.0), (0, 0.1)], [0, 0.1, 0.2, 0.3], id="loop"),
        pytest.param([(0, None), (0, None), (0, None)], [0, 0.04, 0.08], id="says nothing"),
        pytest.param([(0, 0.0), (0, 30.0)], [0, 30.0], id="recorded gap"),
    ],
)
def test_clocks_of_a_recording(steps, times):
    frames = stamped(steps, live=False)
    assert [frame.pts_s for frame in frames] == pytest.approx(times)
    assert [frame.at for frame in frames] == [START + timedelta(seconds=s) for s in times]


def test_options_are_plain_values():
    assert SourceOptions() == SourceOptions(transport="tcp", timeout_s=5.0, realtime=False)
