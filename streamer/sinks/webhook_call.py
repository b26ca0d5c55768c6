"""HTTP requests to one address, each over within an exact time.

On the standard library's client, not on `requests`: the socket has to be within reach, so that
another thread may end a call that hangs (the time is up, the daemon stops), and nothing may
happen unasked: no redirect is followed, no ~/.netrc or proxy of the environment looked at.
"""

import base64
import http.client
import queue
import re
import select
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.client import HTTPMessage
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from streamer.errors import SinkError

READ_BYTES = 1 << 16  # of an answer; who says more is hung up on
SETTLE_S = 0.2


@dataclass(frozen=True, slots=True)
class Address:
    """Where a webhook is. `secret_path` may be all that keeps others out: never shown."""

    tls: bool
    host: str
    port: int
    secret_path: str = field(repr=False)
    login: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        scheme, usual = ("https", 443) if self.tls else ("http", 80)
        return f"{scheme}://{host}" + ("" if self.port == usual else f":{self.port}")


def address_of(url: str) -> Address:
    """The parts of a URL. Raises ValueError, without what may be secret in it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(
            "is no URL; what is special in a password is written as %2F for / or %40 for @"
        ) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("should be a URL that begins with https:// or http:// and a host")
    if not _is_host(parts.hostname):
        raise ValueError(f"'{parts.hostname}' is no name of a host")
    tls = parts.scheme == "https"
    path = quote(parts.path or "/", safe="/%:=@&+$,;!*'()~-._")
    query = f"?{quote(parts.query, safe='/%:=@&+$,;!*()~-._?')}" if parts.query else ""
    login = None
    if parts.username is not None:
        user_pass = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        login = "Basic " + base64.b64encode(user_pass.encode()).decode()
    return Address(tls, parts.hostname, port or (443 if tls else 80), path + query, login)


def _is_host(name: str) -> bool:
    try:
        name.encode("idna")
    except UnicodeError:
        return False
    return re.search(r"[\s\x00-\x20\x7f]", name) is None


def trusting(ca_file: Path | None) -> ssl.SSLContext:
    """TLS that checks who the other side is. Raises SinkError (permanent) naming the file."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
        raise SinkError(
            f"ca_file '{ca_file}' cannot be used: {reason or error};"
            " it must be a readable file in PEM format",
            permanent=True,
        ) from error


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. Values of headers are bytes, for they may hold more than ASCII."""

    method: str
    headers: Mapping[str, bytes]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: `text` is its beginning, `headers` know their names in any case."""

    status: int
    headers: HTTPMessage
    text: str = ""

    @property
    def good(self) -> bool:
        """Whether the other side has what it was sent."""
        return 200 <= self.status < 300


class Caller:
    """Calls `address`, one request at a time, over a connection that is kept.

    `timeout_s` is for a whole request: finding the address, connecting, TLS, sending, and
    waiting until the answer begins.
    """

    def __init__(self, address: Address, timeout_s: float, context: ssl.SSLContext | None) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._context = context
        self._last: _Call | None = None
        self._closed = threading.Event()

    def call(self, request: Request) -> Answer:
        """The answer, whatever its status. Raises SinkError if there is none in time."""
        if self._closed.is_set():
            raise SinkError("closing")
        call = _Call(self._line(), self._address, request)
        call.start()
        self._last = call
        if self._closed.is_set():  # just now, which ended the call before this one
            self.close()
        try:
            outcome = call.outcome.get(timeout=self._timeout_s)
        except queue.Empty:
            begun = call.begun  # before the line is cut: what is cut off looks like an end
            call.hang_up()
            if begun is not None:
                return begun
            raise SinkError(f"{self._address} did not answer in {self._timeout_s:g} s") from None
        if isinstance(outcome, Exception):
            raise SinkError(f"{self._address}: {_reason(outcome)}") from outcome
        return outcome

    def close(self) -> None:
        """End a call under way, and the connection. May be called from any thread."""
        self._closed.set()
        if self._last is not None:
            self._last.outcome.put(ConnectionAbortedError("closing"))
            self._last.hang_up()

    def _line(self) -> "_Line":
        if self._last is not None:
            self._last.join(SETTLE_S)  # it may still be reading the rest of its answer
            if not self._last.is_alive() and self._last.line.quiet():
                return self._last.line
            self._last.hang_up()
        return _Line(self._address, self._timeout_s, self._context)


class _Line:
    """One connection, and the socket under it: visible from the first moment on."""

    def __init__(self, address: Address, timeout_s: float, context: ssl.SSLContext | None) -> None:
        self._address = address
        self._context = context
        self._socket: socket.socket | None = None
        self._cut = False
        self.http = http.client.HTTPConnection(address.host, address.port, timeout=timeout_s)
        self.http.default_port = 443 if address.tls else 80  # left out of the header Host

    @property
    def fresh(self) -> bool:
        return self.http.sock is None

    def connect(self) -> None:
        self.http.connect()
        if self._context is not None:
            # The handshake apart: else the socket would be out of reach while it hangs.
            self.http.sock = self._context.wrap_socket(
                self.http.sock,
                server_hostname=self._address.host,
                do_handshake_on_connect=False,
            )
        self._socket = self.http.sock
        if self._cut:
            self.cut()
        if isinstance(self._socket, ssl.SSLSocket):
            self._socket.do_handshake()

    def quiet(self) -> bool:
        """Whether it is open, and the other side has not hung up meanwhile."""
        if self._cut or self.http.sock is None:
            return False
        poll = select.poll()
        poll.register(self.http.sock, select.POLLIN)
        return not poll.poll(0)

    def cut(self) -> None:
        """Make whatever waits on the socket, in any thread, return at once."""
        self._cut = True
        if self._socket is not None:
            with suppress(OSError):
                # Not SSLSocket's own, which takes the TLS away under the thread that reads.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class _Call(threading.Thread):
    """One request, in a thread of its own: whoever waits for the outcome may stop waiting."""

    def __init__(self, line: _Line, address: Address, request: Request) -> None:
        super().__init__(name="webhook-call", daemon=True)
        self.line = line
        self.outcome: queue.SimpleQueue[Answer | Exception] = queue.SimpleQueue()
        self.begun: Answer | None = None
        self._address = address
        self._request = request

    def hang_up(self) -> None:
        self.line.cut()

    def run(self) -> None:
        try:
            response = self._response()
            self.begun = begun = Answer(response.status, response.headers)
            if begun.good:  # what it says more does not matter, nor whether it ever ends
                self.outcome.put(begun)
            self.outcome.put(replace(begun, text=self._beginning(response)))
        except Exception as error:
            self.line.http.close()
            self.outcome.put(self.begun or error)

    def _response(self) -> http.client.HTTPResponse:
        fresh = self.line.fresh
        try:
            return self._asked()
        except (ConnectionError, ssl.SSLError, http.client.BadStatusLine):
            if fresh:
                raise
            # A kept connection that the other side closed just now: nothing to complain of.
            self.line.http.close()
            return self._asked()

    def _asked(self) -> http.client.HTTPResponse:
        connection, request = self.line.http, self._request
        if self.line.fresh:
            self.line.connect()
        connection.request(
            request.method, self._address.secret_path, request.body, dict(request.headers)
        )
        return connection.getresponse()

    def _beginning(self, response: http.client.HTTPResponse) -> str:
        text = response.read(READ_BYTES)
        if not response.isclosed():
            response.close()
            self.line.http.close()
        return text.decode(errors="replace")


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"no TLS: {error.reason or error}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return f"no proper HTTP: {type(error).__name__}"
