"""RTSP against GStreamer's own server on loopback."""

import itertools
import logging
import threading
import time
from types import SimpleNamespace

import av
import pytest

from broker import free_port, wait_until
from cameras import RtspServer, answering
from streamer.channel import Channel
from streamer.errors import SourceError
from streamer.sources import source_for
from streamer.sources.base import SourceOptions
from streamer.sources.decoding import decoded
from streamer.stages.capture import Backoff, Capture


def take(url, count, **options):
    source = source_for("gate", url, SourceOptions(**{"timeout_s": 20.0} | options))
    frames = source.frames()
    try:
        return list(itertools.islice(frames, count))
    finally:
        frames.close()


def failure_of(url, **options):
    with pytest.raises(SourceError) as caught:
        take(url, 1000, **options)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return caught.value


def test_frames_arrive(rtsp_camera, clip):
    frames = take(rtsp_camera.url, 2 * clip.fps)
    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert {frame.size for frame in frames} == {clip.size}
    assert all(b.pts_s > a.pts_s for a, b in itertools.pairwise(frames))
    assert frames[-1].pts_s == pytest.approx(2, abs=1)
    assert frames[0].image.std() > 20


def test_motion_jpeg(rtsp_camera):
    frames = take(rtsp_camera.place("/jpeg"), 3)
    assert {frame.size for frame in frames} == {(320, 240)}


def test_a_second_look_when_the_first_does_not_show_the_size(rtsp_camera, clip, monkeypatch):
    looks = []

    def opened(url, *, options, timeout):
        looks.append("probesize" in options)
        container = open_really(url, options=options, timeout=timeout)
        if len(looks) > 1:
            return container
        blind = SimpleNamespace(codec_context=SimpleNamespace(width=0))
        return SimpleNamespace(streams=SimpleNamespace(video=[blind]), close=container.close)

    open_really = av.open
    monkeypatch.setattr(av, "open", opened)
    frames = take(rtsp_camera.url, 2)
    assert looks == [True, False]
    assert frames[0].size == clip.size


def test_too_many_corrupt_packets_in_a_row_are_a_failure(clip):
    class Spoilt:
        def decode(self):
            raise av.InvalidDataError(1, "spoilt")

    counted = []
    with av.open(str(clip.path)) as container:
        good = next(container.demux(video=0))
        packets = [Spoilt()] * 99 + [good] + [Spoilt()] * 200
        frames = decoded("rtsp://cam", packets, lambda: counted.append(1), 100)
        assert next(frames).width == clip.size[0]
        with pytest.raises(SourceError, match="rtsp://cam: 100 corrupt packets in a row") as caught:
            next(frames)
    assert caught.value.reason == "corrupt"
    assert len(counted) == 199


def test_udp(rtsp_camera, clip):
    frames = take(rtsp_camera.url, 5, transport="udp")
    assert frames[0].size == clip.size


@pytest.mark.parametrize("method", ["basic", "digest"])
def test_a_password_with_signs(clip, method):
    user, password = "ad min", "p@ss/w#d?é"
    with RtspServer(clip.path, (user, password), method) as server:
        assert take(server.url, 2)
        bare = f"rtsp://127.0.0.1:{server.port}/cam"
        assert take(bare, 2, username=user, password=password)
        for url in (bare, server.place("/cam", ("ad min", "secret"))):
            error = failure_of(url)
            assert (error.reason, error.permanent) == ("unauthorized", True)
            assert "user or password refused" in str(error)
            assert "secret" not in str(error)


def test_a_path_the_camera_does_not_have(rtsp_camera):
    error = failure_of(rtsp_camera.place("/nosuch"))
    assert (error.reason, error.permanent) == ("not_found", False)
    assert f"127.0.0.1:{rtsp_camera.port}/nosuch: no such stream" in str(error)


def test_a_stream_without_video(rtsp_camera):
    error = failure_of(rtsp_camera.place("/sound"))
    assert error.reason == "no_video"
    assert "no video in it, only audio" in str(error)


def test_a_closed_port():
    error = failure_of(f"rtsp://admin:secret@127.0.0.1:{free_port()}/cam")
    assert (error.reason, error.permanent) == ("refused", False)
    assert str(error).startswith("rtsp://***@127.0.0.1:")


