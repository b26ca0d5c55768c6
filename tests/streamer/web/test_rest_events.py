"""Events over REST: found, looked at, corrected."""

import json
from datetime import timedelta

import jsonschema
import pytest

from car_park import START, seen
from full_portal import full_portal
from streamer.codec import decode, json_schema, to_text
from streamer.data import new_event_id


def plates(page):
    return [one["plate"] for one in page["events"]]


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    """Five events, a minute apart; KL is on a list, the last one leaves. Only to be looked at."""
    with full_portal(tmp_path_factory.mktemp("busy")) as site:
        _fill(site)
        yield site


def _fill(site):
    times = range(0, 300, 60)
    read = ("AB123CD", "AB12OCD", "KL555MN", "XY987ZW", "AB123CD")
    cameras = ("in", "in", "yard", "in", "out")
    for plate, camera, after_s in zip(read, cameras, times, strict=True):
        way = {"in": "entry", "out": "exit"}.get(camera)
        site.take(seen(plate, camera, after_s, way=way))


def at(seconds):
    return to_text(START + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["AB123CD", "XY987ZW", "KL555MN", "AB12OCD", "AB123CD"]),
        ({"plate": "ab-123 cd"}, ["AB123CD", "AB123CD"]),
        ({"plate": "ab12?cd"}, ["AB123CD", "AB12OCD", "AB123CD"]),
        ({"plate": "*987*"}, ["XY987ZW"]),
        ({"plate": "KL555NN", "near": "true"}, ["KL555MN"]),
        ({"plate": "ÄB12*"}, ["AB123CD", "AB12OCD", "AB123CD"]),
        ({"camera": "yard"}, ["KL555MN"]),
        ({"camera": ["yard", "out"]}, ["AB123CD", "KL555MN"]),
        ({"camera": "nowhere"}, []),
        ({"list": "residents"}, ["KL555MN"]),
        ({"list": "no-such-list"}, []),
        ({"verdict": "allow"}, ["KL555MN"]),
        ({"verdict": "deny"}, []),
        ({"way": "exit"}, ["AB123CD"]),
        ({"since": at(120), "until": at(240)}, ["XY987ZW", "KL555MN"]),
        ({"since": "2026-03-04T06:10:07.890+01:00"}, ["AB123CD"]),
        ({"corrected": "true"}, []),
        ({"corrected": "false", "way": "exit"}, ["AB123CD"]),
        ({"limit": 2}, ["AB123CD", "XY987ZW"]),
    ],
)
def test_a_filter(busy, asked, found):
    assert plates(busy.get("/events", **asked)) == found


@pytest.mark.parametrize(
    ("asked", "field", "why"),
    [
        ({"since": "2026-13-01T00:00:00Z"}, "query.since", "is no time"),
        ({"since": "2026-02-30T00:00:00Z"}, "query.since", "is no time"),
        ({"since": "2026-01-02"}, "query.since", "RFC 3339"),
        ({"since": "yesterday"}, "query.since", "RFC 3339"),
        ({"since": "1767323045"}, "query.since", "RFC 3339"),
        ({"until": "2026-01-02T03:04:05"}, "query.until", "how far from UTC"),
        ({"until": "2026-01-02T03:04:05 01:00"}, "query.until", "%2B"),
        ({"until": "0001-01-01T00:00:00+14:00"}, "query.until", "is no time"),
        ({"until": ""}, "query.until", "RFC 3339"),
        ({"since": at(1), "until": at(0)}, "query.until", "before since"),
        ({"plate": "A$B"}, "query.plate", "has '$', which no plate shows"),
        ({"plate": ""}, "query.plate", "at least 1"),
        ({"plate": "A" * 21}, "query.plate", "1 to 20"),
        ({"plate": "AB*", "near": "true"}, "query.near", "has wildcards"),
        ({"near": "true"}, "query.near", "without a plate"),
        ({"near": "perhaps"}, "query.near", "boolean"),
        ({"plat": "AB123CD"}, "query.plat", "not permitted"),
        ({"verdict": "alow"}, "query.verdict", "'allow', 'deny' or 'notify'"),
        ({"way": "in"}, "query.way", "'entry' or 'exit'"),
        ({"limit": 0}, "query.limit", "greater than or equal to 1"),
        ({"limit": 501}, "query.limit", "less than or equal to 500"),
        ({"limit": "many"}, "query.limit", "integer"),
        ({"cursor": "nonsense"}, "query.cursor", "is not one that a search has given"),
        ({"camera": "a\x00"}, "query.camera.0", "control characters"),
        ({"list": "x" * 101}, "query.list", "at most 100"),
    ],
)
def test_a_fault_names_its_parameter(busy, asked, field, why):
    for path in ("/events", "/events/export"):
        if path == "/events/export" and field in ("query.limit", "query.cursor"):
            continue
        problem = busy.get(path, 422, **asked)
        assert [one["field"] for one in problem["errors"]] == [field]
        assert why in problem["errors"][0]["detail"]
        assert problem["status"] == 422


def test_pages_go_on_where_the_last_one_ended(busy):
    found, cursor = [], None
    for _ in range(3):
        page = busy.get("/events", limit=2, **({"cursor": cursor} if cursor else {}))
        found += plates(page)
        cursor = page["next"]
    assert found == plates(busy.get("/events"))
    assert cursor is None


