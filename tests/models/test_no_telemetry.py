"""No part calls home. (The whole suite also runs without any network but loopback.)"""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import socket
def refuse(*_):
    raise AssertionError(f"a connection was attempted: {_}")
socket.socket.connect = refuse
socket.getaddrinfo = refuse
import models.detectors.yolo, numpy
models.detectors.yolo.YoloDetector(runtime="RUNTIME").detect(numpy.zeros((90, 160, 3), "uint8"))
"""


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_running_a_network_leaves_no_trace_and_calls_nobody(tmp_path, runtime):
    pytest.importorskip(runtime)
    unset = {"ORT_DISABLE_TELEMETRY", "YOLO_OFFLINE"}  # the package itself must switch it off
    environment = {key: value for key, value in os.environ.items() if key not in unset}
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / ".cache")}
    program = PROGRAM.replace("RUNTIME", runtime)
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.rglob("*deviceid*"))
    assert not list(tmp_path.rglob("*Telemetry*"))
    assert not (tmp_path / ".cache/Microsoft").exists()
