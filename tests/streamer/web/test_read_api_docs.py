"""What docs/api-read.md shows, works."""

import contextlib
import io
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from clips import gate_film
from reading_app import app_of, reading
from served import served
from streamer.pictures import decoded
from streamer.web.options import Web
from streamer.web.read_limits import MOST_JOBS_WAITING, MOST_READS

PAGE = (Path(__file__).parents[3] / "docs" / "api-read.md").read_text()
HERE = "http://127.0.0.1:8090"


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def place(tmp_path, monkeypatch, gate_jpeg):
    """The address of a server, in a folder where car.jpg and clip.mp4 are."""
    monkeypatch.chdir(tmp_path)
    Path("car.jpg").write_bytes(gate_jpeg)
    gate_film("clip.mp4")
    one = reading(tmp_path / "reading")
    with served(app_of(one)) as url:
        yield url
    one.stop()


def test_the_shell_examples_work(place, gate_scene):
    plain, annotated = (
        subprocess.run(
            block.replace(HERE, place), shell=True, capture_output=True, check=True,
            env={"PATH": os.environ["PATH"], "no_proxy": "127.0.0.1"},
        )
        for block in blocks("sh")
    )  # fmt: skip
    answer, shown = json.loads(plain.stdout), json.loads(blocks("json")[0])
    assert answer["plates"][0]["plate"] == gate_scene[1]
    assert list(answer) == list(shown)
    assert list(answer["plates"][0]) == list(shown["plates"][0])
    assert annotated.stderr == b""
    assert decoded(Path("annotated.jpg").read_bytes()).shape == (720, 1280, 3)


def test_the_python_examples_work(place, gate_scene):
    printed = []
    for block in blocks("python"):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(block.replace(HERE, place), {})
        printed.append(out.getvalue())
    plate = gate_scene[1]
    assert re.fullmatch(rf"{plate} \d+%\n", printed[0])
    assert re.fullmatch(rf"{plate} at \d\.\d s\n", printed[1])
    assert decoded(Path(f"{plate}.jpg").read_bytes()).shape[1] > 50


def test_the_limits_are_those_of_the_code():
    limits = Web().limits
    for key in ("max_upload_mb", "max_megapixels", "max_video_s", "read_workers"):
        assert re.search(rf"\| `{key}` \| {getattr(limits, key):g}\b", PAGE), key
    assert f"Up to {MOST_READS} requests" in PAGE
    assert f"up to {MOST_JOBS_WAITING} wait" in PAGE
