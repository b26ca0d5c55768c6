"""The archive: how fast it finds events among a million.

    python benchmarks/archive.py [--events 1000000] [--plates 300000] [--repeat 20] [--url URL]

Vehicles come as they do at a gate: some every day, most once (the n-th most frequent of `--plates`
comes in proportion to 1 / n), plates as in Germany, eight cameras, one after another for 400 days.
Each kind of query is asked `--repeat` times through `Archive`, the first page of 50, with patterns
drawn from what is there; beside it, in the same run, what a plain table of the events' JSON takes
for the same: `SELECT json … WHERE json_extract(json, '$.plate') LIKE … ORDER BY … LIMIT 50` over
the table of the outbox (on PostgreSQL `json::json->>'plate'`), without any index of ours.
Without `--url` SQLite in a temporary folder; else an empty PostgreSQL database.
"""

import argparse
import random
import statistics
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from pathlib import Path

from sqlalchemy import text

from models.readers.patterns import shapes_of
from streamer.archive import events as rows
from streamer.archive.archive import Archive
from streamer.archive.records import Query
from streamer.archive.tables import documents, events, listed, plates
from streamer.archive.times import millis
from streamer.codec import encode
from streamer.data import Candidate, Character, ListMatch, PlateEvent, Watched, new_event_id
from streamer.near import folded

START = datetime(2025, 1, 1, tzinfo=UTC)
DAYS = 400
BATCH = 20_000
PAGE = 50


def drawn(count, seed=1):
    """So many different plates as in Germany."""
    dice = random.Random(seed)
    shapes = shapes_of("[A-Z]{1,3}[A-Z]{1,2}[1-9][0-9]{0,3}")
    parts = [[sorted(part) for part in shape.parts] for shape in shapes]
    weights = [shape.share for shape in shapes]
    found = {}
    while len(found) < count:
        for some in dice.choices(parts, weights, k=1000):
            found["".join(map(dice.choice, some))] = None
    return list(found)[:count]


def template(on_list):
    """One event's JSON with marks where events differ; encoding a million takes too long."""
    at = START
    match = ListMatch("wanted", "deny", "PLATE", "exact", 0.0)
    event = PlateEvent(
        *("IDENTITY", "CAMERA", "PLATE", 0.98),
        *(tuple(Character(char, 0.99) for char in "AB123CD"), (Candidate("AB123CO", 0.01),)),
        *(7, 0.86, 42, at, at, at, "approaching", (612, 402, 790, 446), (1920, 1080)),
        *("2025/IDENTITY.jpg", "2025/IDENTITY-crop.jpg"),
        watchlist=Watched("deny", (match,)) if on_list else None,
    )
    return encode(event), encode(event).split('"read_at":"')[1][:24]


