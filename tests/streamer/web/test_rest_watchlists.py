"""Watchlists over REST: their entries found, changed, imported and exported."""

import csv
import io
from datetime import UTC, datetime

import pytest

from full_portal import full_portal
from streamer.enrich.stored_entries import StoredEntries

NOTHING = dict.fromkeys(("note", "valid_from", "valid_until", "weekdays", "hours"))
CSV = {"Content-Type": "text/csv"}


def entry(plate, origin="stored", **fields):
    return {"plate": plate, **NOTHING, **fields, "origin": origin}


@pytest.fixture
def lists(tmp_path):
    """A portal with a list in the configuration and in a file, and one that is empty."""
    file = tmp_path / "residents.csv"
    file.write_text("plate;note\nFF 1;from the file\n")
    entries = ["CFG 1", {"plate": "KL*", "note": "fleet", "weekdays": "mon-fri"}]
    residents = {"name": "residents", "kind": "allow", "file": file, "entries": entries}
    with full_portal(tmp_path, lists=(residents, {"name": "banned", "kind": "deny"})) as site:
        yield site


def test_all_lists(lists):
    assert lists.get("/watchlists") == {
        "watchlists": [
            {"name": "residents", "kind": "allow", "entries": 3},
            {"name": "banned", "kind": "deny", "entries": 0},
        ]
    }


def test_an_entry_is_put_changed_and_taken_off(lists):
    path = "/watchlists/banned/entries/ab-1%3F"
    fields = {"note": " rude ", "valid_until": "31.12.2026", "hours": "22:00-06:00"}
    put = entry("AB1?", note="rude", valid_until="2026-12-31", hours="22:00-06:00")
    assert lists.send("PUT", path, json=fields) == put
    assert lists.get("/watchlists/banned/entries") == {"entries": [put], "total": 1}
    assert lists.send("PUT", path, json={"weekdays": "sat,sun"}) == entry(
        "AB1?", weekdays="sat,sun"
    )
    assert lists.get("/watchlists/banned/entries")["total"] == 1
    lists.send("DELETE", "/watchlists/banned/entries/AB1%3F", 204)
    assert lists.get("/watchlists/banned/entries") == {"entries": [], "total": 0}
    assert "has no AB1?" in lists.send("DELETE", path, 404)["detail"]
    what = "note: rude; valid_until: 2026-12-31; hours: 22:00-06:00"
    assert lists.changes() == [
        ("ann", "watchlist.put", "banned/AB1?", what),
        ("ann", "watchlist.put", "banned/AB1?", "weekdays: sat,sun"),
        ("ann", "watchlist.remove", "banned/AB1?", ""),
    ]


@pytest.mark.parametrize(
    ("plate", "where"),
    [("CFG1", "is in the configuration"), ("ff-1", "residents.csv; change it there")],
)
def test_what_is_written_elsewhere_is_changed_there(lists, plate, where):
    path = f"/watchlists/residents/entries/{plate}"
    assert where in lists.send("PUT", path, 409, json={"note": "x"})["detail"]
    assert where in lists.send("DELETE", path, 409)["detail"]
    assert lists.get("/watchlists/residents/entries")["total"] == 3
    assert lists.changes() == []


@pytest.mark.parametrize(
    ("fields", "faults"),
    [
        ({"valid_from": "2026-13-01"}, {"body.valid_from": "should be a day or a time"}),
        (
            {"weekdays": "mon-fry", "hours": "7-19"},
            {"body.weekdays": "should be weekdays", "body.hours": "should be hours"},
        ),
        (
            {"valid_from": "2026-02-01", "valid_until": "2026-01-01"},
            {"body.valid_until": "is before valid_from"},
        ),
        ({"valid_untill": "2026-01-01"}, {"body.valid_untill": "not permitted"}),
        ({"note": "a\0b"}, {"body.note": "NUL"}),
        ({"note": 7}, {"body.note": "valid string"}),
        ({"note": "x" * 1001}, {"body.note": "at most 1000"}),
        ([], {"body": "valid dictionary"}),
    ],
)
def test_a_fault_names_its_field(lists, fields, faults):
    problem = lists.send("PUT", "/watchlists/banned/entries/AB1", 422, json=fields)
    told = {one["field"]: one["detail"] for one in problem["errors"]}
    assert told.keys() == faults.keys()
    assert all(faults[field] in told[field] for field in faults)
    assert lists.get("/watchlists/banned/entries")["total"] == 0


