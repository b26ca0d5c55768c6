"""Receivers that never answer, never end, or say too much."""

import socket
import threading
import time

import pytest

from broker import wait_until
from streamer.errors import SinkError
from streamer.sinks.webhook_call import READ_BYTES
from webhook_receiver import failure


def calls():
    return [one for one in threading.enumerate() if one.name == "webhook-call"]


@pytest.fixture
def dripping():
    """`dripping(beginning)`: the URL of a server that says that, and then a byte now and then."""
    stop, listeners = threading.Event(), []

    def make(beginning):
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def serve(connection):
            connection.recv(65536)
            connection.sendall(beginning)
            while not stop.wait(0.02):
                connection.sendall(b"x")

        def accept():
            while not stop.is_set():
                connection, _ = listener.accept()
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    yield make
    stop.set()
    for listener in listeners:
        listener.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("beginning", [b"", b"HTTP/1.1 200 OK\r\nX-Long: "])
def test_an_answer_that_never_comes_is_given_up_in_time(dripping, webhook, make_event, beginning):
    error = failure(webhook(url=dripping(beginning), timeout_s=0.3), make_event())
    assert "did not answer in 0.3 s" in str(error)
    assert not error.rejected
    wait_until(lambda: not calls(), what="a call was left behind")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("framing", [b"Content-Length: 99999", b"Connection: close", b"X-Y: z"])
@pytest.mark.parametrize(
    ("status", "outcome"), [(b"200 OK", None), (b"400 Bad", True), (b"503 Away", False)]
)
def test_of_an_answer_that_never_ends_the_status_counts(
    dripping, webhook, make_event, status, outcome, framing
):
    sink = webhook(
        url=dripping(b"HTTP/1.1 " + status + b"\r\n" + framing + b"\r\n\r\n"), timeout_s=3.0
    )
    if outcome is None:
        for _ in range(2):
            sink.send(make_event())
    else:
        assert failure(sink, make_event()).rejected == outcome
    sink.close(1.0)
    wait_until(lambda: not calls(), what="a call was left behind")


@pytest.mark.parametrize("status", [200, 400])
def test_a_huge_answer_is_not_read_to_its_end(receiver, webhook, make_event, status):
    sent = []

    def answer(request, handler):
        handler.send_response(status)
        handler.send_header("Content-Length", str(10 << 30))
        handler.end_headers()
        try:
            for _ in range(1 << 15):
                handler.wfile.write(b"x" * (1 << 20))
                sent.append(1)
        except OSError:
            sent.append("hung up")

    receiver.answer = answer
    sink = webhook()
    if status == 200:
        sink.send(make_event())
    else:
        assert failure(sink, make_event()).rejected
    wait_until(lambda: sent and sent[-1] == "hung up")
    # What lies in the buffers of the sockets counts as sent.
    assert len(sent) < 32 + READ_BYTES / (1 << 20)


def test_a_slow_receiver_does_not_hold_up_the_end(receiver, webhook, make_event):
    arrived, over, errors = threading.Event(), threading.Event(), []

    def answer(request, handler):
        arrived.set()
        over.wait(120)

    def send():
        try:
            sink.send(make_event())
        except SinkError as error:
            errors.append(error)

    receiver.answer = answer
    sink = webhook(timeout_s=300.0)
    sender = threading.Thread(target=send)
    sender.start()
    assert arrived.wait(60)
    started = time.monotonic()
    sink.close(1.0)
    sender.join(60)
    assert time.monotonic() - started < 50
    over.set()
    (error,) = errors
    assert not error.rejected
    for _ in range(2):
        assert "closing" in str(failure(sink, make_event()))


def test_a_name_that_nobody_resolves_does_not_hold_up_the_end(webhook, make_event, monkeypatch):
    looking, over = threading.Event(), threading.Event()

    def hanging(*_, **__):
        looking.set()
        over.wait(120)
        raise OSError("too late")

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    sink = webhook(url="http://slow.example/", timeout_s=300.0)
    threading.Timer(0.0, lambda: looking.wait(60) and sink.close(1.0)).start()
    started = time.monotonic()
    assert "closing" in str(failure(sink, make_event()))
    assert time.monotonic() - started < 50
    over.set()
