"""Watchlists and owners in the daemon, from the configuration to the event."""

import json
import signal
import sqlite3
import time

import pytest

from file_server import FileServer, send
from models.training.gate import GateScene
from processes import DaemonProcess
from streamer.app import PARTS, build_daemon
from streamer.cli import main
from streamer.codec import decode
from streamer.config import parse_config
from streamer.sinks.memory import MemorySink

GATE = "synthetic:?vehicles=2&seed=7&fps=8"


@pytest.fixture(scope="module")
def plates():
    return [one.plate for one in GateScene(seed=7, vehicles=2).passages()]


def settings(folder, **more):
    return {
        "cameras": [{"name": "gate", "url": GATE}],
        "store": {"folder": str(folder / "state")},
        "metrics": {"enabled": False},
        **more,
    }


@pytest.mark.slow
def test_events_say_what_lists_and_registry_know(tmp_path, plates):
    file = tmp_path / "residents.csv"
    file.write_text(f"plate;note\n{plates[0][:2].lower()}-{plates[0][2:]};Müller\n", "cp1252")
    with FileServer() as server:
        server.files[f"/{plates[1]}"] = lambda handler: send(handler, b'{"owner": {"n": "Smith"}}')
        config = settings(
            tmp_path,
            watchlists=[
                {"name": "residents", "kind": "allow", "file": str(file)},
                {"name": "all", "kind": "notify", "entries": ["*"]},
            ],
            owner={
                "name": "http",
                "url": f"{server.url}/{{plate}}",
                "fields": {"name": "owner.n"},
                "wait_s": 2,
            },
        )
        memory = MemorySink()
        assert build_daemon(parse_config(json.dumps(config), PARTS), [memory]).run() == 0
    first, second = memory.events
    assert (first.plate, second.plate) == tuple(plates)
    assert first.watchlist.verdict == "allow"
    assert [(one.list, one.how, one.note) for one in first.watchlist.matches] == [
        ("residents", "exact", "Müller"),
        ("all", "wildcard", None),
    ]
    assert second.watchlist.verdict == "notify"
    assert (first.owner, second.owner) == (None, {"name": "Smith"})


@pytest.mark.slow
def test_hangup_reads_lists_again_and_ends_nothing(tmp_path):
    file = tmp_path / "banned.csv"
    file.write_text("AB123CD\n")
    config = settings(
        tmp_path,
        cameras=[{"name": "gate", "url": "synthetic:?vehicles=0", "realtime": True, "loop": True}],
        watchlists=[{"name": "banned", "kind": "deny", "file": str(file)}],
        metrics={"port": 0},
    )
    with DaemonProcess(tmp_path, config) as daemon:
        daemon.wait_for("running; cameras: gate")
        assert daemon.metric("anpr_watchlist_entries", list="banned") == 1
        assert daemon.metric("anpr_watchlist_reload_failures_total", list="banned") == 0
        file.write_text("AB123CD\nXY999ZZ\n")
        daemon.signal(signal.SIGHUP)
        daemon.wait_for("watchlist banned: 2 entries, before 1")
        assert "SIGHUP: reading again what has changed" in daemon.log
        file.write_text("AB1$\n")
        daemon.wait_for(f"watchlist banned stays as it was: {file}:1: plate: plate 'AB1$'")
        assert daemon.metric("anpr_watchlist_entries", list="banned") == 2
        assert daemon.metric("anpr_watchlist_reload_failures_total", list="banned") == 1
        assert daemon.stop()[0] == 0


def test_check_config_finds_all_faults_of_lists_and_owners(tmp_path, capsys):
    (tmp_path / "residents.csv").write_text("plate;hours\nAB1;7-19\nCD2;\nE$;\n")
    file = tmp_path / "gate.yaml"
    file.write_text(
        f"""cameras: [{{name: gate, url: '{GATE}'}}]
watchlists:
  - name: residents
    kind: alow
  - name: guests
    kind: allow
    file: {tmp_path}/residents.csv
    time_zone: Europe/Bremen
  - name: banned
    kind: deny
    file: {tmp_path}/residents.csv
    entries:
      - AB1
      - {{plate: CD2, hours: 25:00-26:00}}
      - 123
owner: {{name: csv, file: {tmp_path}/none.csv}}
"""
    )
    assert main(["check-config", str(file)]) == 2
    told = capsys.readouterr().err.removeprefix("plate-streamer: ").splitlines()
    wanted = [
        "4: watchlists[0].kind: 'alow' should be 'allow', 'deny' or 'notify'",
        "8: watchlists[1].time_zone: no such time zone 'Europe/Bremen'",
        "14: watchlists[2].entries[1]: hours: '25:00-26:00' should be hours",
        "15: watchlists[2].entries[2]: 123 should be a plate, or a mapping with 'plate'; put it",
        f"16: owner.file: {tmp_path}/none.csv: no such file",
    ]
    assert len(told) == len(wanted), told
    for line, fault in zip(told, wanted, strict=True):
        assert line.startswith(f"{file}:{fault}"), told


def test_check_config_finds_all_faults_in_a_file(tmp_path, capsys):
    (tmp_path / "residents.csv").write_text("plate;hours\nAB1;7-19\nCD2;\nE$;\n")
    file = tmp_path / "gate.yaml"
    lists = [{"name": "residents", "kind": "allow", "file": str(tmp_path / "residents.csv")}]
    file.write_text(json.dumps(settings(tmp_path, watchlists=lists)))
    assert main(["check-config", str(file)]) == 2
    told = capsys.readouterr().err
    assert f"watchlists[0].file: {tmp_path}/residents.csv:2: hours: '7-19' should be" in told
    assert f"watchlists[0].file: {tmp_path}/residents.csv:4: plate: plate 'E$' has '$'" in told


@pytest.mark.slow
def test_a_slow_registry_delays_no_event_and_the_store_has_its_answer_later(tmp_path, plates):
    seen = []

    def late(handler):
        until_s = time.monotonic() + 60
        while not seen[0].events and time.monotonic() < until_s:
            time.sleep(0.02)
        send(handler, b'{"n": "Smith"}')

    with FileServer() as server:
        server.files[f"/{plates[0]}"] = late
        config = settings(
            tmp_path,
            cameras=[{"name": "gate", "url": GATE.replace("vehicles=2", "vehicles=1")}],
            owner={
                "name": "http",
                "url": f"{server.url}/{{plate}}",
                "fields": {"name": "n"},
                "wait_s": 0,
                "timeout_s": 60,
            },
            sinks={"memory": None},
        )
        daemon = build_daemon(parse_config(json.dumps(config), PARTS))
        seen.append(daemon.couriers[0].sink)
        assert daemon.run() == 0
    assert [event.owner for event in seen[0].events] == [None]
    assert [event.owner for event in stored(tmp_path)] == [{"name": "Smith"}]


def stored(folder):
    with sqlite3.connect(folder / "state/events.sqlite3") as db:
        return [decode(row[0]) for row in db.execute("SELECT json FROM events ORDER BY read_at")]
