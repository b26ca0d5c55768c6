"""Events over HTTP: each is sent to a URL, as its JSON or as a template has it.

Headers of ours (Standard Webhooks): `webhook-id`, the event's id and so the receiver's key
against duplicates; `webhook-timestamp`, when it was sent; with a secret `webhook-signature`.
"""

import time
from collections.abc import Callable, Collection, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Gt, Le

from streamer.codec import encode
from streamer.data import SCHEMA, Event
from streamer.errors import SinkError
from streamer.parts import part_name
from streamer.redact import redact
from streamer.sinks.base import Name, ReadPicture, Report, SinkBase, read_file, unreported
from streamer.sinks.templates import Template, TemplateFault, header_text
from streamer.sinks.webhook_call import Address, Answer, Caller, Request, address_of, trusting
from streamer.sinks.webhook_options import (
    ContentType,
    Headers,
    Kinds,
    Only,
    Secret,
    TemplateText,
    Url,
)
from streamer.sinks.webhook_signature import key_of, signed
from streamer.version import VERSION

DAY_S = 86_400.0
LONGEST_WAIT_S = 3_600.0
SHOWN = 200  # characters of what a receiver says against an event
WAITED_FOR = {401, 403, 404, 405, 407, 408, 425, 429}
"""Refusals that are not of the event: an address, a login or a time that is wrong. Somebody may
mend that, and the events must still be there then."""


class WebhookSink(SinkBase):
    """Sends to `url`, and has an event delivered when that answers 2xx.

    What is none of `only` counts as delivered. No redirect is followed. `read` gives the pictures
    that templates ask for.
    """

    name = "webhook"

    def __init__(  # noqa: PLR0913  (a section of the configuration)
        self,
        now: Callable[[], float] = time.time,
        read: ReadPicture = read_file,
        *,
        name: Name | None = None,
        url: Url,
        method: Literal["POST", "PUT"] = "POST",
        kinds: Kinds = (SCHEMA,),
        only: Only = Only(),  # noqa: B008  (cannot be changed)
        headers: Headers = {},  # noqa: B006  (is not changed)
        content_type: ContentType = "application/json",
        body: TemplateText | None = None,
        secret: Secret | None = None,
        ca_file: Path | None = None,
        timeout_s: Annotated[float, Gt(0), Le(300)] = 10.0,
        give_up_after_s: Annotated[float, Gt(0)] | None = DAY_S,
    ) -> None:
        self.name = part_name(self.name, name)
        self.kinds: Collection[str] = frozenset(kinds)
        self.give_up_after_s = give_up_after_s
        self._now = now
        self._address = address_of(url)
        self._method = method
        self._only = only
        self._headers = {key: Template(text, read) for key, text in headers.items()}
        self._content_type = content_type
        self._body = Template(body, read) if body is not None else None
        self._key = key_of(secret) if secret is not None else None
        self._ca_file = ca_file
        self._timeout_s = timeout_s
        self._caller: Caller | None = None

    def start(self, report: Report = unreported) -> None:
        """Ready at once. Raises SinkError for a file of certificates that cannot be used."""
        if self._ca_file is not None and not self._address.tls:
            raise SinkError("ca_file is given, but url does not begin with https", permanent=True)
        context = trusting(self._ca_file) if self._address.tls else None
        self._caller = Caller(self._address, self._timeout_s, context)
        report(None)

    def send(self, event: Event) -> None:
        """Send the event. Raises SinkError for any answer but 2xx, and for none."""
        if not self._only.takes(event):
            return
        if self._caller is None:
            raise SinkError("not started")
        answer = self._caller.call(self._request(event))
        if not answer.good:
            raise refusal(self._address, answer, self._now())

    def _request(self, event: Event) -> Request:
        try:
            body = self._body.render(event).encode() if self._body else encode(event).encode()
            said = {name: header_text(one.render(event)) for name, one in self._headers.items()}
        except (TemplateFault, UnicodeError) as error:
            raise SinkError(str(error), rejected=True) from error
        timestamp = int(self._now())
        headers = {
            "Content-Type": self._content_type,
            "User-Agent": f"plate-streamer/{VERSION}",
            "webhook-id": event.id,
            "webhook-timestamp": str(timestamp),
        }
        if self._key is not None:
            headers["webhook-signature"] = signed(self._key, event.id, timestamp, body)
        if self._address.login is not None:
            headers["Authorization"] = self._address.login
        return Request(self._method, _together(headers, said), body)

    def close(self, timeout_s: float) -> None:
        """End a request under way, and the connection."""
        if self._caller is not None:
            self._caller.close()


def refusal(address: Address, answer: Answer, now: float) -> SinkError:
    """What an answer other than 2xx means; `now` in seconds since 1970.

    Most of 4xx are of the event, and rejected; all else is waited for.
    """
    what = f"{address} answers {answer.status}"
    if 300 <= answer.status < 400:
        return SinkError(
            f"{what}, a redirect to {_place(answer)}; none is followed:"
            " 'url' should be where events are taken"
        )
    if said := " ".join(answer.text.split()):
        what += f": {redact(said)[:SHOWN]}"
    rejected = 400 <= answer.status < 500 and answer.status not in WAITED_FOR
    return SinkError(what, rejected=rejected, retry_after_s=_retry_after_s(answer, now))


def _place(answer: Answer) -> str:
    try:
        return str(address_of(answer.headers.get("Location", "")))
    except ValueError:
        return "another path there"


def _retry_after_s(answer: Answer, now: float) -> float:
    """What the header Retry-After (RFC 9110, section 10.2.3) asks for; 0 without a good one."""
    text = answer.headers.get("Retry-After", "").strip()
    try:
        wait_s = float(text) if text.isdecimal() else _date(text) - now
    except ValueError:
        return 0.0
    return min(max(0.0, wait_s), LONGEST_WAIT_S)


def _date(text: str) -> float:
    at = parsedate_to_datetime(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _together(ours: Mapping[str, str], said: Mapping[str, str]) -> dict[str, bytes]:
    """All headers, in UTF-8; those of the configuration before ours of the same name."""
    taken = {name.lower() for name in said}
    kept = {name: value for name, value in ours.items() if name.lower() not in taken}
    return {name: value.encode(errors="replace") for name, value in (kept | dict(said)).items()}