def test_a_server_that_says_nothing():
    with answering() as port:
        started_s = time.monotonic()
        error = failure_of(f"rtsp://admin:secret@127.0.0.1:{port}/cam", timeout_s=0.5)
    assert error.reason == "timeout"
    assert "secret" not in str(error)
    assert time.monotonic() - started_s < 60


def test_a_server_that_talks_nonsense():
    with answering(b"HTTP/1.0 200 fine\r\n\r\n" + b"\xff" * 2000) as port:
        error = failure_of(f"rtsp://127.0.0.1:{port}/cam", timeout_s=0.5)
    assert error.reason in {"corrupt", "timeout", "ended", "error"}
    assert not error.permanent


def test_a_camera_that_falls_silent(clip):
    with RtspServer(clip.path) as server:
        frames = source_for("gate", server.url, SourceOptions(timeout_s=4.0)).frames()
        next(frames)
        server.freeze()
        started_s = time.monotonic()
        with pytest.raises(SourceError, match="silent for") as caught:
            list(frames)
        assert caught.value.reason == "timeout"
        assert time.monotonic() - started_s < 60
        server.thaw()


class Notes:
    def __init__(self):
        self.frames, self.reasons, self.states = [], [], []

    def captured(self, frame):
        self.frames.append(frame)

    def reconnected(self, reason):
        self.reasons.append(reason)

    def up(self, arriving):
        self.states.append(arriving)


def test_a_killed_camera_comes_back(clip, caplog):
    caplog.set_level(logging.INFO)
    notes, stop = Notes(), threading.Event()
    with RtspServer(clip.path, ("admin", "secret")) as server:
        source = source_for("gate", server.url, SourceOptions(timeout_s=10.0))
        capture = Capture(source, notes, backoff=Backoff(first_s=0.1, longest_s=0.2))
        out = Channel(1, "drop_oldest")
        thread = threading.Thread(target=capture.run, args=(out, stop), daemon=True)
        thread.start()
        wait_until(lambda: len(notes.frames) > 3, what="no frames at all")
        server.kill()
        wait_until(lambda: notes.states[-1] is False, what="the loss is not noticed")
        wait_until(lambda: "refused" in notes.reasons, what=lambda: notes.reasons)
        seen = len(notes.frames)
        server.start()
        wait_until(lambda: len(notes.frames) > seen + 3, what="no frames after the return")
        stop.set()
        thread.join(60)
        assert not thread.is_alive()
    assert notes.states == [False, True, False, True, False]
    assert [frame.index for frame in notes.frames] == list(range(len(notes.frames)))
    assert all(b.pts_s > a.pts_s for a, b in itertools.pairwise(notes.frames))
    assert "secret" not in caplog.text


def test_a_stream_of_damaged_pictures(clip, tmp_path):
    """Every third coded picture is spoilt: those are counted, others arrive."""
    spoilt = tmp_path / "spoilt.mp4"
    with av.open(str(clip.path)) as whole, av.open(str(spoilt), "w") as out:
        stream = out.add_stream_from_template(whole.streams.video[0])
        for index, packet in enumerate(whole.demux(video=0)):
            if packet.size == 0:
                continue
            data = bytearray(bytes(packet))
            if index % 3 == 2 and not packet.is_keyframe:
                data[5:] = bytes(0xFF - byte for byte in data[5:])
            copy = av.Packet(bytes(data))
            copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
            copy.is_keyframe, copy.stream = packet.is_keyframe, stream
            out.mux(copy)
    corrupt = []
    with RtspServer(spoilt) as server:
        frames = take(server.url, 8, on_corrupt=lambda: corrupt.append(1))
    assert len(frames) == 8
    assert corrupt


def test_the_cameras_clock_is_compared_with_ours(rtsp_camera):
    skews = []
    source = source_for("gate", rtsp_camera.url, SourceOptions(on_clock_skew=skews.append))
    frames = source.frames()
    until = time.monotonic() + 120  # the first sender report comes after some seconds
    for _ in frames:
        if len(skews) >= 2 or time.monotonic() > until:
            break
    frames.close()
    assert len(skews) == 2
    # The same box: only what the way takes, which is long where the machine is busy.
    assert all(-20.0 < skew < 0.1 for skew in skews)
