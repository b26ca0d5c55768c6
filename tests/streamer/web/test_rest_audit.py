"""The audit log over REST."""

import pytest


def test_the_latest_first_and_page_by_page(site):
    for n in range(5):
        site.archive.log("ann", "camera.pause", f"gate-{n}", "x")
    changes = site.get("/audit")["changes"]
    assert [one["subject"] for one in changes] == [f"gate-{n}" for n in (4, 3, 2, 1, 0)]
    assert changes[0].keys() == {"id", "at", "by", "action", "subject", "detail"}
    first = site.get("/audit", limit=2)["changes"]
    assert first == changes[:2]
    assert site.get("/audit", limit=2, before=first[-1]["id"])["changes"] == changes[2:4]


@pytest.mark.parametrize(
    ("asked", "field"),
    [({"limit": 0}, "query.limit"), ({"before": 2**63}, "query.before"), ({"by": "a"}, "query.by")],
)
def test_what_cannot_be(site, asked, field):
    problem = site.get("/audit", 422, **asked)
    assert [one["field"] for one in problem["errors"]] == [field]


def test_who_takes_many_events_with_them_is_written_down(site):
    assert site.client.get("/api/v1/events/export?format=jsonl&plate=AB*").status_code == 200
    assert site.client.head("/api/v1/events/export?format=jsonl").status_code == 200
    site.get("/corrections/export", 404)
    training, events = site.get("/audit")["changes"]
    assert (training["action"], events["action"]) == ("corrections.export", "events.export")
    assert "plate=AB*" in events["detail"]
