"""The daemon on a rendered gate: the speed of a vehicle that is known."""

import json

import numpy as np
import pytest

from models.training.drive import LEFT, RIGHT
from models.training.gate import GateScene
from streamer.app import PARTS, build_daemon
from streamer.config import parse_config
from streamer.sinks.memory import MemorySink

FAR_M, NEAR_M = 20.0, 14.0
"""The lines on the road: before the stop line, so that vehicles brake on them."""


def places(camera, *metres):
    at = camera.project(np.array([(x, 0.0, z) for x, z in metres])) / np.array(camera.size)
    return at.tolist()


def settings(kind, camera):
    ends = [(x, z) for z in (FAR_M, NEAR_M) for x in (LEFT + 0.3, RIGHT - 0.3)]
    at = places(camera, *ends)
    known = {"camera_height_m": camera.height_m}
    if kind == "lines":
        return {"lines": [at[:2], at[2:]], "distance_m": FAR_M - NEAR_M} | known
    return {"points": at, "metres": ends} | known


def truth_kmh(scene):
    """The mean speed while the plate is seen between the lines: it is at its height, not below."""
    visit = scene._visit(0)
    height_m = visit.vehicle.plate_at[1]
    seen = 1 - height_m / scene.camera.height_m
    times = np.arange(visit.start_s, visit.start_s + 6, 0.01)
    away_m = np.array([visit.pose(float(time_s)).z for time_s in times])
    far_s, near_s = (times[np.argmax(away_m <= seen * line)] for line in (FAR_M, NEAR_M))
    return seen * (FAR_M - NEAR_M) / (near_s - far_s) * 3.6


@pytest.mark.parametrize(
    ("kind", "seed"),
    [
        ("lines", 4),
        ("homography", 4),
        # The barrier's arm hides the plate when it has just been read; it comes out as a new track.
        ("lines", 3),
    ],
)
def test_the_event_says_how_fast_it_was(kind, seed, tmp_path):
    scene = GateScene((1280, 720), vehicles=1, seed=seed)
    config = {
        "cameras": [
            {
                "name": "gate",
                "url": f"synthetic:?vehicles=1&seed={seed}&fps=12&size=1280x720",
                "speed": settings(kind, scene.camera),
            }
        ],
        "store": {"folder": str(tmp_path)},
        "metrics": {"enabled": False},
    }
    memory = MemorySink()
    assert build_daemon(parse_config(json.dumps(config), PARTS), [memory]).run() == 0
    (event,) = memory.events
    assert event.plate == scene.passage(0).plate
    assert event.speed.method == kind
    assert event.speed.kmh == pytest.approx(truth_kmh(scene), abs=event.speed.error_kmh)
    assert event.speed.error_kmh < 0.4 * event.speed.kmh
