"""A car park with a real store, a clock to set, and what it has told."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from streamer.codec import decode_any
from streamer.data import PARKING, Character, PlateEvent, new_event_id
from streamer.enrich.parking import Parking
from streamer.sinks.outbox import Outbox

START = datetime(2026, 3, 4, 5, 6, 7, 890000, UTC)


def seen(plate, camera="in", after_s=0.0, doubt=(), **fields):
    """The event of a plate that was read surely but for its places `doubt`; a new id each."""
    at = START + timedelta(seconds=after_s)
    values = {
        "id": new_event_id(),
        "confidence": 0.98,
        "characters": tuple(Character(c, 0.6 if n in doubt else 0.99) for n, c in enumerate(plate)),
        "candidates": (),
        "looks": 7,
        "agreement": 0.86,
        "track_id": 42,
        "first_seen": at,
        "last_seen": at,
        "read_at": at,
        "direction": None,
        "box": (612, 402, 790, 446),
        "frame_size": (1920, 1080),
    }
    return PlateEvent(camera=camera, plate=plate, **(values | fields))


class Heard(Counter):
    """The observer: what was told, counted, and the stays in seconds."""

    def __init__(self):
        super().__init__()
        self.stays = []

    def entered(self):
        self["entered"] += 1

    def overstayed(self):
        self["overstay"] += 1

    def ignored(self, reason):
        self[reason] += 1

    def ended(self, outcome, stay_s):
        self[outcome] += 1
        if stay_s is not None:
            self.stays.append(stay_s)


class CarPark:
    """`Parking` with an entry camera `in`, an exit camera `out`, and whatever else it is given.

    `path` as of the outbox; `now_s` is the time of its clock, in seconds since 1970.
    """

    def __init__(self, path=":memory:", lined=(), now_s=0.0, observer=None, **options):
        self.now_s = now_s
        self.heard = Heard() if observer is None else observer
        self.outbox = Outbox(path, {"memory": {PARKING}})
        self._given = {"lined": lined, "entry": ("in",), "exit": ("out",)} | options
        self.restart()
        self.outbox.open()

    def restart(self):
        """Begin anew with nothing but the store."""
        self.parking = Parking(
            self.outbox, observer=self.heard, now=lambda: self.now_s, **self._given
        )

    def take(self, *events):
        """The parking events that these plate events bring about, as they left the store."""
        before = len(self.told)
        for event in events:
            self.parking.take(event)
        return self.told[before:]

    @property
    def told(self):
        """All parking events, in the order of their delivery."""
        with self.outbox.store.transaction() as db:
            rows = db.execute(
                "SELECT json FROM deliveries JOIN events ON events.id = event_id"
                " WHERE sink = 'memory' ORDER BY deliveries.id"
            ).fetchall()
        return [decode_any(row[0]) for row in rows]

    @property
    def plates_inside(self):
        return [session.plate for session in self.parking.inside()]

    def tables(self):
        """All that it remembers, to be compared."""
        with self.outbox.store.transaction() as db:
            return [
                db.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall()
                for table in ("parking_sessions", "parking_reads", "parking_unseen", "events")
            ]

    def close(self):
        self.outbox.close()
