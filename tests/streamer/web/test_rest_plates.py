"""Plates over REST: all that is known of one, and notes."""

import pytest

from car_park import START, seen
from full_portal import full_portal
from streamer.codec import to_text

NOBODY = {
    "plate": "AB123CD",
    "events": 0,
    "first_seen": None,
    "last_seen": None,
    "owner": None,
    "notes": [],
    "lists": [],
    "near": [],
    "sessions": [],
    "inside": False,
}


def test_one_that_never_came(site):
    assert site.get("/plates/ab-123%20cd") == NOBODY


def test_one_that_came(site):
    site.take(
        seen("AB123CD", owner={"name": "Miller"}),
        seen("AB123CD", "out", 100, owner=None),
        seen("AB123C0", "out", 50),
        seen("AB123CD", "in", 200),
    )
    known = site.get("/plates/AB123CD")
    assert (known["events"], known["owner"]) == (3, {"name": "Miller"})
    assert known["first_seen"] == to_text(START)
    assert known["last_seen"] == "2026-03-04T05:09:27.890Z"
    (near,) = known["near"]
    assert near == {
        "plate": "AB123C0",
        "events": 1,
        "last_seen": "2026-03-04T05:06:57.890Z",
        "distance": 0.6,
    }
    assert known["inside"] is True
    assert [one["ended"] for one in known["sessions"]] == [None, "exit"]
    assert site.get("/plates/AB123C0")["inside"] is False


def test_the_latest_owner_counts(site):
    for after_s, name in enumerate(("old", "new")):
        site.take(seen("AB123CD", after_s=after_s * 1000, owner={"name": name}))
    assert site.get("/plates/AB123CD")["owner"] == {"name": "new"}


def test_a_corrected_plate_has_the_history(site):
    event = site.take(seen("AB123CO"))
    site.send("PUT", f"/events/{event.id}/correction", json={"plate": "AB123CD"})
    assert site.get("/plates/AB123CD")["events"] == 1
    assert site.get("/plates/AB123CO")["events"] == 0


def test_notes(site):
    first = site.send("POST", "/plates/ab-1/notes", 201, json={"text": " rude \n"})
    assert (first["text"], first["by"]) == ("rude", "ann")
    second = site.send("POST", "/plates/AB1/notes", 201, json={"text": "=1+1 ü €"})
    assert site.get("/plates/AB1")["notes"] == [second, first]
    site.send("DELETE", f"/plates/KL2/notes/{first['id']}", 404)
    site.send("DELETE", f"/plates/AB1/notes/{first['id']}", 204)
    assert "has no note" in site.send("DELETE", f"/plates/AB1/notes/{first['id']}", 404)["detail"]
    assert site.get("/plates/AB1")["notes"] == [second]
    assert site.changes() == [
        ("ann", "plate.note", "AB1", f"note {first['id']}"),
        ("ann", "plate.note", "AB1", f"note {second['id']}"),
        ("ann", "plate.note.remove", "AB1", f"note {first['id']}"),
    ]


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("GET", "/plates/AB*", None, "path.plate"),
        ("GET", f"/plates/{'A' * 21}", None, "path.plate"),
        ("GET", "/plates/%00", None, "path.plate"),
        ("POST", "/plates/$/notes", {"text": "x"}, "path.plate"),
        ("POST", "/plates/AB1/notes", {"text": "  "}, "body.text"),
        ("POST", "/plates/AB1/notes", {"text": "x" * 2001}, "body.text"),
        ("POST", "/plates/AB1/notes", {"text": "a\x00b"}, "body.text"),
        ("POST", "/plates/AB1/notes", {"text": None}, "body.text"),
        ("POST", "/plates/AB1/notes", {}, "body.text"),
        ("DELETE", "/plates/AB1/notes/0", None, "path.note_id"),
        ("DELETE", f"/plates/AB1/notes/{2**63}", None, "path.note_id"),
    ],
)
def test_a_fault_names_its_field(site, method, path, body, field):
    problem = site.send(method, path, 422, json=body)
    assert [one["field"] for one in problem["errors"]] == [field]


def test_without_a_car_park(tmp_path):
    with full_portal(tmp_path, parking=False) as site:
        assert site.get("/plates/AB123CD") == NOBODY
