"""The daemon with a camera where vehicles enter and one where they leave."""

import json
from datetime import timedelta

import jsonschema
import pytest

from broker import Subscriber, wait_until
from models.training.gate import GateScene
from processes import DaemonProcess
from streamer.app import PARTS, build_daemon
from streamer.codec import decode_any, json_schema
from streamer.config import parse_config
from streamer.sinks.memory import MemorySink

pytestmark = pytest.mark.slow
FILM = "synthetic:?vehicles={}&seed=3&fps=8"
NOTHING = FILM.format(0)


def config(entry, exit, **more):
    cameras = [{"name": "gate-in", "url": entry}, {"name": "gate-out", "url": exit}]
    parking = {"entry": ["gate-in"], "exit": ["gate-out"], "capacity": 40}
    return {"cameras": cameras, "parking": parking, "looks": {"eager_looks": 2}, **more}


def run(folder, entry, exit):
    """The parking events of a daemon that runs to the end of its films."""
    sink = MemorySink()
    settings = config(entry, exit, store={"folder": str(folder)}, metrics={"enabled": False})
    assert build_daemon(parse_config(json.dumps(settings), PARTS), [sink]).run() == 0
    return sink


def test_vehicles_enter_and_after_a_restart_of_the_daemon_they_leave(tmp_path):
    truth = [one.plate for one in GateScene(seed=3, vehicles=2).passages()]
    morning = run(tmp_path, FILM.format(2), NOTHING)
    assert [event.plate for event in morning.events] == truth
    came = morning.parking
    assert [(one.state, one.plate, one.occupancy) for one in came] == [
        ("entered", truth[0], 1),
        ("entered", truth[1], 2),
    ]
    evening = run(tmp_path, NOTHING, FILM.format(2))
    went = evening.parking
    assert [(one.state, one.plate, one.occupancy) for one in went] == [
        ("left", truth[0], 1),
        ("left", truth[1], 0),
    ]
    for entry, entered, exit_, left in zip(morning.events, came, evening.events, went, strict=True):
        assert left.session == entered.session
        assert (left.entry_event, left.exit_event) == (entry.id, exit_.id)
        assert left.duration_s == (exit_.read_at - entry.read_at) / timedelta(seconds=1)


def test_over_mqtt(tmp_path, broker):
    sinks = {"mqtt": {"host": broker.host, "port": broker.port}}
    with Subscriber(broker) as seen:
        for films in ((FILM.format(1), NOTHING), (NOTHING, FILM.format(1))):
            with DaemonProcess(tmp_path, config(*films, sinks=sinks)) as daemon:
                assert daemon.wait(400) == 0, daemon.log
        wait_until(lambda: seen.of("plates/gate-out/parking"))
        (entered,) = seen.texts("plates/gate-in/parking")
        (left,) = seen.texts("plates/gate-out/parking")
    for text in (entered, left):
        jsonschema.validate(json.loads(text), json_schema("plate-parking/1"))
    entered, left = decode_any(entered), decode_any(left)
    assert (entered.state, entered.occupancy, entered.capacity) == ("entered", 1, 40)
    assert (left.state, left.occupancy) == ("left", 0)
    assert left.session == entered.session
    assert left.duration_s == (left.left_at - entered.entered_at) / timedelta(seconds=1)
