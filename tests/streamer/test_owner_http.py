"""Owners from a real server on loopback, which misbehaves as it is asked to."""

import gzip
import json
import logging
import ssl
import threading
import time

import pytest

from broker import Certificates, wait_until
from file_server import FileServer, send
from streamer.config import ConfigError, Parts, parse_config
from streamer.enrich import OWNERS
from streamer.enrich.lookup import LookupFailed
from streamer.enrich.owner_http import LARGEST, HttpOwner, Registry, _expression
from streamer.errors import UserError
from streamer.metrics import Metrics

ANSWER = {"owner": {"name": "Müller", "flats": [{"no": 7}]}, "blocked": False, "left": None}
FIELDS = {
    "name": "owner.name",
    "flat": "owner.flats[0].no",
    "blocked": "blocked",
    "left": "left",
    "gone": "no.such.thing",
}


@pytest.fixture
def server():
    with FileServer() as server:
        server.files["/v/AB1"] = json.dumps(ANSWER).encode()
        yield server


@pytest.fixture
def registry(server):
    """`registry(fields, …)`: one that asks the server."""

    def make(fields=FIELDS, timeout_s=60.0, headers=None, login=None, url=None):
        return Registry(
            url or f"{server.url}/v/{{plate}}",
            {name: _expression(text) for name, text in fields.items()},
            headers=headers or {},
            login=login,
            timeout_s=timeout_s,
            verify=True,
        )

    return make


def test_the_fields_that_are_there_are_the_owner(registry):
    assert registry().ask("AB1") == {"name": "Müller", "flat": 7, "blocked": False}


def test_nobody_is_known(registry, server):
    server.files["/v/EMPTY"] = b"{}"
    server.files["/v/LIST"] = b"[1]"
    server.files["/v/GONE"] = lambda handler: handler.send_error(410)
    for plate in ("CD2", "EMPTY", "LIST", "GONE"):
        assert registry().ask(plate) is None


def test_the_plate_is_quoted(registry, server):
    registry().ask("A/../B?x#1")
    assert server.asked == ["/v/A%2F..%2FB%3Fx%231"]


def test_headers_and_login_are_sent(registry, server, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login eve password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    seen = []

    def answer(handler):
        seen.append((handler.headers["X-Key"], handler.headers["Authorization"]))
        send(handler, b"{}")

    server.files["/v/CD2"] = answer
    registry(headers={"X-Key": "s3cret"}).ask("CD2")
    registry(headers={"Authorization": "Bearer t"}).ask("CD2")
    registry(login=("me", "pw")).ask("CD2")
    assert seen == [("s3cret", None), (None, "Bearer t"), (None, "Basic bWU6cHc=")]


def dripping(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    for _ in range(200):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


def huge(handler):
    send(handler, b" " * (LARGEST + 1))


BOMB = gzip.compress(b" " * (5 << 20))


def bomb(handler):
    handler.send_response(200)
    handler.send_header("Content-Encoding", "gzip")
    handler.end_headers()
    handler.wfile.write(BOMB)


def redirect(handler):
    handler.send_response(302)
    handler.send_header("Location", "/v/AB1")
    handler.end_headers()


def hangs_up(handler):
    handler.wfile.write(b"garbage\r\n\r\n")


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (lambda handler: time.sleep(10), "127.0.0.1 did not answer in 0.5 s"),
        (dripping, "did not answer in 0.5 s"),
        (huge, "more than 64 kB"),
        (bomb, "more than 64 kB"),
        (b"<html>", "answers with what is no JSON"),
        (b'{"a": NaN}', "answers with what is no JSON"),
        (b"[" * 60000, "answers with what is no JSON"),
        (b"\xff\xfe\x00", "answers with what is no JSON"),
        (lambda handler: send(handler, b'{"owner"', 100), "127.0.0.1: "),
        (hangs_up, "127.0.0.1: "),
        (lambda handler: handler.send_error(500), "127.0.0.1 answers 500"),
        (lambda handler: handler.send_error(401), r"refuses us \(401\): look at owner.headers"),
        (lambda handler: handler.send_error(403), r"refuses us \(403\)"),
        (redirect, r"sends us elsewhere \(302\)"),
    ],
)
def test_bad_answers_fail_and_tell_no_plate(registry, server, answer, fault):
    server.files["/v/CD2"] = answer
    with pytest.raises(LookupFailed, match=fault) as caught:
        registry(timeout_s=0.5 if "0.5 s" in fault else 60.0).ask("CD2")
    assert "CD2" not in str(caught.value)
    assert len(str(caught.value)) > len("127.0.0.1: ")
    assert registry().ask("AB1")["name"] == "Müller", "the next one is answered"


def test_a_server_that_is_away(registry, server):
    url = f"{server.url}/v/{{plate}}"
    server.close()
    with pytest.raises(LookupFailed, match=r"127\.0\.0\.1: Connection refused"):
        registry(url=url).ask("AB1")


