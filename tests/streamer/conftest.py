"""Films, a camera and a receiver of webhooks that several tests share."""

import uuid

import pytest

from cameras import RtspServer
from clips import gate_film
from streamer.sinks.webhook import WebhookSink
from webhook_receiver import NOW, Receiver


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


@pytest.fixture
def receiver():
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def webhook(receiver):
    """`webhook(**options)`: a sink that sends to `receiver`, started, and closed with the test."""
    sinks = []

    def make(**options):
        sink = WebhookSink(lambda: NOW, **{"url": receiver.url, "timeout_s": 60.0} | options)
        sinks.append(sink)
        sink.start()
        return sink

    yield make
    for sink in sinks:
        sink.close(1.0)
