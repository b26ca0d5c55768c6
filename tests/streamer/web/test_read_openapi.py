"""What OpenAPI says of `POST /read` and its jobs is true, whatever is sent."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from reading_app import API, app_of, reading

JOB = f"{API}/read/jobs/{{job_id}}"
OPERATIONS = [
    (f"{API}/read", "POST"),
    (JOB, "GET"),
    (JOB, "DELETE"),
    (JOB + "/events/{event_id}/{kind}", "GET"),
    (API + "/read/limits", "GET"),
]


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    one = reading(tmp_path_factory.mktemp("reading"))
    yield schemathesis.openapi.from_asgi("/openapi.json", app_of(one))
    one.stop()


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_the_answers_are_as_declared(schema, path, method):
    @given(case=schema[path][method].as_strategy())
    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    def answers(case):
        # A schema cannot say what is a picture; who may ask is a matter of the whole site.
        case.call_and_validate(timeout=60, excluded_checks=[positive_data_acceptance, ignored_auth])

    answers()


def test_these_are_all_operations_and_their_bodies_and_problems_are_declared(client):
    paths = client.get("/openapi.json").json()["paths"]
    assert sorted(OPERATIONS) == sorted(
        (path, method.upper()) for path, methods in paths.items() for method in methods
    )
    read = paths[f"{API}/read"]["post"]
    assert set(read["requestBody"]["content"]) == {
        "multipart/form-data", "image/*", "video/*", "application/json"
    }  # fmt: skip
    for status, answer in read["responses"].items():
        kinds = {"application/problem+json"} if int(status) >= 400 else {"application/json"}
        assert set(answer["content"]) == kinds, status
