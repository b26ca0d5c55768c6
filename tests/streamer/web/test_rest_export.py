"""Events over REST as files: right, harmless, and of any size."""

import csv
import io
import json
import socket
import tracemalloc
from urllib.parse import urlsplit

import pytest

from broker import wait_until
from car_park import seen
from full_portal import full_portal
from served import served
from streamer.archive.records import Query
from streamer.codec import decode
from streamer.web.export import as_csv, as_jsonl, in_chunks

MANY = 20_000


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A portal with many events."""
    with full_portal(tmp_path_factory.mktemp("full")) as site:
        site.archive.fill(seen(f"AB{n}CD", after_s=n) for n in range(MANY))
        yield site


def export(site, **asked):
    answer = site.client.get("/api/v1/events/export", params=asked)
    assert answer.status_code == 200, answer.text
    return answer


def table(answer):
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def test_a_table_for_spreadsheets(site):
    events = [site.take(seen(plate, after_s=n)) for n, plate in enumerate(("AB1", "KL2", "XY3"))]
    site.archive.correct(events[0].id, "AB7", "=ann")
    site.archive.correct(events[1].id, None, "ann")
    answer = export(site)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="plates-2')
    assert answer.headers["Content-Disposition"].endswith('Z.csv"')
    rows = table(answer)
    assert [(row["plate"], row["plate_now"]) for row in rows] == [
        ("XY3", "XY3"),
        ("KL2", ""),
        ("AB1", "AB7"),
    ]
    assert [row["corrected_by"] for row in rows] == ["", "ann", "'=ann"]
    assert rows[2]["read_at"] == "2026-03-04T05:06:07.890Z"
    assert answer.text.count("\r\n") == 4


@pytest.mark.parametrize("sign", list("=+-@\t\r"))
def test_no_cell_is_a_formula(site, sign):
    site.archive.take(seen("AB1", f"{sign}cmd|'/c calc'!A1"))
    (row,) = table(export(site))
    assert row["camera"] == f"'{sign}cmd|'/c calc'!A1"


def test_lines_of_events_each_correction_after_its_own(site):
    event, other = site.take(seen("AB1")), site.take(seen("KL2", after_s=9))
    site.archive.correct(event.id, "AB7", "ann")
    answer = export(site, format="jsonl")
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert answer.headers["Content-Disposition"].endswith('.jsonl"')
    later, first, correction = answer.text.splitlines()
    assert (decode(later), decode(first)) == (site.archive.get(other.id).event, event)
    told = json.loads(correction)
    assert told.pop("at").endswith("Z")
    assert told == {
        "schema": "plate-correction/1",
        "event": event.id,
        "plate": "AB7",
        "read": "AB1",
        "by": "ann",
    }


def test_the_filter_counts(site):
    site.take(seen("AB1"), seen("KL2", "out"))
    assert [row["plate"] for row in table(export(site, camera="out"))] == ["KL2"]
    assert export(site, plate="ZZ9").text.count("\n") == 1
    assert export(site, plate="ZZ9", format="jsonl").text == ""
    assert site.get("/events/export", 422, format="xls")["errors"][0]["field"] == "query.format"


def test_head_tells_what_get_would_and_looks_nothing_up(site):
    site.archive.close()
    answer = site.client.head("/api/v1/events/export", params={"format": "jsonl"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert site.client.head("/api/v1/events/export?since=x").status_code == 422
    site.archive.open()


def test_all_of_many(full):
    assert len(table(export(full))) == MANY
    lines = export(full, format="jsonl").text.splitlines()
    assert len({json.loads(line)["id"] for line in lines}) == MANY


@pytest.mark.parametrize("form", [as_csv, as_jsonl])
def test_only_a_few_of_many_are_in_memory(full, form):
    tracemalloc.start()
    try:
        size = sum(map(len, in_chunks(form(full.archive.walk(Query())))))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size > 3_000_000
    assert peak < 6_000_000


def test_who_goes_away_ends_the_walk(full, monkeypatch):
    walked, ended = [], []
    walk = full.archive.walk

    def watched(query):
        try:
            for record in walk(query):
                walked.append(record)
                yield record
        finally:
            ended.append(True)

    monkeypatch.setattr(full.archive, "walk", watched)
    with served(full.app) as url:
        with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port)) as client:
            client.sendall(
                b"GET /api/v1/events/export?format=jsonl HTTP/1.1\r\nHost: localhost\r\n\r\n"
            )
            assert client.recv(1000).startswith(b"HTTP/1.1 200")
        wait_until(lambda: ended)
    assert ended == [True]
    assert len(walked) < MANY / 2
