"""The section `web` of the configuration: where the portal listens, and to whom."""

import ssl
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from annotated_types import Ge, Gt, Le
from pydantic import Field

from streamer.config import Strict
from streamer.web.access import Role
from streamer.web.origins import is_loopback
from streamer.web.passwords import fault_of
from streamer.web.read_limits import ReadLimits

SHORTEST_TOKEN = 16

Name = Annotated[str, Field(min_length=1, max_length=100)]


class UserConfig(Strict):
    """Somebody who logs in on the pages. `password` is plain (best from the environment) or what
    `plate-streamer password` prints."""

    name: Name
    password: Annotated[str, Field(max_length=1000)]
    role: Role = "viewer"


class TokenConfig(Strict):
    """A program that sends `Authorization: Bearer …`."""

    name: Name
    token: Annotated[str, Field(max_length=1000)]
    role: Role = "viewer"


class Web:
    """What the portal was configured to be. Port 0 takes a free one.

    With `behind_proxy` the address, and whether it is HTTPS, are what the proxy says in
    X-Forwarded-For and X-Forwarded-Proto. A client may make `burst` requests at once and
    `requests_per_s` in the long run.
    """

    def __init__(  # noqa: PLR0913  (a section of the configuration)
        self,
        *,
        enabled: bool = False,
        host: Annotated[str, Field(min_length=1)] = "127.0.0.1",
        port: Annotated[int, Ge(0), Le(65535)] = 8090,
        users: tuple[UserConfig, ...] = (),
        tokens: tuple[TokenConfig, ...] = (),
        session_hours: Annotated[float, Gt(0), Le(8760)] = 12.0,
        public_url: str | None = None,
        cert_file: Path | None = None,
        key_file: Path | None = None,
        behind_proxy: bool = False,
        requests_per_s: Annotated[float, Gt(0)] = 100.0,
        burst: Annotated[int, Ge(1)] = 400,
        max_upload_mb: Annotated[float, Gt(0), Le(10_000)] = 200.0,
        max_megapixels: Annotated[float, Gt(0), Le(500)] = 50.0,
        max_video_s: Annotated[float, Gt(0)] = 600.0,
        read_workers: Annotated[int, Ge(1), Le(64)] = 2,
        allow_urls: bool = False,
    ) -> None:
        self.enabled = enabled
        self.host, self.port = host, port
        self.users, self.tokens = users, tokens
        self.session_hours = session_hours
        self.public_url = public_url.rstrip("/") if public_url else None
        self.cert_file, self.key_file = cert_file, key_file
        self.behind_proxy = behind_proxy
        self.requests_per_s, self.burst = requests_per_s, burst
        self.limits = ReadLimits(
            max_upload_mb, max_megapixels, max_video_s, read_workers, allow_urls
        )

    @property
    def login_required(self) -> bool:
        """Else it is open to whoever sits at this machine."""
        return bool(self.users or self.tokens)

    @property
    def public_host(self) -> str | None:
        """The host of `public_url`."""
        return urlsplit(self.public_url).hostname if self.public_url else None

    @staticmethod
    def faults(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """What is wrong: pairs of key and message."""
        yield from _exposed(options)
        for key, one in (("users", "user"), ("tokens", "token")):
            yield from ((key, fault) for fault in _names(options[key], one))
        for user in options["users"]:
            if fault := fault_of(user.password):
                yield "users", f"the password of {user.name!r} {fault}"
        for token in options["tokens"]:
            if fault := _token_fault(token.token):
                yield "tokens", f"the token of {token.name!r} {fault}"
        yield from _certificate(options["cert_file"], options["key_file"])


def _exposed(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    url = options["public_url"]
    parts = _parts(url) if url is not None else None
    if url is not None and parts is None:
        yield "public_url", f"{url!r} should be like https://gate.example, without a path"
    if not options["enabled"] or options["users"] or options["tokens"]:
        return
    mend = "name who may log in, in web.users or web.tokens, or leave host at 127.0.0.1"
    if not is_loopback(options["host"]):
        yield "host", f"{options['host']!r} lets others in without a login; {mend}"
    elif options["behind_proxy"]:
        yield "behind_proxy", f"true lets others in without a login; {mend.partition(', or')[0]}"
    elif parts is not None and not is_loopback(parts):
        yield "public_url", f"{url!r} lets others in without a login; {mend.partition(', or')[0]}"


def _parts(url: str) -> str | None:
    """The host of a URL of a whole site, if it is one."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    whole = parts.scheme in {"http", "https"} and parts.hostname and not parts.username
    return parts.hostname if whole and parts.path in {"", "/"} and not parts.query else None


def _names(some: Sequence[Any], kind: str) -> Iterator[str]:
    for name, times in Counter(one.name for one in some).items():
        if times > 1:
            yield f"{name!r} is there twice; each {kind} needs a name of its own"


def _token_fault(token: str) -> str | None:
    if len(token) < SHORTEST_TOKEN:
        return f"has {len(token)} characters; {SHORTEST_TOKEN} at least: openssl rand -hex 24"
    if not (token.isascii() and token.isprintable()) or " " in token:
        return "should be letters, digits and signs of ASCII, without blanks"
    return None


def _certificate(cert: Path | None, key: Path | None) -> Iterator[tuple[str, str]]:
    if cert is None:
        if key is not None:
            yield "cert_file", "is missing, and key_file is there; HTTPS needs both"
        return
    for name, path in (("cert_file", cert), ("key_file", key)):
        try:
            if path is not None:
                path.read_bytes()
        except OSError as error:
            yield name, f"'{path}' cannot be read: {error.strerror}"
            return
    try:
        # A password would be asked for on the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, lambda: b"")
    except (ssl.SSLError, OSError, ValueError):
        kind = "a certificate with its key" if key is None else f"a certificate that '{key}' fits"
        yield "cert_file", f"'{cert}' should be {kind}, both as PEM, the key without a password"
