"""Watching a camera: a real pipeline, a real server."""

import asyncio
import itertools
import threading
import time

import cv2
import numpy as np
import pytest
import requests

from live_gate import Gate, pictures, portal_for, served, until
from streamer.archive.archive import Archive
from streamer.web import films as films_module
from streamer.web.films import Films, Shot, Watcher

FILM = "synthetic:?vehicles=1&seed=7&size=640x360"


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    """A camera that sees the same vehicle over and over, and what serves it."""
    site = portal_for(tmp_path_factory.mktemp("gate"))
    gate = Gate(site.portal, FILM)
    with gate.running():
        until(lambda: gate.view.now().frame)
        gate.site = site
        yield gate


@pytest.fixture
def server(gate):
    films = Films({"in": gate.view}, frames_per_second=20.0, most_watchers=3)
    with served(gate.site, films=films) as server:
        server.film = films.cameras["in"]
        yield server


def decoded(data):
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image


def threads():
    return [one.name for one in threading.enumerate() if one.name.startswith("film")]


def test_pictures_come_while_somebody_watches_and_nothing_is_encoded_while_nobody_does(
    gate, server
):
    until(lambda: not threads())  # of tests before this one
    time.sleep(0.3)
    assert (server.film.encoded, server.film.thread, threads()) == (0, None, [])
    with server.get("/cameras/in/live?width=320", stream=True) as answer:
        assert answer.headers["content-type"] == "multipart/x-mixed-replace; boundary=frame"
        assert answer.headers["cache-control"] == "no-store"
        some = pictures(answer)
        shown = [decoded(next(some)) for _ in range(5)]
        assert {image.shape for image in shown} == {(180, 320, 3)}
        assert any((shown[0] != image).any() for image in shown[1:])
        assert (server.film.watchers, threads()) == (1, ["film in"])
    until(lambda: server.film.watchers == 0)
    until(lambda: not threads())
    encoded = server.film.encoded
    time.sleep(0.3)
    assert (server.film.encoded, server.film.thread) == (encoded, None)


def test_a_box_and_a_plate_are_in_the_stream_where_the_pipeline_found_them(gate, server):
    def decided():
        return [mark for mark in gate.view.now().scene.marks if mark.decided]

    until(decided, 60)
    with server.get("/cameras/in/live?width=640", stream=True) as answer:
        blue = (214, 128, 36)  # no list says anything
        for data in pictures(answer):
            image, marks = decoded(data).astype(int), decided()
            if marks and (np.abs(image - blue).max(2) < 40).sum() > 300:
                break
    rows, columns = np.nonzero(np.abs(image - blue).max(2) < 40)
    x1, y1, x2, _ = marks[0].box
    assert x1 - 40 < np.median(columns) < x2 + 60
    assert y1 - 60 < np.median(rows) < y1 + 60


def test_all_who_watch_at_one_width_share_its_pictures(server):
    with (
        server.get("/cameras/in/live?width=320", stream=True) as one,
        server.get("/cameras/in/live?width=300", stream=True) as two,
        server.get("/cameras/in/live?width=310", stream=True) as three,
    ):
        streams = [pictures(answer) for answer in (one, two, three)]
        for stream in streams:
            next(stream)
        before, began_s = server.film.encoded, time.monotonic()
        got = [[next(stream) for _ in range(8)] for stream in streams]
        took_s = time.monotonic() - began_s
        assert server.film.encoded - before <= took_s * 20 + 2
        assert set(got[0]) & set(got[1]) & set(got[2])


def test_no_more_may_watch_than_said(server):
    answers = [server.get("/cameras/in/live", stream=True) for _ in range(3)]
    until(lambda: server.film.watchers == 3)
    refused = server.get("/cameras/in/live")
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "10"
    assert refused.headers["content-type"] == "application/problem+json"
    assert "3 watch camera in already" in refused.json()["detail"]
    assert server.get("/cameras/in/live.jpg").status_code == 200
    for answer in answers:
        answer.close()
    until(lambda: server.film.watchers == 0)


