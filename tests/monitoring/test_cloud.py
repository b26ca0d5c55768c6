"""The cloud's files: Caddy before a real daemon, the configuration, what compose adds."""

import json
import os
import subprocess

import pytest
import yaml

from broker import free_port, wait_until
from processes import DaemonProcess
from streamer.app import PARTS
from streamer.config import parse_config
from tools import require_tool

PASSWORD = "not-much-of-a-secret"


class Caddy:
    """A real one with our Caddyfile, on free ports, with certificates of its own."""

    def __init__(self, folder, caddyfile, portal):
        self.port = free_port()
        self._folder, self._caddyfile = folder, caddyfile
        self._portal = portal
        self._process = None

    @property
    def url(self):
        return f"https://localhost:{self.port}"

    @property
    def authority(self):
        return self._folder / "caddy/pki/authorities/local/root.crt"

    def __enter__(self):
        wrapper = self._folder / "Caddyfile"
        wrapper.write_text(
            f"{{\n\tadmin off\n\tskip_install_trust\n\thttp_port {free_port()}\n"
            f"\thttps_port {self.port}\n}}\nimport {self._caddyfile}\n"
        )
        keep = {"PATH": os.environ["PATH"], "HOME": str(self._folder)}
        keep |= {"XDG_DATA_HOME": str(self._folder), "SITE": "localhost", "PORTAL": self._portal}
        words = [require_tool("caddy"), "run", "--config", wrapper, "--adapter", "caddyfile"]
        log = (self._folder / "log").open("w")
        self._process = subprocess.Popen(words, env=keep, stderr=log, stdout=log)
        wait_until(self.authority.exists, 120, (self._folder / "log").read_text)
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(60)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory, root):
    """Caddy before a daemon that runs cloud.gate.yaml, but for its broker and its places."""
    folder = tmp_path_factory.mktemp("cloud")
    port = free_port()
    proxy = Caddy(tmp_path_factory.mktemp("caddy"), root / "config/Caddyfile", f"127.0.0.1:{port}")
    config = yaml.safe_load((root / "config/cloud.gate.yaml").read_text())
    del config["sinks"], config["metrics"], config["store"]
    config["web"] |= {"host": "127.0.0.1", "port": port, "public_url": proxy.url}
    config["web"]["users"][0]["password"] = PASSWORD
    with DaemonProcess(folder, config) as daemon, proxy:
        daemon.wait_for("the portal")
        yield proxy


@pytest.fixture
def curl(cloud, tmp_path):
    """Runs curl against the proxy: what it prints."""

    def run(path, *words):
        known = [require_tool("curl"), "-sS", "--cacert", cloud.authority, "--noproxy", "*"]
        done = subprocess.run(
            [*known, "-b", tmp_path / "jar", "-c", tmp_path / "jar", *words, cloud.url + path],
            capture_output=True, check=False, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode in (0, 28), done.stderr
        return done.stdout

    return run


def login(curl):
    body = json.dumps({"name": "operator", "password": PASSWORD})
    sent = ("-H", "Content-Type: application/json", "-d", body)
    return curl("/api/v1/session", "-i", *sent)


def test_health_needs_no_login(curl):
    assert json.loads(curl("/api/v1/health"))["status"] in ("ok", "degraded")


def test_the_rest_does(curl):
    assert json.loads(curl("/api/v1/events"))["status"] == 401


def test_who_logs_in_gets_a_cookie_for_https_alone(curl):
    answer = login(curl)
    assert " 200" in answer.splitlines()[0], answer
    (cookie,) = [line for line in answer.splitlines() if line.lower().startswith("set-cookie")]
    assert "Secure" in cookie
    assert "events" in json.loads(curl("/api/v1/events"))


def test_changes_from_the_site_itself_are_let_through(curl, cloud):
    csrf = json.loads(login(curl).split("\n\n")[-1].split("\r\n\r\n")[-1])["csrf"]
    paused = json.dumps({"paused": True})
    sent = ("-X", "PUT", "-H", f"X-CSRF-Token: {csrf}", "-H", "Content-Type: application/json")
    here = ("-H", f"Origin: {cloud.url}", "-d", paused)
    assert json.loads(curl("/api/v1/cameras/gate/paused", *sent, *here))["paused"] is True
    there = ("-H", "Origin: https://elsewhere.example", "-d", paused)
    assert json.loads(curl("/api/v1/cameras/gate/paused", *sent, *there))["status"] == 403


def test_what_is_live_comes_at_once(curl):
    login(curl)
    shown = curl("/api/v1/events/live", "--max-time", "8")
    assert "event: camera" in shown


@pytest.fixture(scope="module")
def services(root):
    """What compose.cloud.yaml adds."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!reset", lambda loader, node: loader.construct_sequence(node))
    return yaml.load((root / "config/compose.cloud.yaml").read_text(), Loader)["services"]


def test_only_caddy_is_open_to_others(services):
    assert services["plate-streamer"]["ports"] == []
    assert services["caddy"]["ports"] == ["80:80", "443:443", "443:443/udp"]


def test_the_daemon_and_caddy_find_each_other(services, root, monkeypatch):
    given = {"SITE": "gate.example", "MQTT_PASSWORD": "x", "PORTAL_PASSWORD": PASSWORD}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    text = (root / "config/cloud.gate.yaml").read_text()
    web = parse_config(text, PARTS, "cloud.gate.yaml").parts["web"].options
    assert services["caddy"]["environment"]["PORTAL"] == f"plate-streamer:{web['port']}"
    assert web["public_url"] == "https://gate.example"
    assert web["behind_proxy"]
    base = yaml.safe_load((root / "config/compose.yaml").read_text())["services"]
    known = {**base["plate-streamer"]["environment"], **services["plate-streamer"]["environment"]}
    assert given.keys() <= known.keys()


def test_what_is_mounted_is_there_and_read_only(services, root):
    mounts = [volume for one in services.values() for volume in one["volumes"]]
    files = [volume.split(":") for volume in mounts if volume.startswith(".")]
    assert len(files) == 2
    for source, _, mode in files:
        assert (root / "config" / source).is_file()
        assert mode == "ro"


def test_the_daemon_is_asked_how_it_is(root, cloud):
    """The health check of compose.yaml is a line of Python; this runs it, against the proxy's
    daemon."""
    base = yaml.safe_load((root / "config/compose.yaml").read_text())["services"]
    _, python, dash, code = base["plate-streamer"]["healthcheck"]["test"]
    assert (python, dash) == ("python", "-c")
    there = code.replace("http://localhost:8090", "http://" + cloud._portal)
    assert subprocess.run(["python3", "-c", there], check=False, timeout=120).returncode == 0
    nowhere = code.replace(":8090", f":{free_port()}")
    assert (
        subprocess.run(
            ["python3", "-c", nowhere], check=False, stderr=subprocess.DEVNULL
        ).returncode
        == 1
    )