def stream(options):
    """(id, milliseconds, camera, plate, on a list, json) of each event, the oldest first."""
    dice = random.Random(2)
    vehicles = drawn(options.plates)
    weights = list(accumulate(1 / (n + 1) for n in range(len(vehicles))))
    texts = {True: template(True), False: template(False)}
    step = timedelta(days=DAYS) / options.events
    wanted = set(dice.sample(vehicles, max(1, len(vehicles) // 1000)))
    for number in range(options.events):
        at = START + number * step
        (plate,) = dice.choices(vehicles, cum_weights=weights)
        stamp = millis(at)
        event_id = f"{stamp >> 16:08x}-{stamp & 0xFFFF:04x}-7000-8000-{number:012x}"
        camera = f"gate-{min(int(dice.expovariate(0.7)), 7)}"
        text, when = texts[plate in wanted]
        said = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        document = text.replace("IDENTITY", event_id).replace("CAMERA", camera)
        document = document.replace("PLATE", plate).replace(when, said)
        yield event_id, stamp, camera, plate, plate in wanted, document


def fill(archive, options):
    """Puts the events in at once: `take` is for one after another."""
    began = time.perf_counter()
    known = set()
    with archive._database.writing() as db:
        json_column = "CREATE TABLE plain (id TEXT PRIMARY KEY, read_at BIGINT, json TEXT)"
        db.execute(text(json_column))
    source = stream(options)
    while some := list(islice(source, BATCH)):
        with archive._database.writing() as db:
            insert(db, some, known)
    print(f"{options.events} events in {time.perf_counter() - began:.0f} s", flush=True)
    return known


def insert(db, some, known):
    db.execute(
        events.insert(),
        [
            dict(zip(("id", "read_at", "camera", "plate"), one[:4], strict=True))
            | {"corrected": 0, "way": None, "verdict": "deny" if one[4] else None}
            for one in some
        ],
    )
    db.execute(documents.insert(), [{"id": one[0], "json": one[5]} for one in some])
    plain = text("INSERT INTO plain VALUES (:id, :read_at, :json)")
    db.execute(plain, [{"id": one[0], "read_at": one[1], "json": one[5]} for one in some])
    on = [{"list": "wanted", "read_at": one[1], "id": one[0]} for one in some if one[4]]
    if on:
        db.execute(listed.insert(), on)
    new = {one[3] for one in some} - known
    known |= new
    looks = [{"plate": p, "folded": folded(p), "backwards": folded(p)[::-1]} for p in new]
    if looks:
        db.execute(plates.insert(), looks)


def patterns(known, seed=3):
    """Kinds of queries, each with something that makes one more of the kind."""
    dice = random.Random(seed)
    some = sorted(known)

    def plate():
        return dice.choice(some)

    def inner(size):
        word = plate()
        while len(word) < size + 2:
            word = plate()
        begin = dice.randrange(1, len(word) - size)
        return word[begin : begin + size]

    def with_gap(word):
        return word[:2] + "?" + word[3:]

    return {
        "exact AB123": lambda: Query(plate=plate()),
        "near AB123": lambda: Query(plate=plate(), near=True),
        "prefix A*": lambda: Query(plate=plate()[0] + "*"),
        "prefix ABC*": lambda: Query(plate=plate()[:3] + "*"),
        "infix *1*": lambda: Query(plate=f"*{inner(1)}*"),
        "infix *12*": lambda: Query(plate=f"*{inner(2)}*"),
        "infix *123*": lambda: Query(plate=f"*{inner(3)}*"),
        "infix *1234*": lambda: Query(plate=f"*{inner(4)}*"),
        "suffix *34": lambda: Query(plate="*" + plate()[-2:]),
        "signs AB?23": lambda: Query(plate=with_gap(plate())),
        "signs ?B123": lambda: Query(plate="?" + plate()[1:]),
        "two *A*9*": lambda: Query(plate=f"*{inner(1)}*{inner(1)}*"),
        "none *Q0Q*": lambda: Query(plate="*Q0Q*"),
        "*1*, one camera": lambda: Query(plate=f"*{inner(1)}*", cameras=("gate-6",)),
        "*123*, one camera": lambda: Query(plate=f"*{inner(3)}*", cameras=("gate-6",)),
        "rare camera": lambda: Query(cameras=("gate-7",)),
        "two rare cameras": lambda: Query(cameras=("gate-6", "gate-7")),
        "camera that is none": lambda: Query(cameras=("gate-9",)),
        "one day": lambda: _day(dice),
        "list": lambda: Query(list="wanted"),
        "list, A*": lambda: Query(list="wanted", plate="A*"),
        "verdict": lambda: Query(verdict="deny"),
        "way (none has)": lambda: Query(way="entry"),
        "corrected": lambda: Query(corrected=True),
        "everything": Query,
    }


def _day(dice):
    since = START + timedelta(days=dice.randrange(DAYS - 1))
    return Query(since=since, until=since + timedelta(days=1))


def timed(repeat, call):
    """Median and 95th percentile in milliseconds."""
    took = []
    for _ in range(repeat):
        argument = call()
        began = time.perf_counter()
        argument()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took), sorted(took)[min(len(took) - 1, int(len(took) * 0.95))]


def plain(archive, pattern):
    """The same from the table of JSON alone."""
    like = pattern.replace("*", "%").replace("?", "_")
    with archive._database.reading() as db:
        lite = db.dialect.name == "sqlite"
        field = "json_extract(json, '$.plate')" if lite else "json::json->>'plate'"
        chosen = f"SELECT json FROM plain WHERE {field} LIKE :like"
        query = f"{chosen} ORDER BY read_at DESC LIMIT {PAGE}"
        db.execute(text(query), {"like": like}).fetchall()


def measure(archive, known, options):
    print(f"\n{'':22}{'median ms':>10}{'p95 ms':>10}{'plain ms':>10}{'times':>8}")
    for name, make in patterns(known).items():
        middle, late = timed(options.repeat, lambda make=make: _search(archive, make()))
        line = f"{name:22}{middle:10.1f}{late:10.1f}"
        if make().plate and options.plain:
            scan, _ = timed(options.plain, lambda make=make: _plain(archive, make().plate))
            line += f"{scan:10.0f}{scan / middle:8.0f}"
        print(line, flush=True)
    dice = random.Random(4)
    near = timed(options.repeat, lambda: _near(archive, dice.choice(sorted(known)[:1000])))
    print(f"{'Archive.near':22}{near[0]:10.1f}{near[1]:10.1f}")
    deep(archive, options)
    take(archive, options)


def _search(archive, query):
    return lambda: archive.search(query, PAGE)


def _plain(archive, pattern):
    return lambda: plain(archive, pattern)


def _near(archive, plate):
    return lambda: archive.near(plate)


def deep(archive, options):
    """Page after page costs the same, however deep."""
    cursor, took = None, []
    for _ in range(20 * options.repeat):
        began = time.perf_counter()
        cursor = archive.search(Query(plate="*7*"), PAGE, cursor).next
        took.append((time.perf_counter() - began) * 1000)
    print(f"{'page after page, *7*':22}{statistics.median(took):10.1f}{max(took):10.1f} (max)")


def take(archive, options):
    """One more event, on disk."""
    with archive._database.reading() as db:
        last = db.execute(text("SELECT id FROM events ORDER BY read_at DESC LIMIT 1")).scalar()
        (record,) = rows.records(db, [last])
    events_ = [
        replace(record.event, id=new_event_id(), read_at=datetime.now(UTC))
        for _ in range(5 * options.repeat)
    ]
    source = iter(events_)
    middle, late = timed(len(events_), lambda: _take(archive, next(source)))
    print(f"{'take':22}{middle:10.1f}{late:10.1f}")


def _take(archive, event):
    return lambda: archive.take(event)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--plates", type=int, default=300_000)
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--plain", type=int, default=3, help="how often the plain table is asked")
    parser.add_argument("--url")
    parser.add_argument("--folder", type=Path, help="keep the database here, and use what is there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        there = (folder / "archive.sqlite3").exists()
        archive = Archive(folder, url=options.url)
        archive.open()
        if there:
            with archive._database.reading() as db:
                known = set(db.execute(text("SELECT plate FROM plates")).scalars())
        else:
            known = fill(archive, options)
        print(f"{len(known)} different plates", end="")
        if not options.url:
            size = (folder / "archive.sqlite3").stat().st_size
            print(f", a file of {size / 1e6:.0f} MB with the plain table", end="")
        measure(archive, known, options)
        archive.close()


if __name__ == "__main__":
    main()
