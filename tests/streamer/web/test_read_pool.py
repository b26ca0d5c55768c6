"""The threads that read pictures: how many, how urgent, when they open and close their models."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient

from models.base import ModelError
from reading_app import API, app_of, reading
from streamer.web.read_limits import MOST_READS
from streamer.web.read_pool import PICTURE_NICE, ReadPool, Stopped

READ = f"{API}/read"
SOON_S = 60.0


class Waits:
    """A reader that finds nothing, and that only when it is let."""

    def __init__(self):
        self.let = threading.Event()
        self.opened = 0
        self.at_once = self.most = 0
        self._lock = threading.Lock()

    def __call__(self):
        self.opened += 1
        return self

    def read(self, picture):
        with self._lock:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        assert self.let.wait(2 * SOON_S)
        with self._lock:
            self.at_once -= 1
        return []


def soon(true, timeout_s=SOON_S):
    end_s = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < end_s
        time.sleep(0.01)


def test_models_are_opened_with_the_first_work_and_one_for_each_worker_that_is_needed():
    waits = Waits()
    pool = ReadPool(waits, 2)
    assert (waits.opened, pool.threads) == (0, 0)
    waits.let.set()
    for _ in range(5):
        pool.submit(lambda reader: reader.read(None)).result(SOON_S)
    assert (waits.opened, pool.threads) == (1, 1)
    waits.let.clear()
    futures = [pool.submit(lambda reader: reader.read(None)) for _ in range(8)]
    soon(lambda: waits.at_once == 2)
    waits.let.set()
    assert [future.result(SOON_S) for future in futures] == [[]] * 8
    assert (waits.opened, pool.threads, waits.most) == (2, 2, 2)
    pool.stop()


def test_who_has_more_work_as_soon_as_some_is_done_needs_no_second_worker():
    waits = Waits()
    pool, more = ReadPool(waits, 2), []
    first = pool.submit(lambda reader: reader.read(None))
    # Called when the first is done, before its worker turns to what is next.
    first.add_done_callback(lambda _: more.append(pool.submit(lambda reader: reader.read(None))))
    waits.let.set()
    soon(lambda: more)
    assert more[0].result(SOON_S) == []
    assert (waits.opened, pool.threads) == (1, 1)
    pool.stop()


def test_a_worker_stands_back_behind_the_cameras():
    pool = ReadPool(Waits(), 1)

    def nice(_):
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    assert pool.submit(nice).result(SOON_S) == PICTURE_NICE
    assert nice(None) < PICTURE_NICE
    pool.stop()


def test_a_worker_without_work_gives_its_models_back_and_comes_again():
    waits = Waits()
    waits.let.set()
    pool = ReadPool(waits, 1, idle_s=0.05)
    for opened in (1, 2):
        pool.submit(lambda reader: reader.read(None)).result(SOON_S)
        assert waits.opened == opened
        soon(lambda: pool.threads == 0)
    pool.stop()


def test_an_error_is_told_to_who_asked_and_the_worker_lives_on():
    pool = ReadPool(Waits(), 1)
    with pytest.raises(ZeroDivisionError):
        pool.submit(lambda reader: 1 / 0).result(SOON_S)
    assert pool.submit(lambda reader: 7).result(SOON_S) == 7
    pool.stop()


def test_what_waits_is_given_up_at_the_end():
    waits = Waits()
    pool = ReadPool(waits, 1)
    running, waiting = (pool.submit(lambda reader: reader.read(None)) for _ in range(2))
    soon(lambda: waits.at_once == 1)
    pool.stop()
    with pytest.raises(Stopped):
        waiting.result(SOON_S)
    with pytest.raises(Stopped):
        pool.submit(lambda reader: None)
    waits.let.set()
    assert running.result(SOON_S) == []
    soon(lambda: pool.threads == 0)


def test_models_have_been_put_away_when_it_has_stopped():
    """Where Python ended meanwhile, those of torch would end the process with SIGABRT."""
    put_away = []

    class Heavy:
        def read(self, picture):
            return []

        def __del__(self):
            time.sleep(0.2)
            put_away.append(True)

    pool = ReadPool(Heavy, 1)
    pool.submit(lambda reader: reader.read(None)).result(SOON_S)
    pool.stop()
    assert put_away == [True]


def test_none_is_refused_below_the_limit_and_one_above_is_asked_to_come_again(tmp_path, gate_jpeg):
    waits = Waits()
    one = reading(tmp_path / "reading", waits)
    client = TestClient(app_of(one))

    def send():
        return client.post(READ, content=gate_jpeg, headers={"content-type": "image/jpeg"})

    with ThreadPoolExecutor(MOST_READS) as senders:
        sent = [senders.submit(send) for _ in range(MOST_READS)]
        soon(lambda: one._admitted == MOST_READS)
        refused = send()
        waits.let.set()
        answers = [future.result(SOON_S) for future in sent]
    assert refused.status_code == 503
    assert refused.json()["detail"].endswith("try again later")
    assert int(refused.headers["retry-after"]) > 0
    assert {answer.status_code for answer in answers} == {200}
    assert send().status_code == 200
    one.stop()
    assert send().status_code == 503


def test_models_that_cannot_be_opened_are_named(tmp_path, gate_jpeg):
    def broken():
        raise ModelError("weights/gone.onnx: no such model file")

    one = reading(tmp_path / "reading", broken)
    client = TestClient(app_of(one), raise_server_exceptions=False)
    answer = client.post(READ, content=gate_jpeg, headers={"content-type": "image/jpeg"})
    assert (answer.status_code, answer.json()["detail"]) == (
        503,
        "weights/gone.onnx: no such model file",
    )
    one.stop()


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path, gate_jpeg):
    (tmp_path / "file").write_text("")
    client = TestClient(app_of(reading(tmp_path / "file" / "reading")))
    answer = client.post(READ, content=gate_jpeg, headers={"content-type": "image/jpeg"})
    assert answer.status_code == 503
    assert "reading cannot be written to: Not a directory" in answer.json()["detail"]
