"""The systemd unit, by systemd's own judgement."""

import subprocess
from pathlib import Path

import pytest

from tools import require_tool

UNIT = Path(__file__).parents[1] / "systemd/plate-streamer.service"
INSTALLED = "/opt/plate-streamer/bin/plate-streamer"


@pytest.fixture
def unit(tmp_path):
    """The unit with a program that is there: `verify` wants to see it."""
    path = tmp_path / UNIT.name
    path.write_text(UNIT.read_text().replace(INSTALLED, "/bin/true"))
    return path


def analyze(*words):
    words = [require_tool("systemd-analyze"), *map(str, words)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_systemd_knows_every_key(unit):
    # Without this option an unknown key is a warning and the exit code 0.
    done = analyze("verify", "--recursive-errors=no", "--man=no", unit)
    assert (done.returncode, done.stderr) == (0, "")


def test_it_has_hardly_any_rights(unit):
    done = analyze("security", "--offline=true", "--threshold=20", unit)
    assert done.returncode == 0, done.stdout[-500:]


def test_it_calls_nobody_and_needs_no_home():
    text = UNIT.read_text()
    assert "ORT_DISABLE_TELEMETRY=1" in text
    assert "YOLO_OFFLINE=1" in text
    assert f"ExecStart={INSTALLED} run" in text
    assert "ProtectHome=yes" in text


def test_downloaded_weights_have_a_folder_that_may_be_written():
    keys = dict(line.split("=", 1) for line in UNIT.read_text().splitlines() if "=" in line)
    # Everything is read-only but the folders that systemd makes; with this key it also sets
    # $CACHE_DIRECTORY (systemd.exec), where models/download.py keeps them.
    assert keys["ProtectSystem"] == "strict"
    assert keys["CacheDirectory"] == "plate-streamer"