def test_a_record_holds_the_event_as_it_is_published(site):
    event = site.take(seen("AB123CD", way="entry"), pictures=True)
    record = site.get(f"/events/{event.id}")
    jsonschema.validate(record["event"], json_schema())
    assert decode(json.dumps(record["event"])) == event
    assert record["event"]["read_at"] == "2026-03-04T05:06:07.890Z"
    assert (record["plate"], record["correction"], record["distance"]) == ("AB123CD", None, None)
    assert record["snapshot"] == f"/api/v1/events/{event.id}/snapshot"
    assert record["crop"] == f"/api/v1/events/{event.id}/crop"
    assert site.get("/events") == {"events": [record], "next": None}
    (near,) = site.get("/events", plate="AB123C0", near="true")["events"]
    assert near["distance"] == 0.6


@pytest.mark.parametrize("path", ["", "/snapshot", "/crop"])
def test_what_is_not_there(site, path):
    problem = site.get(f"/events/{new_event_id()}{path}", 404)
    assert "there is no event" in problem["detail"]
    site.get(f"/events/nonsense{path}", 404)


def test_pictures(site):
    event = site.take(seen("AB123CD"), pictures=True)
    for kind, path in (("snapshot", event.snapshot), ("crop", event.crop)):
        url = f"/api/v1/events/{event.id}/{kind}"
        answer = site.client.get(url)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "image/jpeg"
        with open(path, "rb") as file:
            assert answer.content == file.read()
        assert "private" in answer.headers["Cache-Control"]
        assert "immutable" in answer.headers["Cache-Control"]
        again = site.client.get(url, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        other = site.client.get(url, headers={"If-None-Match": '"other"'})
        assert other.status_code == 200
    etags = {
        site.client.get(f"/api/v1/events/{event.id}/{k}").headers["ETag"]
        for k in ("crop", "snapshot")
    }
    assert len(etags) == 2


def test_pictures_that_are_gone_or_were_never_kept(site):
    event = site.take(seen("AB123CD"), pictures=True)
    for file in (site.folder / "media").rglob("*.jpg"):
        file.unlink()
    assert "no more" in site.get(f"/events/{event.id}/crop", 404)["detail"]
    bare = site.take(seen("AB123CD"))
    assert "no picture" in site.get(f"/events/{bare.id}/snapshot", 404)["detail"]


def test_somebody_corrects_a_plate(site):
    event = site.take(seen("AB123CD"), pictures=True)
    record = site.send("PUT", f"/events/{event.id}/correction", json={"plate": "ab-12o cd"})
    assert (record["plate"], record["event"]["plate"]) == ("AB12OCD", "AB123CD")
    said = record["correction"]
    assert (said["plate"], said["read"], said["by"]) == ("AB12OCD", "AB123CD", "ann")
    assert record == site.get(f"/events/{event.id}")
    assert plates(site.get("/events", plate="AB12OCD")) == ["AB12OCD"]
    assert plates(site.get("/events", corrected="true")) == ["AB12OCD"]
    assert plates(site.get("/events", plate="AB123CD")) == []
    assert site.media.lesson(event.id) is not None
    assert site.changes() == [("ann", "event.correct", event.id, "AB123CD is AB12OCD")]


def test_confirmed_no_plate_and_taken_back(site):
    event = site.take(seen("AB123CD"))
    path = f"/events/{event.id}/correction"
    confirmed = site.send("PUT", path, json={"plate": "AB123CD"})
    assert (confirmed["plate"], confirmed["correction"]["plate"]) == ("AB123CD", "AB123CD")
    none = site.send("PUT", path, json={"plate": None})
    assert (none["plate"], none["correction"]["plate"]) == (None, None)
    site.send("DELETE", path, 204)
    assert site.get(f"/events/{event.id}")["correction"] is None
    assert "nobody has corrected" in site.send("DELETE", path, 404)["detail"]
    nothing_learnt = "; without a picture to learn from"
    assert site.changes() == [
        ("ann", "event.correct", event.id, f"AB123CD is AB123CD{nothing_learnt}"),
        ("ann", "event.correct", event.id, f"AB123CD is no plate{nothing_learnt}"),
        ("ann", "event.retract", event.id, ""),
    ]


@pytest.mark.parametrize(
    ("how", "field"),
    [
        ({"json": {"plate": "A$B"}}, "body.plate"),
        ({"json": {"plate": ""}}, "body.plate"),
        ({"json": {"plate": "AB*"}}, "body.plate"),
        ({"json": {"plate": "A" * 17}}, "body.plate"),
        ({"json": {"plate": 7}}, "body.plate"),
        ({"content": b'{"plate": "\\ud800"}'}, "body.plate"),
        ({"json": {}}, "body.plate"),
        ({"json": {"plate": "AB1", "note": "x"}}, "body.note"),
        ({"content": b"{"}, "body.1"),
        ({}, "body"),
    ],
)
def test_what_no_correction_is(site, how, field):
    event = site.take(seen("AB123CD"))
    headers = {"Content-Type": "application/json"}
    problem = site.send("PUT", f"/events/{event.id}/correction", 422, headers=headers, **how)
    assert [one["field"] for one in problem["errors"]] == [field]
    assert site.changes() == []


def test_nobody_corrects_what_is_not_there(site):
    path = f"/events/{new_event_id()}/correction"
    assert "there is no event" in site.send("PUT", path, 404, json={"plate": "AB1"})["detail"]
    assert site.changes() == []


def test_a_database_that_fails_is_no_fault_of_who_asks(site):
    site.archive.close()
    for path in ("/events", "/events/export", f"/events/{new_event_id()}"):
        assert site.get(path, 503)["title"] == "Service Unavailable"
    site.archive.open()
