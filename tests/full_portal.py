"""A portal with a real archive, real watchlists, a real car park and real pictures."""

from contextlib import contextmanager
from datetime import UTC, datetime

import numpy as np
from starlette.testclient import TestClient

from car_park import Heard
from models.base import Reading
from streamer.archive.archive import Archive
from streamer.controls import Controls
from streamer.data import Decided, Frame, Look
from streamer.enrich.entry import entry_of
from streamer.enrich.parking import Parking
from streamer.enrich.watchlist import Watchlist
from streamer.enrich.watchlists import Watchlists
from streamer.metrics import Metrics
from streamer.sinks.media import Media
from streamer.sinks.outbox import Outbox
from streamer.web import access
from streamer.web.access import User
from streamer.web.portal import Portal
from streamer.web.site import create_app

LISTS = (
    {"name": "residents", "kind": "allow", "entries": ["CFG 1", {"plate": "KL*", "note": "fleet"}]},
    {"name": "banned", "kind": "deny"},
)


class FullPortal:
    """`portal` over what lies in `folder`, and `client`, which is an operator called ann."""

    def __init__(self, folder, parking=True, lists=LISTS):
        self.folder = folder
        self.now_s = datetime.now(UTC).timestamp()
        self.archive = Archive(folder)
        self.outbox = Outbox(folder / "events.sqlite3", ())
        self.watchlists = Watchlists(
            [
                Watchlist(**one | {"entries": tuple(map(entry_of, one.get("entries", ())))})
                for one in lists
            ],
            Metrics(),
        )
        self.watchlists.keep_in(self.outbox.store)
        ways = {"entry": ("in",), "exit": ("out",)} if parking else {}
        self.parking = Parking(self.outbox, (), Heard(), lambda: self.now_s, **ways, capacity=40)
        self.media = Media(folder / "media")
        self.portal = Portal(
            self.archive,
            Controls(["in", "out"], self.watchlists),
            self.watchlists,
            Metrics(),
            self.outbox,
            self.parking if parking else None,
            self.media,
        )
        self.app = create_app(self.portal)
        self.be("operator")
        self.client = TestClient(self.app, raise_server_exceptions=False)

    def open(self):
        self.outbox.open()
        self.archive.open()
        self.media.open()
        self._end = self.watchlists.start()

    def close(self):
        self._end()
        self.archive.close()
        self.outbox.close()

    def be(self, role):
        """Whoever asks from now on; None has not logged in."""
        overrides = self.app.dependency_overrides
        overrides.pop(access._viewer, None)
        if role is not None:
            overrides[access._viewer] = lambda: User("ann", role)
            return

        def nobody():
            raise access.Problem(401, "log in")

        overrides[access._viewer] = nobody

    def take(self, *events, pictures=False):
        """Events that have come, the last one given back as it was stored."""
        for event in events:
            if pictures:
                image = np.full((1080, 1920, 3), 90, np.uint8)
                frame = Frame(event.camera, 0, event.read_at, 0.0, image)
                reading = Reading(event.plate, (0.99,) * len(event.plate))
                look = Look(event.track_id, frame, event.box, image[:20, :80], 0.9, reading)
                event = self.media.illustrate(Decided(event, look))  # noqa: PLW2901
            event = self.watchlists(event)  # noqa: PLW2901
            self.archive.take(event)
            self.parking.take(event)
        return event

    def get(self, path, status=200, **params):
        """The JSON of an answer, whose status is checked."""
        answer = self.client.get(f"/api/v1{path}", params=params)
        assert answer.status_code == status, answer.text
        return answer.json()

    def send(self, method, path, status=200, **how):
        """The same for what changes something; None where nothing is answered."""
        answer = self.client.request(method, f"/api/v1{path}", **how)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def changes(self):
        """The audit log, the oldest line first."""
        lines = self.archive.changes()
        return [(one.by, one.action, one.subject, one.detail) for one in reversed(lines)]


@contextmanager
def full_portal(folder, **options):
    """One that is open while the block lasts."""
    site = FullPortal(folder, **options)
    site.open()
    try:
        yield site
    finally:
        site.close()
