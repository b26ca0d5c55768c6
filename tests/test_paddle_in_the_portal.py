"""`reader: paddle` behind the portal's `POST /read`, in the environment that has PaddleOCR."""

import importlib.util
import json
from urllib.request import Request, urlopen

import cv2
import pytest

from models.training.gate import GateScene
from reading_app import API, app_of, reading
from served import served
from streamer.app import PARTS
from streamer.config import parse_config
from streamer.picture_reader import picture_reader
from streamer.vehicles import vehicles

pytestmark = [
    pytest.mark.paddle,
    pytest.mark.skipif(
        importlib.util.find_spec("paddleocr") is None,
        reason="paddleocr is not installed here (make install-paddle; .venv-paddle/bin/pytest)",
    ),
]


def test_paddle_reads_what_is_uploaded(tmp_path):
    camera = {"name": "gate", "url": "pictures"}
    config = parse_config(json.dumps({"cameras": [camera], "reader": "paddle"}), PARTS)
    scene = GateScene(seed=7, vehicles=1)
    passage = scene.passage(0)
    jpeg = cv2.imencode(".jpg", scene.render(passage.last_s - 1.5).image)[1].tobytes()
    one = reading(
        tmp_path,
        lambda: picture_reader(config),
        lambda path, on_frame: vehicles(path, config, on_frame),
    )
    with served(app_of(one)) as address:
        body = Request(f"{address}{API}/read", jpeg, {"content-type": "image/jpeg"})
        with urlopen(body, timeout=120) as answer:
            plates = json.load(answer)["plates"]
    one.stop()
    assert plates[0]["plate"] == passage.plate
