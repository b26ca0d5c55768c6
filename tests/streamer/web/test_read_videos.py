"""`POST /read` of videos: jobs, their progress, their pictures, and their end."""

import itertools
import threading
import time
from datetime import UTC, datetime

import av
import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient

from clips import gate_film, write_clip
from reading_app import API, app_of, reading
from streamer.data import Frame
from streamer.picture_reader import PlateReader
from streamer.pictures import decoded
from streamer.web.access import User
from streamer.web.read_jobs import KEEP_S, MOST_ENDED
from streamer.web.read_limits import MOST_JOBS_WAITING

READ = f"{API}/read"
ENDED = {"done", "failed", "cancelled"}


def send(client, data, kind="video/mp4"):
    return client.post(READ, content=data, headers={"content-type": kind})


def until(client, place, states=ENDED, timeout_s=120.0):
    """The job, once it is in one of the states; also all that was seen of it before."""
    seen, end_s = [], time.monotonic() + timeout_s
    while True:
        seen.append(client.get(place).json())
        if seen[-1]["state"] in states:
            return seen[-1], seen
        assert time.monotonic() < end_s, seen[-1]
        time.sleep(0.02)


def picture(size=(64, 48), shade=90):
    return np.full((size[1], size[0], 3), shade, np.uint8)


@pytest.fixture(scope="session")
def film(tmp_path_factory):
    """A film of one vehicle, and its content."""
    clip = gate_film(tmp_path_factory.mktemp("films") / "gate.mp4")
    return clip, clip.path.read_bytes()


@pytest.fixture(scope="session")
def blank(tmp_path_factory):
    """Two seconds of nothing, as MP4."""
    path = tmp_path_factory.mktemp("films") / "blank.mp4"
    return write_clip(path, [picture()] * 24).read_bytes()


class Held:
    """Videos that are read as slowly as a test wants: a frame each time it says `go`."""

    def __init__(self):
        self.go = threading.Semaphore(0)
        self.closed = threading.Event()

    def __call__(self, path, on_frame):
        try:
            for number in itertools.count():
                assert self.go.acquire(timeout=120)
                on_frame(frame(number))
                yield from ()
        finally:
            self.closed.set()


def frame(number, size=(64, 48), per_s=10):
    return Frame("camera", number, datetime.now(UTC), 0.0, picture(size), number / per_s)


@pytest.fixture
def held(tmp_path):
    """A reading whose videos are held, its `Held` and a client."""
    videos = Held()
    one = reading(tmp_path / "reading", videos=videos, max_video_s=60)
    yield one, videos, TestClient(app_of(one))
    videos.go.release(1000)
    one.stop()


def test_a_video_becomes_a_job_that_gives_its_vehicles_with_pictures(client, film):
    clip, data = film
    answer = client.post(READ, files={"file": ("gate.mp4", data)})
    assert answer.status_code == 202
    job = answer.json()
    place = answer.headers["location"]
    assert place == f"{READ}/jobs/{job['id']}"
    assert (job["kind"], job["name"]) == ("video", "gate.mp4")
    assert job["state"] in {"waiting", "running"}
    assert job["duration_s"] == pytest.approx(clip.frames / clip.fps, abs=0.1)
    job, seen = until(client, place)
    assert (job["state"], job["progress"], job["error"]) == ("done", 1.0, None)
    assert job["read_s"] == pytest.approx((clip.frames - 1) / clip.fps, abs=0.01)
    steps = [one["progress"] for one in seen]
    assert steps == sorted(steps)
    assert any(0 < step < 1 for step in steps)
    (vehicle,) = job["events"]
    event = vehicle["event"]
    assert (event["schema"], event["plate"]) == ("plate-event/1", clip.plate)
    assert 0 <= vehicle["at_s"] <= job["read_s"]
    snapshot, crop = (client.get(vehicle[kind]) for kind in ("snapshot", "crop"))
    assert {one.headers["content-type"] for one in (snapshot, crop)} == {"image/jpeg"}
    assert decoded(snapshot.content).shape == (360, 640, 3)
    assert [one.plate for one in PlateReader().read(decoded(snapshot.content))] == [clip.plate]
    assert decoded(crop.content).shape[1] >= event["box"][2] - event["box"][0]
    assert client.delete(place).status_code == 204
    for gone in (place, vehicle["crop"]):
        assert client.get(gone).status_code == 404


