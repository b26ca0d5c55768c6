"""A picture or video from an address that somebody named: from the public network alone."""

import http.client
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from streamer.version import VERSION
from streamer.web.problems import Problem
from streamer.web.upload import Upload

FIELD = "body.url"
REDIRECTS = 3
CONNECT_S = 5.0
WHOLE_S = 30.0
"""For all of it: names, redirects and content, however slowly the other side speaks."""

CHUNK = 65536
AGENT = f"plate-streamer/{VERSION}"
MOVED = {301, 302, 303, 307, 308}

Address = IPv4Address | IPv6Address
_TRANSLATED = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))


def is_public(address: Address) -> bool:
    """Whether an address is on the public network: not this machine's, nor that of its site."""
    if isinstance(address, IPv6Address):
        if any(address in network for network in _TRANSLATED):
            return False
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


@dataclass(frozen=True, slots=True)
class Fetch:
    """Fetches by http(s). `allowed` says of each address whether it may be asked; what is asked
    is that very address, so a name cannot mean another one a moment later."""

    allowed: Callable[[Address], bool] = is_public
    whole_s: float = WHOLE_S

    def into(self, upload: Upload, url: str) -> None:
        """Write what is there into `upload`. Raises Problem about `body.url`."""
        with _Deadline(self.whole_s) as deadline:
            try:
                self._follow(upload, url, deadline)
            except (OSError, http.client.HTTPException) as error:
                if deadline.passed:
                    raise _refused(f"did not come within {self.whole_s:g} s") from None
                raise _refused(f"cannot be fetched: {_words(error)}") from None

    def _follow(self, upload: Upload, url: str, deadline: "_Deadline") -> None:
        for _ in range(REDIRECTS + 1):
            parts = _checked(url)
            with closing(self._connected(parts, deadline)) as connection:
                answer = _ask(connection, parts)
                target = answer.getheader("location")
                if answer.status not in MOVED or not target:
                    _take(answer, upload, deadline)
                    upload.name = unquote(parts.path.rpartition("/")[2])
                    return
                url = urljoin(url, target)
        raise _refused(f"is redirected more than {REDIRECTS} times")

    def _connected(self, parts: SplitResult, deadline: "_Deadline") -> http.client.HTTPConnection:
        host, secure = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        plug = socket.create_connection((str(self._resolved(host, port)), port), CONNECT_S)
        deadline.watch(plug)
        if secure:
            plug = ssl.create_default_context().wrap_socket(plug, server_hostname=host)
            deadline.watch(plug)
        connection = http.client.HTTPConnection(host, port)
        connection.sock = plug
        return connection

    def _resolved(self, host: str, port: int) -> Address:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise _refused(f"no such host: {host}") from None
        addresses = [ip_address(str(one[4][0]).partition("%")[0]) for one in found]
        # All of them: a name that also means an address of ours is no name to trust.
        if not all(map(self.allowed, addresses)):
            raise _refused(f"{host} is no address of the public network")
        return addresses[0]


def _checked(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _refused(str(error)) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _refused("must begin with http:// or https:// and a host")
    if parts.username is not None or parts.password is not None:
        raise _refused("must not hold a login")
    if port == 0 or any(sign <= " " or sign == "\x7f" for sign in url):
        raise _refused("is no valid URL")
    return parts


def _ask(connection: http.client.HTTPConnection, parts: SplitResult) -> http.client.HTTPResponse:
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    if parts.query:
        target += "?" + quote(parts.query, safe="/?%:@!$&'()*+,;=~-._")
    headers = {"User-Agent": AGENT, "Accept": "image/*, video/*", "Accept-Encoding": "identity"}
    connection.request("GET", target, headers=headers)
    return connection.getresponse()


def _take(answer: http.client.HTTPResponse, upload: Upload, deadline: "_Deadline") -> None:
    if answer.status != 200:
        raise _refused(f"answers {answer.status}")
    while chunk := answer.read1(CHUNK):
        upload.write(chunk)
    if deadline.passed:
        raise TimeoutError
    if answer.length:
        raise _refused(f"broke off {answer.length} bytes before its end")


class _Deadline:
    """Ends a connection when its time is over, whatever it waits for."""

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._plug: socket.socket | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> "_Deadline":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def watch(self, plug: socket.socket) -> None:
        """This is the connection now. Raises TimeoutError when it is too late for one."""
        with self._lock:
            self._plug = plug
            if self.passed:
                plug.close()
                raise TimeoutError

    def _end(self) -> None:
        with self._lock:
            self.passed = True
            if self._plug is not None:
                # Of TLS too the socket beneath: that may be done while another thread reads.
                with suppress(OSError):
                    socket.socket.shutdown(self._plug, socket.SHUT_RDWR)


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLError):
        return f"its certificate or encryption: {error.reason or error}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return type(error).__name__


def _refused(words: str) -> Problem:
    return Problem(422, words, FIELD)
