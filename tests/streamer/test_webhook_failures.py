import socket
import threading
from email.utils import formatdate

import pytest

from broker import free_port
from streamer.sinks.webhook_call import address_of
from webhook_receiver import NOW, failure


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_a_delivery(receiver, webhook, make_event, status):
    receiver.answer = lambda request, handler: (status, {}, b"")
    webhook().send(make_event())
    assert len(receiver.accepted) == 1


@pytest.mark.parametrize(
    ("status", "rejected"),
    [
        *((status, True) for status in (400, 402, 406, 409, 410, 411, 413, 415, 422, 431)),
        *((status, False) for status in (401, 403, 404, 405, 407, 408, 425, 429)),
        *((status, False) for status in (300, 304, 500, 501, 502, 503, 504, 599)),
    ],
)
def test_a_refusal_of_the_event_is_told_from_one_of_the_address(
    receiver, webhook, make_event, status, rejected
):
    receiver.answer = lambda request, handler: status
    error = failure(webhook(), make_event())
    assert error.rejected == rejected
    assert f"127.0.0.1:{receiver.port} answers {status}" in str(error)


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(receiver, webhook, make_event, status, method):
    place = {"Location": "https://elsewhere.example/secret-path"}
    receiver.answer = lambda request, handler: (status, place, b"")
    error = failure(webhook(method=method), make_event())
    assert f"answers {status}, a redirect to https://elsewhere.example; none is foll" in str(error)
    assert "secret-path" not in str(error)
    assert not error.rejected
    assert len(receiver.received) == 1


def test_what_a_receiver_says_against_an_event_is_told(receiver, webhook, make_event):
    answer = b"no such\n  camera: see http://joe:pass@h/ " + b"x" * 1000
    receiver.answer = lambda request, handler: (422, {}, answer)
    error = failure(webhook(), make_event())
    assert "answers 422: no such camera: see http://***@h/ xxx" in str(error)
    assert len(str(error)) < 300


@pytest.mark.parametrize(
    ("said", "waits_s"),
    [
        ("120", 120.0),
        (formatdate(NOW + 90, usegmt=True), 90.0),
        (formatdate(NOW - 90, usegmt=True), 0.0),
        ("999999999", 3600.0),  # nobody makes us wait for weeks
        ("soon", 0.0),
        ("-5", 0.0),
        ("", 0.0),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_receiver_may_ask_for_patience(receiver, webhook, make_event, status, said, waits_s):
    receiver.answer = lambda request, handler: (status, {"Retry-After": said}, b"")
    error = failure(webhook(), make_event())
    assert (error.retry_after_s, error.rejected) == (waits_s, False)


def test_nobody_there_is_an_absence(webhook, make_event):
    port = free_port()
    error = failure(webhook(url=f"http://127.0.0.1:{port}/secret-path"), make_event())
    assert str(error) == f"http://127.0.0.1:{port}: Connection refused"
    assert not error.rejected


def test_a_name_nobody_knows_is_an_absence(webhook, make_event):
    error = failure(webhook(url="https://no-such-host.invalid/"), make_event())
    assert str(error).startswith("https://no-such-host.invalid: ")
    assert not error.rejected


@pytest.mark.parametrize("nonsense", [b"SSH-2.0-x\r\n", b"", b"HTTP/1.1 9999999 x\r\n\r\n"])
def test_something_else_that_listens_there_is_an_absence(webhook, make_event, nonsense):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            connection, _ = listener.accept()
            connection.recv(65536)
            connection.sendall(nonsense)
            connection.close()

        threading.Thread(target=serve, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        assert not failure(webhook(url=url), make_event()).rejected


def test_a_refusal_that_breaks_off_is_a_refusal(receiver, webhook, make_event):
    def answer(request, handler):
        handler.wfile.write(b"HTTP/1.1 400 Bad\r\nContent-Length: 99\r\n\r\nhalf")
        handler.close_connection = True

    receiver.answer = answer
    assert failure(webhook(), make_event()).rejected


def test_a_connection_that_was_closed_meanwhile_is_made_anew(receiver, webhook, make_event):
    sink = webhook()
    sink.send(make_event())
    receiver.stop()
    receiver.start()
    sink.send(make_event())
    assert len(receiver.accepted) == 2


def test_a_connection_that_closes_on_the_request_is_made_anew(receiver, webhook, make_event):
    """A server closes an idle connection at the very moment in which the next event comes."""
    sink = webhook()
    sink.send(make_event())
    asked = []

    def answer(request, handler):
        asked.append(request)
        if len(asked) > 1:
            return 204
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True
        return None

    receiver.answer = answer
    sink.send(make_event())
    assert len(asked) == 2
    assert asked[0].headers["webhook-id"] == asked[1].headers["webhook-id"]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://hooks.example/T0/secret", "https://hooks.example"),
        ("http://joe:secret@h:8080/x", "http://h:8080"),
        ("http://h/?token=secret", "http://h"),
        ("http://[::1]:80/", "http://[::1]"),
    ],
)
def test_an_address_shows_nothing_that_may_be_secret(url, shown):
    assert str(address_of(url)) == shown
    assert "secret" not in repr(address_of(url))


@pytest.mark.parametrize(
    "url", ["", "gate", "ftp://h/", "https://", "http://h:99999/secret", "http://u:secret/x@h/"]
)
def test_what_is_no_address_is_said(url):
    with pytest.raises(ValueError, match="URL") as caught:
        address_of(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("host", ["a b", "a..b", "a" * 64, "a\x7fb"])
def test_what_is_no_host_is_said(host):
    with pytest.raises(ValueError, match="is no name of a host"):
        address_of(f"http://{host}/")
