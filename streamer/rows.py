"""Events as rows of a table, for spreadsheets.

`candidates` holds the other readings as `AB123CO:0.010`, separated by blanks, `watchlist` the
verdict and `lists` the names of the lists; characters, owner and reasons are left out. Times are
UTC, as RFC 3339 has them.
"""

import csv
import io
from collections.abc import Iterable

from streamer.codec import to_text
from streamer.data import PlateEvent

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
    "speed_kmh",
    "speed_error_kmh",
    "schema",
)
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What begins like this a spreadsheet may take for a formula (OWASP, CSV injection)."""


def row_of(event: PlateEvent) -> tuple[object, ...]:
    """Its cells, in the order of `COLUMNS`."""
    return (
        event.id,
        harmless(event.camera),
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
        harmless(event.snapshot or ""),
        harmless(event.crop or ""),
        event.way or "",
        event.watchlist.verdict if event.watchlist else "",
        harmless(_lists(event)),
        *_speed(event),
        event.schema,
    )


def _speed(event: PlateEvent) -> tuple[str, str]:
    kmh, error = (event.speed.kmh, event.speed.error_kmh) if event.speed else (None, None)
    return "" if kmh is None else f"{kmh:.1f}", "" if error is None else f"{error:.1f}"


def _lists(event: PlateEvent) -> str:
    matches = event.watchlist.matches if event.watchlist else ()
    return " ".join(dict.fromkeys(match.list for match in matches))


def harmless(text: str) -> str:
    """Text that a spreadsheet would take for a formula, marked as text."""
    return f"'{text}" if text.startswith(FORMULAS) else text


def as_meant(text: str) -> str:
    """What `harmless` was given."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULAS) else text


def csv_lines(rows: Iterable[Iterable[object]], lineterminator: str = "\n") -> str:
    """Rows as CSV (RFC 4180), with commas."""
    text = io.StringIO()
    csv.writer(text, lineterminator=lineterminator).writerows(rows)
    return text.getvalue()
