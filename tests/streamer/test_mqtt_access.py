"""Who is let in by the broker: passwords, TLS, certificates, access lists."""

import logging
import ssl
import time

import pytest

from broker import Certificates, Mosquitto, wait_until
from mqtt_sinks import running
from streamer.controls import Controls
from streamer.errors import SinkError
from streamer.sinks.courier import Courier, stop_couriers
from streamer.sinks.mqtt import MqttSink
from streamer.sinks.mqtt_broker import tls_context
from streamer.sinks.outbox import Outbox

JPEG = b"\xff\xd8 so to speak"


@pytest.fixture(scope="module")
def guarded():
    """A broker with TLS and a password; the gate may write its event only."""
    acl = "user gate\ntopic write guarded/gate/event\ntopic write guarded/status\nuser guest\n"
    with Mosquitto({"gate": "secret", "guest": "guest"}, tls=True, acl=acl) as broker:
        yield broker


def tls(broker, **more):
    options = {"tls": True, "ca_file": broker.certificates.ca, "host": "localhost"}
    return options | {"username": "gate", "password": "secret", "base_topic": "guarded"} | more


def test_password_and_tls_let_in(guarded, make_event):
    with running(guarded, **tls(guarded)) as (sink, reports):
        sink.send(make_event())
    assert reports.said == [None]


def test_a_refused_password_is_a_permanent_fault(guarded, make_event, caplog):
    caplog.set_level(logging.DEBUG)
    options = tls(guarded, password="not this one")
    with running(guarded, wait=False, **options) as (sink, reports):
        fault = reports.fault()
        assert fault.permanent
        assert f"broker localhost:{guarded.port} refused user 'gate': Not authorized" in str(fault)
        with pytest.raises(SinkError, match="refused user 'gate'"):
            sink.send(make_event())
    assert "not this one" not in caplog.text + str(fault) + repr(vars(sink._link))


def test_nobody_is_told_to_give_a_user(guarded):
    options = tls(guarded, username=None, password=None)
    with running(guarded, wait=False, **options) as (_, reports):
        assert "refused us without a user: Not authorized" in str(reports.fault())


def test_an_unknown_authority_is_a_permanent_fault(guarded, tmp_path):
    other = Certificates(tmp_path)
    with running(guarded, wait=False, **tls(guarded, ca_file=other.ca)) as (_, reports):
        fault = reports.fault()
    assert fault.permanent
    assert f"is not trusted by ca_file '{other.ca}'" in str(fault)


def test_a_certificate_for_another_name_is_a_permanent_fault(guarded):
    with running(guarded, wait=False, **tls(guarded, host="127.0.0.1")) as (_, reports):
        fault = reports.fault()
    assert fault.permanent
    assert "mismatch" in str(fault)


@pytest.mark.parametrize(
    ("broker_name", "options", "fault"),
    [
        ("guarded", {"tls": False, "ca_file": None}, "closed the connection without an answer"),
        ("shared_broker", {}, "cannot be reached: "),
    ],
    ids=["no tls where it is expected", "tls where none is expected"],
)
def test_one_side_speaks_tls(request, guarded, broker_name, options, fault):
    broker = request.getfixturevalue(broker_name)
    with running(broker, wait=False, **(tls(guarded) | options)) as (_, reports):
        assert fault in str(reports.fault())
        assert not reports.fault().permanent


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"tls": True, "ca_file": "/no/ca.pem"}, "ca_file '/no/ca.pem' cannot be used: No such"),
        ({"tls": True, "ca_file": "{text}"}, "ca_file '{text}' cannot be used"),
        ({"tls": True, "cert_file": "{text}"}, "cert_file '{text}' cannot be used"),
        (
            {"tls": True, "cert_file": "/no/cert.pem", "key_file": "/no/key.pem"},
            "cert_file '/no/cert.pem' with key_file '/no/key.pem' cannot be used: No such",
        ),
        ({"ca_file": "{text}"}, "is given, but tls is false"),
        ({"password": "x"}, "password is given without a username"),
        ({"host": ""}, "host is empty"),
        ({"host": "a..b"}, "host 'a..b' is no host name"),
        ({"base_topic": "a/#"}, "base_topic 'a/#': no part"),
        ({"base_topic": "/a"}, "base_topic '/a': no part"),
        ({"controls": Controls(["gate/1"])}, "camera 'gate/1': no part"),
    ],
)
def test_settings_that_cannot_work_are_named_at_the_start(tmp_path, options, fault):
    text = tmp_path / "text"
    text.write_text("no certificate\n")
    options = {k: v.format(text=text) if isinstance(v, str) else v for k, v in options.items()}
    with pytest.raises(SinkError) as caught:
        MqttSink(**({"host": "localhost"} | options)).start()
    assert fault.format(text=text) in str(caught.value)
    assert caught.value.permanent


