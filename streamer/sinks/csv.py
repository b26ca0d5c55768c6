"""One event per row of a CSV file, for spreadsheets.

Columns: see `COLUMNS`. `candidates` holds the other readings as `AB123CO:0.010`, separated by
blanks; characters, watchlist and owner are left out. Times are UTC, as RFC 3339 has them.
"""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from streamer.codec import to_text
from streamer.data import SCHEMA, Event, PlateEvent
from streamer.sinks.base import Report, SinkBase, unreported
from streamer.sinks.lines import LineFile

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
    "schema",
)


class CsvSink(SinkBase):
    """Appends to the file at `path`, or prints if it is "-"; the header comes once."""

    name = "csv"

    def __init__(self, *, path: Path) -> None:
        self._file = LineFile(path, _is_row, _line(COLUMNS))

    def start(self, report: Report = unreported) -> None:
        """Make the file. Raises SinkError if it cannot be written or has other columns."""
        self._file.open()
        report(None)

    def send(self, event: Event) -> None:
        """Append the event."""
        if isinstance(event, PlateEvent):
            self._file.append(_line(_row(event)))


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
        event.schema,
    )


def _harmless(text: str) -> str:
    """Text that a spreadsheet would take for a formula, marked as text (OWASP, CSV injection)."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text


def _line(cells: Iterable[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()


def _is_row(line: bytes) -> bool:
    # The schema stands last so that a row torn by a power cut can be told from a whole one.
    return line.endswith(f",{SCHEMA}".encode()) or line == _line(COLUMNS).rstrip(b"\n")
