"""Processes that read pictures, and what becomes of the rest when one of them ends."""

import multiprocessing
import os
import signal
import threading
import time

import cv2
import numpy as np
import pytest

from models.base import ModelError
from streamer.app import checked, default_config
from streamer.errors import UserError
from streamer.reading.inputs import Input
from streamer.reading.results import Result
from streamer.reading.tasks import Task
from streamer.reading.workers import PICTURES_EACH, Workers, usual_workers

pytestmark = pytest.mark.slow
DEFAULT = default_config("unused")


def task(path, annotated=None):
    return Task(Input(str(path), str(path), "picture"), annotated)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    image = np.full((90, 160, 3), 90, np.uint8)
    for number in range(8):
        cv2.imwrite(str(folder / f"{number}.jpg"), image)
    return [folder / f"{number}.jpg" for number in range(8)]


def alive(before):
    return [one for one in multiprocessing.active_children() if one not in before]


def test_results_come_in_the_order_of_the_tasks_and_broken_ones_are_told(pictures, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    # The first is by far the slowest.
    cv2.imwrite(str(tmp_path / "large.jpg"), np.full((6000, 8000, 3), 90, np.uint8))
    paths = [tmp_path / "large.jpg", *pictures[:3], broken, *pictures[3:]]
    with Workers(2, DEFAULT) as workers:
        answers = list(workers.read([task(path) for path in paths]))
        again = list(workers.read([task(path) for path in pictures]))
    assert [one.input.place for one, _ in answers] == [str(path) for path in paths]
    assert [type(answer) for _, answer in answers].count(UserError) == 1
    assert "broken.jpg: no picture that can be decoded" in str(answers[4][1])
    assert all(isinstance(answer, Result) for _, answer in again)
    assert all(answer.source == one.input.name for one, answer in again)


def test_a_process_that_dies_takes_one_picture_with_it(pictures, tmp_path):
    stuck = tmp_path / "stuck.jpg"
    os.mkfifo(stuck)  # whoever opens it waits for ever
    before = multiprocessing.active_children()

    def kill():
        while len(alive(before)) < 2:
            time.sleep(0.05)
        time.sleep(1.0)
        os.kill(min(one.pid for one in alive(before)), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    with Workers(2, DEFAULT) as workers:
        killer.start()
        answers = list(workers.read([task(stuck), *map(task, pictures)]))
    killer.join()
    assert "stuck.jpg: its process was ended by SIGKILL (out of memory?)" in str(answers[0][1])
    assert [type(answer) for _, answer in answers[1:]] == [Result] * len(pictures)
    assert alive(before) == []


def test_who_is_interrupted_does_not_wait_for_a_picture(pictures, tmp_path):
    os.mkfifo(tmp_path / "stuck.jpg")
    before = multiprocessing.active_children()

    def interrupted():
        with Workers(2, DEFAULT) as workers:
            for _ in workers.read([task(pictures[0]), task(tmp_path / "stuck.jpg")]):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert alive(before) == []


def test_models_that_cannot_be_used_end_it_all(pictures, tmp_path):
    config = tmp_path / "gate.yaml"
    config.write_text(
        "cameras: [{name: gate, url: 'synthetic:'}]\ndetector: {weights: /no/such.onnx}\n"
    )
    with Workers(2, checked(config)) as workers, pytest.raises(ModelError, match=r"/no/such.onnx"):
        list(workers.read([task(path) for path in pictures]))


@pytest.mark.parametrize(
    ("pictures", "cores", "workers"),
    [
        (0, 4, 1),
        (2 * PICTURES_EACH - 1, 4, 1),
        (2 * PICTURES_EACH, 4, 2),
        (100 * PICTURES_EACH, 4, 4),
        (100 * PICTURES_EACH, 1, 1),
    ],
)
def test_as_many_as_are_worth_it(monkeypatch, pictures, cores, workers):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    assert usual_workers(pictures) == workers
