"""`plate-streamer weights`, as a user runs it."""

import hashlib
import os
import pty
import signal
import subprocess
import sys
import termios
import threading

import pytest

from file_server import FileServer, send
from models.detectors.yolo import BUNDLED
from processes import plate_streamer
from streamer.cli import main

WEIGHTS = BUNDLED.read_bytes()


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("PLATE_STREAMER_CACHE", str(tmp_path))
    with FileServer() as server:
        server.files["/plate.onnx"] = WEIGHTS
        yield server


def address_of(server):
    return f"{server.url}/plate.onnx#sha256={hashlib.sha256(WEIGHTS).hexdigest()}"


def test_it_prints_the_path_alone_and_says_twice_what_it_does(server, tmp_path):
    done = plate_streamer("weights", address_of(server))
    assert done.returncode == 0, done.stderr
    (path,) = done.stdout.splitlines()
    assert path.startswith(str(tmp_path))
    with open(path, "rb") as file:
        assert file.read() == WEIGHTS
    begins, ends = done.stderr.splitlines()
    assert f"fetching {server.url}/plate.onnx" in begins
    assert f"fetched and checked plate.onnx: {len(WEIGHTS) / 1e6:.1f} MB in" in ends
    server.close()
    again = plate_streamer("weights", address_of(server))
    assert (again.returncode, again.stdout, again.stderr) == (0, done.stdout, "")


def test_a_users_mistake_is_one_line_and_exit_code_2(server, capsys):
    for address, says in (
        ("plate.onnx", "expected https://…/file.onnx or hf:owner/repo/file.onnx"),
        (f"{server.url}/plate.onnx", "put #sha256="),
        (f"{server.url}/gone.onnx#sha256={'0' * 64}", "404"),
    ):
        assert main(["weights", address]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.splitlines()[-1].startswith("plate-streamer: ")
        assert says in err.splitlines()[-1]
        assert "Traceback" not in err


class Stalled:
    """A download that has come half way, and goes on when it may."""

    def __init__(self, server):
        self.half_way, self.go_on = threading.Event(), threading.Event()
        server.files["/plate.onnx"] = self
        self._half = len(WEIGHTS) // 2

    def __call__(self, handler):
        send(handler, WEIGHTS[: self._half], len(WEIGHTS))
        self.half_way.set()
        self.go_on.wait(60)
        handler.wfile.write(WEIGHTS[self._half :])


def start(server, **streams):
    words = [sys.executable, "-m", "streamer", "weights", address_of(server)]
    return subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        text=True,
        # Whoever runs the tests in the background has Ctrl-C ignored, and its children with it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        **streams,
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_interrupted_it_leaves_nothing_half(server, tmp_path, number, code):
    stalled = Stalled(server)
    process = start(server, stderr=subprocess.PIPE)
    assert stalled.half_way.wait(60)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    stalled.go_on.set()
    assert (process.returncode, out) == (code, "")
    assert "Traceback" not in err
    # Who is killed cannot clean up; the next download does, see tests/models/test_download.py.
    left = {".part"} if number == signal.SIGKILL else set()
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == left
    server.files["/plate.onnx"] = WEIGHTS
    assert main(["weights", address_of(server)]) == 0


def test_a_terminal_sees_how_far_it_is(server):
    stalled = Stalled(server)
    terminal, end = pty.openpty()
    termios.tcsetwinsize(end, (24, 80))
    process = start(server, stderr=end)
    os.close(end)
    assert stalled.half_way.wait(60)
    threading.Timer(1.5, stalled.go_on.set).start()  # the bar comes after a second
    seen = b""
    while chunk := _read(terminal):
        seen += chunk
    assert process.wait(60) == 0
    assert b"%" in seen
    assert b"B/s" in seen


def _read(terminal):
    try:
        return os.read(terminal, 4096)
    except OSError:  # so Linux tells that the other end is closed
        return b""
