"""One event per row of a CSV file, for spreadsheets.

Columns: see `COLUMNS`. `candidates` holds the other readings as `AB123CO:0.010`, separated by
blanks, `watchlist` the verdict and `lists` the names of the lists; characters, owner and reasons
are left out. Times are UTC, as RFC 3339 has them.
"""

import csv
import io
from collections.abc import Iterable

from streamer.codec import to_text
from streamer.data import SCHEMA, Event, PlateEvent
from streamer.sinks.file_sink import FileSink

COLUMNS = (
    "id",
    "camera",
    "plate",
    "confidence",
    "candidates",
    "looks",
    "agreement",
    "track_id",
    "first_seen",
    "last_seen",
    "read_at",
    "direction",
    "x1",
    "y1",
    "x2",
    "y2",
    "frame_width",
    "frame_height",
    "snapshot",
    "crop",
    "way",
    "watchlist",
    "lists",
    "schema",
)
FORMER_COLUMNS = [tuple(name for name in COLUMNS if name not in {"way", "watchlist", "lists"})]
"""Those of earlier versions: such a file is set aside, and a new one begun."""


def _row(event: PlateEvent) -> tuple[object, ...]:
    return (
        event.id,
        _harmless(event.camera),
        event.plate,
        f"{event.confidence:.3f}",
        " ".join(f"{other.plate}:{other.confidence:.3f}" for other in event.candidates),
        event.looks,
        f"{event.agreement:.3f}",
        event.track_id,
        to_text(event.first_seen),
        to_text(event.last_seen),
        to_text(event.read_at),
        event.direction or "",
        *event.box,
        *event.frame_size,
        _harmless(event.snapshot or ""),
        _harmless(event.crop or ""),
        event.way or "",
        event.watchlist.verdict if event.watchlist else "",
        _harmless(_lists(event)),
        event.schema,
    )


def _lists(event: PlateEvent) -> str:
    matches = event.watchlist.matches if event.watchlist else ()
    return " ".join(dict.fromkeys(match.list for match in matches))


def _harmless(text: str) -> str:
    """Text that a spreadsheet would take for a formula, marked as text (OWASP, CSV injection)."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text


def _line(cells: Iterable[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()


class CsvSink(FileSink):
    """Each line a row; the header comes once."""

    name = "csv"
    headers = (_line(COLUMNS), *map(_line, FORMER_COLUMNS))

    @staticmethod
    def is_whole(line: bytes) -> bool:
        """Whether it is a whole row, or the header."""
        # The schema stands last so that a row torn by a power cut can be told from a whole one.
        return line.endswith(f",{SCHEMA}".encode()) or line == _line(COLUMNS).rstrip(b"\n")

    def line(self, event: Event) -> bytes:
        """Its row; nothing for what is no plate event."""
        return _line(_row(event)) if isinstance(event, PlateEvent) else b""
