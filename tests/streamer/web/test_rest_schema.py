"""The description of the API is true: whatever is asked, answers are as it says."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from car_park import seen
from full_portal import full_portal

TAGS = ["events", "plates", "watchlists", "parking", "audit", "corrections"]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory):
    """A portal in which things have happened."""
    with full_portal(tmp_path_factory.mktemp("schema")) as site:
        site.take(*(seen(f"AB{n}23CD", after_s=n, owner={"name": "x"}) for n in range(20)))
        site.take(
            seen("KL555MN", "out", 500, way="exit"), seen("ZZ9", "out", 600, direction="left")
        )
        site.send("PUT", "/watchlists/banned/entries/XY1", json={"hours": "22:00-06:00"})
        site.send("POST", "/plates/KL555MN/notes", 201, json={"text": "x"})
        event = site.take(seen("KL777MN", after_s=700), pictures=True)
        site.send("PUT", f"/events/{event.id}/correction", json={"plate": "KL771MN"})
        (session,) = [one for one in site.parking.inside() if one.plate == "KL777MN"]
        site.known = {
            "event_id": event.id,
            "session_id": session.id,
            "name": "banned",
            "note_id": 1,
        }
        yield site


def ask_of(operation, site):
    """Asks this and that of an operation, half of it of what is there."""

    @settings(
        max_examples=12,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case):
        case.call_and_validate(timeout=300, checks=CHECKS)
        known = {key: site.known[key] for key in site.known if key in case.path_parameters}
        if known:
            case.path_parameters.update(known)
            case.call_and_validate(timeout=300, checks=CHECKS)

    ask()


def test_answers_are_as_described(lived_in):
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", lived_in.app)
    # A stream that never ends is no matter for this.
    ours = schema.include(tag=TAGS).exclude(path="/api/v1/events/live")
    operations = [one.ok() for one in ours.get_all_operations()]
    assert len(operations) > 20
    for operation in operations:
        ask_of(operation, lived_in)


def test_every_route_says_what_it_is_for(lived_in):
    for path, methods in lived_in.app.openapi()["paths"].items():
        for method, how in methods.items():
            if set(how.get("tags", ())) & set(TAGS):
                assert how["summary"], (method, path)
                assert how["description"], (method, path)
                assert {"401", "422", "503"} <= how["responses"].keys()
                ok = [status for status in how["responses"] if status.startswith("2")]
                assert len(ok) == 1
                assert ("404" in how["responses"]) >= ("{event_id}" in path or "{name}" in path)
