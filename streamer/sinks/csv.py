"""One event per row of a CSV file, for spreadsheets; the columns are those of `streamer.rows`."""

from collections.abc import Iterable

from streamer.data import SCHEMA, Event, PlateEvent
from streamer.rows import COLUMNS, csv_lines, row_of
from streamer.sinks.file_sink import FileSink

_SINCE = ({"speed_kmh", "speed_error_kmh"}, {"way", "watchlist", "lists"})
FORMER_COLUMNS = [
    tuple(name for name in COLUMNS if name not in set().union(*_SINCE[:added])) for added in (1, 2)
]
"""Those of earlier versions: such a file is set aside, and a new one begun."""


def _line(cells: Iterable[object]) -> bytes:
    return csv_lines([cells]).encode()


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
        return _line(row_of(event)) if isinstance(event, PlateEvent) else b""
