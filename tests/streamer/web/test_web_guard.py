"""Who is let through: host, origin, rate, roles; and what every answer carries."""

import re
from dataclasses import replace

import pytest
from fastapi import APIRouter

from guarded import OURS, TOKENS, at, bearer, guarded, log_in, with_logins
from reading_app import reading
from streamer.web import site as site_module
from streamer.web.buckets import Buckets
from streamer.web.guard import PUBLIC
from streamer.web.origins import SAFE, client_key

NOTE = "/api/v1/plates/AB123CD/notes"
EVIL = "https://evil.example"
ID = "01a22310-26b9-73e6-a70e-c12498d53b91"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8090", 200),
        ("127.0.0.1", 200),
        ("localhost:8090", 200),
        ("[::1]:8090", 200),
        ("evil.example", 421),
        ("evil.example:8090", 421),
        ("127.0.0.1.evil.example", 421),
        ("127.0.0.1@evil.example", 421),
        ("192.0.2.1", 421),
        ("[::1", 421),
        ("", 421),
    ],
)
def test_open_loopback_answers_to_its_own_names(site, host, status):
    client = guarded(site.portal)
    for path in ("/api/v1/events", "/docs", "/api/v1/health"):
        assert client.get(path, headers={"Host": host}).status_code == status


def test_behind_a_login_any_name_will_do(site):
    client = with_logins(site.portal)
    headers = {"Host": "gate.example", **bearer("viewers-token-123")}
    assert client.get("/api/v1/events", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Origin": OURS}, 201),
        ({"Origin": OURS, "Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "none"}, 201),
        ({"Origin": "https://portal.example"}, 201),
        ({"Origin": EVIL}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "http://127.0.0.1:3000"}, 403),
        ({"Origin": "http://127.0.0.1:8090.evil.example"}, 403),
        ({"Origin": "https://portal.example.evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": OURS, "Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_only_our_own_pages_change_things(site, headers, status):
    logins = {"tokens": TOKENS, "public_url": "https://portal.example"}
    client = guarded(site.portal, **logins)
    answer = client.post(
        NOTE, json={"text": "x"}, headers={**headers, **bearer("operators-token-1")}
    )
    assert answer.status_code == status


def test_open_loopback_is_no_exception(site):
    client = guarded(site.portal)
    assert client.post(NOTE, json={"text": "x"}).status_code == 201
    assert client.post(NOTE, json={"text": "x"}, headers={"Origin": OURS}).status_code == 201
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = client.request(method, NOTE, headers={"Origin": EVIL})
        assert answer.status_code == 403, method
    assert site.archive.changes()[0].action == "request.refused"


def test_with_https_a_page_without_it_changes_nothing(site):
    client = guarded(site.portal, url="https://127.0.0.1:8090")
    assert client.post(NOTE, json={"text": "x"}, headers={"Origin": OURS}).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
def test_pages_of_others_cannot_even_look(site, headers, status):
    assert guarded(site.portal).get("/api/v1/events", headers=headers).status_code == status


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "Text/Plain; charset=utf-8"]
)
def test_what_forms_of_others_send_is_not_taken(site, kind):
    answer = guarded(site.portal).post(
        NOTE, content='{"text": "x"}', headers={"Content-Type": kind}
    )
    assert answer.status_code == 415


@pytest.fixture
def whole(site, tmp_path):
    """A portal with all routes there can be."""
    one = reading(tmp_path / "reading")
    yield replace(site.portal, reading=one)
    one.stop()


FILLING = {"session_id": ID, "event_id": ID, "job_id": ID, "note_id": "1", "kind": "crop"}


def operations(client):
    """(method, path with something in place of each parameter) of all routes."""
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    for path, methods in paths.items():
        filled = re.sub(r"\{(\w+)\}", lambda found: FILLING.get(found[1], "x"), path)
        yield from ((method.upper(), filled) for method in methods)


def test_nobody_gets_in_anywhere_without_a_login(whole):
    client = with_logins(whole)
    found = set(operations(client))
    assert len(found) > 25
    for method, path in found:
        if path not in PUBLIC:
            assert client.request(method, path).status_code == 401, (method, path)
    assert client.get("/api/v1/health").status_code == 200
    assert client.get("/docs").status_code == 200


VIEWERS_MAY = {"/api/v1/read", f"/api/v1/read/jobs/{ID}", "/api/v1/session"}


def test_viewers_change_nothing(whole):
    client = with_logins(whole)
    changes = {one for one in operations(client) if one[0] not in SAFE}
    assert {path for _, path in changes} >= VIEWERS_MAY
    checked = 0
    for method, path in changes:
        if path in VIEWERS_MAY:
            continue
        answer = client.request(method, path, headers=bearer("viewers-token-123"), json={})
        assert answer.status_code == 403, (method, path, answer.text)
        checked += 1
    assert checked > 8


def test_viewers_may_look_at_all_but_what_is_for_operators(whole):
    client = with_logins(whole)
    theirs = {"/api/v1/audit": 200, "/api/v1/corrections/export": 404}
    for method, path in set(operations(client)):
        if method == "GET" and "/live" not in path and path not in theirs:
            answer = client.get(path, headers=bearer("viewers-token-123"))
            assert answer.status_code not in {401, 403}, path
    for path, status in theirs.items():
        assert client.get(path, headers=bearer("viewers-token-123")).status_code == 403
        assert client.get(path, headers=bearer("operators-token-1")).status_code == status


def test_too_many_requests_of_one_address(site):
    client = guarded(site.portal, burst=5, requests_per_s=0.1)
    assert [client.get("/api/v1/health").status_code for _ in range(7)] == [200] * 5 + [429] * 2
    answer = client.get("/api/v1/health")
    assert 1 <= int(answer.headers["retry-after"]) <= 11
    assert answer.headers["content-type"] == "application/problem+json"
    assert client.get("/docs").status_code == 200  # the pages are not counted
    assert at(client, "127.0.0.2").get("/api/v1/health").status_code == 200


def test_a_bucket_fills_again_and_memory_is_bounded():
    now = [0.0]
    buckets = Buckets(2.0, 3, lambda: now[0], most=10)
    assert [buckets.take("a") for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    now[0] += 0.5
    assert buckets.take("a") == 0.0
    for number in range(100):
        buckets.take(str(number))
    assert len(buckets._levels) == 10


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
    ],
)
def test_whom_requests_are_counted_against(address, key):
    assert client_key(address) == key


def test_what_proxies_say_is_believed_only_behind_one(site):
    said = {"X-Forwarded-For": "203.0.113.1, 198.51.100.7", "X-Forwarded-Proto": "https"}
    body = {"name": "olga", "password": "wrong password"}
    client = with_logins(site.portal)
    client.post("/api/v1/session", json=body, headers=said)
    assert site.archive.changes()[0].subject == "127.0.0.1"
    client = with_logins(site.portal, behind_proxy=True)
    answer = client.post("/api/v1/session", json=body, headers=said)
    assert site.archive.changes()[0].subject == "198.51.100.7"
    assert "strict-transport-security" in answer.headers


def test_every_answer_tells_browsers_to_be_strict(site):
    client = with_logins(site.portal)
    for path in ("/docs", "/nowhere", "/api/v1/nowhere", "/api/v1/session", "/api/v1/events"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "strict-transport-security" not in headers
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers
    assert client.get("/api/v1/session").headers["cache-control"] == "no-store"
    assert client.get("/docs").headers["cache-control"] == "no-cache"


def test_what_goes_wrong_inside_is_a_problem_without_details(site, monkeypatch, caplog):
    broken = APIRouter()

    @broken.get("/broken")
    def fail():
        raise RuntimeError("the secret is 4711")

    routers = site_module._routers
    monkeypatch.setattr(site_module, "_routers", lambda portal: [*routers(portal), broken])
    answer = guarded(site.portal).get("/api/v1/broken")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "content-security-policy" in answer.headers
    assert "4711" not in answer.text
    assert "4711" in caplog.text


def test_answers_are_counted_by_class(site):
    client = guarded(site.portal)
    client.get("/api/v1/health")
    client.get("/api/v1/nowhere")
    client.request("FROB", "/api/v1/health")
    value = site.portal.metrics.registry.get_sample_value
    assert value("anpr_web_requests_total", {"method": "GET", "status": "2xx"}) == 1
    assert value("anpr_web_requests_total", {"method": "GET", "status": "4xx"}) == 1
    labels = {"method": "other", "status": "4xx"}
    assert value("anpr_web_requests_total", labels) == 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nowhere", 404),
        ("GET", "/api", 404),
        ("GET", "/api/v1/health/", 404),
        ("PUT", "/api/v1/health", 405),
    ],
)
def test_where_there_is_nothing(site, method, path, status):
    answer = guarded(site.portal).request(method, path)
    assert answer.status_code == status
    assert answer.json()["status"] == status


def test_all_problems_are_described_as_such(site):
    described = guarded(site.portal).get("/api/v1/openapi.json").json()
    assert "HTTPValidationError" not in described["components"]["schemas"]
    for path, operations_ in described["paths"].items():
        for method, operation in operations_.items():
            for status, answer in operation["responses"].items():
                if status >= "400":
                    assert set(answer["content"]) == {"application/problem+json"}, (path, method)
            assert "422" in operation["responses"]


def test_a_session_lasts_over_requests_and_addresses(site):
    client = with_logins(site.portal)
    log_in(client)
    moved = at(client, "192.0.2.77")
    moved.cookies = client.cookies
    assert moved.get("/api/v1/events").status_code == 200
