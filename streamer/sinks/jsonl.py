"""One `plate-event/1` per line of a file."""

from pathlib import Path

from streamer.codec import decode, encode
from streamer.data import Event
from streamer.errors import UserError
from streamer.sinks.base import Report, SinkBase, unreported
from streamer.sinks.lines import LineFile


class JsonlSink(SinkBase):
    """Appends to the file at `path`, or prints if it is "-"."""

    name = "jsonl"

    def __init__(self, *, path: Path) -> None:
        self._file = LineFile(path, _is_event)

    def start(self, report: Report = unreported) -> None:
        """Make the file. Raises SinkError if it cannot be written."""
        self._file.open()
        report(None)

    def send(self, event: Event) -> None:
        """Append the event."""
        self._file.append(encode(event).encode() + b"\n")


def _is_event(line: bytes) -> bool:
    try:
        decode(line)
    except UserError:
        return False
    return True
