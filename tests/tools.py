"""Programs that some tests need beside Python's packages."""

import os
import shutil
import subprocess

import pytest

REQUIRED = os.environ.get("PLATE_STREAMER_REQUIRE_TOOLS") == "1"


def missing(what: str) -> None:
    """Skip the test, or fail it where all tools must be there (the build's machine)."""
    if REQUIRED:
        pytest.fail(f"{what} is missing, and PLATE_STREAMER_REQUIRE_TOOLS is 1")
    pytest.skip(f"{what} is missing; tests/install_tools.sh installs it")


def require_tool(name: str) -> str:
    """The path of a program; skips or fails the test without it."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        missing(name)
    return str(path)


def require_gst() -> str:
    """A Python that has GStreamer's RTSP server: the system's, for pip has no such package."""
    python = "/usr/bin/python3"
    asked = "import gi; gi.require_version('GstRtspServer', '1.0')"
    try:
        done = subprocess.run([python, "-c", asked], capture_output=True, check=False, timeout=120)
    except OSError:
        missing(python)
    else:
        if done.returncode:
            missing("gst-rtsp-server (gir1.2-gst-rtsp-server-1.0, python3-gi)")
    return python