def test_a_registry_must_show_a_certificate_that_we_trust(tmp_path):
    certificates = Certificates(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificates.cert, certificates.key)
    fields = {"blocked": _expression("blocked")}
    given = {"headers": {}, "login": None, "timeout_s": 5.0}
    with FileServer(tls) as server:
        server.files["/AB1"] = b'{"blocked": true}'
        url = f"{server.url}/{{plate}}"
        trusting = Registry(url, fields, **given, verify=str(certificates.ca))
        assert trusting.ask("AB1") == {"blocked": True}
        with pytest.raises(LookupFailed, match="localhost has no certificate that we trust"):
            Registry(url, fields, **given, verify=True).ask("AB1")


def test_a_field_that_does_not_fit(registry):
    with pytest.raises(LookupFailed, match="owner.fields.name does not fit the answer"):
        registry({"name": "length(blocked)"}).ask("AB1")


PARTS = Parts(chosen={"owner": (OWNERS, "none")}, plain={}, several={})
CAMERA = "cameras: [{name: gate, url: x}]\n"


def part(**options):
    text = CAMERA + json.dumps({"owner": {"name": "http", **options}})[1:-1]
    return parse_config(text, PARTS).parts["owner"]


GOOD = {"url": "https://host/v/{plate}", "fields": {"name": "owner.name"}}


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"fields": {"a": "b"}}, "owner.url: is missing"),
        ({"url": GOOD["url"]}, "owner.fields: is missing"),
        (GOOD | {"fields": {}}, "owner.fields: "),
        (GOOD | {"url": "https://host/v"}, "should have {plate} where the plate belongs"),
        (GOOD | {"url": "https://host/{plate}/{id}"}, "'{id}' is not known here"),
        (GOOD | {"url": "https://host/{plate!r:>9}"[:-1]}, "is no address"),
        (GOOD | {"url": "https://{plate}/"}, "should begin with https:// or http:// and a host"),
        (GOOD | {"url": "ftp://host/{plate}"}, "should begin with https://"),
        (GOOD | {"url": "https://me:pw@host/{plate}"}, "use 'username' and 'password'"),
        (GOOD | {"fields": {"name": "owner..name"}}, "owner.fields.name: 'owner..name' is no JMES"),
        (GOOD | {"headers": {"X Key": "v"}}, "'X Key' is no name of a header"),
        (GOOD | {"headers": {"X-Key": "s3cret\nX: y"}}, "X-Key: its value has signs"),
        (GOOD | {"headers": {"X-Key": ["s3cret"]}}, "owner.headers.X-Key: *** should be"),
        (GOOD | {"headers": "Bearer s3cret"}, "owner.headers: *** should be"),
        (GOOD | {"wait_s": 30}, "owner.wait_s: 30 should be less than or equal to 2"),
        (GOOD | {"ca_file": "/no/such.pem"}, "owner.ca_file: /no/such.pem: no such file"),
    ],
)
def test_faults_in_the_configuration_tell_no_secret(options, fault):
    with pytest.raises(ConfigError) as caught:
        part(**options)
    assert fault in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert "pw" not in str(caught.value)


def test_as_configured_it_fills_the_event(server, make_event):
    chosen = part(url=f"{server.url}/v/{{plate}}", fields=FIELDS, wait_s=2)
    owner = chosen.make(lambda *_: True, Metrics(), **chosen.options)
    assert isinstance(owner, HttpOwner)
    stop = owner.start()
    assert owner(make_event("AB1")).owner == {"name": "Müller", "flat": 7, "blocked": False}
    stop()


def test_an_event_does_not_wait_for_a_slow_server(server, make_event, caplog):
    caplog.set_level(logging.DEBUG)
    lets = threading.Event()
    server.files["/v/CD2"] = lambda handler: (lets.wait(60), send(handler, b'{"blocked": true}'))
    amended = []
    more = {"wait_s": 0.05, "timeout_s": 60}
    chosen = part(url=f"{server.url}/v/{{plate}}", fields=FIELDS, **more)
    owner = chosen.make(lambda *change: amended.append(change) or True, Metrics(), **chosen.options)
    stop = owner.start()
    event = owner(make_event("CD2"))
    assert event.owner is None
    assert amended == [], "it did not wait"
    lets.set()
    wait_until(lambda: amended)
    stop()
    ((event_id, change),) = amended
    assert (event_id, change(event).owner) == (event.id, {"blocked": True})
    ours = [one.getMessage() for one in caplog.records if one.name.startswith("streamer")]
    assert "CD2" not in "\n".join(ours)


def test_the_root_may_choose_none():
    chosen = parse_config(CAMERA, PARTS).parts["owner"]
    owner = chosen.make(None, Metrics(), **chosen.options)
    owner.start()()
    owner.reload()
    assert owner("event") == "event"
    with pytest.raises(UserError, match="no such owner 'htpp'; known: none, http, csv"):
        parse_config(CAMERA + "owner: htpp", PARTS)
