"""The archive as part of the daemon: its section, its sink, its place in start, stop and sweep."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from broker import free_port
from models.training.gate import GateScene
from processes import DaemonProcess, in_time
from streamer.app import PARTS, build_daemon
from streamer.archive.archive import Archive
from streamer.archive.records import Query
from streamer.config import ConfigError, parse_config
from streamer.roots.delivery import archive_wanted
from streamer.roots.services import archive_service
from streamer.sinks.outbox import Outbox
from streamer.sinks.storage import Storage

FILM = "synthetic:?vehicles={}&seed=3&fps=8"
CAMERA = {"name": "gate", "url": FILM.format(1)}


def parsed(archive=None, **more):
    return parse_config(
        json.dumps({"cameras": [CAMERA], "archive": archive or {}} | more), PARTS, "gate.yaml"
    )


def couriers(config):
    return [courier.sink.name for courier in build_daemon(config).couriers]


def test_it_is_there_only_when_somebody_reads_it(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    url = "postgresql://jane@host/x"
    assert archive_wanted(parsed({"url": url}))
    assert couriers(parsed({"url": url})) == ["archive"]
    monkeypatch.setattr("streamer.roots.delivery.archive_wanted", lambda _: False)
    assert couriers(parsed()) == []


@pytest.mark.parametrize(
    ("archive", "fault"),
    [
        ({"url": "mysql://u:s3cret@h/d"}, "archive.url: 'mysql://***@h/d' should be like postgres"),
        ({"url": "u:s3cret@h/d"}, "archive.url: '***@h/d' should be like postgresql://"),
        ({"url": 5}, "archive.url: 5 should be a valid string"),
        ({"keep_days": 0}, "archive.keep_days: 0 should be greater than or equal to 1"),
        ({"uri": "x"}, "archive.uri: unknown key; did you mean 'url'?"),
    ],
)
def test_faults_are_named_without_the_password(archive, fault):
    with pytest.raises(ConfigError) as error:
        parsed(archive)
    assert fault in str(error.value)
    assert "s3cret" not in str(error.value)


def test_a_missing_driver_is_a_fault_of_the_configuration(monkeypatch):
    monkeypatch.setattr("streamer.archive.archive.find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"archive.url: PostgreSQL's driver is not installed"):
        parsed({"url": "postgresql://h/d"})
    parsed()


@pytest.mark.slow
@pytest.mark.parametrize("where", ["sqlite", "postgresql"])
def test_what_drives_by_is_found_and_so_is_what_came_before(
    monkeypatch, request, tmp_path, make_event, where
):
    folder, url = tmp_path / "state", None
    if where == "postgresql":
        url = request.getfixturevalue("shared_server").database()
    monkeypatch.setattr("streamer.roots.delivery.archive_wanted", lambda _: True)
    before = Outbox(folder / "events.sqlite3", [])
    before.open()
    old = make_event("AB123CD", read_at=datetime.now(UTC) - timedelta(hours=1))
    before.accept(old, time.time())
    before.close()
    config = parsed({"url": url}, store={"folder": str(folder)}, metrics={"enabled": False})
    assert build_daemon(config).run() == 0
    (truth,) = (one.plate for one in GateScene(seed=3, vehicles=1).passages())
    archive = Archive(folder, url=url)
    assert {record.plate for record in archive.walk(Query())} == {truth, "AB123CD"}
    archive.close()


@pytest.mark.slow
def test_a_database_that_is_away_keeps_neither_gate_nor_stop(tmp_path, shared_server):
    shown = {"cameras": [{**CAMERA, "url": FILM.format(50)}], "looks": {"eager_looks": 2}}
    url = f"postgresql://jane:s3cret@127.0.0.1:{free_port()}/x"
    with DaemonProcess(tmp_path, shown | {"archive": {"url": url}}) as daemon:
        daemon.wait_for("running; cameras: gate")
        daemon.wait_for("events wait until it works")
        began = time.monotonic()
        daemon.signal(15)
        assert daemon.wait() == 0
        assert in_time(time.monotonic() - began)
        assert "ERROR" in daemon.log.upper()
        assert "s3cret" not in daemon.log
        assert "Traceback" not in daemon.log


def test_old_events_go_with_those_of_the_store(tmp_path, make_event):
    storage = Storage(folder=tmp_path, pictures=False, keep_days=30)
    archive = Archive(tmp_path, keep_days=10)
    start = archive_service(archive, storage)
    storage.outbox.open()
    stop = start()
    now = datetime.now(UTC)
    for days in (40, 20, 5):
        archive.take(make_event(read_at=now - timedelta(days=days)))
    storage.retention.sweep()
    assert len(list(archive.walk(Query()))) == 1
    stop()
    storage.retention.sweep()  # the archive is closed: that hinders nobody
    storage.outbox.close()