def test_who_is_slow_misses_pictures(server, monkeypatch):
    """A browser that reads nothing for a while then gets what is new, not what has piled up."""
    size = 400_000  # more of them than any buffer on the way takes
    numbers = itertools.count()
    monkeypatch.setattr(films_module, "_encoded", lambda *_: b"%08d" % next(numbers) + bytes(size))
    with server.get("/cameras/in/live?width=640", stream=True) as slow:
        until(lambda: server.film.encoded > 60, 60)
        stream = pictures(slow)
        got = [int(next(stream)[:8]) for _ in range(40)]
    steps = [after - before for before, after in itertools.pairwise(got)]
    assert max(steps) > 10
    assert min(steps) > 0, "in their order"
    until(lambda: server.film.watchers == 0)


def test_a_watcher_keeps_the_newest_picture_alone():
    async def watching():
        watcher = Watcher(320)
        for number in range(100):
            watcher.offer(Shot((number,), 0.0, b""))
        await asyncio.sleep(0)
        shots = watcher.shots()
        assert (await anext(shots)).key == (99,)
        watcher.offer(None)
        assert [shot async for shot in shots] == []

    asyncio.run(watching())


def test_a_picture_for_polling_is_shared_for_as_long_as_a_frame_lasts(gate):
    film = Films({"in": gate.view}, frames_per_second=1 / 60).cameras["in"]
    polled = [film.picture(320) for _ in range(10)]
    assert film.encoded == 1
    assert len(set(polled)) == 1
    assert film.picture(640) != polled[0]
    film._every_s = 0.5
    until(lambda: film.picture(320) and film.encoded == 3)


def test_a_picture_that_would_be_the_same_is_not_made_again(tmp_path):
    portal = portal_for(tmp_path).portal
    view = Gate(portal, FILM).view  # which is not begun
    film = Films({"in": view}, frames_per_second=50.0).cameras["in"]
    for _ in range(3):
        assert decoded(film.picture(640)).shape == (360, 640, 3)
        time.sleep(0.03)
    assert film.encoded == 1


def test_a_picture_that_stays_the_same_is_sent_again(tmp_path, monkeypatch):
    monkeypatch.setattr(films_module, "REPEAT_S", 0.2)
    site = portal_for(tmp_path)
    films = Films({"in": Gate(site.portal, FILM).view})
    with served(site, films=films) as server:  # noqa: SIM117
        with server.get("/cameras/in/live", stream=True) as answer:
            stream = pictures(answer)
            assert len({next(stream) for _ in range(3)}) == 1
            assert films.cameras["in"].encoded == 1


def test_streams_end_with_the_server(gate):
    films = Films({"in": gate.view})
    with served(gate.site, films=films) as server:
        answer = server.get("/cameras/in/live", stream=True)
        stream = pictures(answer)
        next(stream)
        assert server.stop() < 10
        assert len(list(stream)) < 100
    assert films.cameras["in"].watchers == 0
    until(lambda: not threads())
    with served(gate.site, films=films) as server:
        late = server.get("/cameras/in/live", stream=True)
        assert list(pictures(late)) == []
    until(lambda: not threads())


def test_a_failure_in_drawing_does_not_end_the_stream(server, monkeypatch, caplog):
    real, failed = films_module._encoded, []

    def broken(moment, width):
        if len(failed) < 3:
            failed.append(width)
            raise ValueError("no such picture")
        return real(moment, width)

    monkeypatch.setattr(films_module, "_encoded", broken)
    with server.get("/cameras/in/live", stream=True) as answer:
        assert decoded(next(pictures(answer))).any()
    assert len(failed) == 3
    assert "its live picture" in caplog.text
    until(lambda: not threads())


def test_paused(gate, server, monkeypatch):
    logged = []
    monkeypatch.setattr(Archive, "log", lambda _, *line: logged.append(line))
    paused = {"json": {"paused": True}, "timeout": 5}
    assert requests.put(f"{server.url}/cameras/in/paused", **paused).json()["paused"] is True
    until(lambda: gate.view.now().scene.words == "paused")
    assert decoded(server.get("/cameras/in/live.jpg").content).any()
    requests.put(f"{server.url}/cameras/in/paused", json={"paused": False}, timeout=60)
    assert [line[1:3] for line in logged] == [("camera.pause", "in"), ("camera.resume", "in")]
    until(lambda: gate.view.now().scene.words == "")