@pytest.mark.parametrize(
    ("method", "path", "how"),
    [
        ("GET", "/watchlists/none/entries", {}),
        ("PUT", "/watchlists/none/entries/AB1", {"json": {}}),
        ("DELETE", "/watchlists/none/entries/AB1", {}),
        ("POST", "/watchlists/none/import", {"content": b"AB1\n", "headers": CSV}),
        ("GET", "/watchlists/none/export", {}),
    ],
)
def test_a_list_that_is_not_there(lists, method, path, how):
    problem = lists.send(method, path, 404, **how)
    assert (
        problem["detail"]
        == "there is no watchlist 'none'; the configuration has: residents, banned"
    )


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["CFG1", "KL*", "FF1"]),
        ({"search": "c-fg"}, ["CFG1"]),
        ({"search": "FLEET"}, ["KL*"]),
        ({"search": "from the"}, ["FF1"]),
        ({"search": "kl*"}, ["KL*"]),
        ({"search": "zz"}, []),
        ({"search": " - "}, []),
        ({"search": "  "}, ["CFG1", "KL*", "FF1"]),
        ({"limit": 2}, ["CFG1", "KL*"]),
        ({"limit": 2, "offset": 2}, ["FF1"]),
        ({"search": "f", "offset": 1}, ["KL*", "FF1"]),
        ({"offset": 10_000_000, "limit": 500}, []),
    ],
)
def test_entries_are_found(lists, asked, found):
    answer = lists.get("/watchlists/residents/entries", **asked)
    assert [one["plate"] for one in answer["entries"]] == found
    assert lists.get("/watchlists/residents/entries")["entries"] == [
        entry("CFG1", "config"),
        entry("KL*", "config", note="fleet", weekdays="mon,tue,wed,thu,fri"),
        entry("FF1", "file", note="from the file"),
    ]


def test_a_table_is_imported_as_a_whole(lists):
    path = "/watchlists/banned/import"
    lists.send("PUT", "/watchlists/banned/entries/OLD1", json={})
    lists.send("PUT", "/watchlists/banned/entries/AB1", json={"note": "before"})
    content = "plate;note\nAB 1;Müller\nKL*;\n".encode("cp1252")
    assert lists.send("POST", path, content=content, headers=CSV) == {"imported": 2}
    found = lists.get("/watchlists/banned/entries")["entries"]
    assert found == [entry("AB1", note="Müller"), entry("KL*"), entry("OLD1")]
    form = {"file": ("Mappe 1.csv", b"\xef\xbb\xbfplate,note\nXY1,\n", "application/vnd.ms-excel")}
    assert lists.send("POST", f"{path}?replace=true", files=form) == {"imported": 1}
    assert lists.get("/watchlists/banned/entries")["entries"] == [entry("XY1")]
    assert lists.changes()[2:] == [
        ("ann", "watchlist.import", "banned", "entries: 2"),
        ("ann", "watchlist.import", "banned", "entries: 1, in place of all that were put there"),
    ]


def test_what_is_shown_is_what_is_stored(lists):
    for change in (
        ("PUT", "entries/AB1", {"json": {"note": "x"}}),
        ("POST", "import", {"content": b"AB2\nAB3\nAB1\n", "headers": CSV}),
        ("DELETE", "entries/AB2", {}),
        ("POST", "import?replace=true", {"content": b"ZZ1\nAA1\n", "headers": CSV}),
        ("PUT", "entries/MM1", {"json": {}}),
    ):
        method, path, how = change
        lists.client.request(method, f"/api/v1/watchlists/banned/{path}", **how).raise_for_status()
        stored = StoredEntries(lists.outbox.store).of("banned")
        assert [one.entry for one in lists.watchlists.entries("banned")] == stored
    assert [one.plate for one in stored] == ["AA1", "MM1", "ZZ1"]


