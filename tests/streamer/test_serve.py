"""The portal from a command: alone, beside a daemon, and in the daemon itself."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest
import requests

from broker import wait_until
from processes import START_S, DaemonProcess, in_time, plate_streamer
from streamer.archive.archive import Archive
from streamer.web.passwords import PasswordHash

GATE = {"name": "gate", "url": "synthetic:?vehicles=1&seed=2", "loop": True, "realtime": True}
WEB = {"enabled": True, "port": 0}


@contextmanager
def serving(tmp_path, *words, **environment):
    """`plate-streamer serve` as a process; gives it, and where its portal is."""
    log = tmp_path / "serve.log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamer", "serve", "--port", "0", *map(str, words)],
            stdin=subprocess.DEVNULL,
            stderr=stream,
            env={**os.environ, **environment},
        )
    try:

        def there():
            assert process.poll() is None, log.read_text()
            return "the portal is at" in log.read_text()

        wait_until(there, START_S, log.read_text)
        yield process, re.findall(r"http://\S+", log.read_text())[-1]
    finally:
        process.kill()
        process.wait(60)


def config_file(tmp_path, config):
    path = tmp_path / "serve.yaml"
    path.write_text(json.dumps(config))
    return path


def portal_of(daemon):
    daemon.wait_for("the portal is at")
    return re.findall(r"the portal is at (\S+)", daemon.log)[-1]


def test_without_a_configuration(tmp_path):
    with serving(tmp_path, XDG_STATE_HOME=str(tmp_path / "home")) as (process, url):
        assert requests.get(f"{url}/api/v1/health", timeout=60).json()["cameras"] == 0
        assert requests.get(f"{url}/api/v1/events", timeout=60).json()["events"] == []
        process.send_signal(signal.SIGTERM)
        started = time.monotonic()
        assert process.wait(START_S) == 0
        assert in_time(time.monotonic() - started)
    assert (tmp_path / "home/plate-streamer/archive.sqlite3").exists()


def test_what_is_in_the_archive_and_the_lists(tmp_path, make_event):
    (tmp_path / "state").mkdir()
    archive = Archive(tmp_path / "state")
    archive.open()
    archive.take(make_event("AB123CD"))
    archive.close()
    config = {
        "store": {"folder": str(tmp_path / "state")},
        "watchlists": [{"name": "residents", "kind": "allow", "entries": ["CFG 1"]}],
    }
    with serving(tmp_path, config_file(tmp_path, config)) as (_, url):
        found = requests.get(f"{url}/api/v1/events", timeout=60).json()["events"]
        assert [one["plate"] for one in found] == ["AB123CD"]
        lists = requests.get(f"{url}/api/v1/watchlists", timeout=60).json()["watchlists"]
        assert lists == [{"name": "residents", "kind": "allow", "entries": 1}]
        answer = requests.put(
            f"{url}/api/v1/watchlists/residents/entries/XY99", json={}, timeout=60
        )
        assert answer.status_code in {409, 503}, answer.text
        assert "nothing is stored" in answer.json()["detail"]


def test_cameras_are_for_the_daemon(tmp_path):
    path = config_file(tmp_path, {"store": {"folder": str(tmp_path)}})
    done = plate_streamer("check-config", path)
    assert done.returncode == 2
    assert "cameras" in done.stderr
    done = plate_streamer("serve", config_file(tmp_path, {"web": {"host": "0.0.0.0"}}))
    assert done.returncode == 2
    assert "web.host: '0.0.0.0' lets others in without a login" in done.stderr
    assert "Traceback" not in done.stderr


def test_beside_a_daemon_on_the_same_configuration(tmp_path):
    config = {"cameras": [GATE], "web": WEB}
    with DaemonProcess(tmp_path, config) as daemon:
        url = portal_of(daemon)
        with serving(tmp_path, tmp_path / "config.yaml") as (_, second):
            events = f"{second}/api/v1/events"
            wait_until(lambda: requests.get(events, timeout=60).json()["events"], START_S, events)
            event = requests.get(events, timeout=60).json()["events"][0]["event"]["id"]
            done = requests.put(
                f"{second}/api/v1/events/{event}/correction", json={"plate": "AB1"}, timeout=60
            )
            assert done.status_code == 200, done.text
            found = requests.get(f"{url}/api/v1/events/{event}", timeout=60).json()
            assert found["plate"] == "AB1"
        assert daemon.stop()[0] == 0


def test_the_daemon_ends_in_time_with_ten_open_streams(tmp_path):
    with DaemonProcess(tmp_path, {"cameras": [GATE], "web": WEB}) as daemon:
        url = portal_of(daemon)
        daemon.wait_for("frames arrive")
        paths = ["cameras/gate/live", "events/live"] * 5
        streams = [requests.get(f"{url}/api/v1/{one}", stream=True, timeout=120) for one in paths]
        for one in streams:
            assert one.status_code == 200
            threading.Thread(target=_swallow, args=(one,), daemon=True).start()
        time.sleep(1.0)
        code, seconds = daemon.stop()
        assert code == 0
        assert in_time(seconds)
        assert "left behind" not in daemon.log
        assert "Traceback" not in daemon.log


def _swallow(answer):
    try:
        for _ in answer.iter_content(4096):
            pass
    except requests.RequestException:
        pass


def test_beyond_loopback_the_daemon_refuses_to_start_without_a_login(tmp_path):
    config = {"cameras": [GATE], "web": {**WEB, "host": "0.0.0.0"}}
    with DaemonProcess(tmp_path, config) as daemon:
        assert daemon.wait() == 2
        assert "web.host: '0.0.0.0' lets others in without a login" in daemon.log
    config["web"]["tokens"] = [{"name": "board", "token": "0123456789abcdef"}]
    with DaemonProcess(tmp_path, config) as daemon:
        url = portal_of(daemon).replace("0.0.0.0", "127.0.0.1")
        assert requests.get(f"{url}/api/v1/events", timeout=60).status_code == 401
        headers = {"Authorization": "Bearer 0123456789abcdef"}
        assert requests.get(f"{url}/api/v1/events", headers=headers, timeout=60).ok


def test_a_port_that_is_taken_ends_the_daemon_before_it_is_ready(tmp_path):
    with serving(tmp_path, XDG_STATE_HOME=str(tmp_path / "home")) as (_, url):
        port = int(url.rpartition(":")[2])
        with DaemonProcess(tmp_path, {"cameras": [GATE], "web": {**WEB, "port": port}}) as daemon:
            assert daemon.wait() == 2
            assert f"web: 127.0.0.1:{port} cannot be listened on" in daemon.log
            assert "choose another web.port" in daemon.log
            assert "Traceback" not in daemon.log


@pytest.mark.parametrize(
    ("given", "code", "says"),
    [
        ("a long password\n", 0, "$scrypt$ln=14,r=8,p=5$"),
        ("short\n", 2, "password: has 5 characters; 8 at least"),
        ("", 2, "password: has 0 characters"),
        ("$scrypt$ln=14\n", 2, "that is a hash already"),
    ],
)
def test_the_hash_of_a_password(given, code, says):
    done = subprocess.run(
        [sys.executable, "-m", "streamer", "password"],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == code
    assert says in done.stdout + done.stderr
    assert "long password" not in done.stdout + done.stderr
    if not code:
        assert PasswordHash.parse(done.stdout.strip()).fits("a long password")


def test_the_demo_shows_its_portal_and_stays_if_asked_to():
    process = subprocess.Popen(
        [sys.executable, "-m", "streamer", "demo", "--fast", "--vehicles", "1", "--stay"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        found = None
        while found is None:
            found = re.search(r"the portal: (http://127\.0\.0\.1:\d+)", process.stdout.readline())
        url = f"{found[1]}/api/v1/events"
        wait_until(lambda: requests.get(url, timeout=60).json()["events"], START_S, url)
        time.sleep(1.5)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=120)
        assert "1 of 1 plates read right" in rest
        assert process.returncode == 0
    finally:
        process.kill()
