"""The car park over REST."""

import pytest

from car_park import START, seen
from full_portal import full_portal

NOBODYS = "01a223d2-9474-72be-8f04-fc3a9802818c"
"""The id of no session; the same in every process, for tests are told apart by it."""


@pytest.fixture
def park(site):
    """AB123CD came and left, KL555MN is inside, nobody saw ZZ999ZZ come."""
    site.take(
        seen("AB123CD"), seen("KL555MN", after_s=100), seen("AB123CD", "out", 200),
        seen("ZZ999ZZ", "out", 300),
    )  # fmt: skip
    return site


def sessions(site, **asked):
    return site.get("/parking/sessions", **asked)["sessions"]


def test_who_is_inside(park):
    now = park.get("/parking")
    assert (now["on"], now["occupancy"], now["capacity"]) == (True, 1, 40)
    (session,) = now["inside"]
    inside_s = park.now_s - START.timestamp() - 100
    assert session.pop("stay_s") == pytest.approx(inside_s, abs=30)
    assert session.pop("id")
    assert session.pop("entry_event")
    assert session == {
        "plate": "KL555MN",
        "entered_at": "2026-03-04T05:07:47.890Z",
        "left_at": None,
        "exit_event": None,
        "entry_camera": "in",
        "exit_camera": None,
        "exempt": False,
        "overstay_at": None,
        "ended": None,
        "ended_at": None,
    }


def test_stays_are_found(park):
    found = sessions(park)
    assert [one["plate"] for one in found] == ["ZZ999ZZ", "KL555MN", "AB123CD"]
    assert (found[2]["stay_s"], found[2]["ended"]) == (200.0, "exit")
    assert (found[0]["entered_at"], found[0]["stay_s"]) == (None, None)
    assert sessions(park, limit=1) == found[:1]
    before = {"before": "2026-03-04T05:07:47.890Z"}
    assert [one["plate"] for one in sessions(park, **before)] == ["AB123CD"]
    assert sessions(park, plate="ab-123 cd") == [found[2]]
    assert sessions(park, plate="NOBODY1") == []
    whole = park.get(f"/parking/sessions/{found[2]['id']}")
    assert whole.pop("events") == [found[2]["entry_event"], found[2]["exit_event"]]
    assert whole == found[2]


def test_somebody_ends_a_stay(park):
    (inside,) = park.get("/parking")["inside"]
    path = f"/parking/sessions/{inside['id']}/end"
    ended = park.send("POST", path)
    assert (ended["ended"], ended["left_at"], ended["stay_s"]) == ("by_hand", None, None)
    assert "has ended already" in park.send("POST", path, 409)["detail"]
    assert park.get("/parking")["occupancy"] == 0
    assert park.changes() == [("ann", "parking.end", inside["id"], "KL555MN")]


def test_somebody_counts(park):
    now = park.send("PUT", "/parking/occupancy", json={"occupancy": 7})
    assert (now["occupancy"], len(now["inside"])) == (7, 1)
    assert park.changes() == [("ann", "parking.correct", "occupancy", "from 1 to 7")]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [
        ("PUT", "/parking/occupancy", {"occupancy": -1}, 422, "body.occupancy"),
        ("PUT", "/parking/occupancy", {"occupancy": 2**63}, 422, "body.occupancy"),
        ("PUT", "/parking/occupancy", {"occupancy": 1.5}, 422, "body.occupancy"),
        ("PUT", "/parking/occupancy", {"occupancy": "1"}, 422, "body.occupancy"),
        ("PUT", "/parking/occupancy", {"occupancy": True}, 422, "body.occupancy"),
        ("PUT", "/parking/occupancy", {}, 422, "body.occupancy"),
        ("GET", "/parking/sessions?limit=0", None, 422, "query.limit"),
        ("GET", "/parking/sessions?before=2026-01-02T03:04:05", None, 422, "query.before"),
        ("GET", "/parking/sessions?plate=A*", None, 422, "query.plate"),
        ("GET", "/parking/sessions?after=x", None, 422, "query.after"),
        ("GET", f"/parking/sessions/{NOBODYS}", None, 404, None),
        ("POST", f"/parking/sessions/{NOBODYS}/end", None, 404, None),
        ("GET", "/parking/sessions/x", None, 404, None),
    ],
)
def test_what_cannot_be(park, method, path, body, status, field):
    problem = park.send(method, path, status, json=body)
    assert [one["field"] for one in problem.get("errors", [])] == ([field] if field else [])
    assert park.changes() == []


def test_without_a_car_park(tmp_path):
    with full_portal(tmp_path, parking=False) as site:
        nobody = {"on": False, "occupancy": None, "capacity": None, "inside": []}
        assert site.get("/parking") == nobody
        for method, path, how in (
            ("GET", "/parking/sessions", {}),
            ("GET", f"/parking/sessions/{NOBODYS}", {}),
            ("POST", f"/parking/sessions/{NOBODYS}/end", {}),
            ("PUT", "/parking/occupancy", {"json": {"occupancy": 1}}),
        ):
            assert "there is no car park" in site.send(method, path, 404, **how)["detail"]
