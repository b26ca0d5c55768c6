"""`POST /read` of addresses: only where that is allowed, and only from the public network."""

import time
from ipaddress import ip_address

import pytest
from fastapi.testclient import TestClient

from file_server import FileServer
from file_server import send as answer_with
from reading_app import API, app_of, reading
from streamer.web.fetch import REDIRECTS, Fetch, is_public

READ = f"{API}/read"


@pytest.fixture
def server():
    with FileServer() as server:
        yield server


@pytest.fixture
def ask(tmp_path):
    """`ask(url, allowed, whole_s)`: the answer to a request to read what is there."""
    made = []

    def ask(url, allowed=lambda address: True, whole_s=60.0, **limits):
        fetch = Fetch(allowed, whole_s)
        made.append(reading(tmp_path / "reading", fetch=fetch, allow_urls=True, **limits))
        return TestClient(app_of(made[-1])).post(READ, json={"url": url})

    yield ask
    for one in made:
        assert list(one.folder.iterdir()) == []
        one.stop()


def redirect(to):
    def answer(handler):
        handler.send_response(302)
        handler.send_header("Location", to)
        handler.end_headers()

    return answer


def refused(answer, words):
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert error["field"] == "body.url"
    assert words in error["detail"]


def test_addresses_are_refused_unless_they_are_allowed(client):
    answer = client.post(READ, json={"url": "https://example.com/a.jpg"})
    assert answer.status_code == 403
    assert "web.allow_urls" in answer.json()["detail"]


def test_a_picture_is_fetched_and_read(server, ask, gate_scene, gate_jpeg):
    server.files["/gate.jpg?of=today"] = gate_jpeg
    server.files["/moved"] = redirect("/gate.jpg?of=today")
    for path in ("/gate.jpg?of=today", "/moved"):
        answer = ask(server.url + path)
        assert answer.status_code == 200, answer.text
        assert [one["plate"] for one in answer.json()["plates"]] == [gate_scene[1]]


def test_an_address_of_our_own_network_is_not_asked(server, ask, gate_jpeg):
    server.files["/gate.jpg"] = gate_jpeg
    port = server.url.rpartition(":")[2]
    for host in ("127.0.0.1", "localhost", "[::1]", "127.1", "2130706433", "0.0.0.0"):
        answer = ask(f"http://{host}:{port}/gate.jpg", is_public)
        refused(answer, "is no address of the public network")
    assert server.asked == []


def test_a_redirect_is_checked_like_the_first_address(server, ask):
    seen = []

    def first_alone(address):
        seen.append(address)
        return len(seen) == 1

    server.files["/a"] = redirect(f"{server.url}/b")
    refused(ask(f"{server.url}/a", first_alone), "no address of the public network")
    assert server.asked == ["/a"]
    server.files["/a"] = redirect("file:///etc/hostname")
    refused(ask(f"{server.url}/a"), "must begin with http:// or https://")
    server.files["/a"] = redirect("/a")
    refused(ask(f"{server.url}/a"), f"is redirected more than {REDIRECTS} times")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:10.1.2.3", False),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::a01:203", False),
        ("2002:a01:203::1", False),
    ],
)
def test_which_addresses_are_public(address, public):
    assert is_public(ip_address(address)) is public


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        (b"{", "body", "is no JSON"),
        (b"[]", "body.url", "should be a text"),
        (b'{"url": 1}', "body.url", "should be a text"),
        (b'{"url": "ftp://example.com/a"}', "body.url", "must begin with http"),
        (b'{"url": "/etc/passwd"}', "body.url", "must begin with http"),
        (b'{"url": "http://"}', "body.url", "must begin with http"),
        (b'{"url": "http://a:b@example.com/"}', "body.url", "must not hold a login"),
        (b'{"url": "http://example.com:99999/"}', "body.url", "Port out of range"),
        (b'{"url": "http://[::1/"}', "body.url", "Invalid IPv6"),
        (b'{"url": "http://exa mple.com/"}', "body.url", "is no valid URL"),
        (b'{"url": "http://no-such-host.invalid/"}', "body.url", "no such host"),
        (b'{"url": "http://' + b"a" * 300 + b'/"}', "body.url", "no such host"),
    ],
)
def test_what_is_no_address_is_refused_by_name(tmp_path, body, field, words):
    one = reading(tmp_path / "reading", allow_urls=True)
    answer = TestClient(app_of(one)).post(
        READ, content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert words in error["detail"]


def test_what_the_other_side_does_wrong_is_said(server, ask, gate_jpeg):
    refused(ask(f"{server.url}/none"), "answers 404")
    server.files["/short"] = lambda handler: answer_with(handler, b"abc", 100)
    refused(ask(f"{server.url}/short"), "broke off")
    server.files["/large"] = bytes(3_000_000)
    answer = ask(f"{server.url}/large", max_upload_mb=2)
    assert answer.status_code == 413
    assert answer.json()["errors"][0]["field"] == "body.url"
    server.files["/text"] = b"hello"
    assert ask(f"{server.url}/text").status_code == 415
    port = server.url.rpartition(":")[2]
    refused(ask(f"https://127.0.0.1:{port}/"), "its certificate or encryption")
    server.close()
    refused(ask(f"{server.url}/gate.jpg"), "connection refused")


@pytest.mark.parametrize("where", ["head", "body"])
def test_one_that_drips_is_given_up_in_time(server, ask, where):
    def drip(handler):
        if where == "body":
            handler.send_response(200)
            handler.end_headers()
        for _ in range(2000):
            try:
                handler.wfile.write(b"a")
            except OSError:
                return
            time.sleep(0.05)

    server.files["/drip"] = drip
    began_s = time.monotonic()
    refused(ask(f"{server.url}/drip", whole_s=0.5), "did not come within 0.5 s")
    assert time.monotonic() - began_s < 60
