"""A camera at a rendered gate, its real pipeline, and a portal on a real server to watch it by."""

import threading
import time
from contextlib import contextmanager

import requests
import uvicorn

from full_portal import FullPortal
from streamer.app import default_config
from streamer.live import LiveView
from streamer.one_camera import Site, camera_pipeline
from streamer.stages.publish import Publish
from streamer.watch import CameraWatch
from streamer.web.films import Films
from streamer.web.hub import Hub
from streamer.web.news import tell_of_cameras, telling
from streamer.web.site import create_app

WAIT_S = 90.0


def until(what, wait_s=WAIT_S):
    """Wait until `what()` is true; gives what it gave."""
    deadline = time.monotonic() + wait_s
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.01)
    return found


class Gate:
    """One camera and its stages; `url` is of any source, read as fast as it goes, over and over."""

    def __init__(self, portal, url, enrich=(), accept=lambda *_: None, **camera):
        config = default_config(url)
        control = portal.controls.cameras["in"]
        self.camera = config.cameras[0].model_copy(update={"name": "in", "loop": True} | camera)
        self.view = LiveView(control, self.camera.places())
        self.watch = CameraWatch(portal.metrics, "in", [portal.controls.arriving])
        self.watch.commanded_by(control)
        self.watch.shown_in(self.view)
        publish = Publish(accept, enrich=enrich, on_event=self.watch.accepted)
        self.pipeline = camera_pipeline(self.camera, config, publish, self.watch, Site(control))

    @contextmanager
    def running(self):
        self.pipeline.start()
        try:
            yield self
        finally:
            self.pipeline.stop()
            assert self.pipeline.join(WAIT_S)
        assert self.pipeline.failure is None


class Served:
    """A portal on a real server, with `films` of `views`."""

    def __init__(self, site, films=None, hub=None):
        self.films, self.hub = films or Films(), hub or Hub()
        fields = {name: getattr(site.portal, name) for name in site.portal.__dataclass_fields__}
        self.portal = type(site.portal)(**fields | {"films": self.films, "hub": self.hub})
        tell_of_cameras(self.portal.controls, self.hub)
        self.take = telling(site.take, self.hub)
        config = uvicorn.Config(
            create_app(self.portal), port=0, log_config=None, lifespan="off", ws="none"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def start(self):
        self._thread.start()
        until(lambda: self._server.started)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/api/v1"

    def stop(self):
        """End all streams and the server; gives how long that took."""
        began_s = time.monotonic()
        self.films.close()
        self.hub.close()
        self._server.should_exit = True
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()
        return time.monotonic() - began_s

    def get(self, path, **how):
        return requests.get(f"{self.url}{path}", timeout=WAIT_S, **how)


@contextmanager
def served(site, **how):
    """A portal on a server while the block lasts."""
    one = Served(site, **how)
    one.start()
    try:
        yield one
    finally:
        one.stop()


def portal_for(folder):
    """A portal (not opened) whose cameras are `in` and `out`."""
    return FullPortal(folder, parking=False)


def pictures(answer):
    """The JPEGs of an MJPEG stream, as they come."""
    lines = answer.raw
    assert lines.readline().startswith(b"--")
    while True:
        head = {}
        while line := lines.readline().strip():
            name, _, value = line.partition(b":")
            head[name.lower()] = value.strip()
        if not head:
            return
        yield lines.read(int(head[b"content-length"]))
        lines.readline()
        lines.readline()


def news(answer):
    """The messages of an event stream, each a dict of its fields; comments under ''."""
    fields = {}
    for line in answer.iter_lines(chunk_size=1, decode_unicode=True):
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.strip()
        elif fields:
            yield fields
            fields = {}
