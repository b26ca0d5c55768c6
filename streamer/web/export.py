"""Events as files, made while they are sent: of a million only a few are in memory at once."""

from collections.abc import Generator, Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Literal

from anyio import CancelScope
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from streamer.archive import records
from streamer.codec import Utc, encode, to_text
from streamer.rows import COLUMNS, csv_lines, harmless, row_of

CHUNK = 200
"""So many lines go out at once."""
Chunks = Generator[str, None, None] | Generator[bytes, None, None]
CORRECTION: Literal["plate-correction/1"] = "plate-correction/1"
MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
NOW_COLUMNS = ("plate_now", "corrected_at", "corrected_by")


class CorrectionLine(BaseModel):
    """What somebody said of the event on the line before. The event itself stays as it was
    published: whoever reads plate-event/1 need not know of corrections."""

    schema_: Literal["plate-correction/1"] = Field(alias="schema")
    event: str
    plate: str | None
    read: str
    at: Utc
    by: str


def name_now(name: str, ending: str) -> str:
    """Of a file that is made now."""
    return f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{ending}"


def as_csv(found: Iterable[records.Record]) -> Iterator[str]:
    """A row of column names, and one per event; with CRLF, as RFC 4180 has it."""
    rows = chain([COLUMNS + NOW_COLUMNS], map(_row, found))
    return (csv_lines([row], "\r\n") for row in rows)


def _row(found: records.Record) -> tuple[object, ...]:
    said = found.correction
    now = (found.plate or "", *((to_text(said.at), harmless(said.by)) if said else ("", "")))
    return (*row_of(found.event), *now)


def as_jsonl(found: Iterable[records.Record]) -> Iterator[str]:
    """A line per event, and one per correction, after its event."""
    for record in found:
        yield encode(record.event) + "\n"
        if (said := record.correction) is not None:
            line = CorrectionLine(
                schema=CORRECTION,
                event=said.event_id,
                plate=said.plate,
                read=said.read,
                at=said.at,
                by=said.by,
            )
            yield line.model_dump_json(by_alias=True) + "\n"


class Download(StreamingResponse):
    """What the browser saves under `filename`.

    The chunks are made while they are sent; if who wants them goes away, no more are made.
    """

    def __init__(self, chunks: Chunks, filename: str, media_type: str) -> None:
        self._chunks = chunks
        super().__init__(chunks, headers=attached(filename), media_type=media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            # Left to the collector of garbage, it would hold on to what it reads from.
            with CancelScope(shield=True):
                await run_in_threadpool(self._chunks.close)


def attached(filename: str) -> dict[str, str]:
    """The header that has the browser save it under that name."""
    return {"Content-Disposition": f'attachment; filename="{filename}"'}


def in_chunks(lines: Iterator[str]) -> Generator[str, None, None]:
    """The same in larger pieces. The first is made at once: what fails then is still answered
    with an error."""
    first = "".join(islice(lines, CHUNK))

    def all_of_them() -> Generator[str, None, None]:
        chunk = first
        while chunk:
            yield chunk
            chunk = "".join(islice(lines, CHUNK))

    return all_of_them()
