"""Films and a camera that the tests of sources share."""

import uuid

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


@pytest.fixture
def topic():
    """A topic of one test's own, for a broker that is shared."""
    return f"test-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def impatient(monkeypatch):
    """MqttSink reconnects sooner than in life; paho would sleep for a second at least."""
    monkeypatch.setattr("streamer.sinks.mqtt_link.FIRST_RECONNECT_S", 0.1)
