"""The pages in a real browser, on a portal with a real archive behind a real server."""

import shutil
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect, sync_playwright

from car_park import seen
from full_portal import FullPortal
from guarded import USERS, served
from live_gate import until
from models.training.gate import GateScene
from portal_pages import SOON_MS
from reading_app import reading
from streamer.data import Candidate, Frame
from streamer.live import LiveView
from streamer.web.films import Films
from streamer.web.hub import News
from streamer.web.options import Web
from streamer.web.site import create_app
from tools import missing

LISTS = (
    {"name": "residents", "kind": "allow", "entries": ["CFG 1"]},
    {"name": "banned", "kind": "deny", "entries": [{"plate": "BAD*", "note": "told off twice"}]},
)
expect.set_options(timeout=SOON_MS)
FRAME_S = 0.2
DESK = {"width": 1280, "height": 800}


class Gate(FullPortal):
    """A portal whose camera `in` sees a rendered gate; `out` has not shown anything yet."""

    def __init__(self, folder):
        super().__init__(folder, lists=LISTS)
        control = self.portal.controls.cameras["in"]
        films = Films({"in": LiveView(control)})
        self.reading = reading(folder / "reading")  # which opens its models when it is asked
        more = {"films": films, "folder": folder, "reading": self.reading}
        self.portal = replace(self.portal, **more)
        self._image = GateScene((640, 360), seed=7, vehicles=1).render(8.0).image
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._film, daemon=True)

    def open(self):
        super().open()
        self._thread.start()

    def close(self):
        self.portal.hub.close()
        self.portal.films.close()
        self._ended.set()
        self._thread.join(60)
        self.reading.stop()
        super().close()

    def comes(self, plate, camera="in", ago_s=0.0, told=True, **fields):
        """A vehicle has passed; those who listen hear of it."""
        at = datetime.now(UTC) - timedelta(seconds=ago_s)
        times = {"first_seen": at - timedelta(seconds=3), "last_seen": at, "read_at": at}
        event = seen(plate, camera, **{"candidates": (Candidate("XX1", 0.01),)} | times | fields)
        event = self.take(event, pictures=True)
        if told:
            self.portal.hub.tell(News("plate", event))
        return event

    def _film(self):
        self.portal.controls.arriving("in", True)
        control = self.portal.controls.cameras["in"]
        for index in range(1_000_000):
            frame = Frame("in", index, datetime.now(UTC), time.monotonic(), self._image)
            control.lets_pass(frame)
            if self._ended.wait(FRAME_S):
                return


@pytest.fixture
def hears(gate):
    """Open pages in its block: after it they hear of what comes."""

    @contextmanager
    def hears():
        hub = gate.portal.hub
        until(lambda: hub.listeners == 0)  # pages of tests before this one
        yield
        until(lambda: hub.listeners > 0)

    return hears


@pytest.fixture(scope="session")
def gate(tmp_path_factory):
    """The portal; tests use plates of their own."""
    gate = Gate(tmp_path_factory.mktemp("gate"))
    gate.open()
    for number in range(60):
        gate.comes(f"OLD{number:03}", ago_s=86_400 + 60 * number, told=False)
    yield gate
    gate.close()


@pytest.fixture(scope="session")
def address(gate):
    """Where it is; whoever asks is an operator."""
    with served(create_app(gate.portal, Web())) as server:
        yield server.url


@pytest.fixture(scope="session")
def guarded_address(gate):
    """Where it is behind a login."""
    with served(create_app(gate.portal, Web(users=USERS))) as server:
        yield server.url


@pytest.fixture(scope="module")
def chromium():
    """One browser for all tests."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        missing("chromium")
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def browse(chromium):
    """Opens an address in a browser of its own; a page that complains on its console (an error,
    a breach of the policy) fails its test, but for the words in `expected`."""
    opened, complaints = [], []

    def browse(address, expected=(), viewport=DESK, **options):
        context = chromium.new_context(viewport=viewport, **options)
        context.set_default_timeout(SOON_MS)
        opened.append(context)
        page = context.new_page()

        def hear(message):
            known = any(word in message.text for word in expected)
            if message.type in {"error", "warning"} and not known:
                complaints.append(message.text)

        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        return page

    yield browse
    for context in opened:
        context.close()
    assert complaints == []