def test_what_may_not_be_written_is_a_refusal_of_the_event_only_if_it_is_the_event(
    guarded, make_event, caplog, tmp_path
):
    crop = tmp_path / "crop.jpg"
    crop.write_bytes(JPEG)
    with running(guarded, **tls(guarded)) as (sink, _):
        for _ in range(2):
            sink.send(make_event(crop=str(crop)))  # last and crop are refused: no matter
        with pytest.raises(
            SinkError, match=r"refused topic guarded/yard/event: Not auth"
        ) as caught:
            sink.send(make_event(camera="yard"))
    assert caught.value.rejected
    assert caplog.text.count("refused topic guarded/gate/last: Not authorized") == 1
    assert caplog.text.count("refused topic guarded/gate/crop") == 1


def test_an_event_that_may_not_be_written_becomes_a_dead_letter(guarded, make_event, tmp_path):
    outbox = Outbox(tmp_path / "events.sqlite3", ["mqtt"])
    outbox.open()
    for camera in ("yard", "gate"):
        outbox.accept(make_event(camera=camera), 0.0)
    sink = MqttSink(port=guarded.port, client_id="dead-letters", **tls(guarded))
    courier = Courier(sink, outbox, first_retry_s=0.02)
    courier.start()
    try:
        wait_until(lambda: outbox.dead_letters("mqtt") == 1 and outbox.depth("mqtt") == 0)
    finally:
        stop_couriers([courier], 2.0)
        outbox.close()


# Who has the right certificate.


@pytest.fixture(scope="module")
def strict():
    """A broker that asks for a certificate of the client's."""
    with Mosquitto(tls="ask") as broker:
        yield broker


def with_certificate(broker, **files):
    return {"tls": True, "ca_file": broker.certificates.ca, "host": "localhost"} | files


def test_the_right_certificate_lets_in(strict, topic, make_event):
    options = with_certificate(strict, **strict.certificates.client("gate"))
    with running(strict, **options, base_topic=topic) as (sink, reports):
        sink.send(make_event())
    assert reports.said == [None]


def test_a_missing_certificate_is_a_permanent_fault(strict):
    with running(strict, wait=False, **with_certificate(strict)) as (_, reports):
        fault = reports.fault()
    assert fault.permanent
    assert f"localhost:{strict.port} wants a certificate of ours: give cert_file" in str(fault)


def test_before_tls_13_a_missing_certificate_can_only_be_guessed(strict, monkeypatch):
    def up_to_12(broker):
        context = tls_context(broker)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        return context

    monkeypatch.setattr("streamer.sinks.mqtt_link.tls_context", up_to_12)
    with running(strict, wait=False, **with_certificate(strict)) as (_, reports):
        fault = reports.fault()
    assert not fault.permanent
    assert "broke TLS off; it may want a certificate of ours: give cert_file" in str(fault)


def test_a_certificate_of_another_authority_is_a_permanent_fault(strict, tmp_path):
    files = Certificates(tmp_path).client("stranger")
    with running(strict, wait=False, **with_certificate(strict, **files)) as (_, reports):
        fault = reports.fault()
    assert fault.permanent
    assert f"refused our certificate, cert_file '{files['cert_file']}': " in str(fault)


def test_an_expired_certificate_is_waited_for(strict):
    files = strict.certificates.client("old", days=0)
    time.sleep(1.1)  # its last second
    with running(strict, wait=False, **with_certificate(strict, **files)) as (_, reports):
        fault = reports.fault()
    assert not fault.permanent  # the broker's clock may be wrong
    assert f"cert_file '{files['cert_file']}': certificate expired" in str(fault)


def test_the_key_of_another_certificate_is_named_at_the_start(strict):
    files = strict.certificates.client("one")
    files["key_file"] = strict.certificates.client("two")["key_file"]
    with pytest.raises(SinkError) as caught:
        MqttSink(**with_certificate(strict, **files)).start()
    assert "they do not belong together" in str(caught.value)
    assert caught.value.permanent