@pytest.mark.parametrize("kind", ["image/jpeg", "video/x-anything"])
def test_a_video_is_known_by_what_is_in_it(client, blank, kind):
    answer = send(client, blank, kind)
    assert answer.status_code == 202
    job, _ = until(client, answer.headers["location"])
    assert (job["state"], job["events"]) == ("done", [])


def test_what_a_job_does_not_have_is_not_found(client, blank):
    place = send(client, blank).headers["location"]
    for path in (f"{READ}/jobs/none", f"{place}/events/none/crop"):
        answer = client.get(path)
        assert (answer.status_code, len(answer.json()["errors"])) == (404, 1)
    assert client.get(f"{place}/events/none/other").status_code == 422
    assert client.delete(f"{READ}/jobs/none").status_code == 404


@pytest.mark.parametrize(
    "data",
    [
        b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///{path}\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile {path}\n",
    ],
)
def test_a_list_of_other_files_is_no_video(client, film, data):
    path = str(film[0].path).encode()
    answer = send(client, data.replace(b"{path}", path))
    assert answer.status_code == 415
    assert "no video that can be read" in answer.json()["detail"]


def test_sound_alone_is_no_video(client, tmp_path):
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        sound = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
        sound.sample_rate = 44100
        container.mux([*stream.encode(sound), *stream.encode()])
    answer = send(client, path.read_bytes())
    assert answer.status_code == 415
    assert "no video in it, only audio" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"max_video_s": 1.5}, "a video of 2 s; at most 1.5 s are read"),
        ({"max_megapixels": 0.003}, "64 x 48 are 0.0 megapixels; at most 0.003 are read"),
    ],
)
def test_a_video_that_says_it_is_too_much_is_refused(tmp_path, blank, limits, words):
    one = reading(tmp_path / "reading", **limits)
    answer = send(TestClient(app_of(one)), blank)
    assert (answer.status_code, answer.json()["detail"]) == (413, words)
    assert list(one.folder.iterdir()) == []


def test_a_video_that_does_not_say_how_long_it_is_is_counted(tmp_path):
    raw = write_clip(tmp_path / "raw.h264", [picture()] * 60).read_bytes()
    one = reading(tmp_path / "reading", max_video_s=1.0)
    client = TestClient(app_of(one))
    answer = send(client, raw)
    assert (answer.status_code, answer.json()["duration_s"]) == (202, None)
    job, seen = until(client, answer.headers["location"])
    assert (job["state"], job["error"]) == ("failed", "longer than 1 s, the most that is read")
    assert {one["progress"] for one in seen} == {None}
    one.stop()


def test_frames_that_grow_too_large_and_too_many_frames_end_a_job(tmp_path):
    def grows(path, on_frame):
        on_frame(frame(0))
        on_frame(frame(1, (2000, 1000)))
        yield from ()

    def swarms(path, on_frame):
        on_frame(frame(0))
        on_frame(frame(60 * 120 + 1, per_s=1000))
        yield from ()

    for videos, words in ((grows, "2000 x 1000 are 2.0"), (swarms, "more than 7201 frames")):
        one = reading(tmp_path / "reading", videos=videos, max_video_s=60, max_megapixels=1)
        client = TestClient(app_of(one))
        path = write_clip(tmp_path / "clip.mp4", [picture()] * 24)
        job, _ = until(client, send(client, path.read_bytes()).headers["location"])
        assert job["state"] == "failed"
        assert words in job["error"]
        one.stop()


