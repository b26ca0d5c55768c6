import json
import logging

import pytest

from streamer.environment import installation_faults
from streamer.logs import JsonFormat, TextFormat
from streamer.redact import redact


def record(message="camera is up", **extras):
    made = logging.makeLogRecord(
        {"name": "streamer.stages.capture", "levelno": 20, "levelname": "INFO", "msg": message}
    )
    made.__dict__.update(extras)
    return made


def test_text_is_one_readable_line():
    line = TextFormat().format(record(camera="gate"))
    assert line.endswith("info    capture: camera is up camera=gate")


def test_json_is_one_object_a_line():
    entry = json.loads(JsonFormat().format(record(camera="gate", tries=3)))
    assert entry["level"] == "info"
    assert entry["source"] == "streamer.stages.capture"
    assert (entry["message"], entry["camera"], entry["tries"]) == ("camera is up", "gate", 3)
    assert entry["at"].endswith("Z")


@pytest.mark.parametrize("style", [TextFormat(), JsonFormat()])
def test_no_log_shows_a_password(style):
    line = style.format(record("opened rtsp://joe:s3cret@host/1", url="rtsp://joe:s3cret@host/1"))
    assert "s3cret" not in line
    assert "joe" not in line
    assert "host/1" in line


def test_cleaning_leaves_json_whole():
    line = JsonFormat().format(record(url="rtsp://h/?password=s3cret", camera="gate"))
    entry = json.loads(line)
    assert (entry["url"], entry["camera"]) == ("rtsp://h/?password=***", "gate")


def test_a_traceback_is_cleaned_too():
    try:
        raise OSError("no route: 'rtsp://joe:s3cret@host/1'")
    except OSError as error:
        made = record(exc_info=(type(error), error, error.__traceback__))
    assert "s3cret" not in TextFormat().format(made)
    assert "s3cret" not in JsonFormat().format(made)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://joe:pw@host:554/a", "rtsp://***@host:554/a"),
        ("rtsp://joe:p@w:d@host/a", "rtsp://***@host/a"),
        ("rtsp://joe:p/w@host/a", "rtsp://***@host/a"),
        ("rtsp://host:554/a@b", "rtsp://host:554/a@b"),
        ("rtsp://joe@host/a", "rtsp://***@host/a"),
        ("rtsp://host/a@b", "rtsp://host/a@b"),
        ("clip.mp4", "clip.mp4"),
        ("two rtsp://a:b@c/ and mqtt://d:e@f", "two rtsp://***@c/ and mqtt://***@f"),
    ],
)
def test_urls_lose_user_and_password(text, shown):
    assert redact(text) == shown


OURS = {name: ["plate-streamer"] for name in ("streamer", "trackers", "models")}


@pytest.mark.parametrize(
    ("installed", "says"),
    [
        ({"cv2": ["opencv-python", "opencv-python-headless"]}, "2 wheels of OpenCV"),
        ({"cv2": []}, "no wheel of OpenCV"),
        ({"cv2": ["opencv-python-headless"], "trackers": ["trackers", "plate-streamer"]}, "also"),
        ({"cv2": ["a", "b"], "paddlex": ["paddlex"]}, "--no-deps opencv-contrib-python"),
    ],
)
def test_a_faulty_installation_is_named_with_its_mend(installed, says):
    (fault,) = installation_faults({**OURS, **installed})
    assert says in fault


def test_this_installation_has_one_opencv_and_our_names_to_itself():
    assert installation_faults() == []
