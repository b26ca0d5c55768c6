"""Who may do what: every route, for an operator, a viewer, and somebody who has not logged in."""

import pytest

from car_park import seen
from full_portal import full_portal

WORDS = {
    *("", "events", "export", "snapshot", "crop", "correction", "plates", "notes", "audit"),
    *("corrections", "watchlists", "entries", "import", "parking", "occupancy", "sessions", "end"),
}
LOOK = [
    ("GET", "/events", 200),
    ("GET", "/events/export", 200),
    ("HEAD", "/events/export", 200),
    ("GET", "/events/{id}", 200),
    ("GET", "/events/{id}/snapshot", 200),
    ("GET", "/events/{id}/crop", 200),
    ("GET", "/plates/{plate}", 200),
    ("GET", "/watchlists", 200),
    ("GET", "/watchlists/banned/entries", 200),
    ("GET", "/watchlists/banned/export", 200),
    ("GET", "/parking", 200),
    ("GET", "/parking/sessions", 200),
    ("GET", "/parking/sessions/{session}", 200),
]
CHANGE = [
    ("PUT", "/events/{id}/correction", 422),
    ("DELETE", "/events/{id}/correction", 404),
    ("POST", "/plates/{plate}/notes", 422),
    ("DELETE", "/plates/{plate}/notes/7", 404),
    ("PUT", "/watchlists/banned/entries/AB1", 422),
    ("DELETE", "/watchlists/banned/entries/AB1", 404),
    ("POST", "/watchlists/banned/import", 415),
    ("PUT", "/parking/occupancy", 422),
    ("POST", "/parking/sessions/{session}/end", 200),
    ("GET", "/audit", 200),
    ("GET", "/corrections/export", 404),
]
OURS = ("corrections", "events", "plates", "watchlists", "parking", "audit")


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    """The status of the answer to a request, without a body, for somebody of that role."""
    with full_portal(tmp_path_factory.mktemp("roles")) as site:
        yield _asking(site)


def _asking(site):
    event = site.take(seen("AB123CD"), pictures=True)
    (session,) = site.parking.inside()

    def asking(role, method, path):
        site.be(role)
        where = path.format(id=event.id, plate="AB123CD", session=session.id)
        return site.client.request(method, f"/api/v1{where}").status_code

    return asking


@pytest.mark.parametrize(("method", "path", "status"), LOOK)
def test_a_viewer_looks(ask, method, path, status):
    assert ask(None, method, path) == 401
    assert ask("viewer", method, path) == status


@pytest.mark.parametrize(("method", "path", "status"), CHANGE)
def test_an_operator_changes(ask, method, path, status):
    assert ask(None, method, path) == 401
    assert ask("viewer", method, path) == 403
    assert ask("operator", method, path) == status


def test_no_route_is_left_out(site):
    described = {
        (method.upper(), path)
        for path, methods in site.app.openapi()["paths"].items()
        for method, how in methods.items()
        if how.get("tags", [None])[0] in OURS
    }
    listed = {(method, _shape(path)) for method, path, _ in (*LOOK, *CHANGE)}
    shapes = {(method, _shape(path.removeprefix("/api/v1"))) for method, path in described}
    assert shapes == listed - {("HEAD", "/events/export")}


def _shape(path):
    """Of a route or of a request: whatever differs from one to the other is a star."""
    return "/".join(part if part in WORDS else "*" for part in path.split("/"))