def test_a_video_that_breaks_is_read_as_far_as_it_goes_or_fails_with_words(client, film):
    data = film[1]
    cut = send(client, data[: len(data) // 3])
    assert cut.status_code == 415  # its index stands at the end
    scrambled = bytearray(data)
    scrambled[2000 : len(data) // 2] = bytes(len(data) // 2 - 2000)
    job, _ = until(client, send(client, bytes(scrambled)).headers["location"])
    assert job["state"] in {"done", "failed"}
    assert "/proc" not in (job["error"] or "")


def test_a_job_is_cancelled_while_it_is_read(held, blank):
    _, videos, client = held
    place = send(client, blank).headers["location"]
    videos.go.release(5)
    _ = until(client, place, {"running"})
    assert client.delete(place).status_code == 204
    assert client.get(place).status_code == 404
    videos.go.release()
    assert videos.closed.wait(60)
    second = send(client, blank).headers["location"]  # the thread lives on
    until(client, second, {"running"})


def test_one_is_read_at_a_time_and_only_so_many_wait(held, blank):
    _, videos, client = held
    first = send(client, blank).headers["location"]
    until(client, first, {"running"})
    waiting = [send(client, blank) for _ in range(MOST_JOBS_WAITING)]
    assert {one.status_code for one in waiting} == {202}
    assert {one.json()["state"] for one in waiting} == {"waiting"}
    refused = send(client, blank)
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) > 0
    assert client.delete(waiting[0].headers["location"]).status_code == 204
    assert send(client, blank).status_code == 202
    videos.go.release(1000)
    job, _ = until(client, first)
    assert "longer than 60 s" in job["error"]
    until(client, waiting[1].headers["location"], {"running", "failed"})


def test_stopping_does_not_wait_for_a_video(held, blank):
    one, videos, client = held
    send(client, blank)
    place = send(client, blank).headers["location"]
    videos.go.release(3)
    began_s = time.monotonic()
    threading.Timer(0.1, videos.go.release).start()
    one.stop()
    assert time.monotonic() - began_s < 10  # a frame of this one is waited for longer
    assert client.get(place).status_code == 404
    assert send(client, blank).status_code == 503


def test_a_real_video_is_given_up_quickly(tmp_path, film):
    one = reading(tmp_path / "reading")
    client = TestClient(app_of(one))
    images = [cv2.resize(picture(), (1280, 720))] * 600
    place = send(client, write_clip(tmp_path / "long.mp4", images).read_bytes()).headers["location"]
    job, _ = until(client, place, {"running", "done"})
    assert job["state"] == "running"
    began_s = time.monotonic()
    one.stop()
    assert time.monotonic() - began_s < 10
    one.jobs._thread.join(60)
    assert not one.jobs._thread.is_alive()


def test_no_file_is_ever_left_in_the_folder(held, blank):
    one, _, client = held
    for _ in range(3):
        send(client, blank)
    # They have no names, not even while they are read: they go with the process.
    assert list(one.folder.iterdir()) == []


def test_what_has_ended_is_forgotten_after_a_while_or_when_there_is_more(tmp_path, blank):
    now = [0.0]
    one = reading(tmp_path / "reading", videos=lambda path, on_frame: ())
    one.jobs._clock = lambda: now[0]
    client = TestClient(app_of(one))
    places = []
    for _ in range(MOST_ENDED + 1):
        places.append(send(client, blank).headers["location"])
        until(client, places[-1])
        now[0] += 1
    assert [client.get(place).status_code for place in places[:2]] == [404, 200]
    now[0] = KEEP_S + 1.5  # the second one ended at 1, the third at 2
    assert [client.get(place).status_code for place in places[1:4]] == [404, 200, 200]
    one.stop()


def test_a_viewer_may_end_only_what_is_his(held, blank):
    one, _, operator = held
    anna, bert = (TestClient(app_of(one, User(name, "viewer"))) for name in ("anna", "bert"))
    place = send(anna, blank).headers["location"]
    assert bert.delete(place).status_code == 403
    assert anna.delete(place).status_code == 204
    place = send(anna, blank).headers["location"]
    assert operator.delete(place).status_code == 204
