"""What tests of the REST API share: a whole portal, and the real models for what is sent."""

import pytest
from fastapi.testclient import TestClient

from full_portal import full_portal
from models.training.gate import GateScene
from reading_app import app_of, reading
from streamer.pictures import jpeg


@pytest.fixture(scope="session")
def gate_scene():
    """A vehicle that waits at the gate: the picture, and its plate."""
    scene = GateScene((1280, 720), seed=7, vehicles=1)
    return scene.render(8.0).image, scene.passage(0).plate


@pytest.fixture(scope="session")
def gate_jpeg(gate_scene):
    """That picture as JPEG."""
    return jpeg(gate_scene[0], 90)


@pytest.fixture(scope="session")
def real_reading(tmp_path_factory):
    """A `Reading` with the models of the daemon."""
    one = reading(tmp_path_factory.mktemp("reading"), max_upload_mb=8, max_megapixels=12)
    yield one
    one.stop()


@pytest.fixture(scope="session")
def client(real_reading):
    """A client of it; an error of the server is an answer, not raised."""
    return TestClient(app_of(real_reading), raise_server_exceptions=False)


@pytest.fixture
def site(tmp_path):
    """A whole portal of one test's own (see `full_portal.FullPortal`)."""
    with full_portal(tmp_path) as site:
        yield site
