"""The examples of stolen vehicles and of parking times, fed by daemons on rendered gates."""

import csv
import json
import subprocess
import sys

import pytest
import requests

from broker import wait_until
from examples_of_docs import EXAMPLES
from flask_served import flask_served
from models.training.gate import GateScene
from processes import DaemonProcess
from streamer.app import PARTS, build_daemon
from streamer.codec import encode
from streamer.config import parse_config
from streamer.rows import COLUMNS, csv_lines, row_of

pytest.importorskip("flask", reason="comes with moto[server]")
GATES = ("--entry", "gate-in", "--exit", "gate-out")
GATE = "synthetic:?vehicles=2&seed=3&fps=8"


@pytest.mark.slow
def test_a_stolen_vehicle_is_told_of(example, tmp_path, monkeypatch, capsys):
    plates = [one.plate for one in GateScene(seed=3, vehicles=2).passages()]
    listed = tmp_path / "stolen.csv"
    listed.write_text(f"plate,since\n{plates[1].lower()[:2]} {plates[1][2:]},2026-01-02\n")
    monkeypatch.setenv("STOLEN", str(listed))
    with flask_served(example("stolen_vehicles").app) as url:
        config = {
            "cameras": [{"name": "gate", "url": GATE}],
            "sinks": {"webhook": {"url": f"{url}/events"}},
        }
        with DaemonProcess(tmp_path, config) as daemon:
            assert daemon.wait(400) == 0, daemon.log
        (alarm,) = requests.get(f"{url}/alarms", timeout=60).json()
    assert (alarm["listed"], alarm["sure"]) == ([plates[1]], True)
    assert alarm["event"]["plate"] == plates[1]
    assert capsys.readouterr().out == f"STOLEN: {plates[1]} at gate\n"


def test_an_alarm_comes_once_and_for_what_may_have_been_read(
    example, tmp_path, monkeypatch, make_event
):
    (tmp_path / "stolen.csv").write_text("plate\nAB123CO\n")
    monkeypatch.setenv("STOLEN", str(tmp_path / "stolen.csv"))
    doubtful = json.loads(encode(make_event()))  # one of its candidates is AB123CO
    with flask_served(example("stolen_vehicles").app) as url:
        for _ in range(2):
            assert requests.post(f"{url}/events", json=doubtful, timeout=60).status_code == 204
        (alarm,) = requests.get(f"{url}/alarms", timeout=60).json()
    assert (alarm["listed"], alarm["sure"]) == (["AB123CO"], False)


@pytest.mark.slow
def test_a_stolen_vehicle_is_heard_of_over_mqtt(tmp_path, broker):
    plates = [one.plate for one in GateScene(seed=3, vehicles=2).passages()]
    (tmp_path / "stolen.csv").write_text(f"plate\n{plates[1]}\n")
    words = ["127.0.0.1", str(broker.port), "stolen"]
    process = subprocess.Popen(
        [sys.executable, EXAMPLES / "stolen_vehicles_mqtt.py", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until(lambda: "Sending SUBACK to alarms-stolen" in broker.log())
        config = {
            "cameras": [{"name": "gate", "url": GATE}],
            "watchlists": [
                {"name": "stolen", "kind": "deny", "file": str(tmp_path / "stolen.csv")},
                {"name": "all", "kind": "notify", "entries": ["*"]},
            ],
            "sinks": {"mqtt": {"host": "127.0.0.1", "port": broker.port}},
        }
        with DaemonProcess(tmp_path, config) as daemon:
            assert daemon.wait(400) == 0, daemon.log
        told = json.loads(process.stdout.readline())
    finally:
        process.terminate()
        rest, faults = process.communicate(timeout=120)
    assert (told["camera"], told["plate"], told["entry"]) == ("gate", plates[1], plates[1])
    assert told["how"] == "exact"
    assert (rest, faults) == ("", "")


def times(table):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "parking_times.py"), str(table), *GATES],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return [(row["plate"], row["minutes"]) for row in csv.DictReader(done.stdout.splitlines())]


def test_parking_times_from_the_table(tmp_path, make_event):
    came = make_event("AB123CD", "gate-in")
    rows = [
        came,
        came,  # twice after a power cut
        make_event("EF456GH", "gate-in", after_s=60),
        make_event("IJ789KL", "gate-out", after_s=70),  # nobody saw it come
        make_event("AB123CD", "gate-out", after_s=5430),
        make_event("AB123CD", "gate-out", after_s=5440),  # seen from behind, too
    ]
    table = tmp_path / "events.csv"
    table.write_text(csv_lines([COLUMNS, *map(row_of, rows)]))
    assert times(table) == [("AB123CD", "90.5")]


@pytest.mark.slow
def test_parking_times_of_a_daemon(tmp_path):
    truth = [one.plate for one in GateScene(seed=3, vehicles=2).passages()]
    for camera in ("gate-in", "gate-out"):
        config = {
            "cameras": [{"name": camera, "url": GATE}],
            "store": {"folder": str(tmp_path / "state")},
            "sinks": {"csv": {"path": str(tmp_path / "events.csv")}},
            "metrics": {"enabled": False},
        }
        assert build_daemon(parse_config(json.dumps(config), PARTS)).run() == 0
    found = times(tmp_path / "events.csv")
    assert [plate for plate, _ in found] == truth
    assert all(0 <= float(minutes) < 10 for _, minutes in found)
