"""What is told of a job that ends at the very moment in which somebody asks."""

import threading

import numpy as np
import pytest
from fastapi.testclient import TestClient

from broker import wait_until
from clips import write_clip
from reading_app import API, app_of, reading
from streamer.errors import UserError
from streamer.web.read import PlateEventBody
from streamer.web.read_job import Job

PICTURE = np.full((48, 64, 3), 90, np.uint8)


@pytest.fixture
def begin(tmp_path):
    """`begin(videos)`: a client that has sent a film to be read by `videos`; its job, and where
    that is told of."""
    film = write_clip(tmp_path / "blank.mp4", [PICTURE] * 24).read_bytes()
    begun = []

    def begin(videos):
        one = reading(tmp_path / "reading", videos=videos)
        begun.append(one)
        client, kind = TestClient(app_of(one)), {"content-type": "video/mp4"}
        place = client.post(f"{API}/read", content=film, headers=kind).headers["location"]
        (job,) = one.jobs._jobs.values()
        return client, job, place

    yield begin
    for one in begun:
        one.stop()


def test_a_job_is_done_only_where_its_last_vehicle_is_told_too(begin, make_decided, monkeypatch):
    go_on, told = threading.Event(), PlateEventBody.model_validate

    def videos(path, on_frame):
        yield make_decided()
        assert go_on.wait(60)
        yield make_decided()

    client, job, place = begin(videos)
    wait_until(lambda: job.vehicles)

    def told_while_it_ends(event):
        go_on.set()
        wait_until(lambda: job.state == "done")
        return told(event)

    monkeypatch.setattr(PlateEventBody, "model_validate", told_while_it_ends)
    answers = [client.get(place).json() for _ in range(2)]
    assert [(one["state"], len(one["events"])) for one in answers] == [("running", 1), ("done", 2)]


def test_why_a_job_failed_is_known_as_soon_as_it_has(begin, monkeypatch):
    known, real = [], Job.__setattr__

    def watched(job, name, value):
        if (name, value) == ("state", "failed"):
            known.append(job.error)
        real(job, name, value)

    def videos(path, on_frame):
        raise UserError("it broke")
        yield

    monkeypatch.setattr(Job, "__setattr__", watched)
    client, job, place = begin(videos)
    wait_until(lambda: job.state == "failed")
    assert (client.get(place).json()["error"], known) == ("it broke", ["it broke"])
