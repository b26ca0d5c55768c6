"""A web server on loopback that takes what webhooks send, and answers as it is asked to."""

import threading
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from broker import free_port
from streamer.errors import SinkError

NOW = 1_767_323_045.0
"""Seconds since 1970: the time that tests' webhooks have."""


@dataclass(frozen=True)
class Received:
    """One request; `headers` know their names in any case."""

    method: str
    path: str
    headers: object
    body: bytes
    connection: tuple


class Receiver:
    """`with Receiver() as receiver:` `received` is what came, `accepted` the ids answered 2xx.

    `answer(request, handler)` gives a status, or (status, headers, body), or None when it has
    answered by itself. `stop` and `start` keep the port. `tls` is an `ssl.SSLContext` of a server.
    """

    def __init__(self, answer=lambda request, handler: 204, tls=None):
        self.answer = answer
        self.received = []
        self.accepted = []
        self.port = free_port()
        self._tls = tls
        self._connections = set()
        self._http = self._thread = None

    @property
    def url(self):
        host = "http://127.0.0.1" if self._tls is None else "https://localhost"
        return f"{host}:{self.port}/events"

    def _handler(owner):  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                owner._connections.add(self.connection)

            def finish(self):
                owner._connections.discard(self.connection)
                with suppress(OSError, ValueError):
                    super().finish()

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                request = Received(self.command, self.path, self.headers, body, self.client_address)
                owner.received.append(request)
                owner._respond(self, request)

            def do_PUT(self):
                self.do_POST()

            def log_message(self, *_):
                pass

        return Handler

    def _respond(self, handler, request):
        answer = self.answer(request, handler)
        if answer is None:
            return
        status, headers, body = (answer, {}, b"") if isinstance(answer, int) else answer
        if 200 <= status < 300:
            self.accepted.append(request.headers["webhook-id"])
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        if "Content-Length" not in headers and status != 204:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        with suppress(OSError):  # whoever asked may have had enough
            handler.wfile.write(body)

    def start(self):
        self._http = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
        self._http.daemon_threads = True
        if self._tls is not None:
            self._http.socket = self._tls.wrap_socket(self._http.socket, server_side=True)
        self._http.handle_error = lambda *_: None
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def hang_up(self):
        """Close the connections that are kept open."""
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(2)

    def stop(self):
        if self._http is not None:
            self._http.shutdown()
            self._thread.join(10)
            self._http.server_close()
            self.hang_up()
            self._http = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def failure(sink, event):
    """The error with which the event does not arrive."""
    with pytest.raises(SinkError) as caught:
        sink.send(event)
    assert not caught.value.permanent  # no receiver may end the daemon
    return caught.value
