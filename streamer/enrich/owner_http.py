"""Owners from a registry of vehicles that answers over HTTP with JSON."""

import json
import re
import string
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

import jmespath
import requests
import urllib3
from annotated_types import Ge, Gt, Le, MinLen
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult
from pydantic import AfterValidator, PlainValidator

from streamer.data import PlateEvent
from streamer.enrich.breaker import Breaker
from streamer.enrich.lookup import Amend, Lookup, LookupFailed, Owner
from streamer.metrics import Metrics

LARGEST = 64 << 10
"""Bytes of an answer; no owner takes more."""
CHUNK = 16 << 10
NOBODY = (204, 404, 410)
REFUSED = (401, 403, 407)


def _template(url: str) -> str:
    """The address with {plate} in it. Raises ValueError saying what would be right."""
    try:
        places = [name for _, name, *rest in string.Formatter().parse(url) if name is not None]
        parts = urlsplit(url)
    except ValueError as error:
        raise ValueError(f"'{url}' is no address: {error}") from None
    for name in places:
        if name != "plate":
            raise ValueError(f"'{{{name}}}' is not known here; the only field is {{plate}}")
    if parts.scheme not in ("http", "https") or not parts.hostname or "{" in parts.netloc:
        raise ValueError("should begin with https:// or http:// and a host")
    if parts.username is not None:
        raise ValueError("has a login in it; use 'username' and 'password'")
    if not places:
        raise ValueError("should have {plate} where the plate belongs")
    return url


def _headers(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name):
            raise ValueError(f"'{name}' is no name of a header")
        if not re.fullmatch(r"[\t\x20-\x7e\xa0-\xff]*", value) or value != value.strip():
            raise ValueError(f"{name}: its value has signs that no header can have")
    return headers


def _expression(text: Any) -> ParsedResult:
    if isinstance(text, ParsedResult):
        return text
    try:
        return jmespath.compile(str(text))
    except JMESPathError as error:
        reason = str(error).splitlines()[0].removesuffix(", for expression:")
        raise ValueError(f"'{text}' is no JMESPath, like owner.name: {reason}") from None


class Registry:
    """Asks for one plate at a time. `fields` name what is wanted of the answer (JMESPath).

    An answer is what is there of the fields; 404 and an answer without any of them mean that
    nobody is known. Redirects are not followed: they would carry the headers elsewhere.
    """

    def __init__(
        self,
        url: str,
        fields: Mapping[str, ParsedResult],
        *,
        headers: Mapping[str, str],
        login: tuple[str, str] | None,
        timeout_s: float,
        verify: bool | str,
    ) -> None:
        self._url = url
        self._fields = fields
        self._headers = headers
        self._login = login
        self._timeout_s = timeout_s
        self._verify = verify
        self._host = urlsplit(url).hostname
        self._own = threading.local()

    def ask(self, plate: str) -> Owner:
        """The owner's fields; None for nobody. Raises LookupFailed, without plate or owner."""
        until_s = time.monotonic() + self._timeout_s
        try:
            with self._session().get(
                self._url.replace("{plate}", quote(plate, safe="")),
                timeout=self._timeout_s,
                allow_redirects=False,
                stream=True,
                verify=self._verify,
            ) as response:
                if response.status_code in NOBODY:
                    return None
                self._check(response.status_code)
                return self._mapped(self._body(response, until_s))
        except requests.exceptions.SSLError:
            raise LookupFailed(f"{self._host} has no certificate that we trust") from None
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            raise LookupFailed(f"{self._host} did not answer in {self._timeout_s:g} s") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise LookupFailed(f"{self._host}: {_reason(error)}") from None

    def _session(self) -> requests.Session:
        if not hasattr(self._own, "session"):
            session = requests.Session()
            session.headers.update(self._headers)
            session.headers.setdefault("Accept", "application/json")
            # Without any, requests would take what ~/.netrc has for the host.
            session.auth = self._login or (lambda request: request)
            self._own.session = session
        found: requests.Session = self._own.session
        return found

    def _check(self, status: int) -> None:
        if status in REFUSED:
            advice = "look at owner.headers, owner.username and owner.password"
            raise LookupFailed(f"{self._host} refuses us ({status}): {advice}")
        if 300 <= status < 400:
            raise LookupFailed(
                f"{self._host} sends us elsewhere ({status}); owner.url is not final"
            )
        if status != 200:
            raise LookupFailed(f"{self._host} answers {status}")

    def _body(self, response: requests.Response, until_s: float) -> bytes:
        body = b""
        while chunk := response.raw.read1(CHUNK, decode_content=True):
            body += chunk
            if len(body) > LARGEST:
                raise LookupFailed(f"{self._host} answers with more than {LARGEST >> 10} kB")
            if time.monotonic() > until_s:
                raise LookupFailed(f"{self._host} did not answer in {self._timeout_s:g} s")
        return body

    def _mapped(self, body: bytes) -> Owner:
        try:
            answer = json.loads(body, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise LookupFailed(f"{self._host} answers with what is no JSON") from None
        owner: dict[str, object] = {}
        for name, expression in self._fields.items():
            try:
                value = expression.search(answer)
            except JMESPathError:
                raise LookupFailed(f"owner.fields.{name} does not fit the answer") from None
            if value is not None:
                owner[name] = value
        return owner or None


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _reason(error: Exception) -> str:
    """The cause at the bottom, in a word or two: errors of requests quote the whole address."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause if isinstance(cause, Exception) else Exception()
    return getattr(error, "strerror", None) or type(error).__name__


class HttpOwner:
    """Asks a registry for the owner of each plate that is published.

    `failures` in a row and nobody is asked for `pause_s` seconds. The other options are those of
    `Registry` and `Lookup`.
    """

    def __init__(  # noqa: PLR0913  (a section of the configuration)
        self,
        amend: Amend,
        metrics: Metrics,
        *,
        url: Annotated[str, AfterValidator(_template)],
        fields: Annotated[
            dict[str, Annotated[ParsedResult, PlainValidator(_expression)]], MinLen(1)
        ],
        headers: Annotated[dict[str, str], AfterValidator(_headers)] = {},  # noqa: B006
        username: str | None = None,
        password: str | None = None,
        ca_file: Path | None = None,
        timeout_s: Annotated[float, Gt(0), Le(60)] = 3.0,
        wait_s: Annotated[float, Ge(0), Le(2)] = 0.3,
        ttl_s: Annotated[float, Ge(0)] = 3600.0,
        failures: Annotated[int, Ge(1)] = 5,
        pause_s: Annotated[float, Gt(0)] = 30.0,
    ) -> None:
        login = None if username is None else (username, password or "")
        registry = Registry(
            url,
            fields,
            headers=headers,
            login=login,
            timeout_s=timeout_s,
            verify=str(ca_file) if ca_file else True,
        )
        breaker = Breaker(failures, pause_s)
        self._lookup = Lookup(
            registry.ask, amend, metrics, breaker=breaker, ttl_s=ttl_s, wait_s=wait_s
        )

    @staticmethod
    def faults(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """What else is wrong with options: pairs of key and message."""
        file = options["ca_file"]
        if file is not None and not file.is_file():
            yield "ca_file", f"{file}: no such file"

    def __call__(self, event: PlateEvent) -> PlateEvent:
        """The event with its owner, if that is known within `wait_s`."""
        return self._lookup(event)

    def start(self) -> Callable[[], None]:
        """Begin to ask; gives what ends it."""
        return self._lookup.start()

    def reload(self) -> None:
        """Nothing is read from files."""
