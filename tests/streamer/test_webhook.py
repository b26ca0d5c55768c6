import base64
import hashlib
import hmac
import json
import ssl

import pytest

from broker import Certificates
from streamer.codec import decode
from streamer.data import PARKING, SCHEMA, ListMatch, Watched
from streamer.errors import SinkError
from streamer.sinks.webhook import WebhookSink
from streamer.sinks.webhook_options import Only
from streamer.sinks.webhook_signature import key_of, signed
from streamer.version import VERSION
from webhook_receiver import Receiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_an_event_arrives_as_its_json(receiver, webhook, make_event):
    event = make_event(owner={"name": "Łukasz Ä"})
    webhook().send(event)
    (request,) = receiver.received
    assert (request.method, request.path) == ("POST", "/events")
    assert decode(request.body) == event
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["User-Agent"] == f"plate-streamer/{VERSION}"
    assert request.headers["webhook-id"] == event.id
    assert request.headers["webhook-timestamp"] == "1767323045"
    assert "webhook-signature" not in request.headers


def test_connections_are_kept(receiver, webhook, make_event):
    sink = webhook()
    for _ in range(5):
        sink.send(make_event())
    assert len({request.connection for request in receiver.received}) == 1


def test_what_is_said_of_a_request_is_sent(receiver, webhook, make_event):
    sink = webhook(
        url=receiver.url.replace("//", "//gate%40home:p%C3%A4ss@") + "/in ü?token=a b",
        method="PUT",
        content_type="text/plain; charset=utf-8",
        headers={"X-Plate": "{{ event.plate }}", "user-agent": "gate"},
        body="{{ event.plate }} für {{ event.camera }}",
    )
    sink.send(make_event())
    (request,) = receiver.received
    assert request.method == "PUT"
    assert request.path == "/events/in%20%C3%BC?token=a%20b"
    login = base64.b64decode(request.headers["Authorization"].removeprefix("Basic "))
    assert login.decode() == "gate@home:päss"
    assert request.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert request.headers["X-Plate"] == "AB123CD"
    assert request.headers.get_all("User-Agent") == ["gate"]
    assert request.body.decode() == "AB123CD für gate"


def test_the_signature_is_that_of_the_standards_own_example():
    body = b'{"test": 2432232314}'
    given = signed(key_of(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert given == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_request_is_signed_over_id_time_and_body(receiver, webhook, make_event):
    webhook(secret=SECRET, body="ü").send(make_event())
    (request,) = receiver.received
    words = (request.headers["webhook-id"], request.headers["webhook-timestamp"], "ü")
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    wanted = hmac.digest(key, ".".join(words).encode(), hashlib.sha256)
    version, _, signature = request.headers["webhook-signature"].partition(",")
    assert version == "v1"
    assert base64.b64decode(signature) == wanted


@pytest.mark.parametrize(
    "evil",
    ["A\r\nX-Evil: 1", "A\nX-Evil: 1", "A\rX-Evil: 1", "A\x85X-Evil: 1", "A\u2028X-Evil: 1"],
)
def test_no_header_can_be_smuggled_in(receiver, webhook, make_event, evil):
    webhook(headers={"X-Owner": "{{ event.owner.name }}"}).send(make_event(owner={"name": evil}))
    (request,) = receiver.received
    assert "X-Evil" not in request.headers
    assert request.headers["X-Owner"] == "A X-Evil: 1"


def watched(verdict):
    return Watched(verdict, (ListMatch("a", verdict, "AB123CD", "exact", 0.0),))


@pytest.mark.parametrize(
    ("only", "fields", "taken"),
    [
        ({}, {}, True),
        ({"cameras": ["gate", "yard"]}, {}, True),
        ({"cameras": ["yard"]}, {}, False),
        ({"watchlist": ["deny"]}, {"watchlist": watched("deny")}, True),
        ({"watchlist": ["deny"]}, {"watchlist": watched("allow")}, False),
        ({"watchlist": ["deny"]}, {}, False),
        ({"ways": ["entry"]}, {"way": "entry"}, True),
        ({"ways": ["entry"]}, {"way": None}, False),
        ({"cameras": ["gate"], "ways": ["exit"]}, {"way": "entry"}, False),
    ],
)
def test_what_is_not_asked_for_counts_as_delivered(
    receiver, webhook, make_event, only, fields, taken
):
    webhook(only=Only(**only)).send(make_event(**fields))
    assert len(receiver.received) == taken


def test_other_kinds_of_events_are_sent_where_they_are_wanted(receiver, webhook, make_parking):
    assert webhook().kinds == {SCHEMA}
    sink = webhook(kinds=(SCHEMA, PARKING), only=Only(cameras=("gate-in",)))
    assert sink.kinds == {SCHEMA, PARKING}
    sink.send(make_parking())
    assert json.loads(receiver.received[0].body)["state"] == "entered"
    webhook(kinds=(PARKING,), only=Only(watchlist=("deny",))).send(make_parking())
    assert len(receiver.received) == 1


def test_pictures_are_there_for_templates_that_ask(receiver, webhook, make_event, tmp_path):
    (tmp_path / "crop.jpg").write_bytes(b"\xff\xd8picture")
    sink = webhook(body='{"image": "{{ crop_base64 }}", "all": "{{ snapshot_base64 }}"}')
    gone = str(tmp_path / "gone.jpg")
    sink.send(make_event(crop=str(tmp_path / "crop.jpg"), snapshot=gone))
    sink.send(make_event())
    first, second = (json.loads(request.body) for request in receiver.received)
    assert base64.b64decode(first["image"]) == b"\xff\xd8picture"
    assert (first["all"], second["image"]) == ("", "")


def test_the_name_makes_the_sinks_own():
    assert WebhookSink(url="http://h/").name == "webhook"
    assert WebhookSink(url="http://h/", name="barrier").name == "webhook-barrier"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


def server_side(certificates):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.cert, certificates.key)
    return context


def test_tls_with_an_authority_of_ones_own(certificates, webhook, make_event):
    with Receiver(tls=server_side(certificates)) as secure:
        sink = webhook(url=secure.url, ca_file=certificates.ca)
        for _ in range(3):
            sink.send(make_event())
        assert len(secure.accepted) == 3
        assert len({request.connection for request in secure.received}) == 1


def test_a_receiver_that_cannot_prove_who_it_is_gets_nothing(certificates, webhook, make_event):
    with Receiver(tls=server_side(certificates)) as secure:
        for options, fault in (
            ({"url": secure.url}, "its certificate is not trusted: unable to get local issuer"),
            (
                {"url": secure.url.replace("localhost", "127.0.0.1"), "ca_file": certificates.ca},
                "its certificate is not trusted: IP address mismatch",
            ),
            ({"url": secure.url.replace("https", "http")}, "127.0.0.1|localhost"),
        ):
            with pytest.raises(SinkError, match=fault) as caught:
                webhook(**options).send(make_event())
            assert not caught.value.rejected
        assert secure.received == []


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"url": "https://h/", "ca_file": "/no/ca.pem"}, "ca_file '/no/ca.pem' cannot be used: No"),
        ({"url": "https://h/", "ca_file": __file__}, "it must be a readable file in PEM format"),
        ({"url": "http://h/", "ca_file": "/no/ca.pem"}, "url does not begin with https"),
    ],
)
def test_certificates_that_cannot_be_used_are_named_at_the_start(webhook, options, fault):
    with pytest.raises(SinkError, match=fault) as caught:
        webhook(**options)
    assert caught.value.permanent
