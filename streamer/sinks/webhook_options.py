"""What may be said of a webhook in the configuration, checked."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo

from streamer.config import KnownCamera, Strict
from streamer.data import Event, ListKind, PlateEvent, Way
from streamer.sinks.templates import try_template
from streamer.sinks.webhook_call import address_of
from streamer.sinks.webhook_signature import key_of

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
OURS = {
    "connection",
    "content-length",
    "host",
    "transfer-encoding",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
}

Kind = Literal["plate-event/1", "plate-parking/1"]
Kinds = Annotated[tuple[Kind, ...], Field(min_length=1)]


class Only(Strict):
    """Which events a sink is sent; None: whatever there is."""

    cameras: tuple[KnownCamera, ...] | None = None
    watchlist: tuple[ListKind, ...] | None = None
    ways: tuple[Way, ...] | None = None

    def takes(self, event: Event) -> bool:
        """Whether it is one of them. An event without a verdict, or a way, has none asked for."""
        plate = event if isinstance(event, PlateEvent) else None
        verdict = plate.watchlist.verdict if plate and plate.watchlist else None
        said = (
            (self.cameras, event.camera),
            (self.watchlist, verdict),
            (self.ways, plate.way if plate else None),
        )
        return all(wanted is None or value in wanted for wanted, value in said)


def _url(text: str) -> str:
    address_of(text)
    return text


def _secret(text: str) -> str:
    key_of(text)
    return text


def _template(text: str, info: ValidationInfo) -> str:
    try_template(text, info.data.get("kinds", ()))
    return text


def _names(headers: Mapping[str, str]) -> Mapping[str, str]:
    for name in headers:
        if not TOKEN.fullmatch(name):
            raise ValueError(f"'{name}' is no name of a header; letters, digits and - are")
        if name.lower() in OURS:
            raise ValueError(f"'{name}' is set by the webhook itself")
        if name.lower() == "content-type":
            raise ValueError(f"'{name}' has a key of its own: content_type")
    return headers


Url = Annotated[str, AfterValidator(_url)]
Secret = Annotated[str, AfterValidator(_secret)]
TemplateText = Annotated[str, AfterValidator(_template)]
"""Stands behind `kinds` in a constructor: it is tried on events of these."""
Headers = Annotated[dict[str, TemplateText], AfterValidator(_names)]
ContentType = Annotated[str, Field(pattern="^[ -~]+$")]