@pytest.mark.parametrize(
    ("content", "faults"),
    [
        (
            b"plate;note;valid_until\nAB1;;2026-13-01\nA$B;;\nKL1;;\n",
            {
                "body:2": "valid_until: '2026-13-01' should be",
                "body:3": "plate: plate 'A$B' has '$'",
            },
        ),
        (b"plate;notes\nAB1;x\n", {"body:1": "no such column 'notes'"}),
        (b"\x00\x01\x02", {"body": "is no text"}),
    ],
)
def test_faults_of_a_table_name_their_line(lists, content, faults):
    problem = lists.send("POST", "/watchlists/banned/import", 422, content=content, headers=CSV)
    told = {one["field"]: one["detail"] for one in problem["errors"]}
    assert told.keys() == faults.keys()
    assert all(faults[line] in told[line] for line in faults)
    assert lists.get("/watchlists/banned/entries")["total"] == 0
    assert lists.changes() == []


@pytest.mark.parametrize(
    ("status", "how"),
    [
        (415, {"content": b"AB1", "headers": {"Content-Type": "application/json"}}),
        (415, {"content": b"AB1"}),
        (422, {"files": {"table": ("x.csv", b"AB1")}}),
        (422, {"data": {"file": "AB1"}, "files": {"other": b""}}),
        (413, {"content": b"#" * (32 << 20) + b"\n", "headers": CSV}),
        (400, {"content": b"x", "headers": {"Content-Type": "multipart/form-data; boundary=y"}}),
    ],
)
def test_what_no_table_is(lists, status, how):
    problem = lists.send("POST", "/watchlists/banned/import", status, **how)
    assert problem["status"] == status


def test_what_is_exported_can_be_imported(lists):
    fields = {"note": "=1+1", "valid_from": "2026-01-01T18:00", "weekdays": "sat,sun"}
    lists.send("PUT", "/watchlists/banned/entries/AB1", json=fields)
    lists.send("PUT", "/watchlists/banned/entries/KL*", json={"note": 'a;b,c\n"d"'})
    answer = lists.client.get("/api/v1/watchlists/banned/export")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="banned.csv"'
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["note"] for row in rows] == ["'=1+1", 'a;b,c\n"d"']
    assert [row["_origin"] for row in rows] == ["stored", "stored"]
    before = lists.get("/watchlists/banned/entries")
    lists.send(
        "POST", "/watchlists/banned/import?replace=true", content=answer.content, headers=CSV
    )
    assert lists.get("/watchlists/banned/entries") == before


def test_whatever_is_on_the_list_is_exported(lists):
    answer = lists.client.get("/api/v1/watchlists/residents/export").text
    assert answer.splitlines()[1:] == [
        "CFG1,,,,,,config",
        'KL*,fleet,,,"mon,tue,wed,thu,fri",,config',
        "FF1,from the file,,,,,file",
    ]


def test_what_the_lists_say_of_a_plate_now(lists):
    lists.send("PUT", "/watchlists/banned/entries/AB*", json={"note": "all of them"})
    lists.send("PUT", "/watchlists/residents/entries/AB1", json={})
    expired = {"valid_until": "2020-01-01"}
    lists.send("PUT", "/watchlists/banned/entries/AB1", json=expired)
    said = lists.watchlists.says("AB1", datetime.now(UTC))
    assert [(one.list, one.how) for one in said] == [("banned", "wildcard"), ("residents", "exact")]
    assert lists.get("/plates/AB1")["lists"] == [
        {
            "list": "banned",
            "kind": "deny",
            "entry": "AB*",
            "how": "wildcard",
            "distance": 0.0,
            "note": "all of them",
        },
        {
            "list": "residents",
            "kind": "allow",
            "entry": "AB1",
            "how": "exact",
            "distance": 0.0,
            "note": None,
        },
    ]
