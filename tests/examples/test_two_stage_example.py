"""System C as docs/examples/two_stage.yaml has it: word for word, with a daemon of its own."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
import requests

from constant_model import write_constant
from examples_of_docs import EXAMPLES
from file_server import FileServer
from s3_server import LOGIN, S3Server
from served import served
from streamer import web_app
from streamer.codec import decode

CONFIG = EXAMPLES / "two_stage.yaml"
NAMES = {0: "person", 1: "bicycle", 2: "car", 3: "motorcycle", 4: "bus", 5: "truck"}
DRIVE = [150, 60, 450, 350, 0.9, 2]
"""Where the gate's vehicles are, in the network's canvas of 640x384: a car, in every picture."""


@pytest.mark.slow
@pytest.mark.parametrize("kind", [2, 0], ids=["cars", "persons"])
def test_vehicles_plates_characters_owners_and_pictures(kind, clip, car, tmp_path, monkeypatch):
    for name in ("ultralytics", "torch", "onnx"):
        if find_spec(name) is None:
            pytest.skip(f"{name} is missing: the extra yolo is not installed")
    model = write_constant(tmp_path / "vehicles.onnx", [[*DRIVE[:5], kind]], NAMES)
    s3 = S3Server()
    s3.bucket = "gate-pictures"
    with FileServer() as registry, s3:
        answer = {"owner": {"name": "Miller", "unit": 7}, "since": 2019}
        registry.files[f"/vehicles/{clip.plate}"] = json.dumps(answer).encode()
        environment = {
            "CLIP": str(clip.path),
            "VEHICLES": str(model),
            "REGISTRY": registry.url,
            "S3_ENDPOINT": s3.url,
            "S3_KEY": LOGIN["key"],
            "S3_SECRET": LOGIN["secret"],
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
        }
        run(tmp_path, environment)
        if kind == 0:  # what hangs on no vehicle is no plate
            assert not (tmp_path / "events.jsonl").read_text()
            assert registry.asked == []
            return
        (line,) = (tmp_path / "events.jsonl").read_text().splitlines()
        event = decode(line)
        assert event.plate == clip.plate
        assert "".join(one.char for one in event.characters) == clip.plate
        assert all(0.5 < one.confidence <= 1 for one in event.characters)
        assert event.owner == {"name": "Miller", "unit": 7}
        files = s3.files()
        for picture in (event.snapshot, event.crop):
            assert picture.startswith("s3://gate-pictures/north/")
            name = picture.removeprefix("s3://gate-pictures/north/")
            assert files[name].startswith(b"\xff\xd8")
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        look_at_the_portal(event, car)


def run(folder, environment):
    done = subprocess.run(
        [sys.executable, "-m", "streamer", "run", str(CONFIG)],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=540,
    )
    assert done.returncode == 0, done.stderr
    assert "the portal is at http://127.0.0.1:" in done.stderr


def look_at_the_portal(event, car):
    """The event, its picture out of the bucket, and an upload."""
    with web_app(CONFIG) as app, served(app) as url:
        (found,) = requests.get(f"{url}/api/v1/events", timeout=60).json()["events"]
        assert found["event"]["id"] == event.id
        assert found["event"]["owner"] == {"name": "Miller", "unit": 7}
        picture = requests.get(f"{url}{found['crop']}", timeout=60)
        assert picture.content.startswith(b"\xff\xd8")
        path, plate = car
        with path.open("rb") as file:
            answer = requests.post(f"{url}/api/v1/read", files={"file": file}, timeout=60)
        assert [one["plate"] for one in answer.json()["plates"]] == [plate]
