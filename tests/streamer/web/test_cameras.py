"""Cameras over REST."""

import time
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest

from streamer.data import Frame


def frame(clock_s=None):
    image = np.full((48, 64, 3), 90, np.uint8)
    return Frame("in", 0, datetime.now(UTC), clock_s or time.monotonic(), image)


def test_cameras_are_told_in_the_order_of_the_configuration(site):
    cameras = site.get("/cameras")["cameras"]
    assert [one["name"] for one in cameras] == ["in", "out"]
    assert cameras[0] == {
        "name": "in",
        "up": False,
        "paused": False,
        "last_frame_age_s": None,
        "frames_per_second": None,
        "snapshot": "/api/v1/cameras/in/snapshot",
        "live": "/api/v1/cameras/in/live",
    }
    assert site.get("/cameras/in") == cameras[0]


def test_a_camera_whose_frames_arrive(site):
    controls = site.portal.controls
    now_s = time.monotonic()
    controls.arriving("in", True)
    for number in range(31):
        controls.cameras["in"].lets_pass(frame(now_s - 3 + number / 10))
    camera = site.get("/cameras/in")
    assert camera["up"] is True
    assert camera["last_frame_age_s"] == pytest.approx(0, abs=1)
    assert camera["frames_per_second"] == pytest.approx(10, rel=0.2)


def test_a_pause_is_kept_and_logged(site):
    path = "/cameras/in/paused"
    assert site.send("PUT", path, json={"paused": True})["paused"] is True
    assert site.portal.controls.cameras["in"].paused
    assert site.send("PUT", path, json={"paused": False})["paused"] is False
    assert [one[:3] for one in site.changes()] == [
        ("ann", "camera.pause", "in"),
        ("ann", "camera.resume", "in"),
    ]


@pytest.mark.parametrize(
    "body", [{}, {"paused": "yes"}, {"paused": 1}, {"paused": None}, {"paused": True, "for": 5}]
)
def test_a_pause_that_is_none_is_refused(site, body):
    fault = site.send("PUT", "/cameras/in/paused", 422, json=body)
    assert fault["errors"][0]["field"].startswith("body.")
    assert not site.portal.controls.cameras["in"].paused


def test_viewers_may_look_and_not_pause(site):
    site.be("viewer")
    assert len(site.get("/cameras")["cameras"]) == 2
    site.send("PUT", "/cameras/in/paused", 403, json={"paused": True})
    assert not site.portal.controls.cameras["in"].paused


@pytest.mark.parametrize("path", ["", "/snapshot", "/live", "/live.jpg"])
def test_strangers_and_cameras_that_are_none(site, path):
    fault = site.get(f"/cameras/garage{path}", 404)
    assert "no camera 'garage'; there are: in, out" in fault["detail"]
    site.be(None)
    site.get(f"/cameras/in{path}", 401)


@pytest.mark.parametrize("width", ["0", "15", "9000", "wide", "-1"])
@pytest.mark.parametrize("path", ["live", "live.jpg"])
def test_a_width_that_is_none_is_refused(site, path, width):
    fault = site.get(f"/cameras/in/{path}", 422, width=width)
    assert fault["errors"][0]["field"] == "query.width"


def test_a_snapshot_is_the_newest_frame(site):
    fault = site.get("/cameras/in/snapshot", 503)
    assert "no frame has come yet" in fault["detail"]
    site.portal.controls.cameras["in"].lets_pass(frame())
    answer = site.client.get("/api/v1/cameras/in/snapshot")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "no-store"
    image = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (48, 64, 3)
    assert image.mean() == pytest.approx(90, abs=2)
