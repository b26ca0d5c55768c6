"""config/compose.yaml as far as it can be held without containers."""

import re
import subprocess
from pathlib import PurePosixPath

import pytest
import yaml

from streamer.app import PARTS
from streamer.config import parse_config
from tools import require_tool

NO_DAEMON = {"mosquitto-users"}  # ends when it is done


@pytest.fixture(scope="module")
def compose(root):
    return yaml.safe_load((root / "config/compose.yaml").read_text())


@pytest.fixture(scope="module")
def services(compose):
    return compose["services"]


@pytest.fixture(scope="module")
def mounts(services):
    """(service, source, target, is it read only) of all volumes."""
    found = []
    for name, service in services.items():
        for volume in service["volumes"]:
            source, target, *mode = volume.split(":")
            found.append((name, source, target, mode == ["ro"]))
    return found


def test_what_is_mounted_exists_and_is_read_only(compose, mounts, root):
    for service, source, _, read_only in mounts:
        if source.startswith("."):
            assert (root / "config" / source).exists(), source
            assert read_only, f"{service}: {source}"
        else:
            assert source in compose["volumes"]
    assert {source for _, source, *_ in mounts} >= set(compose["volumes"])


def test_images_are_pinned(services, root):
    images = [service["image"] for service in services.values() if "image" in service]
    images += re.findall(r"^FROM (\S+)$", (root / "config/Dockerfile").read_text(), re.MULTILINE)
    assert len(images) == 5
    for image in images:
        assert re.search(r":v?\d+\.\d+\.\d+", image), image


def test_ports_are_open_to_this_machine_alone(services):
    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_no_password_is_written_down(services):
    secrets = {
        key: value
        for service in services.values()
        for key, value in service.get("environment", {}).items()
        if "PASSWORD" in key
    }
    assert len(secrets) >= 4
    assert all(re.fullmatch(r"\$\{\w+:[?-].*\}", value) for value in secrets.values())


def test_all_services_are_watched_and_come_back(services, root):
    for name in services.keys() - NO_DAEMON:
        assert services[name]["restart"] == "unless-stopped", name
        built = "build" in services[name]
        dockerfile = (root / "config/Dockerfile").read_text()
        assert "healthcheck" in services[name] or (built and "\nHEALTHCHECK " in dockerfile), name


def test_the_daemons_configuration_is_good_and_reaches_the_others(services, root, monkeypatch):
    for name in ("MQTT_PASSWORD", "PORTAL_PASSWORD"):
        monkeypatch.setenv(name, "x" * 8)
    text = (root / "config/compose.gate.yaml").read_text()
    config = parse_config(text, PARTS, "compose.gate.yaml")
    assert config.sinks["mqtt"].options["host"] in services
    assert {"MQTT_PASSWORD", "PORTAL_PASSWORD"} <= services["plate-streamer"]["environment"].keys()
    portal = config.parts["web"].options["port"]
    assert services["plate-streamer"]["ports"] == [f"127.0.0.1:{portal}:{portal}"]
    (shown,) = yaml.safe_load((root / "config/prometheus/targets.compose.yml").read_text())
    assert shown["targets"] == [f"plate-streamer:{config.metrics.port}"]
    assert config.metrics.host == "0.0.0.0"
    assert f"\nEXPOSE {config.metrics.port} {portal}\n" in (root / "config/Dockerfile").read_text()


def test_the_image_runs_the_configuration_that_is_mounted(mounts, root):
    dockerfile = (root / "config/Dockerfile").read_text()
    (target,) = [target for _, source, target, _ in mounts if source == "./compose.gate.yaml"]
    assert f'CMD ["run", "{target}"]' in dockerfile


def test_the_image_is_built_from_what_pip_needs(root):
    ignore = (root / "config/Dockerfile.dockerignore").read_text().splitlines()
    let_in = {line.removeprefix("!") for line in ignore if line.startswith("!")}
    assert all((root / name).exists() for name in let_in)
    packages = re.findall(r"^    (\w+)\*$", (root / "setup.cfg").read_text(), re.MULTILINE)
    needed = {*packages, "setup.cfg", "pyproject.toml", "README.md", "LICENSE"}
    assert let_in == needed


def test_grafana_finds_prometheus_and_the_dashboard(services, mounts, root):
    folder = root / "config/grafana/provisioning"
    (source,) = yaml.safe_load((folder / "datasources/prometheus.yaml").read_text())["datasources"]
    assert source["url"].removeprefix("$") in services["grafana"]["environment"]
    (provider,) = yaml.safe_load((folder / "dashboards/plate-streamer.yaml").read_text())[
        "providers"
    ]
    shown = PurePosixPath(provider["options"]["path"])
    assert ("grafana", "./grafana/dashboards", str(shown), True) in mounts
    prometheus = yaml.safe_load((root / "config/prometheus/prometheus.yml").read_text())
    assert source["jsonData"]["timeInterval"] == prometheus["global"]["scrape_interval"]


def test_the_users_of_the_broker_are_made(services, tmp_path):
    tool = require_tool("mosquitto_passwd")
    (script,) = services["mosquitto-users"]["command"]
    script = script.replace("$$", "$").replace("/var/lib/mosquitto", str(tmp_path))
    script = script.replace("chown -R mosquitto:mosquitto .", ":").replace("mosquitto_passwd", tool)
    passwords = {"MQTT_PASSWORD": "a", "BARRIER_PASSWORD": "", "HOMEASSISTANT_PASSWORD": "b"}
    for _ in range(2):  # at every start
        words = [*services["mosquitto-users"]["entrypoint"], script]
        subprocess.run(words, check=True, env={"PATH": "/usr/bin:/bin", **passwords})
    lines = (tmp_path / "passwords").read_text().splitlines()
    assert [line.partition(":")[0] for line in lines] == ["plate-streamer", "homeassistant"]
    assert (tmp_path / "passwords").stat().st_mode & 0o077 == 0
