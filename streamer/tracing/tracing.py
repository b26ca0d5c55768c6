"""The section `tracing` of the configuration: off, everything here hands back what it is given."""

import os
import re
from collections.abc import Callable, Mapping
from typing import Annotated, ParamSpec, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from streamer.redact import redact
from streamer.tracing.complaints import Complaints
from streamer.tracing.traces import Traces
from streamer.tracing.trail import Trail

P = ParamSpec("P")
R = TypeVar("R")

ENDPOINT = "http://127.0.0.1:4318/v1/traces"
IN_ENVIRONMENT = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
STOP_S = 0.3
"""For the last spans: the daemon as a whole stops in less than 5 s."""

Close = Callable[[], None]


def _installed(enabled: bool) -> bool:
    if not enabled:
        return enabled
    try:
        import streamer.tracing.otlp  # noqa: F401
    except ImportError as error:
        raise ValueError(
            f"true needs OpenTelemetry ({error}); pip install 'plate-streamer[tracing]'"
        ) from None
    return enabled


def _endpoint(url: str | None) -> str | None:
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path in {"", "/"}:
        raise ValueError(f"'{redact(url)}' should be a whole URL such as {ENDPOINT}")
    return url


def _headers(headers: Mapping[str, str] | None) -> Mapping[str, str] | None:
    for name, value in (headers or {}).items():
        if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name):
            raise ValueError(f"{name!r} is no name of a header")
        if not re.fullmatch(r"[!-~]([ -~]*[!-~])?", value):
            raise ValueError(f"the value of {name!r} should be printable ASCII")
    return headers


class Tracing:
    """What the root hangs into the pipelines and couriers; nothing at all unless `enabled`, or
    with OpenTelemetry's own OTEL_SDK_DISABLED in the environment.

    `still_waits` says whether a sink has yet to get the event of an id; `on_dropped` is told how
    many spans no collector took. `share` (0..1) of the events are traced, `plates` says whether
    spans tell the text of plates, `withheld` whether withheld reads have traces, too.
    """

    def __init__(  # noqa: PLR0913  (a section of the configuration)
        self,
        still_waits: Callable[[str], bool],
        on_dropped: Callable[[int], None] = lambda _: None,
        *,
        enabled: Annotated[bool, AfterValidator(_installed)] = False,
        endpoint: Annotated[str | None, AfterValidator(_endpoint)] = None,
        service_name: Annotated[str, Field(min_length=1)] = "plate-streamer",
        headers: Annotated[Mapping[str, str] | None, AfterValidator(_headers)] = None,
        share: Annotated[float, Field(gt=0, le=1)] = 1.0,
        plates: bool = False,
        withheld: bool = False,
    ) -> None:
        self.journal: Traces | None = None
        """Who is told of deliveries; None while off."""
        self._withheld = withheld
        if not enabled or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
            return
        from streamer.tracing.otlp import Exporter

        if endpoint is None and not any(map(os.environ.get, IN_ENVIRONMENT)):
            endpoint = ENDPOINT
        complain = Complaints()
        self._exporter = Exporter(endpoint, headers or {}, service_name, on_dropped, complain)
        self.journal = Traces(
            self._exporter.emit, still_waits, complain, share=share, plates=plates
        )

    def trail(self) -> Trail | None:
        """What keeps the steps of one camera's stages."""
        return None if self.journal is None else Trail(self.journal, self._withheld)

    def timed(self, name: str, work: Callable[P, R]) -> Callable[P, R]:
        """`work` on an event (or `Decided`), its first argument, as a span of that name."""
        return work if self.journal is None else self.journal.timed(name, work)

    def accepting(self, accept: Callable[P, R]) -> Callable[P, R]:
        """The outbox's `accept` as a span."""
        return accept if self.journal is None else self.journal.accepting(accept)

    def start(self) -> Close:
        """Begin to send; gives what ends it, within `STOP_S`."""
        if self.journal is None:
            return lambda: None
        self._exporter.start()
        return lambda: self._exporter.close(STOP_S)
