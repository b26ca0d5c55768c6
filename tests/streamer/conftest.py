"""Films and a camera that the tests of sources share."""

import pytest

from cameras import RtspServer
from clips import gate_film


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """A film of one vehicle at the gate (see `clips.Clip`)."""
    return gate_film(tmp_path_factory.mktemp("clips") / "gate.mp4")


@pytest.fixture(scope="session")
def rtsp_camera(clip):
    """An RTSP camera without password that shows `clip` over and over."""
    with RtspServer(clip.path) as server:
        yield server
