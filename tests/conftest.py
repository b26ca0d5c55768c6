"""Fixtures that many tests share."""

import logging
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec

import numpy as np
import pytest

from broker import Mosquitto
from models.base import Reading
from streamer.data import (
    Candidate,
    Character,
    Decided,
    Frame,
    Look,
    ParkingEvent,
    PlateEvent,
    new_event_id,
)
from tools import REQUIRED

if find_spec("hypothesis"):  # not where PaddleOCR is
    from hypothesis import HealthCheck, settings

    # A busy machine may stop at any example for longer than any deadline. On the build's machine
    # the examples are the same each time: what fails there fails for whoever looks after it.
    settings.register_profile(
        "ours",
        deadline=None,
        derandomize=REQUIRED,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("ours")

START = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)


def pytest_collection_modifyitems(items):
    """Files with slow tests first: shared out among processes, the last to run is a short one."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])


def _event(plate="AB123CD", camera="gate", after_s=0.0, **fields):
    read_at = START + timedelta(seconds=after_s)
    values = {
        "id": new_event_id(),
        "camera": camera,
        "plate": plate,
        "confidence": 0.98,
        "characters": tuple(Character(char, 0.99) for char in plate),
        "candidates": (Candidate("AB123CO", 0.01),),
        "looks": 7,
        "agreement": 0.86,
        "track_id": 42,
        "first_seen": read_at - timedelta(seconds=2),
        "last_seen": read_at,
        "read_at": read_at,
        "direction": "approaching",
        "box": (612, 402, 790, 446),
        "frame_size": (1920, 1080),
    }
    return PlateEvent(**(values | fields))


@pytest.fixture(autouse=True)
def logs_as_they_were():
    """A command that a test runs in this process sets up its logs; the next test begins anew."""
    loggers = [logging.getLogger(name) for name in (None, "streamer", "models", "trackers")]
    before = [(one, one.level, list(one.handlers)) for one in loggers]
    yield
    for one, level, handlers in before:
        one.setLevel(level)
        one.handlers[:] = handlers


@pytest.fixture
def make_event():
    """`make_event(plate, camera, after_s, **fields)`: a whole event, a new id each."""
    return _event


@pytest.fixture
def make_parking():
    """`make_parking(plate, **fields)`: a vehicle that came to park, a new id each."""

    def make(plate="AB123CD", **fields):
        known = {
            "id": new_event_id(),
            "camera": "gate-in",
            "state": "entered",
            "session": new_event_id(),
            "plate": plate,
            "at": START,
            "entered_at": START,
            "left_at": None,
            "duration_s": None,
            "entry_event": new_event_id(),
            "exit_event": None,
            "occupancy": 1,
        }
        return ParkingEvent(**known | fields)

    return make


@pytest.fixture
def make_decided():
    """`make_decided(**fields of the event)`: a decision upon a frame of 64 x 48 pixels."""

    def make(age_s=0.0, crop=None, **fields):
        event = _event(**fields)
        image = np.full((48, 64, 3), 90, np.uint8)
        frame = Frame(event.camera, 0, event.read_at, time.monotonic() - age_s, image)
        reading = Reading(event.plate, (0.99,) * len(event.plate))
        crop = np.full((10, 40, 3), 200, np.uint8) if crop is None else crop
        return Decided(event, Look(event.track_id, frame, (1, 2, 41, 12), crop, 0.9, reading))

    return make


@pytest.fixture(scope="session")
def shared_broker():
    """A plain broker without passwords, for the whole run: use topics of your own."""
    with Mosquitto() as broker:
        yield broker


@pytest.fixture
def broker():
    """A plain broker of one test's own, to stop and to freeze."""
    with Mosquitto() as broker:
        yield broker
