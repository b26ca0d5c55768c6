"""kill -9 while a plate event becomes a session: nothing is lost, nothing is told twice."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from car_park import CarPark, seen
from streamer.data import SCHEMA

pytestmark = pytest.mark.slow
TRAFFIC = [
    ("AB123CD", "in", 0),
    ("KL555MN", "in", 100),
    ("AB12BCD", "in", 200),
    ("AB123CD", "in", 300),
    ("KL55SMN", "out", 400),
    ("AB123CD", "out", 500),
    ("ZZ999ZZ", "out", 600),
]

DAEMON = """
import os, signal, sys
from car_park import CarPark
from streamer.sinks.courier import Courier
from streamer.sinks.within import Within

path, kill_at, when = sys.argv[1], int(sys.argv[2]), sys.argv[3]
park = CarPark(path)
outbox, taken = park.outbox, []
outbox.add("parking", park.parking.kinds)

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def accept_within(db, event, captured_at, accept=outbox.accept_within):
    new = accept(db, event, captured_at)
    if len(taken) == kill_at and when == "before the commit":
        die()
    return new

def take(event):
    park.parking.take(event)
    if len(taken) == kill_at and when == "after the commit":
        die()
    taken.append(event)

outbox.accept_within = accept_within
courier = Courier(Within("parking", park.parking.kinds, take), outbox)
courier.start()
courier.drain()
assert courier.join(60)
"""


def run(path, kill_at, when=""):
    words = [sys.executable, "-c", DAEMON, str(path), str(kill_at), when]
    # Not in the folder of the tests: what it calls `streamer` is not what is meant.
    tests = Path(__file__).parents[1]
    environment = os.environ | {"PYTHONPATH": f"{tests.parent}{os.pathsep}{tests}"}
    done = subprocess.run(words, check=False, cwd=path.parent, env=environment, timeout=400)
    return done.returncode


def accepted(path):
    """A store with the plate events in it, and none of them delivered."""
    park = CarPark(path)
    park.outbox.add("parking", {SCHEMA})
    for plate, camera, after_s in TRAFFIC:
        event = seen(plate, camera, after_s)
        park.outbox.accept(event, event.at.timestamp())
    park.close()


def told(path):
    park = CarPark(path)
    found = [(one.state, one.plate, one.duration_s, one.occupancy) for one in park.told]
    park.close()
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    path = tmp_path_factory.mktemp("undisturbed") / "events.sqlite3"
    accepted(path)
    assert run(path, -1) == 0
    return told(path)


def test_undisturbed_it_is_told_like_this(undisturbed):
    assert undisturbed == [
        ("entered", "AB123CD", None, 1),
        ("entered", "KL555MN", None, 2),
        ("entered", "AB12BCD", None, 3),
        ("left", "AB123CD", None, 2),
        ("entered", "AB123CD", None, 3),
        ("left", "KL555MN", 300.0, 2),
        ("left", "AB123CD", 200.0, 1),
        ("left", "ZZ999ZZ", None, 1),
    ]


@pytest.mark.parametrize(
    ("kill_at", "when"),
    [(3, "before the commit"), (3, "after the commit"), (5, "before the commit")],
)
def test_killed_at_any_event_it_is_told_the_same(tmp_path, undisturbed, when, kill_at):
    path = tmp_path / "events.sqlite3"
    accepted(path)
    assert run(path, kill_at, when) == -signal.SIGKILL
    with sqlite3.connect(path) as db:
        reads = db.execute("SELECT COUNT(*) FROM parking_reads").fetchone()[0]
    db.close()
    assert reads == kill_at + (when == "after the commit")
    assert run(path, -1) == 0
    assert told(path) == undisturbed
