"""`POST /read` with a real server: uploads pass through it without piling up in memory."""

import http.client
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
import requests

from broker import wait_until
from clips import write_clip
from reading_app import API, app_of, reading
from served import served
from streamer.pictures import jpeg
from streamer.web.options import Web
from streamer.web.site import create_app

READ = f"{API}/read"
PICTURE = np.full((48, 64, 3), 90, np.uint8)

SERVER = """
import sys
from pathlib import Path
from reading_app import app_of, reading
from served import served
one = reading(Path(sys.argv[1]), videos=lambda path, on_frame: (), max_upload_mb=400)
with served(app_of(one)) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def apart(tmp_path_factory):
    """A server in a process of its own: its address, its process and its folder."""
    folder = tmp_path_factory.mktemp("apart") / "reading"
    command = [sys.executable, "-c", SERVER, str(folder)]
    tests = str(Path(__file__).parents[2])
    environment = {"PYTHONPATH": f"{tests}:{Path(tests).parent}"}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        yield process.stdout.readline().strip(), process, folder
        process.kill()


def peak_mb(process):
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1000


@pytest.mark.parametrize("form", [False, True])
def test_a_large_video_is_not_held_in_memory(apart, tmp_path, form):
    url, process, folder = apart
    path = write_clip(tmp_path / "clip.mp4", [PICTURE] * 24)
    with path.open("ab") as file:  # a box that nobody reads
        file.write((200_000_008).to_bytes(4, "big") + b"free" + bytes(200_000_000))
    size_mb = path.stat().st_size / 1e6
    before_mb = peak_mb(process)
    with path.open("rb") as file:
        if form:
            body, kind = multipart(file, path.stat().st_size)
            answer = requests.post(url + READ, data=body, headers={"Content-Type": kind})
        else:
            answer = requests.post(url + READ, data=file, headers={"Content-Type": "video/mp4"})
    assert answer.status_code == 202, answer.text
    assert size_mb > 200
    assert peak_mb(process) - before_mb < 60
    assert list(folder.iterdir()) == []


def test_the_whole_site_reads_what_it_is_sent(site, real_reading, gate_scene):
    data = jpeg(cv2.resize(gate_scene[0], (2560, 1440)), 95)
    assert len(data) > 500_000  # more than other routes take
    with served(create_app(replace(site.portal, reading=real_reading), Web())) as url:
        form = requests.post(url + READ, files={"file": ("gate.jpg", data)})
        kind = {"Content-Type": "image/jpeg"}
        body = requests.post(url + READ, data=data, headers=kind, params={"annotate": "true"})
        large = requests.post(url + READ, data=bytes(9_000_000), headers=kind)
        foreign = requests.post(
            url + READ, data=data, headers=kind | {"Origin": "https://elsewhere.example"}
        )
    for answer in (form, body):
        assert [one["plate"] for one in answer.json()["plates"]] == [gate_scene[1]]
    assert (large.status_code, foreign.status_code) == (413, 403)
    assert "img-src 'self' data:" in body.headers["content-security-policy"]


def multipart(file, size):
    """The file as a form that is sent piece by piece."""

    def pieces():
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="clip.mp4"\r\n\r\n'
        while piece := file.read(1 << 20):
            yield piece
        yield b"\r\n--b--\r\n"

    return pieces(), "multipart/form-data; boundary=b"


@pytest.mark.parametrize("kind", ["image/png", "text/plain"])
def test_who_sends_too_much_or_the_wrong_kind_gets_an_answer_and_no_broken_pipe(tmp_path, kind):
    one = reading(tmp_path / "reading", max_upload_mb=1)
    with served(app_of(one)) as url:
        for data in (bytes(20_000_000), (bytes(1_000_000) for _ in range(20))):
            answer = requests.post(url + READ, data=data, headers={"Content-Type": kind})
            assert answer.status_code == (413 if kind == "image/png" else 415)
            assert answer.json()["errors"]
    one.stop()


def test_one_who_waits_to_be_told_to_send_is_refused_at_once(tmp_path):
    one = reading(tmp_path / "reading", max_upload_mb=1)
    with served(app_of(one)) as url:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        connection.putrequest("POST", READ)
        headers = {
            "Content-Type": "video/mp4",
            "Content-Length": "2000000",
            "Expect": "100-continue",
        }
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        assert connection.getresponse().status == 413
    one.stop()


def test_one_who_falls_silent_or_goes_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("streamer.web.body.SILENCE_S", 0.3)
    one = reading(tmp_path / "reading")
    with served(app_of(one)) as url:
        silent, gone = (begun(url) for _ in range(2))
        gone.close()
        answer = silent.getresponse()
        assert answer.status == 408
        assert b"nothing more came" in answer.read()
        wait_until(lambda: one._admitted == 0)
        assert list(one.folder.iterdir()) == []
    one.stop()


def begun(url):
    """A connection on which half of a body was sent."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    connection.putrequest("POST", READ)
    connection.putheader("Content-Type", "video/mp4")
    connection.putheader("Content-Length", "1000")
    connection.endheaders()
    connection.send(bytes(500))
    return connection
